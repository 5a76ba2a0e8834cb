"""Where a model computes: sizes and free memory decide what waits, and what is refused."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from networks import write_safetensors

from imagine.stages.errors import LocalBackendError, UsageError
from imagine.stages.generate.diffusers.device import (
    Memory,
    Placement,
    bytes_a_pixel,
    check_fits,
    device_for,
    offload_for,
    sizes_of,
)
from imagine.stages.generate.diffusers.source import Source
from imagine.stages.generate.local.families import Described, unknown_family
from imagine.stages.weights import open_weights

GB = 10**9
SIZES = {"transformer": 24 * GB, "text_encoder": 10 * GB}


def fake_torch(cards: int = 0, *, mps: bool = False) -> Any:
    return SimpleNamespace(
        cuda=SimpleNamespace(is_available=lambda: cards > 0, device_count=lambda: cards),
        backends=SimpleNamespace(mps=SimpleNamespace(is_available=lambda: mps)),
    )


@pytest.mark.parametrize(
    ("card", "offload"), [(80, "none"), (37, "model"), (27, "model"), (24, "sequential")]
)
def test_parts_take_turns_on_the_card_as_far_as_memory_is_short(card: int, offload: str) -> None:
    assert offload_for(SIZES, 1024**2, 2, Memory(64 * GB, card * GB), 3200) == offload


def test_what_decodes_and_what_draws_are_never_on_the_card_together() -> None:
    sizes = {"unet": 5 * GB, "text_encoder": GB, "vae": GB // 6}
    small = Memory(64 * GB, int(6.5 * GB))
    assert offload_for(sizes, 1024**2, 2, small, 3200) == "model"
    # Decoded in float32 they do not fit one after the other either.
    assert offload_for(sizes, 1024**2, 2, small, 6400) == "sequential"


@pytest.mark.parametrize(
    ("dtype", "upcast", "bytes_"),
    [
        ("float16", True, 6400),
        ("float16", False, 3200),
        ("bfloat16", True, 3200),
        ("float32", False, 6400),
    ],
)
def test_an_autoencoder_that_overflows_in_float16_decodes_in_float32(
    dtype: str, upcast: bool, bytes_: int
) -> None:
    described = Described("StableDiffusionXLPipeline", upcast=upcast)
    family = unknown_family(described)
    assert bytes_a_pixel(Source("big", Path("big"), described, family, {}), dtype) == bytes_


def test_the_parts_in_a_single_file_are_told_apart_by_their_names(tmp_path: Path) -> None:
    file = tmp_path / "xl.safetensors"
    weights = {
        "model.diffusion_model.x": np.zeros(100, np.float32),
        "first_stage_model.x": np.zeros(3, np.float32),
        "conditioner.embedders.0.x": np.zeros(5, np.float32),
        "conditioner.embedders.1.x": np.zeros(7, np.float32),
    }
    write_safetensors(file, weights)
    described = Described("StableDiffusionXLPipeline")
    parts = {"file": {file: open_weights(file)}}
    source = Source("xl", file, described, unknown_family(described), parts)
    assert sizes_of(source, 2) == {
        "file": 200,
        "vae": 6,
        "text_encoder": 10,
        "text_encoder_2": 14,
    }


@pytest.mark.parametrize(
    ("named", "cards", "mps", "device"),
    [
        ("auto", 0, False, "cpu"),
        ("auto", 2, False, "cuda"),
        ("auto", 0, True, "mps"),
        ("CPU", 2, False, "cpu"),
        ("cuda:1", 2, False, "cuda:1"),
        ("GPU", 0, True, "mps"),
    ],
)
def test_the_best_device_is_taken_or_the_one_that_is_named(
    named: str, cards: int, mps: bool, device: str
) -> None:
    assert device_for(named, fake_torch(cards, mps=mps)) == device


def test_a_device_that_is_not_there_is_refused() -> None:
    with pytest.raises(LocalBackendError) as refusal:
        device_for("cuda:3", fake_torch(1))
    assert str(refusal.value) == (
        "torch finds no device 'cuda:3' (it finds cpu, cuda:0); set IMAGINE_DEVICE to one of "
        "these, or install a torch for that device."
    )
    with pytest.raises(UsageError, match=r"^The device 'abacus' is none of auto, cpu, cuda"):
        device_for("abacus", fake_torch())


@pytest.mark.parametrize(
    ("place", "message"),
    [
        (
            Placement("cpu", "float32"),
            "The model 'big' takes 34.0 GB in float32, and 8.0 GB of main memory are free; set "
            "IMAGINE_DTYPE=bfloat16, close other programs, or use a smaller model.",
        ),
        (
            Placement("cuda", "bfloat16"),
            "The model 'big' takes 34.0 GB in bfloat16, and 6.0 GB on the graphics card are free; "
            "set IMAGINE_OFFLOAD=auto, close other programs, or use a smaller model.",
        ),
    ],
)
def test_a_model_that_cannot_fit_is_refused_before_it_is_loaded(
    place: Placement, message: str
) -> None:
    described = Described("FluxPipeline")
    source = Source("big", Path("big"), described, unknown_family(described), {})
    with pytest.raises(LocalBackendError) as refusal:
        check_fits(source, SIZES, place, Memory(8 * GB, 6 * GB))
    assert str(refusal.value) == message
    check_fits(source, SIZES, place, Memory(None, None))
