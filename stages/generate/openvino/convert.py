"""A diffusers folder goes in; a folder that the backend `openvino` draws from comes out.

Each part is loaded by itself, traced with torch, and written with weights of 16 bits.
"""

import gc
import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from pathlib import Path

from imagine.stages.errors import LocalBackendError, UsageError, quoted_path, shown
from imagine.stages.generate.diffusers.device import free_memory
from imagine.stages.generate.diffusers.folder import source_in
from imagine.stages.generate.diffusers.source import Source
from imagine.stages.generate.diffusers.tiny_vae import tiny_vae_at
from imagine.stages.generate.local import INDEX
from imagine.stages.generate.local.families import name_of_files
from imagine.stages.generate.local.hub_files import in_words
from imagine.stages.generate.local.shelf import Place
from imagine.stages.generate.openvino.layout import (
    LAYOUTS,
    MODEL,
    SOURCE,
    TINY_DECODER,
    TINY_ENCODER,
    Layout,
    layout_of,
)
from imagine.stages.generate.openvino.parts import (
    Part,
    convert_network,
    convert_tokenizer,
    convert_vae,
    quiet,
)
from imagine.stages.image import Progress

OnProgress = Callable[[Progress], None]
_MODULES = ("torch", "diffusers", "transformers", "openvino", "openvino_tokenizers")
# A part lies in memory as float32 while it is traced; a UNet of 860 million numbers, 3.4 GB, took
# 4.1 GB. The rest is a margin.
_OVERHEAD = 1.3
_FLOAT32, _FLOAT16 = 4, 2


@dataclass(frozen=True, slots=True)
class Needs:
    """What a conversion takes, in bytes.

    Attributes:
        memory: of the largest part.
        disk: of the folder that is written.
    """

    memory: int
    disk: int


def needs(folder: Path) -> Needs:
    """What converting a diffusers folder takes, by the headers of its weights.

    Raises:
        LocalBackendError: it cannot be converted.
    """
    return _needs(_source(folder)[0])


def convert(
    folder: Path, target: Path, *, tiny_vae: Path | None = None, on_progress: OnProgress
) -> tuple[str, ...]:
    """Convert a diffusers folder of Stable Diffusion 1, 2, XL, 3 or FLUX.1.

    What is written lies in "TARGET.part" until all of it is there; that is deleted where something
    fails or `on_progress` raises.

    Args:
        folder: with a model_index.json; it stays as it is.
        target: the new folder; its parent is made where it is missing.
        tiny_vae: folder of an AutoencoderTiny (TAESD) that fits the model's latents, to lie beside
            its own VAE; None for none.
        on_progress: told before each part.

    Returns:
        What the user should know of it, a sentence each.

    Raises:
        LocalBackendError: extras are missing, the folder cannot be converted, the other is no
            tiny VAE, or there is too little room on the disk.
        UsageError: the target is there already.
    """
    source, layout = _source(folder)
    _check(source, target)
    if tiny_vae is not None:
        tiny_vae_at(Place(tiny_vae.name, tiny_vae))
    work = target.with_name(f"{target.name}.part")
    shutil.rmtree(work, ignore_errors=True)
    try:
        work.mkdir(parents=True)
        _write(source, work, layout=layout, tiny=tiny_vae, on_progress=on_progress)
        work.replace(target)
    except OSError as error:
        raise LocalBackendError(
            f"The folder {quoted_path(target)} cannot be written: "
            f"{error.strerror or shown(error, limit=200)}; name another place."
        ) from error
    finally:
        shutil.rmtree(work, ignore_errors=True)
    if "safety_checker" not in source.parts:
        return ()
    return ("Its safety checker was left out: OpenVINO GenAI has none.",)


def _source(folder: Path) -> tuple[Source, Layout]:
    """A folder, and how its pipeline will lie when it is converted.

    Raises:
        LocalBackendError: it is none of diffusers, incomplete, or of a pipeline that cannot be
            converted.
    """
    if not folder.is_dir():
        raise LocalBackendError(
            f"{quoted_path(folder)} is no folder, and only folders of diffusers are converted; "
            "name one."
        )
    if any(folder.glob(f"*/{MODEL}.xml")):
        raise LocalBackendError(
            f"The folder {quoted_path(folder)} is converted already; draw with it through "
            "-b openvino."
        )
    source = source_in(Place(folder.name, folder))
    layout = layout_of(source.described.index)
    if layout is None:
        raise LocalBackendError(
            f"The folder {quoted_path(folder)} holds the pipeline "
            f"'{shown(source.described.pipeline)}', which cannot be converted; draw with it "
            f"through -b diffusers (converted are {', '.join(LAYOUTS)})."
        )
    return source, layout


def _needs(source: Source) -> Needs:
    largest = max(source.bytes_of(part, _FLOAT32) for part in source.parts)
    return Needs(int(largest * _OVERHEAD), source.parameters() * _FLOAT16)


def _check(source: Source, target: Path) -> None:
    """Refuse what would fail after minutes."""
    if target.exists():
        raise UsageError(
            f"The folder {quoted_path(target)} is there already; name a new one, or delete it."
        )
    missing = [name for name in _MODULES if find_spec(name) is None]
    if missing:
        raise LocalBackendError(
            f"Converting needs the Python package '{missing[0]}', which is not installed; "
            "pip install 'imagine-cli[diffusers,openvino]'."
        )
    needed = _needs(source)
    nearest = next(parent for parent in target.absolute().parents if parent.exists())
    disk, memory = shutil.disk_usage(nearest).free, free_memory("cpu", None).main
    if disk < needed.disk:
        raise LocalBackendError(
            f"Converting {quoted_path(source.path)} writes {in_words(needed.disk)}, and "
            f"{in_words(disk)} are free at {quoted_path(nearest)}; name another place."
        )
    if memory is not None and memory < needed.memory:
        raise LocalBackendError(
            f"Converting {quoted_path(source.path)} takes {in_words(needed.memory)} of memory, "
            f"and {in_words(memory)} are free; close other programs, or convert it on a larger "
            "machine."
        )


def _write(
    source: Source, work: Path, *, layout: Layout, tiny: Path | None, on_progress: OnProgress
) -> None:
    with quiet():
        steps = list(_steps(source, layout, tiny))
        for number, (label, step) in enumerate(steps):
            on_progress(Progress(number, len(steps), label))
            step(work)
            # One part's tensors are gone before the next one's come.
            gc.collect()
        on_progress(Progress(len(steps), len(steps), "written"))
    shutil.copytree(source.path / "scheduler", work / "scheduler")
    index = source.described.index
    # GenAI has neither; other programs would look for them.
    without = {name: [None, None] for name in ("safety_checker", "feature_extractor")}
    kept = {**index, **{name: value for name, value in without.items() if name in index}}
    # By its name one knows what it was distilled to, and the new folder may be called anything.
    kept[SOURCE] = name_of_files(source.path.absolute())
    (work / INDEX).write_text(json.dumps(kept, indent=2), encoding="utf-8")


def _steps(
    source: Source, layout: Layout, tiny: Path | None
) -> Iterator[tuple[str, Callable[[Path], None]]]:
    """Name and function of each thing to do; a function writes below the folder it is given."""
    folder, variant = source.path, source.variant
    for name in layout.tokenizers:
        yield f"converting {name}", partial(convert_tokenizer, folder / name)
    for name, class_name in (*layout.encoders, layout.denoiser):
        part = Part(folder / name, class_name, variant)
        yield f"converting {name}", partial(convert_network, part)
    vae = Part(folder / "vae", "AutoencoderKL", variant)
    names = ("vae_decoder", "vae_encoder")
    yield "converting vae", partial(convert_vae, vae, names)
    if tiny is not None:
        small, names = Part(tiny, "AutoencoderTiny", None), (TINY_DECODER, TINY_ENCODER)
        yield "converting the tiny vae", partial(convert_vae, small, names)
