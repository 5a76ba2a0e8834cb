"""What a server sent: every kind of picture is recognised, everything else is told what it is."""

import contextlib
import io
import struct
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from patience import processor_seconds
from pictures import MANIFEST, chunk, noise, picture, signed_picture
from PIL import Image

from imagine.stages.errors import UnusableAnswerError
from imagine.stages.formats.received import MAX_PIXELS, read_received
from imagine.stages.image import ImageFormat

FORMATS: tuple[ImageFormat, ...] = get_args(ImageFormat)
AGAIN = "; nothing was saved, try again."
CHECK = "; check the base URL and --model."


def message_of(data: bytes) -> str:
    with pytest.raises(UnusableAnswerError) as caught:
        read_received(data)
    return str(caught.value)


def animated(format: ImageFormat) -> bytes:
    return picture(format, save_all=True, append_images=[noise(), noise()])


@pytest.mark.parametrize(
    ("format", "data"),
    [
        *[("png", picture("png", mode)) for mode in ("L", "LA", "RGB", "RGBA")],
        ("jpg", picture("jpg")),
        ("jpg", picture("jpg", "L", quality=100)),
        ("jpg", picture("jpg", "CMYK", progressive=True)),
        ("jpg", picture("jpg", restart_marker_rows=1, optimize=True)),
        *[("webp", picture("webp", mode)) for mode in ("RGB", "RGBA")],
        *[("webp", picture("webp", mode, lossless=True)) for mode in ("RGB", "RGBA")],
        ("webp", picture("webp", exif=b"Exif\0\0MM\0*\0\0\0\x08\0\0\0\0\0\0")),
        *[("avif", picture("avif", mode)) for mode in ("RGB", "RGBA")],
        *[(format, animated(format)) for format in ("png", "webp", "avif")],
    ],
)
def test_every_kind_of_picture_is_recognised_and_kept(format: ImageFormat, data: bytes) -> None:
    found = read_received(data)
    assert found.data is data
    assert (found.format, found.width, found.height, found.signed) == (format, 64, 48, False)


@pytest.mark.parametrize("bits", [1, 2, 4])
def test_a_png_of_few_colours_is_recognised(bits: int) -> None:
    buffer = io.BytesIO()
    Image.effect_noise((61, 47), 90).quantize(2**bits).save(buffer, "PNG", bits=bits)
    assert read_received(buffer.getvalue()).width == 61


@pytest.mark.parametrize("format", FORMATS)
def test_a_c2pa_manifest_makes_it_signed(format: ImageFormat) -> None:
    data = signed_picture(format)
    found = read_received(data)
    assert (found.format, found.width, found.height, found.signed) == (format, 64, 48, True)
    Image.open(io.BytesIO(data)).load()


def test_other_boxes_in_a_jpeg_are_no_signature() -> None:
    for part in (b"c2pa", b"jumb", b"JP\x02\x11"):
        assert not read_received(signed_picture("jpg").replace(part, bytes(len(part)))).signed


@pytest.mark.parametrize("format", FORMATS)
def test_what_follows_the_picture_is_kept_too(format: ImageFormat) -> None:
    # A row of boxes ends with the file: there it must be a box.
    rest = b"\0\0\0\x0cfreemore" if format == "avif" else b"more\0"
    data = picture(format) + rest
    assert read_received(data).data == data


@pytest.mark.parametrize(
    "data",
    [
        *[picture(format) for format in FORMATS],
        # That of an AVIF stands in a box of its own at the end.
        *[signed_picture(format) for format in FORMATS if format != "avif"],
        picture("jpg", progressive=True),
        picture("webp", "RGBA", exif=b"Exif\0\0"),
    ],
)
def test_no_cut_picture_passes(data: bytes) -> None:
    for length in range(len(data)):
        message = message_of(data[:length])
        if length < 40:
            assert message.startswith("The answer is "), length
        else:
            # An AVIF has nothing missing but its pixels where the cut falls between two boxes.
            assert message.endswith((CUT + AGAIN, NO_DATA + AGAIN)), length


def test_no_changed_byte_of_a_png_passes() -> None:
    data = picture("png", "L")
    for place in range(len(data)):
        changed = data[:place] + bytes([data[place] ^ 0x10]) + data[place + 1 :]
        assert message_of(changed).startswith("The answer is "), place


@given(st.data())
def test_no_change_gives_anything_but_a_picture_or_a_clear_error(data: st.DataObject) -> None:
    whole = data.draw(st.sampled_from(SAMPLES))
    places = st.integers(0, min(len(whole), 600) - 1)
    changed = bytearray(whole)
    for place, byte in data.draw(st.dictionaries(places, st.integers(0, 255), max_size=6)).items():
        changed[place] = byte
    with contextlib.suppress(UnusableAnswerError):
        assert read_received(bytes(changed)).format in FORMATS


SAMPLES = [picture(format) for format in FORMATS] + [signed_picture(format) for format in FORMATS]
PNG, JPEG, WEBP, AVIF = SAMPLES[:4]
HEADER = chunk(b"IHDR", struct.pack(">IIBBBBB", 64, 48, 8, 2, 0, 0, 0))
NO_SENSE = "its header makes no sense"
CUT = "it ends in the middle"
NO_DATA = "its picture data are missing"


@pytest.mark.parametrize(
    ("data", "title", "reason"),
    [
        (PNG[:8] + chunk(b"IDAT", b"x"), "PNG", "its header is missing"),
        (PNG[:8] + HEADER + chunk(b"IEND", b""), "PNG", NO_DATA),
        (PNG[:8] + HEADER + chunk(b"IDAT", b"xx") + chunk(b"IEND", b""), "PNG", NO_DATA),
        (
            PNG[:8] + chunk(b"IHDR", struct.pack(">IIBBBBB", 64, 0, 8, 2, 0, 0, 0)) + PNG[33:],
            "PNG",
            NO_SENSE,
        ),
        (
            PNG[:8] + chunk(b"IHDR", struct.pack(">IIBBBBB", 64, 48, 4, 2, 0, 0, 0)) + PNG[33:],
            "PNG",
            NO_SENSE,
        ),
        (
            PNG[:50] + bytes([PNG[50] ^ 1]) + PNG[51:],
            "PNG",
            "the checksum of its IDAT chunk does not match",
        ),
        (b"\xff\xd8\xff\xd9", "JPEG", NO_SENSE),
        (JPEG[: JPEG.index(b"\xff\xda")] + b"\xff\xd9", "JPEG", NO_DATA),
        (JPEG[:20] + b"x" + JPEG[20:], "JPEG", "its segments are out of order"),
        (JPEG.replace(b"\x08\0\x30\0\x40\x03", b"\x08\0\0\0\x40\x03"), "JPEG", NO_SENSE),
        (WEBP.replace(b"\x9d\x01\x2a", b"\x9d\x01\x2b"), "WebP", NO_SENSE),
        (JPEG[:4] + b"\0\1" + JPEG[6:], "JPEG", CUT),
        (WEBP.replace(b"VP8 ", b"VP9 "), "WebP", NO_DATA),
        (WEBP[:20] + bytes([WEBP[20] | 1]) + WEBP[21:], "WebP", NO_SENSE),
        (WEBP[:17] + b"\xff" + WEBP[18:], "WebP", CUT),
        (AVIF.replace(b"ispe", b"ISPE"), "AVIF", NO_SENSE),
        (AVIF.replace(b"mdat", b"free"), "AVIF", NO_DATA),
        (AVIF + b"\0\0\0\x04", "AVIF", CUT),
    ],
)
def test_a_damaged_picture_says_what_is_wrong(data: bytes, title: str, reason: str) -> None:
    assert message_of(data) == (
        f"The answer is a damaged {title} of {len(data):,} bytes: {reason}{AGAIN}"
    )


TAKEN = "PNG, JPEG, WebP and AVIF are read; choose another --model."


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", f"The answer is empty instead of a picture{AGAIN}"),
        (
            b"<!DOCTYPE html><html><style>p {color: red}</style><title>502 Bad Gateway</title>"
            b"<script>let a = '<b>'</script></head><body><h1>Sorry</h1></body></html>",
            f"The answer is a web page instead of a picture: '502 Bad Gateway Sorry'{CHECK}",
        ),
        (
            b'\n<html lang="de"><p>Anmeldung n\xc3\xb6tig',
            f"The answer is a web page instead of a picture: 'Anmeldung nötig'{CHECK}",
        ),
        (
            "<html><p>Anmeldung nötig".encode("latin-1"),
            f"The answer is a web page instead of a picture: 'Anmeldung n\ufffdtig'{CHECK}",
        ),
        (
            b'\xef\xbb\xbf{"error": {"message": "no such\\u001b model"}}',
            "The answer is JSON instead of a picture: "
            f'\'{{"error": {{"message": "no such\\u001b model"}}}}\'{CHECK}',
        ),
        (
            b"upstream connect error\r\n" + b"x" * 100,
            f"The answer is text instead of a picture: 'upstream connect error {'x' * 56}…'{CHECK}",
        ),
        (
            b'<?xml version="1.0"?>\n<svg xmlns="x"><rect/></svg>',
            "The answer is an SVG drawing instead of a picture: "
            f'\'<?xml version="1.0"?> <svg xmlns="x"><rect/></svg>\'{CHECK}',
        ),
        (
            b"\0\1\2\3\xfe\xff" + bytes(1000),
            "The answer is no picture: 1,006 bytes that begin with 00 01 02 03 fe ff 00 00" + CHECK,
        ),
        (b"GIF89a" + bytes(20), f"The answer is a GIF file, and {TAKEN}"),
        (b"BM" + bytes(60), f"The answer is a BMP file, and {TAKEN}"),
        (b"II*\0" + bytes(60), f"The answer is a TIFF file, and {TAKEN}"),
        (b"MM\0*" + bytes(60), f"The answer is a TIFF file, and {TAKEN}"),
        (b"\xff\x0a" + bytes(60), f"The answer is a JPEG XL file, and {TAKEN}"),
        (b"%PDF-1.7\n", f"The answer is a PDF file, and {TAKEN}"),
        (
            b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(60),
            f"The answer is a HEIC file, and {TAKEN}",
        ),
        (
            b"\0\0\0\x18ftypisom\0\0\0\0isommp42" + bytes(60),
            f"The answer is a video file, and {TAKEN}",
        ),
    ],
)
def test_what_is_no_picture_is_told_what_it_is(data: bytes, message: str) -> None:
    assert message_of(data) == message


def test_the_words_of_a_server_are_shown_without_the_key() -> None:
    page = b"<html>Bad key sk-secret-123</html>"
    with pytest.raises(UnusableAnswerError) as caught:
        read_received(page, redact=lambda text: text.replace("sk-secret-123", "[key]"))
    assert str(caught.value) == (
        f"The answer is a web page instead of a picture: 'Bad key [key]'{CHECK}"
    )


@pytest.mark.parametrize("filling", [b"<html>" + b" " * 4078, b" " * 4084, b"sk-secret-123 " * 292])
@pytest.mark.parametrize("cut", range(14))
def test_a_key_that_a_cut_goes_through_is_never_shown_in_part(filling: bytes, cut: int) -> None:
    page = b" " * cut + filling + b"sk-secret-123" + b" " * 100
    with pytest.raises(UnusableAnswerError) as caught:
        read_received(page, redact=lambda text: text.replace("sk-secret-123", "[key]"))
    assert "sk-" not in str(caught.value)


def test_absurd_dimensions_are_refused() -> None:
    canvas = (16_383).to_bytes(3, "little") * 2
    body = b"VP8X" + struct.pack("<I", 10) + bytes(4) + canvas + WEBP[12:]
    data = b"RIFF" + struct.pack("<I", 4 + len(body)) + b"WEBP" + body
    assert message_of(data) == (
        "The answer is a picture of 16384x16384 pixels, and no more than 89 megapixels are taken; "
        "ask for a smaller size."
    )


def test_no_picture_that_is_taken_is_one_that_pillow_warns_of() -> None:
    assert Image.MAX_IMAGE_PIXELS is not None
    assert MAX_PIXELS <= Image.MAX_IMAGE_PIXELS


def box(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", 8 + len(data)) + kind + data


def test_an_avif_is_as_large_as_the_largest_picture_in_it() -> None:
    sizes = [box(b"ispe", struct.pack(">III", 0, side, side)) for side in (8, 512, 160)]
    properties = box(b"iprp", box(b"ipco", b"".join(sizes)))
    start = box(b"ftyp", b"mif1\0\0\0\0mif1avif")
    data = start + box(b"meta", bytes(4) + properties) + box(b"mdat", b"x")
    assert (read_received(data).format, read_received(data).width) == ("avif", 512)


def test_long_and_open_boxes_of_an_avif_are_read() -> None:
    place = AVIF.index(b"mdat") - 4
    box = AVIF[place + 8 :]
    long = struct.pack(">I", 1) + b"mdat" + struct.pack(">Q", 16 + len(box)) + box
    for rest in (long, b"\0\0\0\0mdat" + box):
        assert read_received(AVIF[:place] + rest).height == 48
    assert message_of(AVIF[:place] + long[:-1]).endswith(f"it ends in the middle{AGAIN}")


@pytest.mark.parametrize(
    "data",
    [
        JPEG[:2] + b"\xff" * 2**21,
        JPEG[:-2] + b"\xff\0" * 2**20,
        b"<html>" + b"<" * 2**21,
        b"<script>" * 2**18,
        AVIF[: AVIF.index(b"mdat") - 4] + b"\xff\xff\xff\xffmeta\0\0\0\0" * 2**17,
        AVIF + b"\0\0\0\x08meta" * 2**15,
        PNG[:33] + chunk(b"IDAT", b"") * 2**15 + PNG[33:],
    ],
)
def test_hostile_answers_cost_little_time(data: bytes) -> None:
    def read() -> None:
        with contextlib.suppress(UnusableAnswerError):
            read_received(data)

    assert processor_seconds(read) < 0.5


def test_two_megabytes_are_read_in_a_few_milliseconds() -> None:
    buffer = io.BytesIO()
    noise("RGB", (800, 800)).save(buffer, "PNG", compress_level=1)
    assert len(buffer.getvalue()) > 1_500_000
    times = [processor_seconds(lambda: read_received(buffer.getvalue())) for _ in range(9)]
    assert min(times) < 0.003


def test_a_manifest_of_the_tests_has_the_length_it_says() -> None:
    assert int.from_bytes(MANIFEST[:4], "big") == len(MANIFEST)
