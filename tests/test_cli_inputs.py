"""Where the prompt of a command line comes from, and what is none."""

import io
from pathlib import Path

import pytest

from imagine.cli.inputs import one_prompt
from imagine.stages.errors import UsageError


def test_words_without_quotes_are_one_prompt() -> None:
    assert one_prompt(["a", "red", "fox"], None) == "a red fox"


def test_two_quoted_prompts_are_refused() -> None:
    with pytest.raises(UsageError, match=r"^There are 2 prompts; give one in quotes"):
        one_prompt(["a fox", "a cat"], None)


def test_a_prompt_and_a_file_are_refused() -> None:
    with pytest.raises(UsageError, match=r"^A prompt and --file were both given"):
        one_prompt(["a fox"], Path("prompts.txt"))


@pytest.mark.parametrize("words", [None, ["-"]])
def test_a_pipe_holds_many(words: list[str] | None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"a fox\n")))
    assert one_prompt(words, None) is None


def test_a_file_holds_many_even_without_stdin(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", None)
    assert one_prompt(None, Path("prompts.txt")) is None
    with pytest.raises(UsageError, match=r"^There is no prompt; say what to draw"):
        one_prompt(None, None)
