"""Errors: exit codes, and values of users quoted in one short line."""

import errno
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imagine.stages import errors
from imagine.stages.errors import did_you_mean, quoted_path, shown, unreadable, unwritable


def test_every_error_has_the_exit_code_that_the_tree_shows() -> None:
    tree = [line.strip("│├└─ ").split(maxsplit=2) for line in (errors.__doc__ or "").splitlines()]
    drawn = {words[0]: int(words[1]) for words in tree if len(words) > 1 and words[1].isdigit()}
    raised = {
        name: kind.exit_code
        for name, kind in vars(errors).items()
        if isinstance(kind, type) and issubclass(kind, errors.ImagineError)
    }
    assert drawn == raised


@given(st.text(max_size=200), st.integers(1, 90))
def test_a_value_is_shown_in_one_short_printable_line(text: str, limit: int) -> None:
    line = shown(text, limit=limit)
    assert line.isprintable()
    if text.isprintable():
        assert len(line) <= limit
        assert (line == text) == (len(text) <= limit)


@pytest.mark.parametrize(
    ("value", "line"),
    [
        ("x" * 80, "x" * 80),
        ("x" * 81, "x" * 79 + "…"),
        ("a\nb\x1b[31m", "a\\u000ab\\u001b[31m"),
        (7, "7"),
    ],
)
def test_a_value_is_cut_and_spelt_out(value: object, line: str) -> None:
    assert shown(value) == line


def test_a_path_is_quoted_whole() -> None:
    assert quoted_path(Path("a") / ("x" * 100)) == f"'a/{'x' * 100}'"


def test_why_a_file_cannot_be_read_is_one_sentence() -> None:
    error = PermissionError(13, "Permission denied")
    assert unreadable("a", error) == "'a' cannot be read: Permission denied; check the path."


def test_what_cannot_be_written_says_what_to_do() -> None:
    full = OSError(errno.ENOSPC, "No space left on device")
    assert unwritable("The output", full) == (
        "The output cannot be written: No space left on device; free some space."
    )
    assert unwritable("'a'", OSError(errno.EACCES, "Permission denied"), "run it again") == (
        "'a' cannot be written: Permission denied; check the path, and run it again."
    )


def test_the_nearest_name_is_suggested() -> None:
    assert did_you_mean("Skech", ["sketch", "other"]) == "; did you mean 'sketch'?"
    assert did_you_mean("x" * 10**6, ["sketch"]) == ""
