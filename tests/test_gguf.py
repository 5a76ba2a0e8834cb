"""The header of a .gguf file: what it says, and files that are none or not whole."""

import struct
from pathlib import Path

import pytest
from sdcpp_files import FLUX, gguf_value, write_gguf

from imagine.stages.errors import LocalBackendError
from imagine.stages.generate.local.gguf import open_gguf

LIST, TEXT, BYTE, U32 = 9, 8, 0, 4


def test_architecture_and_shapes_come_outermost_dimension_first(tmp_path: Path) -> None:
    found = open_gguf(write_gguf(tmp_path / "flux.gguf"))

    assert found.architecture == "flux"
    assert found.shapes == dict(FLUX)


def test_values_of_every_kind_are_passed_over(tmp_path: Path) -> None:
    words = struct.pack("<IQ", TEXT, 2) + struct.pack("<Q", 3) + b"fox" + struct.pack("<Q", 0)
    values = b"".join(
        [
            gguf_value("tokenizer.ggml.tokens", LIST, words),
            gguf_value("scores", LIST, struct.pack("<IQ3f", 6, 3, 1, 2, 3)),
            gguf_value("flag", 7, b"\1"),
            gguf_value("name", TEXT, struct.pack("<Q", 4) + b"mine"),
            gguf_value("general.alignment", U32, struct.pack("<I", 64)),
        ]
    )
    path = write_gguf(tmp_path / "flux.gguf", values=values, count=5)
    with path.open("r+b") as file:
        file.truncate(path.stat().st_size + 64)

    assert open_gguf(path).shapes == dict(FLUX)


def test_a_file_that_ends_too_early_is_cut_off(tmp_path: Path) -> None:
    path = write_gguf(tmp_path / "flux.gguf")
    whole = path.stat().st_size
    with path.open("r+b") as file:
        file.truncate(whole - 1)

    with pytest.raises(LocalBackendError) as error:
        open_gguf(path)
    assert str(error.value) == (
        f"The model '{path}' is cut off, {whole - 1:,} of {whole:,} bytes are there; "
        "download it again."
    )


@pytest.mark.parametrize("length", [0, 3, 20, 60, 200])
def test_a_header_that_ends_too_early_is_cut_off(tmp_path: Path, length: int) -> None:
    path = write_gguf(tmp_path / "flux.gguf")
    with path.open("r+b") as file:
        file.truncate(length)

    with pytest.raises(LocalBackendError) as error:
        open_gguf(path)
    assert str(error.value) == (
        f"The model '{path}' is cut off after {length} bytes, within its header; download it again."
    )


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"GGML" + bytes(60), "it does not begin as one"),
        (struct.pack("<4sI", b"GGUF", 1) + bytes(60), "it is of version 1, and 2 and 3 are known"),
        (
            struct.pack("<4sIQQ", b"GGUF", 3, 2**40, 0) + bytes(60),
            "it claims 1,099,511,627,776 entries where 100,000 are the most",
        ),
        (struct.pack("<4sIQQ", b"GGUF", 3, 0, 0) + bytes(60), "it holds no tensors"),
        (
            struct.pack("<4sIQQ", b"GGUF", 3, 1, 1) + gguf_value("x", 99, b"") + bytes(60),
            "it has a value of the unknown type 99",
        ),
        (
            struct.pack("<4sIQQ", b"GGUF", 3, 1, 1)
            + gguf_value("x", LIST, struct.pack("<IQ", LIST, 1))
            + bytes(60),
            "it has a list of the unknown type 9",
        ),
    ],
)
def test_what_is_no_gguf_file_is_refused(tmp_path: Path, data: bytes, reason: str) -> None:
    path = tmp_path / "model.gguf"
    path.write_bytes(data)

    with pytest.raises(LocalBackendError) as error:
        open_gguf(path)
    assert str(error.value) == (
        f"The model '{path}' is no .gguf file that can be used: {reason}; get it again from where "
        "it came from."
    )


def test_a_file_that_is_gone_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(LocalBackendError, match="cannot be read"):
        open_gguf(tmp_path / "none.gguf")
