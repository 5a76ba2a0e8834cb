"""The compact network of Real-ESRGAN (SRVGGNetCompact): tensors in, an ncnn model out.

A chain of convolutions, each but the last followed by a PReLU; the last makes a square of pixels
of each pixel, and what it makes is added to the picture with its pixels repeated.

Source: Wang et al. 2021 (Real-ESRGAN), realesr-animevideov3 and realesr-general-x4v3.
"""

from dataclasses import dataclass
from math import isqrt

from imagine.stages.upscale.esrgan import Shapes
from imagine.stages.upscale.layers import Layers
from imagine.stages.upscale.ncnn_model import Model
from imagine.stages.weights import Weights


@dataclass(frozen=True, slots=True)
class Compact:
    """What the tensors of a file make up.

    Attributes:
        convolutions: how many, and so how far around a pixel it looks.
        channels: of the picture.
        factor: how much it enlarges.
    """

    convolutions: int
    channels: int
    factor: int


def recognised(shapes: Shapes) -> Compact | None:
    """What the tensors of a file make up, or None where that is another network."""
    convolutions = sum(len(shape) == 4 for shape in shapes.values())
    first = shapes.get("body.0.weight", ())
    last = shapes.get(f"body.{2 * convolutions - 2}.weight", ())
    if convolutions < 2 or len(first) != 4 or len(last) != 4 or not first[1]:
        return None
    network = Compact(convolutions, channels=first[1], factor=isqrt(last[0] // first[1]))
    return network if shapes == _shapes(network, features=first[0]) else None


def compact_model(network: Compact, weights: Weights) -> Model:
    """The network for ncnn.

    Raises:
        UsageError: the file cannot be read, or holds numbers that are not finite.
    """
    layers = Layers()
    blob = layers.input
    for index in range(network.convolutions):
        name = f"body.{2 * index}"
        blob = layers.convolution(
            blob, weights.read(f"{name}.weight"), weights.read(f"{name}.bias")
        )
        if index < network.convolutions - 1:
            blob = layers.prelu(blob, weights.read(f"body.{2 * index + 1}.weight"))
    layers.sum(layers.shuffled(blob, network.factor), layers.repeated(layers.input, network.factor))
    return layers.model()


def _shapes(network: Compact, *, features: int) -> Shapes:
    """Every tensor of the network."""
    shapes: Shapes = {}
    for index in range(network.convolutions):
        last = index == network.convolutions - 1
        into = features if index else network.channels
        out = network.channels * network.factor**2 if last else features
        shapes[f"body.{2 * index}.weight"] = (out, into, 3, 3)
        shapes[f"body.{2 * index}.bias"] = (out,)
        if not last:
            shapes[f"body.{2 * index + 1}.weight"] = (features,)
    return shapes
