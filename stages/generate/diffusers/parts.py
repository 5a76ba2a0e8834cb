"""Parts of a pipeline: a folder and its description in; nothing, or what is wrong with them, out.

What would come up after the seconds that loading takes, and can be seen without torch, is said
before.
"""

import json
import re
from collections.abc import Mapping
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from imagine.stages.errors import LocalBackendError, quoted_path, shown, unreadable

_FILMS = re.compile(
    r"Video|Animat|Audio|Music|T2V|I2V|^(Allegro|Cosmos|Latte|LTX|Mochi|SkyReels|Wan)[A-Z\d]"
)
_WITH_UNET = ("unet", "vae", "scheduler", "text_encoder", "tokenizer")
_WITH_TRANSFORMER = ("transformer", "vae", "scheduler", "text_encoder", "tokenizer")
# Those without which the class draws nothing.
REQUIRED = {
    "StableDiffusionPipeline": _WITH_UNET,
    "LatentConsistencyModelPipeline": _WITH_UNET,
    # One may be without the first text encoder.
    "StableDiffusionXLPipeline": ("unet", "vae", "scheduler", "text_encoder_2", "tokenizer_2"),
    "KolorsPipeline": _WITH_UNET,
    "StableDiffusion3Pipeline": (*_WITH_TRANSFORMER, "text_encoder_2", "tokenizer_2"),
    "FluxPipeline": (*_WITH_TRANSFORMER, "text_encoder_2", "tokenizer_2"),
    "Flux2Pipeline": _WITH_TRANSFORMER,
    "ZImagePipeline": _WITH_TRANSFORMER,
    "Flux2KleinPipeline": _WITH_TRANSFORMER,
    "QwenImagePipeline": _WITH_TRANSFORMER,
    "QwenImageEditPipeline": (*_WITH_TRANSFORMER, "processor"),
    "QwenImageEditPlusPipeline": (*_WITH_TRANSFORMER, "processor"),
    "Krea2Pipeline": _WITH_TRANSFORMER,
    "AuraFlowPipeline": _WITH_TRANSFORMER,
    "CogView4Pipeline": _WITH_TRANSFORMER,
    "HunyuanDiTPipeline": (*_WITH_TRANSFORMER, "text_encoder_2", "tokenizer_2"),
    "ChromaPipeline": _WITH_TRANSFORMER,
    "PixArtSigmaPipeline": _WITH_TRANSFORMER,
    "PixArtAlphaPipeline": _WITH_TRANSFORMER,
    "SanaPipeline": _WITH_TRANSFORMER,
    "Lumina2Pipeline": _WITH_TRANSFORMER,
}
# Parts without weights of their own, by words in the names of their classes.
_WEIGHTLESS = ("Tokenizer", "Scheduler", "Processor", "Extractor")
# What a tokenizer reads its words from, any of them; without, some have none and say nothing of it.
_VOCABULARIES = (
    "tokenizer.json",
    "vocab.json",
    "vocab.txt",
    "*.model",
    "*.tiktoken",
    "tekken.json",
)
# Its words are bytes.
_OF_BYTES = "ByT5Tokenizer"
# Processors that need torchvision in some releases of transformers: as of a release, where this
# file of it names the package. That of FLUX.2 [dev] needs it itself, that of Qwen-Image-Edit for
# films, which it makes ready for too.
_WITH_TORCHVISION = {
    "PixtralProcessor": "models/pixtral/processing_pixtral.py",
    "Qwen2VLProcessor": "models/qwen2_vl/video_processing_qwen2_vl.py",
}
# Files from so many bytes on are vocabularies, which take long to read.
VOCABULARY = 100_000


def check_class(folder: Path, pipeline: str) -> None:
    """Refuse a pipeline that draws no pictures, and one that diffusers does not have.

    Raises:
        LocalBackendError: it is such a one.
    """
    if _FILMS.search(pipeline):
        raise LocalBackendError(
            f"The folder {quoted_path(folder)} holds the pipeline {shown(pipeline)}, which draws "
            "no single pictures; name the folder of a model that does."
        )
    _check_known(folder, pipeline)


def check_parts(
    folder: Path, pipeline: str, index: Mapping[str, Any], kinds: Mapping[str, str]
) -> None:
    """Refuse a folder that lacks a part, or the description of one.

    Args:
        folder: of the pipeline.
        pipeline: its class.
        index: its description.
        kinds: class of each part that is there (see pipeline_folder.parts_of).

    Raises:
        LocalBackendError: with what is missing, or damaged.
    """
    for part in REQUIRED.get(pipeline, ()):
        if part not in kinds:
            raise LocalBackendError(
                f"The folder {quoted_path(folder)} lacks its part '{part}', without which a "
                f"{pipeline} draws nothing; download all of it."
            )
    for part, kind in kinds.items():
        if index[part][0] == "diffusers":
            _check_known(folder, kind)
        if has_weights(kind) and not (folder / part / "config.json").is_file():
            raise LocalBackendError(
                f"The folder {quoted_path(folder / part)} has no config.json; download all of it."
            )
        for file in sorted((folder / part).glob("*.json")):
            _check_json(file)
        files = (any((folder / part).glob(name)) for name in _VOCABULARIES)
        if "Tokenizer" in kind and kind != _OF_BYTES and not any(files):
            raise LocalBackendError(
                f"The folder {quoted_path(folder / part)} has no vocabulary; download all of it."
            )


def packages_for(folder: Path, kinds: Mapping[str, str]) -> tuple[str, ...]:
    """Packages that the folder's parts need beside those that every model does.

    Vocabularies of SentencePiece are read by others only where they were converted. What else a
    class may need depends on the release of its library; of those that are not known here, it
    comes up when they are loaded.

    Args:
        folder: of the pipeline.
        kinds: class of each part that is there.
    """
    unconverted = {
        kind
        for part, kind in kinds.items()
        if "Tokenizer" in kind
        and any((folder / part).glob("*.model"))
        and not (folder / part / "tokenizer.json").is_file()
    }
    # That of Kolors reads its vocabulary itself.
    converted = ("google.protobuf",) if unconverted - {"ChatGLMTokenizer"} else ()
    readers = [_WITH_TORCHVISION[kind] for kind in kinds.values() if kind in _WITH_TORCHVISION]
    reading = any("torchvision" in _text_of("transformers", file) for file in readers)
    return (
        *(("sentencepiece", *converted) if unconverted else ()),
        *(("torchvision",) if reading else ()),
    )


def has_weights(kind: str) -> bool:
    """Whether parts of a class have weights of their own, by its name."""
    return not any(word in kind for word in _WEIGHTLESS)


def read_json(path: Path) -> dict[str, Any]:
    """A part's description; {} where there is none.

    Raises:
        LocalBackendError: it cannot be read, or is none.
    """
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, RecursionError) as error:
        raise LocalBackendError(
            f"The file {quoted_path(path)} cannot be read as JSON; download it again."
        ) from error
    if not isinstance(value, dict):
        raise LocalBackendError(
            f"The file {quoted_path(path)} holds no JSON object; download it again."
        )
    return value


def _check_json(file: Path) -> None:
    try:
        large = file.stat().st_size > VOCABULARY
    except OSError as error:
        raise LocalBackendError(unreadable(file, error)) from error
    if large:
        return
    described = read_json(file)
    if file.name == "tokenizer.json" and "model" not in described:
        raise LocalBackendError(
            f"The file {quoted_path(file)} holds no tokenizer; download it again."
        )


def _check_known(folder: Path, name: str) -> None:
    if (known := _names_in_diffusers()) and f'"{name}"' not in known:
        raise LocalBackendError(
            f"The folder {quoted_path(folder)} is of a class {shown(name)}, which the diffusers "
            "installed here does not have; upgrade it: "
            "pip install --upgrade 'imagine-cli[diffusers]', or use another model."
        )


@cache
def _names_in_diffusers() -> str:
    """The text in which diffusers lists its classes, which are imported later; "" without it."""
    return _text_of("diffusers", "__init__.py")


def _text_of(package: str, file: str) -> str:
    """A file of an installed package, which is not imported; "" without it."""
    try:
        found = find_spec(package)
        return (Path(str(found and found.origin)).parent / file).read_text(encoding="utf-8")
    except (ValueError, OSError):
        return ""
