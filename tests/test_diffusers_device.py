"""Where a model computes: sizes and free memory decide what waits, and what is refused."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from imagine.stages.errors import LocalBackendError, UsageError
from imagine.stages.generate.diffusers.device import (
    Memory,
    Placement,
    check_fits,
    device_for,
    offload_for,
)
from imagine.stages.generate.diffusers.source import Source
from imagine.stages.generate.local.families import Described, family_named

GB = 10**9
SIZES = {"transformer": 24 * GB, "text_encoder": 10 * GB}


def fake_torch(cards: int = 0, *, mps: bool = False) -> Any:
    return SimpleNamespace(
        cuda=SimpleNamespace(is_available=lambda: cards > 0, device_count=lambda: cards),
        backends=SimpleNamespace(mps=SimpleNamespace(is_available=lambda: mps)),
    )


@pytest.mark.parametrize(
    ("card", "offload"), [(80, "none"), (39, "model"), (31, "model"), (16, "sequential")]
)
def test_parts_take_turns_on_the_card_as_far_as_memory_is_short(card: int, offload: str) -> None:
    assert offload_for(SIZES, 1024**2, 2, Memory(64 * GB, card * GB)) == offload


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
    source = Source("big", Path("big"), Described("FluxPipeline"), family_named("flux"), {})
    with pytest.raises(LocalBackendError) as refusal:
        check_fits(source, SIZES, place, Memory(8 * GB, 6 * GB))
    assert str(refusal.value) == message
    check_fits(source, SIZES, place, Memory(None, None))
