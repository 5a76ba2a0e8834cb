"""A folder of a diffusers pipeline: its path in; what it is, or why it cannot be used, out.

Nothing of it is run to find out: the descriptions are JSON, and of weights only the headers of
.safetensors files are read. Pickled weights and classes of the folder's own would be programs.
"""

from dataclasses import dataclass
from pathlib import Path

from imagine.stages.errors import LocalBackendError, quoted_path, shown, unreadable
from imagine.stages.generate.diffusers.pipeline_folder import (
    fingerprint,
    parts_of,
    read_index,
    weights_in,
)
from imagine.stages.generate.local import INDEX

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

        Raises:
            LocalBackendError: one of them cannot be read any more.
        """
        try:
            described = (self.path / INDEX).read_bytes()
        except OSError as error:
            raise LocalBackendError(unreadable(self.path, error)) from error
        return fingerprint(self.path, described, self.path.glob("**/*.safetensors"))


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
    index = read_index(path)
    pipeline = index.get("_class_name")
    if not isinstance(pipeline, str) or pipeline not in _FACTORS:
        raise LocalBackendError(
            f"The folder {quoted_path(path)} holds the pipeline '{shown(pipeline)}', no upscaler; "
            f"name one with {' or '.join(_FACTORS)}."
        )
    parts = parts_of(path, index)
    variants = [weights_in(path / part)[0] for part in _WEIGHED if part in parts]
    noise = index.get("max_noise_level", _MAX_NOISE)
    return DiffusersFolder(
        path=path,
        pipeline=pipeline,
        factor=_FACTORS[pipeline],
        max_noise=noise if _FACTORS[pipeline] == 4 and type(noise) is int else None,
        variant=next((variant for variant in variants if variant), None),
    )
