"""PNG text chunks: every kind and place of them, and files that mean harm."""

import io
import struct
import zlib

import pytest
from pictures import chunk
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from imagine.stages.formats.png import inflate, keywords, read_texts, text_chunk, with_chunks

LIMIT = 2**20


def png_with(*chunks: bytes, at_end: bool = False, info: PngInfo | None = None) -> bytes:
    """A valid picture with `chunks` in front of its pixels, or behind them."""
    buffer = io.BytesIO()
    Image.new("RGB", (8, 8)).save(buffer, "PNG", pnginfo=info)
    data = buffer.getvalue()
    place = len(data) - 12 if at_end else 33
    return data[:place] + b"".join(chunks) + data[place:]


def texts_of(data: bytes) -> dict[str, str]:
    return read_texts(io.BytesIO(data), limit=LIMIT)


def test_every_kind_of_text_chunk_is_read() -> None:
    info = PngInfo()
    info.add_text("plain", "café")
    info.add_text("packed", "café " * 100, zip=True)
    info.add_itxt("wide", "☕ 日本語", lang="ja", tkey="鍵")
    info.add_itxt("wide packed", "☕ " * 100, zip=True)
    assert texts_of(png_with(info=info)) == {
        "plain": "café",
        "packed": "café " * 100,
        "wide": "☕ 日本語",
        "wide packed": "☕ " * 100,
    }


@pytest.mark.parametrize("text", ["", "plain", "café", "☕ 日本語", "a\nb"])
@pytest.mark.parametrize("wide", [True, False])
def test_text_chunks_are_those_of_pillow(text: str, wide: bool) -> None:
    info = PngInfo()
    info.add_itxt("key", text) if wide else info.add_text("key", text)
    assert text_chunk("key", text, wide=wide) == info.chunks[0][:2]


def test_chunks_go_in_behind_the_header_in_their_order() -> None:
    added = [text_chunk("one", "1"), text_chunk("two", "2", wide=True)]
    data = with_chunks(png_with(), added)
    assert data == png_with(chunk(b"tEXt", b"one\0001"), chunk(b"iTXt", b"two\0\0\0\0\0002"))
    assert keywords(data) == {"one", "two"}
    Image.open(io.BytesIO(data)).load()


def test_text_behind_the_pixels_is_read() -> None:
    assert texts_of(png_with(chunk(b"tEXt", b"late\0words"), at_end=True)) == {"late": "words"}


def test_the_first_of_equal_keywords_wins() -> None:
    chunks = [chunk(b"tEXt", b"key\0one"), chunk(b"tEXt", b"key\0two")]
    assert texts_of(png_with(*chunks)) == {"key": "one"}


def test_chunks_without_separators_are_no_crash() -> None:
    chunks = [chunk(kind, data) for kind in (b"tEXt", b"iTXt") for data in (b"", b"a", b"a\0b")]
    assert set(texts_of(png_with(*chunks))) == {"", "a"}


@pytest.mark.parametrize(
    "data",
    [
        png_with(chunk(b"iTXt", b"a\0\1\0\0\0" + zlib.compress(bytes(LIMIT + 1)))),
        png_with(chunk(b"zTXt", b"a\0\0" + zlib.compress(bytes(100 * LIMIT)))),
        png_with(*[chunk(b"iTXt", b"a\0\1\0\0\0" + zlib.compress(bytes(LIMIT // 2)))] * 3),
        png_with(struct.pack(">I4s", 2**31 - 1, b"tEXt")),
    ],
    ids=["over", "bomb", "many", "claimed"],
)
def test_text_over_the_limit_is_refused(data: bytes) -> None:
    with pytest.raises(OverflowError):
        texts_of(data)


def test_a_cut_or_changed_file_is_refused() -> None:
    whole = png_with(chunk(b"tEXt", b"key\0words"))
    for length in range(8, len(whole) - 12):
        with pytest.raises(ValueError, match="it ends in the middle"):
            texts_of(whole[:length])
    with pytest.raises(ValueError, match="the checksum of its tEXt chunk does not match"):
        texts_of(whole.replace(b"words", b"swords"[1:][::-1]))


def test_cut_zlib_data_is_refused() -> None:
    packed = zlib.compress(bytes(range(256)) * 4)
    assert inflate(packed, limit=1024) == bytes(range(256)) * 4
    with pytest.raises(ValueError, match="its compressed text ends in the middle"):
        inflate(packed[:-6], limit=1024)
    with pytest.raises(ValueError, match="its compressed text cannot be read"):
        inflate(b"no zlib", limit=1024)
