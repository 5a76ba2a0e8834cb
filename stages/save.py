"""Saving: a picture and its Recipe become a file under a name of its own, whole or not at all."""

import errno
import hashlib
import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from imagine.stages.errors import ConfigError, SaveError, UsageError, quoted_path, shown
from imagine.stages.image import GeneratedImage, ImageFormat
from imagine.stages.names import (
    DEFAULT_TEMPLATE,
    MAX_NAME_BYTES,
    check_not_reserved,
    check_template,
    file_stem,
)
from imagine.stages.recipe import Recipe

if TYPE_CHECKING:
    from imagine.stages.publish import Coming

FORMATS: dict[str, ImageFormat] = {
    ".png": "png",
    ".jpg": "jpg",
    ".jpeg": "jpg",
    ".webp": "webp",
    ".avif": "avif",
}
# Behind a name template they are meant as endings, and not written.
OTHER_PICTURES = (
    *(".bmp", ".gif", ".heic", ".heif", ".ico", ".jp2", ".jxl", ".pdf", ".psd", ".svg", ".tga"),
    *(".tif", ".tiff"),
)
# "v1.2" and "2026.11" are names of directories.
_ENDING = re.compile(r"\.\w*[^\W\d]\w*")
# What the formats hold, and for JPEG and AVIF what libjpeg-turbo and libavif draw the line at.
MAX_SIDE: dict[ImageFormat, int] = {"png": 2**31 - 1, "jpg": 65_500, "webp": 16_383, "avif": 32_768}


@dataclass(frozen=True, slots=True)
class Destination:
    """Where pictures go.

    Attributes:
        directory: made when it is missing.
        file_name: the exact name, or None to make names from a template.
        format: of the files; None for what each picture comes in: PNG when it was drawn here,
            the provider's own when it was received.
    """

    directory: Path
    file_name: str | None
    format: ImageFormat | None


@dataclass(frozen=True, slots=True)
class Artifact:
    """A saved picture.

    Attributes:
        path: of the picture.
        sidecar_path: of the recipe beside it, when one was written.
        width, height: pixels.
        bytes: size of the file.
        sha256: of the file, in hexadecimal.
        notes: what the user should know about the file, a sentence each.
    """

    path: Path
    sidecar_path: Path | None
    width: int
    height: int
    bytes: int
    sha256: str
    notes: tuple[str, ...] = ()


def destination_of(output: str | Path, *, format: ImageFormat | None) -> Destination:
    """Read what the user gave as output: a file when it has an ending, else a directory.

    Args:
        output: the path; an existing directory is one whatever its name, and so is text with a
            separator at its end.
        format: what the user asked for, or None for the file's ending, if it has one.

    Raises:
        UsageError: the ending is that of another format than `format`, or of none that is
            written, or the name is only an ending, or reserved by Windows, or the path
            holds a null character.
        SaveError: the path cannot be looked up.
    """
    path = Path(output)
    if "\0" in str(output):
        raise UsageError(f"The output {quoted_path(output)} holds a null character; remove it.")
    try:
        exists = path.is_dir()
    except OSError as error:
        raise _save_error(path, error) from error
    if not exists:
        check_not_reserved(path.name)
    is_directory = exists or str(output).endswith(("/", os.sep))
    ending = path.name.lower() if path.name.lower() in FORMATS else path.suffix.lower()
    if is_directory or not _ENDING.fullmatch(ending):
        return Destination(directory=path, file_name=None, format=format)
    if ending not in FORMATS:
        raise UsageError(
            f"The output {quoted_path(output)} ends in {shown(ending, limit=20)}, which is no "
            "picture format written here; choose .png, .jpg, .webp or .avif, or end it with / "
            "for a directory."
        )
    if ending == path.name.lower():
        raise UsageError(
            f"The output {quoted_path(output)} is an ending without a name; put one before it."
        )
    if format is not None and format != FORMATS[ending]:
        raise UsageError(
            f"The output {quoted_path(output)} ends in {ending}, but the format is {format}; "
            "leave out one of the two."
        )
    return Destination(directory=path.parent, file_name=path.name, format=FORMATS[ending])


def check_format(format: ImageFormat | None, width: int, height: int) -> None:
    """Refuse a size or format that cannot be written, before anything is drawn.

    Args:
        format: of the file, or None for whatever the picture comes in, which is never refused.
        width, height: pixels.

    Raises:
        UsageError: a side is longer than the format allows.
        ConfigError: the installed Pillow cannot write it.
    """
    if format is None:
        return
    longest = MAX_SIDE[format]
    if max(width, height) > longest:
        raise UsageError(
            f"The size {width}x{height} is too large for {format}, whose sides end at {longest} "
            "pixels; choose png or a smaller size."
        )
    if format in ("webp", "avif"):
        from PIL import features

        if not features.check(format):
            raise ConfigError(
                f"The installed Pillow cannot write {format}; install a Pillow wheel from the "
                "package index, or choose png."
            )


def check_destination(
    destination: Destination,
    *,
    name_template: str = DEFAULT_TEMPLATE,
    sidecar: bool = False,
    batch: bool = False,
) -> None:
    """Refuse a place or name template that cannot be written, before anything is drawn.

    Makes nothing: a missing directory is judged by the nearest one that exists.

    Args:
        destination: where to.
        name_template: as `save_image` takes it.
        sidecar: whether a recipe is to lie beside the picture, under a name 5 bytes longer.

    Raises:
        UsageError: the template is wrong, as in `imagine.stages.names.file_stem`, or ends like a
            picture of another format.
        ConfigError: it ends in a format that cannot be written here.
        SaveError: the directory is a file, or may not be written, or a name is too long.
    """
    directory, name = destination.directory, destination.file_name
    if name is None:
        stem, format = split_template(name_template, destination.format)
        check_template(stem, batch=batch)
        check_format(format, 1, 1)
    file_names = [] if name is None else [name + ".json" if sidecar else name]
    if any(len(os.fsencode(part)) > MAX_NAME_BYTES for part in (*directory.parts, *file_names)):
        raise _save_error(directory / (name or ""), OSError(errno.ENAMETOOLONG, ""))
    try:
        nearest = directory.absolute()
        while not nearest.exists():
            nearest = nearest.parent
    except OSError as error:
        raise _save_error(directory, error) from error
    if not nearest.is_dir():
        raise _save_error(directory, NotADirectoryError(errno.ENOTDIR, ""))
    if not os.access(nearest, os.W_OK | os.X_OK):
        number = errno.EROFS if _is_read_only(nearest) else errno.EACCES
        raise _save_error(directory, OSError(number, ""))


def _is_read_only(directory: Path) -> bool:
    """Whether its whole file system is, where that can be asked."""
    asks = hasattr(os, "statvfs")
    return asks and bool(os.statvfs(directory).f_flag & os.ST_RDONLY)


def split_template(template: str, format: ImageFormat | None) -> tuple[str, ImageFormat | None]:
    """A name template without the ending that the file gets anyway, and the format wanted.

    `fox.png` is `fox`, and wants a PNG where nothing else was said.

    Raises:
        UsageError: it ends like a picture of another format, or of one that is not written.
    """
    stem, dot, letters = template.rpartition(".")
    ending = f"{dot}{letters}".lower()
    if ending not in FORMATS and ending not in OTHER_PICTURES:
        return template, format
    if ending not in FORMATS and format is None:
        raise UsageError(
            f"The name '{shown(template)}' ends in {ending}, which is no picture format written "
            "here; leave out the ending."
        )
    if format is not None and FORMATS.get(ending) != format:
        raise UsageError(
            f"The name '{shown(template)}' ends in {ending}, but the format is {format}; "
            "leave out the ending."
        )
    return stem, FORMATS[ending]


def save_image(
    image: GeneratedImage,
    recipe: Recipe,
    *,
    destination: Destination,
    name_template: str = DEFAULT_TEMPLATE,
    quality: int | None = None,
    metadata: bool = True,
    sidecar: bool = False,
    overwrite: bool = False,
    index: int = 1,
    item: str | None = None,
    on_encoded: "Callable[[Coming], None]" = lambda coming: None,
) -> Artifact:
    """Write one picture, and its sidecar when there is one, whole or not at all.

    A received picture keeps its bytes unless another format or a quality is asked for; metadata
    go in beside them, or into a sidecar where the picture is signed or has no place for them.

    A name that is taken gets "-2", "-3" and so on, also against other processes. On any failure,
    an interruption included, no picture, temporary file, sidecar or new empty directory is left,
    and with `overwrite` the old files are back.

    Args:
        image: drawn or received.
        recipe: what made it.
        destination: where to; its directory is made.
        name_template: as in `imagine.stages.names.file_stem`; unused with an exact file name.
        quality: 1 to 100 for JPEG, WebP and AVIF; None for 92, 90, 80, or for what was received.
        metadata: whether the file carries the recipe.
        sidecar: whether the recipe is also written beside it; done anyway, with a note, when
            the file cannot carry it.
        overwrite: whether a file of that name is replaced.
        index: place of the picture in this run, from 1.
        item: what the template's `id` stands for, in a batch.
        on_encoded: takes what is about to be written; nothing is when it raises.

    Raises:
        UsageError: the name template is wrong, or the format's encoder refused the picture.
        UnusableAnswerError: what was received is to be decoded and cannot be.
        SaveError: the picture cannot be written.
    """
    # Whoever only looks where pictures would go needs none of these.
    from imagine.stages.formats.encode import encode_image, format_of, is_kept
    from imagine.stages.metadata import sidecar_of
    from imagine.stages.publish import Coming, publish

    template, wanted = name_template, destination.format
    if destination.file_name is None:
        template, wanted = split_template(name_template, wanted)
    format = format_of(image, wanted)
    name = (
        destination.file_name or f"{file_stem(template, recipe, index=index, item=item)}.{format}"
    )
    target = destination.directory / name
    if overwrite and index > 1 and (destination.file_name or not _varies(template)):
        # Pictures of one run must not overwrite each other.
        target = target.with_stem(f"{target.stem}-{index}")
    if not is_kept(image, format=format, quality=quality):
        recipe = recipe.model_copy(update={"original": False})
    encoded = encode_image(image, recipe if metadata else None, format=format, quality=quality)
    files = [encoded.data]
    if sidecar or not encoded.recipe_inside:
        files.append((recipe.to_json(indent=2) + "\n").encode())
    digests = [hashlib.sha256(data).hexdigest() for data in files]
    on_encoded(
        Coming(
            target=target,
            sha256=digests[0],
            bytes=len(encoded.data),
            sidecar=digests[1] if len(files) > 1 else None,
            overwrite=overwrite,
        )
    )
    try:
        path = publish(files, target, overwrite=overwrite)
    except OSError as error:
        raise _save_error(target, error) from error
    width, height = image.size
    return Artifact(
        path=path,
        sidecar_path=sidecar_of(path) if len(files) > 1 else None,
        width=width,
        height=height,
        bytes=len(encoded.data),
        sha256=digests[0],
        notes=encoded.notes,
    )


def _varies(template: str) -> bool:
    """Whether its names differ between the pictures of a run."""
    return any(f"{{{field}" in template for field in ("n", "seed", "hash"))


def write_error(what: str, path: Path, error: OSError) -> SaveError:
    """The error for something that cannot be written, such as "The picture"."""
    reason, remedy = _REASONS.get(error.errno or 0, (error.strerror or shown(error), _ELSEWHERE))
    return SaveError(f"{what} cannot be written to {quoted_path(path)}: {reason}; {remedy}.")


def _save_error(path: Path, error: OSError) -> SaveError:
    return write_error("The picture", path, error)


_ELSEWHERE = "choose another directory with --output"
_REASONS = {
    errno.ENOSPC: ("the disk is full", f"free some space or {_ELSEWHERE}"),
    errno.EDQUOT: ("the disk quota is used up", f"free some space or {_ELSEWHERE}"),
    errno.EACCES: ("permission is denied", _ELSEWHERE),
    errno.EPERM: ("permission is denied", _ELSEWHERE),
    errno.ENOENT: ("the directory cannot be made", _ELSEWHERE),
    errno.EROFS: ("the file system is read-only", _ELSEWHERE),
    errno.ENOTDIR: ("a part of the path is a file, no directory", _ELSEWHERE),
    errno.EEXIST: ("the name and all its numbers are taken", "choose another name with --name"),
    errno.EISDIR: ("there is a directory of that name", "choose another name"),
    errno.ENAMETOOLONG: ("the name is too long", "choose a shorter one"),
}
