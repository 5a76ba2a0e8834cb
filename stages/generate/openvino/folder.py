"""A folder of a converted pipeline: its path in; what it is, or why it cannot be used, out.

Nothing is loaded to find out: descriptions are JSON, and of a network its list of weights is read.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path, PurePath
from typing import Any

from imagine.stages.errors import LocalBackendError, quoted_path, shown, unreadable
from imagine.stages.generate.diffusers.pipeline_folder import fingerprint
from imagine.stages.generate.local import INDEX
from imagine.stages.generate.local.families import (
    Described,
    ModelFamily,
    family_of,
    name_of_files,
    unknown_family,
)
from imagine.stages.generate.local.shelf import Place
from imagine.stages.generate.openvino.layout import (
    LAYOUTS,
    MODEL,
    SOURCE,
    TINY_DECODER,
    TINY_ENCODER,
    TOKENIZER,
    Layout,
    layout_of,
)

SCHEDULER = "scheduler/scheduler_config.json"
DECODER, ENCODER = "vae_decoder", "vae_encoder"
# Of a constant in the list of a network: where its bytes begin in the .bin, and how many they are.
_PLACE = re.compile(rb'offset="(\d+)" size="(\d+)"|size="(\d+)" offset="(\d+)"')
_POINTER = b"version https://git-lfs"


@dataclass(frozen=True, slots=True)
class ConvertedFolder:
    """A folder that can be drawn with.

    Attributes:
        name: as messages and recipes name it.
        pipeline: name of its class, as diffusers calls it.
        family: what its model is of, in the sizes that this one draws.
        layout: its parts.
        index: model_index.json.
        scheduler: the scheduler's configuration.
        denoiser: the configuration of the network that takes the steps.
        draws_over: it has a VAE encoder, and can begin with a picture.
        tiny: it has a small VAE beside its own.
    """

    path: Path
    name: str
    pipeline: str
    family: ModelFamily
    layout: Layout
    index: dict[str, Any]
    scheduler: dict[str, Any]
    denoiser: dict[str, Any]
    draws_over: bool
    tiny: bool

    def weights(self) -> str:
        """16 hexadecimal digits of its description and of the names and sizes of its weights.

        Raises:
            LocalBackendError: one of them cannot be read any more.
        """
        described = json.dumps(self.index, sort_keys=True).encode()
        return fingerprint(self.path, described, self.path.glob("*/*.bin"))


def converted_folder(place: Place) -> ConvertedFolder:
    """Check a folder.

    Raises:
        LocalBackendError: it is none, of another pipeline, incomplete, or not converted.
    """
    path = place.path
    if not path.is_dir():
        raise LocalBackendError(
            f"The model {quoted_path(path)} is a file, and the backend 'openvino' draws from "
            "converted folders; convert its diffusers folder with `imagine models convert`, or "
            "choose -b diffusers."
        )
    index = _json(path / INDEX)
    pipeline = index.get("_class_name")
    if not any(path.glob(f"*/{MODEL}.xml")):
        raise LocalBackendError(
            f"The folder {quoted_path(path)} is not converted for OpenVINO; run `imagine models "
            f"convert {shown(path, limit=160)} TARGET`, or choose -b diffusers."
        )
    layout = layout_of(index)
    if layout is None:
        raise LocalBackendError(
            f"The folder {quoted_path(path)} holds the pipeline '{shown(pipeline)}', which the "
            f"backend 'openvino' does not know; name one with {', '.join(LAYOUTS)}."
        )
    draws_over = (path / ENCODER).is_dir()
    tiny = (path / TINY_DECODER).is_dir()
    networks = [folder for folder, _ in (*layout.encoders, layout.denoiser)]
    networks += [DECODER, *([ENCODER] if draws_over else [])]
    networks += [name for name in (TINY_DECODER, TINY_ENCODER) if (path / name).is_dir()]
    for name in networks:
        _check_network(path, name, MODEL)
    for name in layout.tokenizers:
        _check_network(path, name, TOKENIZER)
    blocks = _json(path / DECODER / "config.json").get("block_out_channels")
    if not isinstance(blocks, list) or not blocks:
        raise _undescribed(path / DECODER / "config.json")
    cell = 2 ** (len(blocks) - 1)
    denoiser = _json(path / layout.denoiser[0] / "config.json")
    described = Described(
        pipeline=str(pipeline),
        name=_source_name(index) or name_of_files(path),
        index=index,
        scheduler=_json(path / SCHEDULER),
        denoiser=denoiser,
        cell=cell,
    )
    return ConvertedFolder(
        path=path,
        name=place.name,
        pipeline=str(pipeline),
        family=_family(described),
        layout=layout,
        index=index,
        scheduler=dict(described.scheduler),
        denoiser=denoiser,
        draws_over=draws_over,
        tiny=tiny,
    )


def _source_name(index: Mapping[str, Any]) -> str:
    """What the model is called that a folder was converted from; "" where nobody wrote it down."""
    source = index.get(SOURCE)
    if not isinstance(source, str):
        return ""
    # Of a path of the machine where it was converted, the folders say nothing.
    is_path = source.startswith(("/", "~", ".")) or source[1:2] == ":"
    return PurePath(source.replace("\\", "/")).name if is_path else source


def _family(described: Described) -> ModelFamily:
    """The family; sides are multiples of what the network halves.

    What diffusers does for sizes between is lost in tracing.
    """
    family = family_of(described) or unknown_family(described)
    blocks = described.denoiser.get("block_out_channels")
    halvings = len(blocks) - 1 if isinstance(blocks, list) and blocks else 1
    multiple = max(described.cell * 2**halvings, family.multiple)
    side = max(family.side // multiple * multiple, multiple)
    return replace(family, multiple=multiple, side=side, max_side=max(family.max_side, side))


def _json(file: Path) -> dict[str, Any]:
    try:
        value = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise _lacks(file.parent if file.name == INDEX else file.parents[1], file) from error
    except OSError as error:
        raise LocalBackendError(unreadable(file, error)) from error
    except (ValueError, RecursionError) as error:
        raise _undescribed(file) from error
    if not isinstance(value, dict):
        raise _undescribed(file)
    return value


def _check_network(path: Path, name: str, stem: str) -> None:
    """Refuse a network of which a file is missing, or that was not copied to its end."""
    listed, weights = path / name / f"{stem}.xml", path / name / f"{stem}.bin"
    try:
        text, size = listed.read_bytes(), weights.stat().st_size
        with weights.open("rb") as file:
            start = file.read(len(_POINTER))
    except FileNotFoundError as error:
        raise _lacks(path, listed if not listed.exists() else weights) from error
    except OSError as error:
        raise LocalBackendError(unreadable(path / name, error)) from error
    if _POINTER in (start, text[: len(_POINTER)]):
        raise LocalBackendError(
            f"The file {quoted_path(weights)} is a pointer of Git LFS, not the weights; run "
            "`git lfs pull` there, or download the folder again."
        )
    if not text.rstrip().endswith(b"</net>"):
        raise LocalBackendError(
            f"The file {quoted_path(listed)} is cut off; convert or download the folder again."
        )
    ends = [sum(int(number) for number in place if number) for place in _PLACE.findall(text)]
    if size < (whole := max(ends, default=0)):
        raise LocalBackendError(
            f"The file {quoted_path(weights)} is cut off, {size:,} of {whole:,} bytes are there; "
            "convert or download the folder again."
        )


def _lacks(path: Path, file: Path) -> LocalBackendError:
    return LocalBackendError(
        f"The folder {quoted_path(path)} lacks '{file.relative_to(path).as_posix()}'; convert or "
        "download all of it again."
    )


def _undescribed(file: Path) -> LocalBackendError:
    return LocalBackendError(
        f"The file {quoted_path(file)} describes nothing that can be used; convert or download "
        "the folder again."
    )
