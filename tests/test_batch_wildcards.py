"""Wildcards are found by name in their directories, and nothing else of the machine is."""

import os
from pathlib import Path

import pytest

from imagine.stages.batch.wildcards import Value, Wildcards
from imagine.stages.errors import UsageError


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def texts(wildcards: Wildcards, name: str) -> list[str]:
    return [value.text for value in wildcards.values(name)]


def test_a_text_file_holds_a_value_a_line(tmp_path: Path) -> None:
    write(tmp_path / "color.txt", "\ufeff red \r\n# no\r\n\r\nblue\nred\n")
    assert texts(Wildcards([tmp_path]), "color") == ["red", "blue"]


def test_structured_files_hold_lists_by_name(tmp_path: Path) -> None:
    write(tmp_path / "all.yaml", "color:\n- red\n- 2::blue\nart:\n  old: [etching]\none: alone\n")
    write(tmp_path / "sub" / "good.json", '{"b": [{"text": "x", "weight": 0.5}, 7, "", null]}')
    write(tmp_path / "list.yml", "- first\n- second\n")
    wildcards = Wildcards([tmp_path])
    assert wildcards.values("color") == (Value("red"), Value("blue", 2.0))
    assert wildcards.values("sub/b") == (Value("x", 0.5), Value("7"))
    assert texts(wildcards, "art/old") == ["etching"]
    assert texts(wildcards, "one") == ["alone"]
    assert texts(wildcards, "list") == ["first", "second"]


def test_earlier_directories_win_and_absent_ones_hold_none(tmp_path: Path) -> None:
    write(tmp_path / "a" / "color.txt", "red")
    write(tmp_path / "b" / "color.txt", "blue")
    assert texts(Wildcards([tmp_path / "no", tmp_path / "a", tmp_path / "b"]), "color") == ["red"]


def test_a_name_is_found_in_sub_folders_and_by_pattern(tmp_path: Path) -> None:
    write(tmp_path / "animal" / "dog.txt", "pug")
    write(tmp_path / "animal" / "cat.TXT", "manx")
    wildcards = Wildcards([tmp_path])
    assert texts(wildcards, "dog") == texts(wildcards, "animal/dog") == ["pug"]
    assert texts(wildcards, "animal/*") == ["manx", "pug"]


def test_links_are_followed_once(tmp_path: Path) -> None:
    write(tmp_path / "other" / "color.txt", "red")
    folder = tmp_path / "wildcards"
    folder.mkdir()
    (folder / "linked").symlink_to(tmp_path / "other")
    (tmp_path / "other" / "back").symlink_to(folder)
    assert texts(Wildcards([folder]), "linked/color") == ["red"]


@pytest.mark.parametrize("name", ["../secret", "/etc/passwd", "secret", ".hidden/secret", "..", ""])
def test_no_name_leads_out_of_the_directories(name: str, tmp_path: Path) -> None:
    write(tmp_path / "secret.txt", "key")
    write(tmp_path / "wildcards" / ".hidden" / "secret.txt", "key")
    with pytest.raises(UsageError):
        Wildcards([tmp_path / "wildcards"]).values(name)


def test_a_missing_wildcard_is_named_with_the_places_searched(tmp_path: Path) -> None:
    write(tmp_path / "color.txt", "red")
    with pytest.raises(UsageError) as caught:
        Wildcards([tmp_path]).values("colour")
    assert str(caught.value) == (
        f"There is no wildcard __colour__ in '{tmp_path}'; did you mean 'color'?"
    )
    with pytest.raises(UsageError) as caught:
        Wildcards([tmp_path]).values("zebra")
    assert str(caught.value) == (
        f"There is no wildcard __zebra__ in '{tmp_path}'; correct the name."
    )
    with pytest.raises(UsageError) as caught:
        Wildcards().values("color")
    assert str(caught.value) == (
        "There is no wildcard __color__; name the directory it is in with --wildcards DIR."
    )


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (
            "color: [red",
            "is not valid YAML: line 2, column 1: did not find expected ',' or ']'; correct it.",
        ),
        (
            "color: !!python/name:os.system x",
            "is not valid YAML: line 1, column 8: the tag !!python/name:os.system is not read, "
            "write the value alone; correct it.",
        ),
        (
            "a: [&x red, *x]",
            "is not valid YAML: line 1, column 13: aliases (* and &) are not read, write the value "
            "out; correct it.",
        ),
        ("just text", "holds no lists; write names with lists of values."),
        (
            "color: [[red]]",
            ": color holds '['red']', which is no value and no weight of one; correct it.",
        ),
        (
            "color: [{weight: 2}]",
            ": color holds '{'weight': '2'}', which is no value and no weight of one; correct it.",
        ),
    ],
)
def test_a_file_that_cannot_be_read_is_told_where_a_wildcard_is_missing(
    text: str, reason: str, tmp_path: Path
) -> None:
    write(tmp_path / "bad.yaml", text)
    write(tmp_path / "good.txt", "red")
    wildcards = Wildcards([tmp_path])
    assert texts(wildcards, "good") == ["red"]
    with pytest.raises(UsageError) as caught:
        wildcards.values("color")
    space = "" if reason.startswith(":") else " "
    assert str(caught.value) == (
        f"There is no wildcard __color__ that can be read in '{tmp_path}': The wildcard file "
        f"'{tmp_path / 'bad.yaml'}'{space}{reason}"
    )


def test_a_text_file_must_be_text(tmp_path: Path) -> None:
    (tmp_path / "bad.txt").write_bytes(b"caf\xe9\n")
    with pytest.raises(UsageError) as caught:
        Wildcards([tmp_path]).values("bad")
    assert str(caught.value) == (
        f"The wildcard file '{tmp_path / 'bad.txt'}' is not UTF-8 text; save it as UTF-8."
    )


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no pipes")
def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.txt")
    with pytest.raises(UsageError) as caught:
        Wildcards([tmp_path]).values("pipe")
    assert str(caught.value) == (
        f"The wildcard file '{tmp_path / 'pipe.txt'}' is a pipe, which cannot be read here; save "
        "its content to a file first."
    )
