"""The record of an enlargement: who made the pixels, and from what to what."""

from dataclasses import replace

import pytest
from PIL import Image
from scripted_upscaler import DENOISING, ScriptedUpscaler

from imagine.stages.recipe import UpscaleRecord
from imagine.stages.upscale.enlarge import covering, enlarge
from imagine.stages.upscale.plain import NearestUpscaler
from imagine.stages.upscale.raster import raster_of
from imagine.stages.upscale.record import record_of

INVENTING = replace(DENOISING, trained=True, invents=True)


def test_a_record_says_all_that_was_asked_and_used() -> None:
    upscaler = ScriptedUpscaler(capabilities=INVENTING, model="m")
    raster = raster_of(Image.new("RGB", (12, 8)))
    target = covering(raster.size, (40, 40))
    made = enlarge(raster, upscaler, target, denoise=1)
    record = record_of(
        made,
        upscaler,
        size=raster.size,
        target=target,
        denoise=1,
        sharpen=0.5,
        parameters={"prompt": "a fox"},
        source_sha256="0" * 64,
        cost=0.02,
    )
    assert record == UpscaleRecord(
        upscaler="scripted",
        model="m",
        trained=True,
        invents=True,
        from_width=12,
        from_height=8,
        width=40,
        height=40,
        full_width=60,
        full_height=40,
        denoise=1,
        sharpen=0.5,
        parameters={"tile": 64, "prompt": "a fox"},
        source_sha256="0" * 64,
        cost=0.02,
    )


@pytest.mark.parametrize(
    ("upscaler", "wanted", "ran"),
    [
        (ScriptedUpscaler(capabilities=INVENTING), (4, 4), "lanczos"),
        (NearestUpscaler(), (4, 4), "nearest"),
        (ScriptedUpscaler(capabilities=INVENTING), (8, 8), "lanczos"),
    ],
)
def test_what_only_shrinks_is_recorded_as_what_did_that(
    upscaler: ScriptedUpscaler, wanted: tuple[int, int], ran: str
) -> None:
    raster = raster_of(Image.new("RGB", (12, 8)))
    target = covering(raster.size, wanted)
    made = enlarge(raster, upscaler, target)
    record = record_of(made, upscaler, size=raster.size, target=target)
    assert (record.upscaler, record.trained, record.invents) == (ran, False, False)
