"""Reading files: regular ones, of a size that makes sense, and nothing that blocks."""

import os
from hashlib import sha256
from pathlib import Path

import pytest

from imagine.stages.errors import SpecError
from imagine.stages.files import check_regular, read_text, replace_text, sha256_of


def test_text_is_read_without_its_byte_order_mark(tmp_path: Path) -> None:
    path = tmp_path / "fox.txt"
    path.write_bytes(b"\xef\xbb\xbfcaf\xc3\xa9\r\n")
    assert read_text(path, limit=11) == "café\r\n"


def test_a_file_over_the_limit_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "fox.json"
    path.write_bytes(b"x" * (2**20 + 1))
    with pytest.raises(SpecError) as caught:
        read_text(path, limit=2**20)
    assert str(caught.value) == (
        f"'{path}' is larger than 1 MB, which is no description; name another file."
    )


def test_what_is_no_regular_file_is_refused_without_waiting(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    tail = "which cannot be read here; save its content to a file first."
    for path, kind in ((tmp_path / "pipe", "a pipe"), (Path(os.devnull), "a device")):
        for refuse in (check_regular, lambda path: read_text(path, limit=9)):
            with pytest.raises(SpecError) as caught:
                refuse(path)
            assert str(caught.value) == f"'{path}' is {kind}, {tail}"


def test_a_missing_file_and_a_directory_are_named(tmp_path: Path) -> None:
    cases = ((tmp_path / "none", "No such file or directory"), (tmp_path, "Is a directory"))
    for path, reason in cases:
        with pytest.raises(SpecError) as caught:
            read_text(path, limit=9)
        assert str(caught.value) == f"'{path}' cannot be read: {reason}; check the path."


def test_a_null_character_is_no_path() -> None:
    with pytest.raises(SpecError) as caught:
        check_regular(Path("a\0b"))
    assert str(caught.value).startswith("'a\\u0000b' cannot be read: ")


def test_a_file_has_a_digest(tmp_path: Path) -> None:
    path = tmp_path / "fox.txt"
    path.write_bytes(b"a red fox")
    assert sha256_of(path) == sha256(b"a red fox").hexdigest()
    with pytest.raises(FileNotFoundError):
        sha256_of(tmp_path / "none")


def test_a_file_is_replaced_in_one_step(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "new" / "file.txt"
    replace_text(path, "one\n")
    replace_text(path, "zwei ä\n")
    assert path.read_bytes() == "zwei ä\n".encode()

    def fail(source: Path, target: Path) -> None:
        raise OSError("no room")

    monkeypatch.setattr(Path, "replace", fail)
    with pytest.raises(OSError, match="no room"):
        replace_text(path, "three")
    assert [found.name for found in path.parent.iterdir()] == ["file.txt"]
    assert path.read_bytes() == "zwei ä\n".encode()
