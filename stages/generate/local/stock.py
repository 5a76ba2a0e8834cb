"""What a model on this machine is: its place in; who draws with it, its family and size out."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from imagine.stages.errors import LocalBackendError, UsageError, quoted_path
from imagine.stages.generate.local.catalog import Kind
from imagine.stages.generate.local.shelf import INDEX, Place

# What a LoRA's tensors are called, by the programs that train them.
_LORA = (".lora_", "lora_unet_", "lora_te", "lora_transformer_", ".hada_", ".lokr_")


@dataclass(frozen=True, slots=True)
class Stock:
    """A model on this machine.

    Attributes:
        place: where it lies.
        kinds: the backends that can draw with it, the one that it is made for first.
        family: "Stable Diffusion XL"; "" where that cannot be told.
        bytes: what its files take on the disk.
        problem: why it cannot be drawn with, a sentence; "" when it can.
    """

    place: Place
    kinds: tuple[Kind, ...]
    family: str
    bytes: int
    problem: str


def stock_of(place: Place) -> Stock:
    """Look at a model's files; nothing of it is loaded."""
    kinds, family, problem = kinds_of(place.path), "", ""
    # Of a folder that is no model, diffusers' check says what it is.
    tried: tuple[Kind, ...] = kinds or (("diffusers",) if place.path.is_dir() else ())
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
    from imagine.stages.upscale.weights import open_weights

    try:
        names = open_weights(path).tensors
    except UsageError as error:
        raise LocalBackendError(str(error)) from error
    return any(word in name for name in names for word in _LORA)


def size_of(path: Path) -> int:
    """Bytes of a file, or of all files in a folder."""
    files = _files(path) if path.is_dir() else [path]
    return sum(file.stat().st_size for file in files if file.is_file())


def _family(kind: Kind, place: Place) -> str:
    """What people call the family of a model that a backend can draw with.

    Raises:
        LocalBackendError: it cannot.
    """
    match kind:
        case "diffusers":
            from imagine.stages.generate.diffusers.backend import source_at

            return source_at(place).family.title
        case "openvino":
            from imagine.stages.generate.openvino.folder import converted_folder

            return converted_folder(place).family.title
        case "sdcpp":
            from imagine.stages.generate.sdcpp.model_files import model_file

            return model_file(place.path).found.family(place.name).title


def _files(folder: Path) -> Iterator[Path]:
    """Files in a folder and those within; links to folders are not followed."""
    for path in folder.rglob("*"):
        if not path.is_dir():
            yield path
