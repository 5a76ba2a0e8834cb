"""What a model lacks: its file and the user's settings in, the files of its other parts out.

Many models come as the denoiser alone; the decoder (VAE) and the text encoders are files of their
own, named in the settings or lying beside it under the names that their makers gave them.
"""

import re
from dataclasses import dataclass, fields
from pathlib import Path

from imagine.stages.errors import LocalBackendError, quoted_path
from imagine.stages.generate.sdcpp.kinds import Part
from imagine.stages.generate.sdcpp.model_files import ModelFile, shapes_of
from imagine.stages.paths import is_file, spelt

TITLES: dict[Part, str] = {
    "vae": "the VAE",
    "clip_l": "the text encoder CLIP-L",
    "clip_g": "the text encoder CLIP-G",
    "t5xxl": "the text encoder T5-XXL",
    "llm": "the language model that reads the prompt",
}
# What the published files are called: "ae.safetensors", "sdxl_vae.safetensors", "clip_l.gguf", ...
_NAMES: dict[Part, re.Pattern[str]] = {
    "vae": re.compile(r"(?<![a-z])(vae|ae)(?![a-z])", re.I),
    "clip_l": re.compile(r"(?<![a-z])clip[-_]?l(?![a-z])", re.I),
    "clip_g": re.compile(r"(?<![a-z])clip[-_]?g(?![a-z])", re.I),
    "t5xxl": re.compile(r"(?<![a-z])t5[-_]?(?:v1[-_.]1[-_])?xxl(?![a-z])", re.I),
    "llm": re.compile(r"(?<![a-z])(qwen(?!.*image)|mistral|ministral)", re.I),
}
SUFFIXES = (".gguf", ".safetensors")


@dataclass(frozen=True, slots=True)
class SdcppOptions:
    """Files of a model's parts, as the settings name them; "" looks beside the model.

    Attributes:
        vae: the decoder.
        clip_l, clip_g, t5xxl: text encoders.
        llm: the language model that reads the prompt for FLUX.2, Z-Image and Qwen-Image.
    """

    vae: str = ""
    clip_l: str = ""
    clip_g: str = ""
    t5xxl: str = ""
    llm: str = ""


@dataclass(frozen=True, slots=True)
class Companions:
    """The parts that are not in the model's own file.

    Attributes:
        paths: their files, in the order in which the kind of model names them.
        found: those of them that nobody named: they lay beside the model.
    """

    paths: dict[Part, Path]
    found: tuple[Part, ...]


def companions_of(model: ModelFile, options: SdcppOptions) -> Companions:
    """The files of all parts that the model's own file lacks, each whole.

    A part that a setting names counts even where the file has one too: a better VAE, say.

    Raises:
        LocalBackendError: one is missing, cannot be told from others, or is cut off.
    """
    named = {
        part: path
        for field in fields(options)
        if (part := _part(field.name)) in model.found.kind.parts
        and (path := getattr(options, field.name))
    }
    paths: dict[Part, Path] = {}
    found: list[Part] = []
    for part in model.found.kind.parts:
        if part in named:
            paths[part] = _named(part, named[part])
        elif part in model.found.missing:
            paths[part] = _beside(model, part)
            found.append(part)
    for path in paths.values():
        shapes_of(path)
    return Companions(paths, tuple(found))


def _part(name: str) -> Part:
    return next(part for part in TITLES if part == name)


def _named(part: Part, text: str) -> Path:
    path = spelt(text)
    if not is_file(path):
        raise LocalBackendError(
            f"There is no file {quoted_path(path)} that sdcpp_{part} names; correct the setting."
        )
    return path


def _beside(model: ModelFile, part: Part) -> Path:
    """The one file in the model's folder that is called like that part."""
    folder = model.path.parent
    try:
        candidates = sorted(
            path
            for path in folder.iterdir()
            if path.suffix.lower() in SUFFIXES
            and path != model.path
            and _NAMES[part].search(path.stem)
            and path.is_file()
        )
    except OSError:
        # A folder that may be entered and not listed.
        candidates = []
    if len(candidates) == 1:
        return candidates[0]
    if candidates:
        names = " or ".join(repr(path.name) for path in candidates[:4])
        raise LocalBackendError(
            f"Beside the model {quoted_path(model.path)} lie several files that may be "
            f"{TITLES[part]}, {names}; name one with the setting sdcpp_{part}."
        )
    raise LocalBackendError(
        f"The model {quoted_path(model.path)} lacks {TITLES[part]}; put its file beside it, or "
        f"name it with the setting sdcpp_{part} (IMAGINE_SDCPP_{part.upper()})."
    )
