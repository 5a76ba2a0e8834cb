"""Weights: .safetensors files read without torch, and damaged ones refused."""

import json
import os
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from networks import Tensors, write_safetensors

from imagine.stages.errors import UsageError
from imagine.stages.weights import open_weights


def _tensors() -> Tensors:
    random = np.random.default_rng(3)
    shapes = {"a.weight": (2, 3, 3, 3), "a.bias": (2,), "single": ()}
    return {n: random.normal(0, 1, shape).astype(np.float32) for n, shape in shapes.items()}


@pytest.mark.parametrize(
    ("kind", "error"), [("F64", 0.0), ("F32", 0.0), ("F16", 2**-11), ("BF16", 2**-7)]
)
def test_every_type_of_numbers_is_read_as_float32(tmp_path: Path, kind: str, error: float) -> None:
    tensors = _tensors()
    weights = open_weights(write_safetensors(tmp_path / "m.safetensors", tensors, kind=kind))
    assert weights.shapes() == {name: tensor.shape for name, tensor in tensors.items()}
    for name, tensor in tensors.items():
        read = weights.read(name)
        assert read.dtype == np.float32
        np.testing.assert_allclose(read, tensor, rtol=error, atol=0)


def test_a_word_before_all_names_is_left_out(tmp_path: Path) -> None:
    tensors = {f"params_ema.{name}": tensor for name, tensor in _tensors().items()}
    weights = open_weights(write_safetensors(tmp_path / "m.safetensors", tensors))
    assert list(weights.tensors) == ["a.weight", "a.bias", "single"]


def test_a_file_without_tensors_is_refused(tmp_path: Path) -> None:
    path = write_safetensors(tmp_path / "m.safetensors", {})
    with pytest.raises(UsageError) as caught:
        open_weights(path)
    assert str(caught.value) == (
        f"The model '{path}' is no .safetensors file that can be used: it holds no tensors; get it "
        "again from where it came from."
    )


def _file(path: Path, header: Any, data: bytes = b"") -> Path:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    path.write_bytes(len(text).to_bytes(8, "little") + text + data)
    return path


def _entry(**changes: Any) -> dict[str, Any]:
    return {"t": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]} | changes}


DAMAGED = {
    "text": (b"", "it does not begin as one"),
    "pointer": (b"", "it is a pointer of Git LFS to the file"),
    "no JSON": (b"{'a': 1}", "its header is no JSON"),
    "deep": (b"[" * 100_000, "its header is no JSON"),
    "list": ([], "its header is no JSON object"),
    "no entry": ({"t": 1}, "'t' is not described as it should be"),
    "one place": (_entry(data_offsets=[0]), "'t' is not described as it should be"),
    "unhashable": (_entry(dtype=[]), "'t' is not described as it should be"),
    "negative": (_entry(shape=[-2]), "'t' has no shape that a tensor can have"),
    "true": (_entry(shape=[True]), "'t' has no shape that a tensor can have"),
    "rank": (_entry(shape=[1] * 9), "'t' has no shape that a tensor can have"),
    "size": (_entry(shape=[3]), "'t' has 8 bytes for its shape (3,)"),
    "no type": (_entry(dtype="F99"), "'t' is of type 'F99', which there is not"),
    "bytes": (_entry(dtype="F8_E4M3"), "'t' has 8 bytes for its shape (2,)"),
    "rest": (
        _entry(shape=[1], data_offsets=[0, 4]),
        "it has 77 bytes, 4 more than its header says",
    ),
    "backwards": (_entry(data_offsets=[8, 0]), "'t' has -8 bytes for its shape (2,)"),
}


@pytest.mark.parametrize(("header", "reason"), DAMAGED.values(), ids=list(DAMAGED))
def test_a_damaged_file_is_refused(tmp_path: Path, header: Any, reason: str) -> None:
    path = _file(tmp_path / "m.safetensors", header, bytes(8))
    if reason == "it does not begin as one":
        path.write_bytes(b"PK\3\4 a zip archive, as torch writes its pickles")
    if "pointer" in reason:
        path.write_bytes(b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 9\n")
    expected = (
        f"The model '{path}' is no .safetensors file that can be used: {reason}; get it again "
        "from where it came from."
    )
    with pytest.raises(UsageError, match=f"^{re.escape(expected)}$"):
        open_weights(path)


@pytest.mark.parametrize("lost", [1, 100, 300])
def test_a_file_that_was_not_downloaded_to_its_end_is_refused(tmp_path: Path, lost: int) -> None:
    path = write_safetensors(tmp_path / "m.safetensors", _tensors())
    whole = path.read_bytes()
    path.write_bytes(whole[:-lost])
    with pytest.raises(UsageError) as caught:
        open_weights(path)
    assert str(caught.value).startswith(f"The model '{path}' is cut off, {len(whole) - lost} of ")
    assert str(caught.value).endswith(" bytes are there; download it again.")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes of that kind there")
def test_a_pipe_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    path = tmp_path / "m.safetensors"
    os.mkfifo(path)
    with pytest.raises(UsageError, match="it is a pipe, which has no end"):
        open_weights(path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    path = tmp_path / "m.safetensors"
    with pytest.raises(UsageError) as caught:
        open_weights(path)
    assert str(caught.value) == (
        f"'{path}' cannot be read: No such file or directory; check the path."
    )


@pytest.mark.parametrize(
    ("kind", "data", "reason"),
    [
        ("F32", np.array([1, np.nan], "<f4").tobytes(), "'t' holds numbers that are not finite"),
        ("F32", np.array([1, np.inf], "<f4").tobytes(), "'t' holds numbers that are not finite"),
        ("I32", bytes(8), "'t' is of type I32"),
        ("U32", bytes(8), "'t' is of type U32"),
    ],
)
def test_numbers_that_are_no_weights_are_refused(
    tmp_path: Path, kind: str, data: bytes, reason: str
) -> None:
    weights = open_weights(_file(tmp_path / "m.safetensors", _entry(dtype=kind), data))
    with pytest.raises(UsageError, match=re.escape(reason)):
        weights.read("t")


def test_a_file_that_shrank_since_is_refused(tmp_path: Path) -> None:
    path = write_safetensors(tmp_path / "m.safetensors", _tensors())
    weights = open_weights(path)
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(UsageError, match=r"'a\.bias' is cut off"):
        weights.read("a.bias")
