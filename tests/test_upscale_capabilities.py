"""What the built-in upscalers say of themselves."""

from pathlib import Path
from typing import Any

import pytest
from networks import compact_tensors, esrgan_tensors, write_safetensors

from imagine.stages.network.providers import connect
from imagine.stages.upscale import UPSCALERS, UpscaleCapabilities, WeighedUpscaler

# True of those that draw what the picture does not hold.
INVENTS = {
    "lanczos": False,
    "nearest": False,
    "photo": False,
    "art": False,
    "model": False,
    "detail": True,
    "sdapi": True,
    "localai": True,
    "stability": True,
}
HOSTED = {"sdapi": "", "localai": "x4", "stability": "fast"}


def capabilities(name: str, folder: Path) -> UpscaleCapabilities:
    arguments: dict[str, Any] = {}
    if name in HOSTED:
        arguments = {"connection": connect(name), "model": HOSTED[name]}
    if name in ("model", "detail"):
        tensors = compact_tensors() if name == "model" else esrgan_tensors()
        arguments = {"model": str(write_safetensors(folder / "m.safetensors", tensors))}
    upscaler = UPSCALERS.create(name, **arguments)
    assert isinstance(upscaler, WeighedUpscaler) == (name in ("model", "detail"))
    return upscaler.capabilities


@pytest.mark.parametrize(("name", "invents"), INVENTS.items())
def test_those_that_invent_say_so(tmp_path: Path, name: str, *, invents: bool) -> None:
    assert capabilities(name, tmp_path).invents == invents


def test_all_of_them_are_looked_at() -> None:
    # `diffusers` needs a whole folder: its own tests look at it.
    assert {*INVENTS, "diffusers"} == set(UPSCALERS.built_in)
