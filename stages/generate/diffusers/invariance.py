"""Nearly the same picture alone and among others: a pipeline goes in, and computes each by itself.

Most of what a network computes of a picture on a processor is the same, bit by bit, whatever stands
beside it. Two things that mostly are not are computed for one picture at a time here: products of
matrices of a few rows, which oneMKL adds up in another order than those of more (there are few, of
time and of pooled texts); and small convolutions, which torch leaves to another routine where there
is one picture alone. Both cost next to nothing. Some larger convolutions remain, which oneDNN does
otherwise from some number of pictures on, and sums that several threads share.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

# As torch has it (aten/src/ATen/native/Convolution.cpp, use_mkldnn): single pictures of fewer
# numbers are not given to oneDNN.
SMALL = 20480
Forward = Callable[[Any], Any]


@contextmanager
def each_alone(pipeline: Any, pictures: int, torch: Any) -> Iterator[None]:
    """Within it, a batch of that many pictures gives those that each of them gives alone."""
    if pictures == 1:
        yield
        return
    divided = {torch.nn.Linear: _rows_alone, torch.nn.Conv2d: _small_ones_alone}
    networks = [part for part in pipeline.components.values() if isinstance(part, torch.nn.Module)]
    layers = {
        id(layer): layer
        for network in networks
        for layer in network.modules()
        # A layer whose call is somebody else's already is left to them.
        if type(layer).__base__ in divided or type(layer) in divided
        if "forward" not in vars(layer)
    }
    for layer in layers.values():
        kind = type(layer) if type(layer) in divided else type(layer).__base__
        layer.forward = divided[kind](layer.forward, pictures, torch)
    try:
        yield
    finally:
        for layer in layers.values():
            del layer.forward


def _rows_alone(whole: Forward, pictures: int, torch: Any) -> Forward:
    """A matrix's product; rows of several pictures stand in turns: a, b, c, a, b, c."""

    def forward(rows: Any) -> Any:
        if rows.ndim != 2 or rows.shape[0] % pictures:
            return whole(rows)
        alone = [whole(rows[first::pictures]) for first in range(pictures)]
        return torch.stack(alone, dim=1).reshape(rows.shape[0], -1)

    return forward


def _small_ones_alone(whole: Forward, pictures: int, torch: Any) -> Forward:
    """A convolution of (pictures, channels, rows, columns)."""

    def forward(stack: Any) -> Any:
        if stack.shape[0] != pictures or stack[0].numel() > SMALL:
            return whole(stack)
        return torch.cat([whole(stack[each : each + 1]) for each in range(pictures)])

    return forward
