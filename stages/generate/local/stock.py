"""What a model on this machine is: its place in; who draws with it, its family and size out."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from imagine.stages.errors import LocalBackendError, UsageError, quoted_path
from imagine.stages.generate.local import INDEX
from imagine.stages.generate.local.catalog import Kind
from imagine.stages.generate.local.hub_cache import is_tiny_vae
from imagine.stages.generate.local.shelf import Place

if TYPE_CHECKING:
    from imagine.stages.generate.local.families import ModelFamily

# What a LoRA's tensors are called, by the programs that train them.
_LORA = (".lora_", "lora_unet_", "lora_te", "lora_transformer_", ".hada_", ".lokr_")
_PICKLES = (".ckpt", ".pt", ".pth", ".bin")


@dataclass(frozen=True, slots=True)
class Stock:
    """A model on this machine.

    Attributes:
        place: where it lies.
        kinds: the backends that can draw with it, the one that it is made for first; none for a
            tiny VAE, which decodes for models.
        family: how it is asked; None where that cannot be told.
        bytes: what its files take on the disk.
        problem: why it cannot be drawn with, a sentence; "" when it can.
    """

    place: Place
    kinds: tuple[Kind, ...]
    family: "ModelFamily | None"
    bytes: int
    problem: str


def stock_of(place: Place) -> Stock:
    """Look at a model's files; nothing of it is loaded."""
    if is_tiny_vae(place.path):
        return Stock(place, (), None, size_of(place.path), _problem_of_weights(place.path))
    kinds, problem = kinds_of(place.path), ""
    family: ModelFamily | None = None
    # Of a folder that is no model, and of a pickle, diffusers' check says what it is.
    named = place.path.is_dir() or place.path.suffix.lower() in _PICKLES
    tried: tuple[Kind, ...] = kinds or (("diffusers",) if named else ())
    fitting: list[Kind] = []
    for kind in tried:
        try:
            family = _family(kind, place) or family
            fitting.append(kind)
        except LocalBackendError as error:
            problem = problem or str(error)
    if not tried:
        problem = f"{quoted_path(place.path)} is no model; name a .safetensors or .gguf file."
    if fitting:
        return Stock(place, tuple(fitting), family, size_of(place.path), "")
    return Stock(place, kinds, family, size_of(place.path), problem)


def kinds_of(path: Path) -> tuple[Kind, ...]:
    """The backends that files of this kind are for; none for what is no model."""
    if path.is_dir():
        if not (path / INDEX).exists():
            return ()
        converted = any(path.glob("*/openvino_model.xml"))
        return ("openvino",) if converted else ("diffusers",)
    if path.suffix.lower() == ".safetensors":
        return "diffusers", "sdcpp"
    return ("sdcpp",) if path.suffix.lower() == ".gguf" else ()


def is_lora(path: Path) -> bool:
    """Whether a file holds a LoRA.

    Raises:
        LocalBackendError: it is damaged, or in part only.
    """
    if path.suffix != ".safetensors" or not path.is_file():
        return False
    from imagine.stages.weights import open_weights

    try:
        names = open_weights(path).tensors
    except UsageError as error:
        raise LocalBackendError(str(error)) from error
    return any(word in name for name in names for word in _LORA)


def size_of(path: Path) -> int:
    """Bytes of a file, or of all files in a folder."""
    files = _files(path) if path.is_dir() else [path]
    return sum(file.stat().st_size for file in files if file.is_file())


def _problem_of_weights(folder: Path) -> str:
    """Why the weights in a folder cannot be loaded; "" when they can."""
    from imagine.stages.generate.diffusers.pipeline_folder import weights_in

    try:
        weights_in(folder)
    except LocalBackendError as error:
        return str(error)
    return ""


def _family(kind: Kind, place: Place) -> "ModelFamily":
    """The family of a model that a backend can draw with.

    Raises:
        LocalBackendError: it cannot.
    """
    match kind:
        case "diffusers":
            from imagine.stages.generate.diffusers.backend import source_at

            return source_at(place).family
        case "openvino":
            from imagine.stages.generate.openvino.folder import converted_folder

            return converted_folder(place).family
        case "sdcpp":
            from imagine.stages.generate.sdcpp.model_files import model_file

            return model_file(place.path).found.family(place.name)


def _files(folder: Path) -> Iterator[Path]:
    """Files in a folder and those within; links to folders are not followed."""
    for path in folder.rglob("*"):
        if not path.is_dir():
            yield path
