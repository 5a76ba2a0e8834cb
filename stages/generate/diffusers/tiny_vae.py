"""Tiny VAEs: the name of one goes in; its folder, checked, and its fingerprint come out.

A small decoder (https://github.com/madebyollin/taesd) that takes the place of a model's own.
"""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from imagine.stages.errors import LocalBackendError, quoted_path, unreadable
from imagine.stages.generate.diffusers.parts import read_json
from imagine.stages.generate.diffusers.pipeline_folder import fingerprint, weights_in
from imagine.stages.generate.local.options import LocalOptions
from imagine.stages.generate.local.shelf import Place, Shelf
from imagine.stages.weights import Weights

CONFIG = "config.json"


@dataclass(frozen=True, slots=True)
class TinyVae:
    """One that can be loaded.

    Attributes:
        place: where it is.
        channels: of the latents that it reads.
        weights: headers of its files.
    """

    place: Place
    channels: int
    weights: Mapping[Path, Weights]

    @property
    def path(self) -> Path:
        """Its folder."""
        return self.place.path

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


def tiny_vae_for(options: LocalOptions, shelf: Shelf) -> TinyVae | None:
    """The one that is set, else that of a picture that is drawn again; None for the model's own.

    Raises:
        LocalBackendError: the one that is set is not there, of another kind, or not whole.
    """
    if not options.tiny_vae:
        return _again(options.recorded.vae, shelf) if options.recorded.vae else None
    try:
        return tiny_vae_at(shelf.model(options.tiny_vae))
    except LocalBackendError as error:
        raise LocalBackendError(f"The setting IMAGINE_TINY_VAE is of no use: {error}") from error


def tiny_vae_at(place: Place) -> TinyVae:
    """The one in a folder.

    Raises:
        LocalBackendError: it is none, or not whole.
    """
    path = place.path
    described = read_json(path / CONFIG) if path.is_dir() else {}
    if described.get("_class_name") != "AutoencoderTiny":
        raise LocalBackendError(
            f"{quoted_path(path)} is no folder of an AutoencoderTiny of diffusers; name one, "
            "such as that of madebyollin/taesd."
        )
    _, weights = weights_in(path)
    return TinyVae(place, described.get("latent_channels", 4), weights)


def _again(recorded: str, shelf: Shelf) -> TinyVae | None:
    """The one of this machine that a recipe means; the recipe's reader hears of it if none is."""
    for place in shelf.all_tiny_vaes():
        with suppress(LocalBackendError):
            found = tiny_vae_at(place)
            if found.recorded() == recorded:
                return found
    return None
