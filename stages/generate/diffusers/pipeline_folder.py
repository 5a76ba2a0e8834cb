"""A folder of a diffusers pipeline: its path in; its parts, or why it cannot be used, out.

Nothing of it is run to find out: the descriptions are JSON, and of weights only the headers of
.safetensors files are read. Pickled weights and classes of the folder's own would be programs.
"""

import json
import os
from collections.abc import Iterable, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

from imagine.stages.errors import LocalBackendError, UsageError, quoted_path, shown, unreadable
from imagine.stages.generate.local import INDEX
from imagine.stages.weights import Weights, open_weights

PICKLES = ("*.bin", "*.ckpt", "*.pt", "*.pth")
_LIBRARIES = ("diffusers", "transformers", "stable_diffusion", "kolors")
# Of each file of weights so much is read for its fingerprint: pieces of so many bytes.
PIECES, PIECE = 16, 4096
# What programs that download leave beside a file that is not whole.
_HALVES = ("*.incomplete", "*.part", "*.crdownload", "*.aria2")


def read_index(folder: Path) -> dict[str, Any]:
    """The description of a pipeline.

    Raises:
        LocalBackendError: there is none, or it cannot be read.
    """
    try:
        index = json.loads((folder / INDEX).read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise LocalBackendError(
            f"The folder {quoted_path(folder)} has no {INDEX}; name the folder of a diffusers "
            "pipeline, all of it."
        ) from error
    except (OSError, ValueError, RecursionError) as error:
        raise LocalBackendError(
            f"The file {quoted_path(folder / INDEX)} cannot be read as JSON; download it again."
        ) from error
    if not isinstance(index, dict):
        raise LocalBackendError(
            f"The file {quoted_path(folder / INDEX)} describes no pipeline; download it again."
        )
    return index


def parts_of(folder: Path, index: Mapping[str, Any]) -> dict[str, str]:
    """Name to class of the pipeline's parts; each is a folder that is there.

    Raises:
        LocalBackendError: one is missing, not described, or of a library that is not known.
    """
    parts = {}
    for name, entry in index.items():
        # The others are settings, and parts that it could have and has not.
        if name.startswith("_") or not isinstance(entry, list) or not entry:
            continue
        if not isinstance(entry[0], str):
            continue
        if len(entry) != 2 or not isinstance(entry[1], str):
            raise LocalBackendError(
                f"The file {quoted_path(folder / INDEX)} does not say of which class "
                f"'{shown(name)}' is; download it again."
            )
        library, kind = entry
        if library not in _LIBRARIES:
            raise LocalBackendError(
                f"The folder {quoted_path(folder)} has '{shown(name)}' of '{shown(library)}', a "
                "program of its own, which is never run; use one without."
            )
        if not (folder / name).is_dir():
            raise LocalBackendError(
                f"The folder {quoted_path(folder)} lacks its part '{shown(name)}'; download all "
                "of it."
            )
        parts[name] = kind
    return parts


def weights_in(part: Path) -> tuple[str | None, dict[Path, Weights]]:
    """The weights of a part: their variant, and the files to load by their opened headers.

    The variant is what the names have before ".safetensors", as "fp16"; None for plain ones, which
    are loaded where several are there.

    Raises:
        LocalBackendError: there are none, pickles only, or they are not whole.
    """
    files = sorted(part.glob("*.safetensors"))
    if not files:
        _refuse_halves(part)
    for shards in sorted(part.glob("*.safetensors.index*.json")):
        _check_shards(shards)
    if not files:
        _refuse_weightless(part)
    try:
        opened = {file: open_weights(file) for file in files}
    except UsageError as error:
        raise LocalBackendError(str(error)) from error
    variants = {_variant_of(file.name) for file in files}
    variant = None if None in variants else sorted(str(variant) for variant in variants)[0]
    return variant, {
        file: weights for file, weights in opened.items() if _variant_of(file.name) == variant
    }


def descriptions_of(folder: Path) -> bytes:
    """Everything that a pipeline's folder has beside weights: of it, of its parts, and their words.

    Raises:
        LocalBackendError: a file cannot be read.
    """
    files = [folder / INDEX, *folder.glob("*/*.json"), *folder.glob("*/*.txt")]
    try:
        return b"\n".join(
            os.fsencode(file.relative_to(folder).as_posix()) + b" " + file.read_bytes()
            for file in sorted(files)
        )
    except OSError as error:
        raise LocalBackendError(unreadable(folder, error)) from error


def fingerprint(folder: Path, described: bytes, files: Iterable[Path]) -> str:
    """16 hexadecimal digits of a description and of the names, sizes and samples of weights.

    Args:
        folder: by which the files are named; those that lie elsewhere are named by their part.
        described: the description.
        files: of the weights.

    Raises:
        LocalBackendError: one of them cannot be read any more.
    """
    digest = sha256(described)
    for file in sorted(files):
        inside = file.is_relative_to(folder)
        name = file.relative_to(folder) if inside else Path(file.parent.name, file.name)
        digest.update(b"\n" + os.fsencode(name.as_posix()) + b" " + sample_of(file))
    return digest.hexdigest()[:16]


def sample_of(file: Path) -> bytes:
    """What tells the weights in a file from others of the same size, its size among it.

    Pieces of it, at even distances from the first number to the last: all of it would be gigabytes,
    for a question that is asked often.

    Raises:
        LocalBackendError: it cannot be read.
    """
    try:
        with file.open("rb") as opened:
            size = opened.seek(0, os.SEEK_END)
            opened.seek(0)
            # The header of a .safetensors file says nothing of the numbers.
            safe = file.suffix == ".safetensors"
            begin = 8 + int.from_bytes(opened.read(8), "little") if safe else 0
            pieces = [str(size).encode()]
            last = max(begin, size - PIECE)
            for number in range(PIECES):
                opened.seek(begin + (last - begin) * number // (PIECES - 1))
                pieces.append(opened.read(PIECE))
    except OSError as error:
        raise LocalBackendError(unreadable(file, error)) from error
    return b"\n".join(pieces)


def _variant_of(name: str) -> str | None:
    """ "fp16" of model.fp16.safetensors and model.fp16-00001-of-00002.safetensors."""
    _, _, rest = name.removesuffix(".safetensors").partition(".")
    return rest.partition("-")[0] or None


def _refuse_halves(part: Path) -> None:
    if any(file for pattern in _HALVES for file in part.glob(pattern)):
        raise LocalBackendError(
            f"The folder {quoted_path(part)} was downloaded to a half only; download it again."
        )


def _refuse_weightless(part: Path) -> None:
    if any(file for pattern in PICKLES for file in part.glob(pattern)):
        raise LocalBackendError(
            f"The folder {quoted_path(part)} has weights as pickles only, which can run "
            "programs; download the .safetensors files."
        )
    raise LocalBackendError(
        f"The folder {quoted_path(part)} has no .safetensors file; download all of it."
    )


def _check_shards(index: Path) -> None:
    """Refuse an index that names files which are not there."""
    try:
        shards = set(json.loads(index.read_text(encoding="utf-8"))["weight_map"].values())
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise LocalBackendError(
            f"The file {quoted_path(index)} is no index of weights; download it again."
        ) from error
    missing = sorted(str(shard) for shard in shards if not (index.parent / str(shard)).is_file())
    if missing:
        raise LocalBackendError(
            f"The folder {quoted_path(index.parent)} lacks '{shown(missing[0])}'; download all "
            "of it."
        )
