"""A model file in; the network of it, and in tiles of which size it is run, out.

ncnn runs what is known here by its layers. What is not goes to onnxruntime or to spandrel and
torch, if they are installed.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from imagine.stages.errors import UsageError, quoted_path, unreadable
from imagine.stages.processors import processors
from imagine.stages.upscale import compact, esrgan
from imagine.stages.upscale.fitted import MAX_FACTOR, Fit, FittedNetwork, fit_of
from imagine.stages.upscale.ncnn_crop import cropped_early
from imagine.stages.upscale.ncnn_file import model_of_files
from imagine.stages.upscale.ncnn_network import NcnnNetwork
from imagine.stages.upscale.ncnn_shapes import Extent, extent_of
from imagine.stages.upscale.network import Network
from imagine.stages.upscale.onnx_file import check_size, read_onnx
from imagine.stages.upscale.onnx_layers import model_of_graph
from imagine.stages.upscale.onnx_session import OnnxSession, onnx_session
from imagine.stages.upscale.torch_model import torch_model
from imagine.stages.weights import open_weights

if TYPE_CHECKING:
    from imagine.stages.upscale.ncnn_model import Model
    from imagine.stages.upscale.network import Tile

# A network that looks no further than this gets all that it looks at: its tiles fit exactly.
FULL_HALO = 40
# Others look at hundreds of pixels, of which those far away hardly count. Of RealESRGAN x4plus on a
# photograph, tiles differ from the whole by 10 of 255 at one pixel in a thousand with a halo of 16
# pixels, by 8 with 24 and by 4 with 32; the whole takes half of the last one's time.
HALO, FEATHER = 24, 16
TILE = 128
# Tiles of those at the same time: each takes 0.6 GB.
MAX_DEEP = 4
# Window sizes and numbers of halvings of unknown models divide it.
MULTIPLE = 16
# The smallest tile that leaves something beside its halo.
MIN_SIDE = 32
GREY, RGB = 1, 3


@dataclass(frozen=True, slots=True)
class ModelNetwork:
    """A model that is ready to run.

    Attributes:
        tile: see imagine.stages.upscale.tiling.enlarged.
        runtime: what runs it: "ncnn", "onnxruntime", "torch".
        workers: tiles at the same time at most, where memory sets that; else None.
    """

    network: Network
    tile: int
    runtime: str
    workers: int | None = None


@dataclass(frozen=True, slots=True)
class Colourwise:
    """A Network of a model of grey: red, green and blue go through it one after the other."""

    network: Network

    @property
    def factor(self) -> int:
        return self.network.factor

    @property
    def halo(self) -> int:
        return self.network.halo

    @property
    def feather(self) -> int:
        return self.network.feather

    @property
    def threads(self) -> int:
        return self.network.threads

    def run(self, tile: "Tile") -> "Tile":
        import numpy as np

        return np.concatenate([self.network.run(plane[None]) for plane in tile])


def model_network(path: Path) -> ModelNetwork:
    """Load a file that imagine.stages.upscale.model_path found.

    Raises:
        UsageError: it is damaged, or no model that enlarges pictures.
        LocalBackendError: what it needs to run is not installed, or cannot load it.
    """
    suffix = path.suffix.lower()
    if suffix == ".param":
        return _of_ncnn(_ncnn_model(path), path)
    return _of_onnx(path) if suffix == ".onnx" else _of_safetensors(path)


def _ncnn_model(path: Path) -> "Model":
    weights = path.with_suffix(".bin")
    try:
        for file in (path, weights):
            check_size(file)
        text = path.read_text(encoding="utf-8")
        data = weights.read_bytes()
    except OSError as error:
        raise UsageError(unreadable(path, error)) from error
    except UnicodeDecodeError as error:
        raise UsageError(
            f"The model {quoted_path(path)} is no text; choose the .param file of a model."
        ) from error
    return model_of_files(text, data, name=f"The model {quoted_path(path)}")


def _of_safetensors(path: Path) -> ModelNetwork:
    weights = open_weights(path)
    shapes = weights.shapes()
    if large := esrgan.recognised(shapes):
        _check(large.factor, large.channels, path)
        return _of_ncnn(esrgan.esrgan_model(large, weights), path)
    if small := compact.recognised(shapes):
        _check(small.factor, small.channels, path)
        return _of_ncnn(compact.compact_model(small, weights), path)
    model = torch_model(path)
    _check(model.factor, model.channels, path)
    network = FittedNetwork(
        evaluate=model.evaluate,
        fit=Fit(model.factor),
        halo=HALO,
        feather=FEATHER,
        threads=model.threads,
        multiple=MULTIPLE,
    )
    return ModelNetwork(_for_colours(network, model.channels), _side(model.factor), "torch")


def _of_ncnn(model: "Model", path: Path) -> ModelNetwork:
    extent = _extent(model, path)
    _check(extent.factor, extent.channels_in, path)
    if extent.reach <= FULL_HALO:
        network = NcnnNetwork(model)
        # What a halo costs: less than twice the work.
        tile = max(_side(extent.factor), 6 * network.halo)
        return ModelNetwork(_for_colours(network, extent.channels_in), tile, "ncnn")
    # Where squares of pixels become channels, all is smaller by their side.
    halo = HALO * extent.multiple
    network = NcnnNetwork(cropped_early(model, halo), halo=halo, feather=FEATHER)
    tile = _side(extent.factor) * extent.multiple
    return ModelNetwork(_for_colours(network, extent.channels_in), tile, "ncnn", MAX_DEEP)


def _extent(model: "Model", path: Path) -> Extent:
    try:
        return extent_of(model)
    except UsageError as error:
        raise UsageError(f"In {quoted_path(path)}: {error}") from error


def _of_onnx(path: Path) -> ModelNetwork:
    """In ncnn, or in onnxruntime what ncnn cannot run or is not read here."""
    name = f"The model {quoted_path(path)}"
    try:
        model = model_of_graph(read_onnx(path), name=name)
        _extent(model, path)
    except UsageError as error:
        return _of_onnxruntime(path, error)
    return _of_ncnn(model, path)


def _of_onnxruntime(path: Path, reason: UsageError) -> ModelNetwork:
    threads = processors()
    session = onnx_session(path, threads=threads, reason=reason)
    channels, side = _input(session, path)
    fit = fit_of(session.evaluate, channels=channels, side=side, name=quoted_path(path))
    halo = HALO if side is None else min(HALO, side // 8)
    network = FittedNetwork(
        evaluate=session.evaluate,
        fit=fit,
        halo=max(halo, -(-fit.lost // fit.factor)),
        feather=min(FEATHER, halo // 2),
        threads=threads,
        side=side,
        multiple=MULTIPLE,
    )
    tile = _side(fit.factor) if side is None else side - 2 * network.halo
    return ModelNetwork(_for_colours(network, channels), tile, "onnxruntime")


def _side(factor: int) -> int:
    """A tile's side, such that what comes of it is no larger than of one that is made 4x."""
    return TILE * 4 // max(4, factor)


def _input(session: OnnxSession, path: Path) -> tuple[int, int | None]:
    """Channels that a model takes, and its only size, or None for any."""
    shape = session.shape
    if len(shape) != 4 or shape[0] not in (None, 1):
        raise UsageError(
            f"The model {quoted_path(path)} does not take a picture of (1, channels, rows, "
            "columns); use another one."
        )
    if shape[2] != shape[3] or (shape[2] is not None and shape[2] < MIN_SIDE):
        raise UsageError(
            f"The model {quoted_path(path)} takes pictures of {shape[3]}x{shape[2]} only; use one "
            f"that takes any size, or squares of {MIN_SIDE} or more."
        )
    return _channels(shape[1] or RGB, path), shape[2]


def _check(factor: int, channels: int, path: Path) -> None:
    if factor < 2:
        raise UsageError(
            f"The model {quoted_path(path)} does not enlarge (it is a {factor}x model); use one "
            "of 2x or more."
        )
    if factor > MAX_FACTOR:
        raise UsageError(
            f"The model {quoted_path(path)} enlarges {factor} times; use one of {MAX_FACTOR}x or "
            "less."
        )
    _channels(channels, path)


def _channels(channels: int, path: Path) -> int:
    if channels not in (GREY, RGB):
        raise UsageError(
            f"The model {quoted_path(path)} takes pictures of {channels} channels; use one of "
            "RGB or grey."
        )
    return channels


def _for_colours(network: Network, channels: int) -> Network:
    return network if channels == RGB else Colourwise(network)
