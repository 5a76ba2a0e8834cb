"""Tiny VAEs: the name of one goes in; its folder, checked, and its fingerprint come out.

A small decoder (https://github.com/madebyollin/taesd) that takes the place of a model's own.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from imagine.stages.errors import LocalBackendError, quoted_path, unreadable
from imagine.stages.generate.diffusers.parts import read_json
from imagine.stages.generate.diffusers.pipeline_folder import fingerprint, weights_in
from imagine.stages.generate.local.shelf import Shelf
from imagine.stages.upscale.weights import Weights

CONFIG = "config.json"


@dataclass(frozen=True, slots=True)
class TinyVae:
    """One that can be loaded.

    Attributes:
        path: its folder.
        channels: of the latents that it reads.
        weights: headers of its files.
    """

    path: Path
    channels: int
    weights: Mapping[Path, Weights]

    def recorded(self) -> str:
        """As recipes name it: "tiny", and 16 hexadecimal digits that another would not have.

        Raises:
            LocalBackendError: a file is gone.
        """
        try:
            described = (self.path / CONFIG).read_bytes()
        except OSError as error:
            raise LocalBackendError(unreadable(self.path, error)) from error
        return f"tiny {fingerprint(self.path, described, self.weights)}"


def tiny_vae(shelf: Shelf, text: str) -> TinyVae:
    """The one that the setting IMAGINE_TINY_VAE names.

    Raises:
        LocalBackendError: it is not there, of another kind, or not whole.
    """
    try:
        path = shelf.model(text).path
        described = read_json(path / CONFIG) if path.is_dir() else {}
        if described.get("_class_name") != "AutoencoderTiny":
            raise LocalBackendError(
                f"{quoted_path(path)} is no folder of an AutoencoderTiny of diffusers; name one, "
                "such as that of madebyollin/taesd."
            )
        _, weights = weights_in(path)
    except LocalBackendError as error:
        raise LocalBackendError(f"The setting IMAGINE_TINY_VAE is of no use: {error}") from error
    return TinyVae(path, described.get("latent_channels", 4), weights)
