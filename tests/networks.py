"""Networks for tests: tensors of random small ones, their files, and what they compute.

What they compute is written here a second time, in NumPy and without a thought for speed.
"""

import json
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from onnx_bytes import node, onnx_bytes

Array = NDArray[np.float32]
Tensors = dict[str, Array]
KINDS = {"F64": "<f8", "F32": "<f4", "F16": "<f2"}


def write_safetensors(path: Path, tensors: Tensors, *, kind: str = "F32") -> Path:
    """A .safetensors file of these tensors, all of one type."""
    header: dict[str, object] = {"__metadata__": {"format": "pt"}}
    data = b""
    for name, tensor in tensors.items():
        stored = _bfloat16(tensor) if kind == "BF16" else tensor.astype(KINDS[kind]).tobytes()
        places = [len(data), len(data) + len(stored)]
        header[name] = {"dtype": kind, "shape": list(tensor.shape), "data_offsets": places}
        data += stored
    text = json.dumps(header).encode()
    path.write_bytes(len(text).to_bytes(8, "little") + text + data)
    return path


def _bfloat16(tensor: Array) -> bytes:
    return (tensor.astype("<f4").view("<u4") >> 16).astype("<u2").tobytes()


def esrgan_tensors(
    *,
    blocks: int = 2,
    features: int = 8,
    growth: int = 4,
    channels: int = 3,
    doublings: int = 2,
    unshuffle: int = 1,
    names: str = "new",
) -> Tensors:
    """A random RRDBNet under its "old", "middle" or "new" names."""
    first, dense, trunk, ups, hr, last = _names(names, blocks, doublings)
    shapes = {first: (features, channels * unshuffle**2)}
    for block in range(blocks):
        for part in (1, 2, 3):
            for index in range(1, 6):
                out = features if index == 5 else growth
                stem = dense.format(block=block, part=part, index=index)
                shapes[stem] = (out, features + (index - 1) * growth)
    shapes |= dict.fromkeys([trunk, *ups, hr], (features, features))
    shapes[last] = (channels, features)
    return _convolutions(shapes)


def _names(names: str, blocks: int, doublings: int) -> tuple[str, str, str, list[str], str, str]:
    if names == "old":
        ups = [f"model.{3 * index + 3}" for index in range(doublings)]
        after = 3 * doublings
        dense = "model.1.sub.{block}.RDB{part}.conv{index}.0"
        trunk = f"model.1.sub.{blocks}"
        return "model.0", dense, trunk, ups, f"model.{after + 2}", f"model.{after + 4}"
    numbers = range(1, doublings + 1)
    if names == "middle":
        dense = "RRDB_trunk.{block}.RDB{part}.conv{index}"
        ups = [f"upconv{index}" for index in numbers]
        return "conv_first", dense, "trunk_conv", ups, "HRconv", "conv_last"
    dense = "body.{block}.rdb{part}.conv{index}"
    ups = [f"conv_up{index}" for index in numbers]
    return "conv_first", dense, "conv_body", ups, "conv_hr", "conv_last"


def compact_tensors(
    *, convolutions: int = 4, features: int = 6, channels: int = 3, factor: int = 2
) -> Tensors:
    """A random SRVGGNetCompact."""
    random = np.random.default_rng(7)
    tensors: Tensors = {}
    for index in range(convolutions):
        last = index == convolutions - 1
        into = features if index else channels
        out = channels * factor**2 if last else features
        tensors |= _convolutions({f"body.{2 * index}": (out, into)}, seed=index)
        if not last:
            slopes = random.uniform(0.05, 0.5, features).astype(np.float32)
            tensors[f"body.{2 * index + 1}.weight"] = slopes
    return tensors


def _convolutions(shapes: dict[str, tuple[int, int]], *, seed: int = 0) -> Tensors:
    """Random weights of 3x3 that neither fade nor grow from layer to layer, and biases."""
    random = np.random.default_rng(seed)
    tensors: Tensors = {}
    for stem, (out, into) in shapes.items():
        spread = (into * 9) ** -0.5
        tensors[f"{stem}.weight"] = random.normal(0, spread, (out, into, 3, 3)).astype(np.float32)
        tensors[f"{stem}.bias"] = random.normal(0, 0.1, out).astype(np.float32)
    return tensors


def convolved(picture: Array, tensors: Tensors, stem: str, *, slope: float = 1.0) -> Array:
    """(in, rows, columns) to (out, rows, columns), zeros around; then a leaky ReLU."""
    weight = tensors[f"{stem}.weight"].astype(np.float64)
    rows, columns = picture.shape[1:]
    padded = np.pad(picture.astype(np.float64), ((0, 0), (1, 1), (1, 1)))
    result = np.zeros((len(weight), rows, columns))
    for row in range(3):
        for column in range(3):
            part = padded[:, row : row + rows, column : column + columns]
            result += np.einsum("oi,iyx->oyx", weight[:, :, row, column], part)
    result += tensors[f"{stem}.bias"][:, None, None]
    return np.where(result < 0, slope * result, result).astype(np.float32)


def esrgan(
    picture: Array,
    tensors: Tensors,
    *,
    blocks: int = 2,
    doublings: int = 2,
    unshuffle: int = 1,
    names: str = "new",
) -> Array:
    """What the RRDBNet makes of (channels, rows, columns)."""
    first, dense, trunk, ups, hr, last = _names(names, blocks, doublings)
    x = start = convolved(_unshuffled(picture, unshuffle), tensors, first)
    for block in range(blocks):
        into = x
        for part in (1, 2, 3):
            seen = [x]
            for index in range(1, 5):
                stem = dense.format(block=block, part=part, index=index)
                seen.append(convolved(np.concatenate(seen), tensors, stem, slope=0.2))
            stem = dense.format(block=block, part=part, index=5)
            x = convolved(np.concatenate(seen), tensors, stem) * np.float32(0.2) + x
        x = x * np.float32(0.2) + into
    x = convolved(x, tensors, trunk) + start
    for up in ups:
        x = convolved(x.repeat(2, 1).repeat(2, 2), tensors, up, slope=0.2)
    return convolved(convolved(x, tensors, hr, slope=0.2), tensors, last)


def compact(picture: Array, tensors: Tensors, *, factor: int = 2) -> Array:
    """What the SRVGGNetCompact makes of (channels, rows, columns)."""
    x = picture
    convolutions = sum(tensor.ndim == 4 for tensor in tensors.values())
    for index in range(convolutions):
        x = convolved(x, tensors, f"body.{2 * index}")
        if index < convolutions - 1:
            slopes = tensors[f"body.{2 * index + 1}.weight"][:, None, None]
            x = np.where(x < 0, slopes * x, x)
    channels, rows, columns = picture.shape
    squares = x.reshape(channels, factor, factor, rows, columns).transpose(0, 3, 1, 4, 2)
    enlarged = squares.reshape(channels, rows * factor, columns * factor)
    return enlarged + picture.repeat(factor, 1).repeat(factor, 2)


def _unshuffled(picture: Array, side: int) -> Array:
    channels, rows, columns = picture.shape
    squares = picture.reshape(channels, rows // side, side, columns // side, side)
    return squares.transpose(0, 2, 4, 1, 3).reshape(-1, rows // side, columns // side)


def enlarging_onnx(
    *,
    factor: int = 2,
    channels: int = 3,
    activation: str = "Erf",
    shape: tuple[int | str, ...] | None = None,
    kind: str = "float32",
) -> bytes:
    """A file: a random convolution, an activation, another convolution, and DepthToSpace.

    Args:
        activation: an operation of one input; "Erf" and "Softplus" ncnn does not have.
    """
    random = np.random.default_rng(11)
    outs = channels * factor**2
    constants = {
        "w1": random.normal(0, 0.3, (8, channels, 3, 3)).astype(kind),
        "b1": random.normal(0, 0.1, 8).astype(kind),
        "w2": random.normal(0, 0.2, (outs, 8, 3, 3)).astype(kind),
        "b2": random.normal(0.5, 0.1, outs).astype(kind),
    }
    padded = {"kernel_shape": [3, 3], "pads": [1, 1, 1, 1]}
    nodes = [
        node("Conv", ["x", "w1", "b1"], ["c1"], **padded),
        node(activation, ["c1"], ["a1"]),
        node("Conv", ["a1", "w2", "b2"], ["c2"], **padded),
        node("DepthToSpace", ["c2"], ["y"], blocksize=factor, mode="CRD"),
    ]
    return onnx_bytes(nodes, constants=constants, shape=shape or (1, channels, "h", "w"), kind=kind)
