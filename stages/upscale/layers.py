"""Layers: a network described step by step in, the ncnn model of it out.

Each method adds one operation and gives the name of its result. Arrays of weights are as torch
keeps them: (out, in, rows, columns).
"""

from typing import TYPE_CHECKING

from imagine.stages.upscale.ncnn_model import Layer, Model, Parameter

if TYPE_CHECKING:
    from imagine.stages.weights import Array

_LEAKY_RELU = 2
_SUM = 1


class Layers:
    """Collects layers; `input` is the picture."""

    input = "input"

    def __init__(self) -> None:
        self._layers: list[Layer] = []

    def convolution(
        self, blob: str, weight: "Array", bias: "Array", *, slope: float | None = None
    ) -> str:
        """Of the same rows and columns, with zeros around; then a leaky ReLU, given its slope."""
        kernel = weight.shape[2]
        parameters: dict[int, Parameter] = {
            0: weight.shape[0],
            1: kernel,
            4: kernel // 2,
            5: 1,
            6: weight.size,
        }
        if slope is not None:
            parameters |= {9: _LEAKY_RELU, 10: (slope,)}
        return self._add("Convolution", (blob,), parameters, (weight, bias))

    def prelu(self, blob: str, slopes: "Array") -> str:
        return self._add("PReLU", (blob,), {0: slopes.size}, (slopes,))

    def concatenated(self, *blobs: str) -> str:
        return self._add("Concat", blobs)

    def sum(self, blob: str, other: str, *, scale: float = 1.0) -> str:
        """`blob` times `scale`, and `other`."""
        return self._add("Eltwise", (blob, other), {0: _SUM, 1: (scale, 1.0)})

    def repeated(self, blob: str, factor: int) -> str:
        """Each pixel `factor` times in both directions."""
        return self._add("Interp", (blob,), {0: 1, 1: float(factor), 2: float(factor)})

    def shuffled(self, blob: str, factor: int) -> str:
        """Channels become pixels, as torch's pixel_shuffle does it."""
        return self._add("PixelShuffle", (blob,), {0: factor})

    def unshuffled(self, blob: str, factor: int) -> str:
        """Pixels become channels, as torch's pixel_unshuffle does it."""
        return self._add("Reorg", (blob,), {0: factor})

    def model(self) -> Model:
        """All of it; what was added last is the output."""
        return Model(tuple(self._layers), self.input, self._layers[-1].output)

    def _add(
        self,
        kind: str,
        inputs: tuple[str, ...],
        parameters: dict[int, Parameter] | None = None,
        weights: "tuple[Array, ...]" = (),
    ) -> str:
        output = f"blob {len(self._layers)}"
        self._layers.append(Layer(kind, output, inputs, output, parameters or {}, weights))
        return output
