"""A folder of a diffusers pipeline: its path in; what it is, or why it cannot be used, out.

Nothing of it is run to find out: the descriptions are JSON, and of weights only the headers of
.safetensors files are read. Pickled weights and classes of the folder's own would be programs.
"""

import json
import os
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from imagine.stages.errors import LocalBackendError, UsageError, quoted_path, shown, unreadable
from imagine.stages.upscale.weights import open_weights

INDEX = "model_index.json"
_PICKLES = ("*.bin", "*.ckpt", "*.pt", "*.pth")
_LIBRARIES = ("diffusers", "transformers", "stable_diffusion")
_WEIGHED = ("unet", "vae", "text_encoder", "safety_checker")
# Of a published x4 upscaler, which trained its noise levels so far.
_MAX_NOISE = 350
_FACTORS = {"StableDiffusionUpscalePipeline": 4, "StableDiffusionLatentUpscalePipeline": 2}


@dataclass(frozen=True, slots=True)
class DiffusersFolder:
    """A folder that can be loaded.

    Attributes:
        pipeline: name of the class.
        factor: how much it enlarges.
        max_noise: the highest noise level that it knows; None where it adds none.
        variant: what the names of its weights have before ".safetensors": "fp16"; or None.
    """

    path: Path
    pipeline: str
    factor: int
    max_noise: int | None
    variant: str | None

    def weights(self) -> str:
        """16 hexadecimal digits of its description and of the names and sizes of its weights.

        The weights themselves are not read: gigabytes, for a question that is asked often.

        Raises:
            LocalBackendError: one of them cannot be read any more.
        """
        try:
            sizes = [
                f"{file.relative_to(self.path).as_posix()} {file.stat().st_size}"
                for file in sorted(self.path.glob("**/*.safetensors"))
            ]
            described = (self.path / INDEX).read_bytes()
        except OSError as error:
            raise LocalBackendError(unreadable(self.path, error)) from error
        return sha256(b"\n".join([described, *map(os.fsencode, sizes)])).hexdigest()[:16]


def diffusers_folder(path: Path) -> DiffusersFolder:
    """Check a folder.

    Raises:
        LocalBackendError: it is none, of another pipeline, incomplete, or has pickled weights.
    """
    if not path.is_dir():
        state = "is a file" if path.exists() else "does not exist"
        raise LocalBackendError(
            f"The folder {quoted_path(path)} {state}; name the folder that holds the upscaler's "
            f"{INDEX}, as --upscaler diffusers/FOLDER."
        )
    index = _index(path)
    pipeline = index.get("_class_name")
    if not isinstance(pipeline, str) or pipeline not in _FACTORS:
        raise LocalBackendError(
            f"The folder {quoted_path(path)} holds the pipeline '{shown(pipeline)}', no upscaler; "
            f"name one with {' or '.join(_FACTORS)}."
        )
    parts = _parts(path, index)
    variants = [_variant(path / part) for part in _WEIGHED if part in parts]
    noise = index.get("max_noise_level", _MAX_NOISE)
    return DiffusersFolder(
        path=path,
        pipeline=pipeline,
        factor=_FACTORS[pipeline],
        max_noise=noise if _FACTORS[pipeline] == 4 and type(noise) is int else None,
        variant=next((variant for variant in variants if variant), None),
    )


def _index(path: Path) -> dict[str, Any]:
    try:
        index = json.loads((path / INDEX).read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise LocalBackendError(
            f"The folder {quoted_path(path)} has no {INDEX}; name the folder of a diffusers "
            "pipeline, all of it."
        ) from error
    except (OSError, ValueError, RecursionError) as error:
        raise LocalBackendError(
            f"The file {quoted_path(path / INDEX)} cannot be read as JSON; download it again."
        ) from error
    if not isinstance(index, dict):
        raise LocalBackendError(
            f"The file {quoted_path(path / INDEX)} describes no pipeline; download it again."
        )
    return index


def _parts(path: Path, index: dict[str, Any]) -> set[str]:
    """Names of the pipeline's parts that are there, each a folder and of a known library."""
    parts = set()
    for name, entry in index.items():
        if name.startswith("_") or not isinstance(entry, list) or entry[:1] in ([], [None]):
            continue
        if entry[0] not in _LIBRARIES:
            raise LocalBackendError(
                f"The folder {quoted_path(path)} has '{shown(name)}' of '{shown(entry[0])}', a "
                "program of its own, which is never run; use one without."
            )
        if not (path / name).is_dir():
            raise LocalBackendError(
                f"The folder {quoted_path(path)} lacks its part '{shown(name)}'; download all "
                "of it."
            )
        parts.add(name)
    return parts


def _variant(folder: Path) -> str | None:
    """What the names of its weights have before ".safetensors", when each file is whole."""
    files = sorted(folder.glob("*.safetensors"))
    if not files:
        _refuse_weightless(folder)
    for index in folder.glob("*.safetensors.index*.json"):
        _check_shards(index)
    try:
        for file in files:
            open_weights(file)
    except UsageError as error:
        raise LocalBackendError(str(error)) from error
    # Files of several variants may be side by side: the plain ones are what loads by default.
    variants = {_variant_of(file.name) for file in files}
    return None if None in variants else sorted(str(variant) for variant in variants)[0]


def _variant_of(name: str) -> str | None:
    """ "fp16" of model.fp16.safetensors and model.fp16-00001-of-00002.safetensors."""
    _, _, rest = name.removesuffix(".safetensors").partition(".")
    return rest.partition("-")[0] or None


def _refuse_weightless(folder: Path) -> None:
    pickled = any(file for pattern in _PICKLES for file in folder.glob(pattern))
    if pickled:
        raise LocalBackendError(
            f"The folder {quoted_path(folder)} has weights as pickles only, which can run "
            "programs; download the .safetensors files."
        )
    raise LocalBackendError(
        f"The folder {quoted_path(folder)} has no .safetensors file; download all of it."
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
