"""EXIF blocks, byte by byte where readers are strict."""

import struct

import pytest

from imagine.stages.formats.exif import exif_block, user_comment


def test_the_exif_comment_is_of_type_undefined_in_utf_16() -> None:
    block = exif_block("a ☕ 🦊", program="imagine 0.1.0")
    assert block.startswith(b"Exif\0\0MM\0\x2a")
    comment = b"UNICODE\0" + "a ☕ 🦊".encode("utf-16-be")
    tag, kind, length, offset = struct.unpack_from(">HHII", block, block.index(b"\x92\x86"))
    assert (tag, kind, length) == (0x9286, 7, len(comment))
    assert block[6 + offset :] == comment


@pytest.mark.parametrize("program", ["", "ab", "abc", "imagine 0.1.0", "imagine 0.10.0"])
def test_the_exif_directories_point_where_the_values_are(program: str) -> None:
    from PIL import Image

    directory = Image.Exif()
    directory.load(exif_block("hello", program=program))
    assert directory.get(0x0131, "") == program
    assert directory.get_ifd(0x8769)[0x9286] == b"UNICODE\0" + "hello".encode("utf-16-be")


@pytest.mark.parametrize("comment", ["hello", "a ☕ 🦊\nline", "x" * 100_000])
def test_a_comment_comes_back(comment: str) -> None:
    assert user_comment(exif_block(comment, program="imagine 0.1.0")) == comment


def test_an_ascii_comment_is_read_and_another_encoding_is_none() -> None:
    block = exif_block("hello", program="imagine 0.1.0")
    assert user_comment(block.replace(b"UNICODE\0", b"ASCII\0\0\0")) == "\0h\0e\0l\0l\0o"
    assert user_comment(block.replace(b"UNICODE\0", b"JIS\0\0\0\0\0")) is None
    assert user_comment(b"") is None


def test_a_cut_block_has_no_comment_and_gives_no_warning() -> None:
    block = exif_block("hello", program="imagine 0.1.0")
    for length in range(len(block) - 10):
        assert user_comment(block[:length]) is None
