"""Paths, directories, patterns and lists on stdin: which files they name, each once."""

import os
from pathlib import Path

import pytest
from conftest import Command
from PIL import Image

from imagine.cli.upscale_inputs import Search, find_pictures
from imagine.stages.errors import UsageError

TREE = (
    *("fox10.png", "fox2.png", "Fox1.JPG", "notes.txt", ".hidden.png"),
    *("inner/deep/owl.webp", "inner/cat.gif", ".cache/old.png", "made/fox2-2x.png"),
)


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Files of those names, one of them in the working directory's directory "pics"."""
    for name in TREE:
        path = tmp_path / "pics" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def names(*words: str, recursive: bool = False, output: str | None = None) -> list[str]:
    search = Search(recursive, None if output is None else Path(output))
    return [str(found.path) for found in find_pictures(words, search)]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("pics/fox2.png",), ["pics/fox2.png"]),
        (("pics/notes.txt",), ["pics/notes.txt"]),
        (("pics",), ["pics/Fox1.JPG", "pics/fox2.png", "pics/fox10.png"]),
        (("pics/fox*.png",), ["pics/fox2.png", "pics/fox10.png"]),
        (("pics/*",), ["pics/Fox1.JPG", "pics/fox2.png", "pics/fox10.png"]),
        (("pics/**/*.webp",), ["pics/inner/deep/owl.webp"]),
        (
            ("pics/fox2.png", "pics", "./pics/fox10.png"),
            ["pics/fox2.png", "pics/Fox1.JPG", "pics/fox10.png"],
        ),
    ],
    ids=[
        "file",
        "any file that is named",
        "directory",
        "pattern",
        "pattern of all",
        "deep",
        "once",
    ],
)
def test_words_name_files_in_natural_order(
    tree: Path, words: tuple[str, ...], expected: list[str]
) -> None:
    assert names(*words) == expected


def test_a_name_with_the_signs_of_a_pattern_is_a_name_where_it_is_there(tree: Path) -> None:
    Path("pics/fox[2].png").write_bytes(b"x")
    assert names("pics/fox[2].png") == ["pics/fox[2].png"]
    Path("pics/fox[2].png").unlink()
    assert names("pics/fox[2].png") == ["pics/fox2.png"]


def test_recursive_goes_into_directories_but_hidden_ones_and_that_of_the_results(
    tree: Path,
) -> None:
    found = find_pictures(["pics"], Search(recursive=True, output=Path("pics/made")))
    assert [(str(item.path), str(item.below)) for item in found] == [
        ("pics/Fox1.JPG", "."),
        ("pics/fox2.png", "."),
        ("pics/fox10.png", "."),
        ("pics/inner/cat.gif", "inner"),
        ("pics/inner/deep/owl.webp", "inner/deep"),
    ]


def test_a_link_to_a_picture_is_the_same_picture(tree: Path) -> None:
    Path("pics/link.png").symlink_to("fox2.png")
    assert names("pics/link.png", "pics/fox2.png") == ["pics/link.png"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("",), "One of the paths is empty; name a picture."),
        (("none.png",), "'none.png' cannot be read: No such file or directory; check the path."),
        (("pics/none*",), "The pattern 'pics/none*' matches nothing; check the path."),
        (("pics/*.txt",), "The pattern 'pics/*.txt' names no picture; check the path."),
        (
            ("empty",),
            "The directory 'empty' holds no picture; name another.",
        ),
        (
            ("outer",),
            "The directory 'outer' holds no picture itself; add --recursive for the directories "
            "in it.",
        ),
        (
            ("pics/fox2.png/x.png",),
            "'pics/fox2.png/x.png' cannot be read: Not a directory; check the path.",
        ),
    ],
)
def test_what_names_no_picture_is_refused(tree: Path, words: tuple[str, ...], message: str) -> None:
    Path("empty").mkdir()
    Path("outer/inner").mkdir(parents=True)
    with pytest.raises(UsageError) as caught:
        names(*words)
    assert str(caught.value) == message


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_directory_that_cannot_be_read_is_refused(tree: Path) -> None:
    Path("shut").mkdir(mode=0)
    with pytest.raises(UsageError, match="'shut' cannot be read: Permission denied"):
        names("shut")


@pytest.mark.parametrize(
    "list_",
    [b"a.png\n\nb c.png\r\n", b"a.png\0b c.png\0", b"b c.png/../a.png\na.png\nb c.png"],
    ids=["lines", "null characters", "twice"],
)
def test_a_list_on_stdin_names_pictures(imagine: Command, list_: bytes) -> None:
    for name in ("a.png", "b c.png"):
        Image.new("RGB", (4, 4)).save(name)
    if b".." in list_:
        list_ = list_.replace(b"b c.png/../", b"./")
    done = imagine("upscale", "-", "--upscaler", "lanczos", stdin=list_)
    assert (done.code, done.lines) == (0, ["a-2x.png", "b c-2x.png"]), done.err
    assert imagine("upscale", "--upscaler", "lanczos", stdin=list_).lines == done.lines


def test_an_empty_list_on_stdin_is_refused(imagine: Command) -> None:
    done = imagine("upscale", "-", stdin=b"\n")
    assert (done.code, done.err) == (
        2,
        "Error: There is no picture; name one, as in: imagine upscale photo.jpg.\n",
    )


def test_a_path_on_stdin_that_is_missing_fails_alone(imagine: Command) -> None:
    Image.new("RGB", (4, 4)).save("a.png")
    done = imagine("upscale", "-", "--upscaler", "lanczos", stdin=b"gone.png\na.png\n")
    assert (done.code, done.lines) == (8, ["a-2x.png"])
    assert (
        "Error: 'gone.png' cannot be read: No such file or directory; check the path.\n" in done.err
    )
    named = imagine("upscale", "gone.png", "a.png", "--upscaler", "lanczos", "-o", "out")
    assert (named.code, named.out) == (2, "")


def test_a_picture_on_stdin_is_refused_as_such(imagine: Command) -> None:
    Image.new("RGB", (4, 4)).save("a.png")
    done = imagine("upscale", "-", stdin=Path("a.png").read_bytes())
    assert (done.code, done.err) == (
        2,
        "Error: What came on stdin is a picture itself; `-` takes paths, one a line, so save it "
        "to a file and name that.\n",
    )
