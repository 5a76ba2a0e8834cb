"""PNG without its long texts: everything else stays in its place, to the byte."""

import io
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pictures import chunk

from imagine.stages.formats import png_skip
from imagine.stages.formats.png_skip import without_long_texts

SIGNATURE = b"\x89PNG\r\n\x1a\n"
LONG = zlib.compress(bytes(2**20))
SHORT = zlib.compress(bytes(2**20 - 9))


@pytest.mark.parametrize(
    ("kind", "data", "skipped"),
    [
        (b"zTXt", b"a\0\0" + LONG, True),
        (b"zTXt", b"a\0\0" + SHORT, False),
        (b"iTXt", b"a\0\1\0en\0b\0" + LONG, True),
        (b"iTXt", b"a\0\0\0en\0b\0" + LONG, False),
        (b"tEXt", b"a\0" + LONG, False),
        (b"tEXt", b"a\0" + bytes(2**20), True),
        # Damaged, and no text.
        (b"zTXt", b"a\0\0" + SHORT[:-9], False),
        (b"zTXX", b"a\0\0" + LONG, False),
    ],
)
def test_a_text_is_skipped_when_it_is_long(kind: bytes, data: bytes, skipped: bool) -> None:
    before, text, after = (SIGNATURE + chunk(b"IHDR", b"x"), chunk(kind, data), chunk(b"IEND", b""))
    file = io.BytesIO(before + text + after)
    made = without_long_texts(file)
    assert (made is not file) is skipped
    assert made.read() == before + (b"" if skipped else text) + after


def test_many_texts_are_skipped_when_they_are_long_together() -> None:
    text = chunk(b"tEXt", b"a\0" + bytes(2**20 - 3))
    made = without_long_texts(io.BytesIO(SIGNATURE + text * 40 + chunk(b"IEND", b"")))
    assert made.read() == SIGNATURE + text * 32 + chunk(b"IEND", b"")


@given(
    parts=st.lists(st.tuples(st.booleans(), st.binary(max_size=20)), max_size=6),
    cut=st.integers(0, 9),
    moves=st.lists(st.tuples(st.integers(0, 150), st.integers(0, 60)), max_size=8),
)
def test_any_part_reads_as_from_a_file_that_never_had_them(
    parts: list[tuple[bool, bytes]], cut: int, moves: list[tuple[int, int]]
) -> None:
    long = chunk(b"zTXt", b"a\0\0" + LONG)
    whole = SIGNATURE + b"".join(long if text else chunk(b"abCd", data) for text, data in parts)
    kept = SIGNATURE + b"".join(chunk(b"abCd", data) for text, data in parts if not text)
    # What is cut off within a text that is skipped is missing behind it, if anything is.
    if cut and parts and not parts[-1][0]:
        whole, kept = whole[:-cut], kept[:-cut]
    made, expected = without_long_texts(io.BytesIO(whole)), io.BytesIO(kept)
    for place, length in moves:
        assert made.seek(place) == expected.seek(place)
        assert made.read(length) == expected.read(length)
        assert made.tell() == expected.tell()
    assert made.seek(0, io.SEEK_END) == len(kept)


def test_what_is_no_png_is_left_to_whoever_reads_it() -> None:
    for data in (b"", b"no PNG", SIGNATURE + bytes(5), SIGNATURE + b"\xff" * 100):
        assert without_long_texts(io.BytesIO(data)).read() == data


def test_the_limits_are_below_those_of_pillow() -> None:
    from PIL import PngImagePlugin

    assert png_skip._LONG < PngImagePlugin.MAX_TEXT_CHUNK
    assert png_skip._MUCH < PngImagePlugin.MAX_TEXT_MEMORY
