"""ESRGAN's network (RRDBNet): tensors under any of its three sets of names in, an ncnn model out.

A first convolution; blocks of three dense blocks of five convolutions each; one more convolution;
as many doublings as the factor needs; two convolutions. Variants for small factors begin by
turning squares of pixels into channels.

Source: Wang et al. 2018 (ESRGAN) and 2021 (Real-ESRGAN).
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from imagine.stages.upscale.layers import Layers
from imagine.stages.upscale.ncnn_model import Model
from imagine.stages.weights import Weights

Shapes = dict[str, tuple[int, ...]]

SLOPE = 0.2
# What a dense block, and a block of three, computes is scaled by this before its input is added.
RESIDUAL = 0.2
# Of channels that go in and of those that come out, to the side of the squares.
_UNSHUFFLES = {1: 1, 4: 2, 16: 4}


@dataclass(frozen=True, slots=True)
class Esrgan:
    """What the tensors of a file make up.

    Attributes:
        names: of its convolutions, "first", "block 0.1.5" (block, dense block, convolution),
            "trunk", "up 0", "hr" and "last", to their names in the file.
        blocks: how many, each of three dense blocks.
        doublings: of rows and columns.
        channels: of the picture.
        unshuffle: side of the squares of pixels that become channels; 1 where none do.
    """

    names: dict[str, str]
    blocks: int
    doublings: int
    channels: int
    unshuffle: int

    @property
    def factor(self) -> int:
        """How much it enlarges; 0 where it shrinks."""
        return int(2**self.doublings) // self.unshuffle


@dataclass(frozen=True, slots=True)
class _Dialect:
    """A set of names; `dense` and `up` are regular expressions, with the numbers in groups."""

    first: str
    dense: str
    trunk: str
    up: str
    end: tuple[str, ...]


_DIALECTS = (
    # The last two are only numbered on from the doublings.
    _Dialect(
        first="model.0",
        dense=r"model\.1\.sub\.(\d+)\.RDB([123])\.conv([1-5])\.0",
        trunk="model.1.sub.{}",
        up=r"model\.(\d+)",
        end=(),
    ),
    _Dialect(
        first="conv_first",
        dense=r"RRDB_trunk\.(\d+)\.RDB([123])\.conv([1-5])",
        trunk="trunk_conv",
        up=r"upconv(\d)",
        end=("HRconv", "conv_last"),
    ),
    _Dialect(
        first="conv_first",
        dense=r"body\.(\d+)\.rdb([123])\.conv([1-5])",
        trunk="conv_body",
        up=r"conv_up(\d)",
        end=("conv_hr", "conv_last"),
    ),
)


def recognised(shapes: Shapes) -> Esrgan | None:
    """What the tensors of a file make up, or None where that is another network."""
    stems = {name.removesuffix(".weight") for name in shapes if name.endswith(".weight")}
    if {f"{stem}.{part}" for stem in stems for part in ("weight", "bias")} != set(shapes):
        return None
    for dialect in _DIALECTS:
        names = _named(dialect, stems)
        if sorted(names.values()) == sorted(stems):
            return _checked(names, shapes)
    return None


def esrgan_model(network: Esrgan, weights: Weights) -> Model:
    """The network for ncnn.

    Raises:
        UsageError: the file cannot be read, or holds numbers that are not finite.
    """
    layers = Layers()

    def convolution(blob: str, name: str, *, slope: float | None = None) -> str:
        stem = network.names[name]
        weight, bias = weights.read(f"{stem}.weight"), weights.read(f"{stem}.bias")
        return layers.convolution(blob, weight, bias, slope=slope)

    def dense_block(blob: str, name: str) -> str:
        seen = [blob]
        for index in range(1, 5):
            whole = layers.concatenated(*seen) if len(seen) > 1 else blob
            seen.append(convolution(whole, f"block {name}.{index}", slope=SLOPE))
        last = convolution(layers.concatenated(*seen), f"block {name}.5")
        return layers.sum(last, blob, scale=RESIDUAL)

    picture = layers.input
    if network.unshuffle > 1:
        picture = layers.unshuffled(picture, network.unshuffle)
    first = blob = convolution(picture, "first")
    for block in range(network.blocks):
        result = blob
        for dense in (1, 2, 3):
            result = dense_block(result, f"{block}.{dense}")
        blob = layers.sum(result, blob, scale=RESIDUAL)
    blob = layers.sum(convolution(blob, "trunk"), first)
    for index in range(network.doublings):
        blob = convolution(layers.repeated(blob, 2), f"up {index}", slope=SLOPE)
    convolution(convolution(blob, "hr", slope=SLOPE), "last")
    return layers.model()


def _named(dialect: _Dialect, stems: set[str]) -> dict[str, str]:
    """Our names of convolutions to those in the file, as far as the dialect knows them."""
    names = {"first": dialect.first}
    blocks = 0
    for stem in stems:
        if found := re.fullmatch(dialect.dense, stem):
            names[f"block {int(found[1])}.{found[2]}.{found[3]}"] = stem
            blocks = max(blocks, int(found[1]) + 1)
    names["trunk"] = dialect.trunk.format(blocks)
    numbered = [
        (int(found[1]), stem) for stem in stems if (found := re.fullmatch(dialect.up, stem))
    ]
    tail = [stem for _, stem in sorted(numbered) if stem != dialect.first] + list(dialect.end)
    names |= {f"up {index}": stem for index, stem in enumerate(tail[:-2])}
    return names | dict(zip(("hr", "last"), tail[-2:], strict=False))


def _checked(names: dict[str, str], shapes: Shapes) -> Esrgan | None:
    """The network of these names, if their shapes fit together."""
    found = {name: shapes[f"{stem}.weight"] for name, stem in names.items()}
    if not {"first", "block 0.1.1", "trunk", "hr", "last"} <= set(found) or any(
        len(shape) != 4 for shape in found.values()
    ):
        return None
    channels, ratio = found["last"][0], found["first"][1] / max(1, found["last"][0])
    network = Esrgan(
        names=names,
        blocks=sum(name.endswith(".1.1") for name in names),
        doublings=sum(name.startswith("up ") for name in names),
        channels=channels,
        unshuffle=_UNSHUFFLES.get(int(ratio), 0) if ratio.is_integer() else 0,
    )
    expected = dict(_shapes(network, features=found["first"][0], growth=found["block 0.1.1"][0]))
    biases = {name: (shape[0],) for name, shape in expected.items()}
    fits = network.unshuffle and found == {n: (*shape, 3, 3) for n, shape in expected.items()}
    stored = {name: shapes[f"{stem}.bias"] for name, stem in names.items()}
    return network if fits and stored == biases else None


def _shapes(
    network: Esrgan, *, features: int, growth: int
) -> Iterator[tuple[str, tuple[int, int]]]:
    """Name of each convolution, and how many channels come out of and go into it."""
    yield "first", (features, network.channels * network.unshuffle**2)
    for block in range(network.blocks):
        for dense in (1, 2, 3):
            for index in range(1, 6):
                out = features if index == 5 else growth
                yield f"block {block}.{dense}.{index}", (out, features + (index - 1) * growth)
    for name in ("trunk", *(f"up {index}" for index in range(network.doublings)), "hr"):
        yield name, (features, features)
    yield "last", (network.channels, features)
