"""Reference pictures: a file of the user's goes in, ReferenceImages ready to be sent come out."""

import hashlib
import io
import struct
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from imagine.stages.errors import UsageError, quoted_path, unreadable
from imagine.stages.formats.kinds import ClipKind, PictureKind
from imagine.stages.image import DECODING_ERRORS, ImageFormat, ReferenceImage
from imagine.stages.references.media import kind_of
from imagine.stages.references.srgb import has_other_colors, in_srgb, orientation_of

if TYPE_CHECKING:
    from PIL.Image import Image

# No model takes more (Gemini's image models: 14).
MAX_REFERENCES = 14
MAX_FILE = 100 * 2**20
# Decoded a picture takes 3 or 4 bytes a pixel; no camera in a pocket makes more.
MAX_PIXELS = 128_000_000
# Bytes of one picture that is sent, and of all together: services take 20 to 100 MB a request.
MAX_SENT = 7 * 2**20
MAX_SENT_TOGETHER = 56 * 2**20
# What a lossy copy of a photo may cost.
JPEG_QUALITY = 90
# A photo has nearly as many colours as pixels; a drawing, screenshot or logo has few.
_PHOTO_COLORS = 4096

_DECODERS: dict[PictureKind, str] = {
    "png": "PNG",
    "jpg": "JPEG",
    "webp": "WEBP",
    "avif": "AVIF",
    "gif": "GIF",
    "bmp": "BMP",
    "tiff": "TIFF",
}
_SENT: dict[PictureKind, ImageFormat] = {"png": "png", "jpg": "jpg", "webp": "webp"}
_ANIMATED = ("gif", "webp", "png", "avif")


def read_references(
    paths: Sequence[Path], *, max_side: int = 2048, frames: int = 4
) -> list[ReferenceImage]:
    """Read several files in their order; see `read_reference`.

    Raises:
        UsageError: one cannot be read, or they hold more than 14 pictures together.
    """
    found = _read_all(paths, max_side=max_side, frames=frames, limit=MAX_SENT)
    if sum(len(image.data) for image in found) > MAX_SENT_TOGETHER:
        # How many pictures share the room is known only when animations and clips were read.
        limit = MAX_SENT_TOGETHER // len(found)
        found = _read_all(paths, max_side=max_side, frames=frames, limit=limit)
    return found


def _read_all(
    paths: Sequence[Path], *, max_side: int, frames: int, limit: int
) -> list[ReferenceImage]:
    found: list[ReferenceImage] = []
    for path in paths:
        found += read_reference(path, max_side=max_side, frames=frames, limit=limit)
        if len(found) > MAX_REFERENCES:
            raise UsageError(
                f"{len(paths)} reference files hold more than {MAX_REFERENCES} pictures, the most "
                "that any model takes; give fewer."
            )
    return found


def read_reference(
    path: Path, *, max_side: int = 2048, frames: int = 4, limit: int = MAX_SENT
) -> list[ReferenceImage]:
    """Read a picture, or a few frames of an animated one or of a short clip.

    The type is read from the bytes, never from the name; EXIF orientation is applied; metadata
    (place, camera) is left behind; what is larger than `max_side` is downscaled.

    Args:
        path: PNG, JPEG, WebP, AVIF, GIF, BMP or TIFF; or MP4, WebM, MOV where ffmpeg is installed.
        max_side: pixels of the longer side that is sent.
        frames: of an animation, spread evenly over it; 1 or more.
        limit: bytes that a picture may take; larger ones are downscaled further.

    Raises:
        UsageError: it cannot be read, is no picture, is damaged, or has too many pixels.
    """
    kind = kind_of(path)
    match kind:
        case "mov" | "matroska":
            return _read_clip(path, kind, frames, max_side=max_side, limit=limit)
    data = _read(path)
    digest = hashlib.sha256(data)
    source = _Source(path, data, kind)
    with _decoding(source):
        return [
            _ready(
                source,
                picture,
                digest=digest if frame is None else _of_frame(digest, frame),
                still=frame is None,
                max_side=max_side,
                limit=limit,
            )
            for frame, picture in _pictures(source, frames)
        ]


def _read_clip(
    path: Path, kind: ClipKind, count: int, *, max_side: int, limit: int
) -> list[ReferenceImage]:
    from imagine.stages.references.clip import frames_of_clip

    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256")
    found = []
    for moment, data in frames_of_clip(path, kind, count=count, max_side=max_side):
        source = _Source(path, data, "png")
        with _decoding(source):
            found.append(
                _ready(
                    source,
                    source.open(),
                    digest=_of_frame(digest, moment),
                    still=False,
                    max_side=max_side,
                    limit=limit,
                )
            )
    return found


@dataclass(frozen=True, slots=True)
class _Source:
    """A file's bytes, and which decoder reads them."""

    path: Path
    data: bytes = field(repr=False)
    kind: PictureKind

    @property
    def decoder(self) -> str:
        return _DECODERS[self.kind]

    def open(self) -> "Image":
        """The picture, its pixels not decoded yet.

        Raises:
            UsageError: it has too many pixels, or this Pillow does not read its format.
        """
        from PIL import Image, features

        if self.kind in ("avif", "webp") and not features.check(self.kind):
            raise UsageError(
                f"{quoted_path(self.path)} is {self.decoder}, which this Pillow does not read; "
                "save it as PNG or JPEG."
            )
        picture = Image.open(io.BytesIO(self.data), formats=[self.decoder])
        if picture.width * picture.height > MAX_PIXELS:
            raise _too_many_pixels(self.path, f"{picture.width}x{picture.height} pixels")
        return picture


def _too_many_pixels(path: Path, size: str) -> UsageError:
    return UsageError(
        f"{quoted_path(path)} has {size}, more than the {MAX_PIXELS // 10**6} million that are "
        "read; scale it down first."
    )


@contextmanager
def _decoding(source: _Source) -> Iterator[None]:
    """What goes wrong within is damage to the file; odd but readable files are no news."""
    from PIL.Image import DecompressionBombError

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except DecompressionBombError as error:
        raise _too_many_pixels(source.path, "more than 178 million pixels") from error
    except DECODING_ERRORS as error:
        raise UsageError(
            f"{quoted_path(source.path)} is {source.decoder}, but damaged or cut off; "
            "save it anew, or give another."
        ) from error


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            data = file.read(MAX_FILE + 1)
    except OSError as error:
        raise UsageError(unreadable(path, error)) from error
    if len(data) > MAX_FILE:
        raise UsageError(
            f"{quoted_path(path)} is larger than {MAX_FILE // 2**20} MB; scale it down first."
        )
    return data


def _of_frame(digest: "hashlib._Hash", frame: int) -> "hashlib._Hash":
    """Of the file, then "#" and the number of the frame."""
    whole = digest.copy()
    whole.update(b"#%d" % frame)
    return whole


def _pictures(source: _Source, count: int) -> Iterator[tuple[int | None, "Image"]]:
    """A still picture, with None; of an animation frames spread evenly, with their numbers."""
    picture = source.open()
    total: int = getattr(picture, "n_frames", 1) if source.kind in _ANIMATED else 1
    if total < 2:
        yield None, picture
        return
    count = min(count, total)
    for index in range(count):
        number = (2 * index + 1) * total // (2 * count)
        picture.seek(number)
        yield number, picture.copy()


def _ready(
    source: _Source,
    picture: "Image",
    *,
    digest: "hashlib._Hash",
    still: bool,
    max_side: int,
    limit: int,
) -> ReferenceImage:
    """One picture as it is sent: the user's own bytes where only metadata is in the way."""
    if source.kind == "jpg" and max(picture.size) > 2 * max_side:
        # Decodes a half, a quarter or an eighth, which saves time and memory.
        picture.draft(None, (max_side, max_side))
    picture.load()
    name, data = None, None
    if still and _is_plain(source, picture, max_side=max_side):
        name = _SENT[source.kind]
        data = _stripped(source.data, name)
    if name is None or data is None or len(data) > limit:
        picture = in_srgb(picture, max_side=max_side)
        name, data = _encoded(picture, source)
        while len(data) > limit and max(picture.size) > 64:
            smaller = max(1, picture.width * 3 // 4), max(1, picture.height * 3 // 4)
            picture = picture.resize(smaller)
            name, data = _encoded(picture, source)
    return ReferenceImage(data, name, *picture.size, digest.hexdigest())


def _stripped(data: bytes, name: ImageFormat) -> bytes | None:
    """Without metadata; None when the file is readable but built oddly."""
    from imagine.stages.references.strip import strip

    try:
        return strip(data, name)
    except (ValueError, IndexError, struct.error):
        return None


def _is_plain(source: _Source, picture: "Image", *, max_side: int) -> bool:
    """Whether the file can be sent as it is, once its metadata is out."""
    if source.kind not in _SENT or picture.mode not in ("RGB", "RGBA", "L"):
        return False
    deep = source.kind == "png" and source.data[24] == 16  # bits a channel, in IHDR
    return (
        max(picture.size) <= max_side
        and not deep
        and orientation_of(picture) == 1
        and not has_other_colors(picture)
    )


def _encoded(picture: "Image", source: _Source) -> tuple[ImageFormat, bytes]:
    """Photos as JPEG, what is transparent or drawn as PNG."""
    file = io.BytesIO()
    if picture.mode == "RGBA" or not (source.kind == "jpg" or _is_photo(picture)):
        picture.save(file, "PNG", compress_level=6)
        return "png", file.getvalue()
    picture.save(file, "JPEG", quality=JPEG_QUALITY, subsampling=0)
    return "jpg", file.getvalue()


def _is_photo(picture: "Image") -> bool:
    from PIL.Image import Resampling

    small = picture.resize((min(256, picture.width), min(256, picture.height)), Resampling.NEAREST)
    return small.getcolors(_PHOTO_COLORS) is None
