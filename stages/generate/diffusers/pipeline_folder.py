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
from imagine.stages.upscale.weights import Weights, open_weights

INDEX = "model_index.json"
PICKLES = ("*.bin", "*.ckpt", "*.pt", "*.pth")
_LIBRARIES = ("diffusers", "transformers", "stable_diffusion", "kolors")
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
        LocalBackendError: one is missing, or of a library that is not known.
    """
    parts = {}
    for name, entry in index.items():
        if name.startswith("_") or not isinstance(entry, list) or entry[:1] in ([], [None]):
            continue
        library, kind = entry[0], entry[-1]
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
        parts[name] = str(kind)
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
        _refuse_weightless(part)
    for shards in sorted(part.glob("*.safetensors.index*.json")):
        _check_shards(shards)
    try:
        opened = {file: open_weights(file) for file in files}
    except UsageError as error:
        raise LocalBackendError(str(error)) from error
    variants = {_variant_of(file.name) for file in files}
    variant = None if None in variants else sorted(str(variant) for variant in variants)[0]
    return variant, {
        file: weights for file, weights in opened.items() if _variant_of(file.name) == variant
    }


def fingerprint(folder: Path, described: bytes, files: Iterable[Path]) -> str:
    """16 hexadecimal digits of a description and of the names and sizes of weights.

    The weights themselves are not read: gigabytes, for a question that is asked often.

    Raises:
        LocalBackendError: one of them cannot be read any more.
    """
    try:
        sizes = [
            f"{file.relative_to(folder).as_posix()} {file.stat().st_size}" for file in sorted(files)
        ]
    except OSError as error:
        raise LocalBackendError(unreadable(folder, error)) from error
    return sha256(b"\n".join([described, *map(os.fsencode, sizes)])).hexdigest()[:16]


def _variant_of(name: str) -> str | None:
    """ "fp16" of model.fp16.safetensors and model.fp16-00001-of-00002.safetensors."""
    _, _, rest = name.removesuffix(".safetensors").partition(".")
    return rest.partition("-")[0] or None


def _refuse_weightless(part: Path) -> None:
    if any(file for pattern in _HALVES for file in part.glob(pattern)):
        raise LocalBackendError(
            f"The folder {quoted_path(part)} was downloaded to a half only; download it again."
        )
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
