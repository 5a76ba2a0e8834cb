"""A model's file: its path goes in; what it holds, or why it cannot be drawn with, comes out.

Only headers are read. Pickles (.ckpt, .pt) are refused: they can run programs.
"""

import os
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from imagine.stages.errors import LocalBackendError, UsageError, quoted_path
from imagine.stages.generate.diffusers.pipeline_folder import sample_of
from imagine.stages.generate.local import INDEX
from imagine.stages.generate.local.gguf import open_gguf
from imagine.stages.generate.sdcpp.kinds import Found, Shapes, kind_of, other_kind
from imagine.stages.weights import open_weights

PICKLES = (".ckpt", ".pt", ".pth", ".bin")


@dataclass(frozen=True, slots=True)
class ModelFile:
    """A file that stable-diffusion.cpp can draw with.

    Attributes:
        path: of the file.
        found: what it holds.
    """

    path: Path
    found: Found


def model_file(path: Path) -> ModelFile:
    """Check a file by its header.

    Raises:
        LocalBackendError: it is a folder, a pickle, cut off, or no model that draws here.
    """
    if path.is_dir():
        if (path / INDEX).exists():
            raise LocalBackendError(
                f"The model {quoted_path(path)} is a folder of diffusers, and the backend 'sdcpp' "
                "reads single files; draw with --backend diffusers, or name a .gguf or "
                ".safetensors file."
            )
        raise LocalBackendError(
            f"The model {quoted_path(path)} is a folder, and the backend 'sdcpp' reads single "
            "files; name its .gguf or .safetensors file."
        )
    shapes = shapes_of(path)
    found = kind_of(shapes)
    if found is None:
        what = other_kind(shapes) or "none that is known here"
        raise LocalBackendError(
            f"The model {quoted_path(path)} is {what}, and the backend 'sdcpp' does not draw with "
            "it; name a file of Stable Diffusion 1 to 3, SDXL, FLUX, Chroma, Z-Image or "
            "Qwen-Image."
        )
    if found.controlled:
        raise LocalBackendError(
            f"The model {quoted_path(path)} is led by a second picture, which the backend 'sdcpp' "
            "does not send; name a model that draws from words."
        )
    return ModelFile(path, found)


def shapes_of(path: Path) -> Shapes:
    """The tensors' shapes of a whole file, by its header.

    Raises:
        LocalBackendError: it is of another format, cannot be read, or is cut off.
    """
    suffix = path.suffix.lower()
    if suffix == ".gguf":
        return open_gguf(path).shapes
    if suffix == ".safetensors":
        try:
            return open_weights(path).shapes()
        except UsageError as error:
            raise LocalBackendError(str(error)) from error
    if suffix in PICKLES:
        raise LocalBackendError(
            f"The model {quoted_path(path)} is a pickle, which can run programs; get it as a "
            ".safetensors or .gguf file."
        )
    raise LocalBackendError(
        f"The model {quoted_path(path)} is no .gguf or .safetensors file, the kinds that the "
        "backend 'sdcpp' reads; name one."
    )


def weights_of(paths: list[Path]) -> str:
    """16 hexadecimal digits of the names, sizes and samples of files.

    Raises:
        LocalBackendError: one of them cannot be read any more.
    """
    digest = sha256()
    for path in paths:
        digest.update(os.fsencode(path.name) + b" " + sample_of(path) + b"\n")
    return digest.hexdigest()[:16]
