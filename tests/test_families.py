"""Families of local models: what files say of a model gives how it is asked."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from imagine.stages.generate.local.families import (
    Described,
    ModelFamily,
    family_of,
    name_of_files,
    unknown_family,
)
from imagine.stages.generate.local.schedulers import scheduler_named

SDXL, SD, FLUX = "StableDiffusionXLPipeline", "StableDiffusionPipeline", "FluxPipeline"
SD3 = "StableDiffusion3Pipeline"
TRAILING = {"_class_name": "EulerAncestralDiscreteScheduler", "timestep_spacing": "trailing"}


def family(pipeline: str, name: str = "model", **described: Any) -> ModelFamily:
    found = family_of(Described(pipeline, name=name, **described))
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("pipeline", "name", "asked"),
    [
        (SD, "dreamshaper", ("Stable Diffusion 1", 25, 7.5, 512)),
        (SD, "hyperrealistic-v3", ("Stable Diffusion 1", 25, 7.5, 512)),
        (SD, "lcmodel_v1", ("Stable Diffusion 1", 25, 7.5, 512)),
        (SD, "Hyper-SD15-8steps", ("Stable Diffusion 1, distilled", 8, 0.0, 512)),
        (SD, "Hyper-SD15", ("Stable Diffusion 1, distilled", 4, 0.0, 512)),
        (SD, "dreamshaper-lcm", ("Stable Diffusion 1, LCM", 4, 1.0, 512)),
        ("LatentConsistencyModelPipeline", "d", ("Stable Diffusion 1, LCM", 4, 8.5, 512)),
        (SDXL, "stable-diffusion-xl-base-1.0", ("Stable Diffusion XL", 30, 6.0, 1024)),
        (SDXL, "stabilityai/sdxl-turbo", ("SDXL-Turbo", 1, 0.0, 512)),
        (SDXL, "sd_xl_turbo_1.0_fp16", ("SDXL-Turbo", 1, 0.0, 512)),
        (SDXL, "dmd2_sdxl_4step", ("SDXL, DMD", 4, 0.0, 1024)),
        (SDXL, "SDXL-Lightning_4step", ("SDXL, distilled", 4, 0.0, 1024)),
        (SDXL, "sdxl_lightning_8steps", ("SDXL, distilled", 8, 0.0, 1024)),
        (SDXL, "Hyper-SD-2", ("SDXL, distilled", 2, 0.0, 1024)),
        (SDXL, "lcm-sdxl", ("SDXL, LCM", 6, 1.0, 1024)),
        ("StableDiffusion3Pipeline", "sd3.5-medium", ("Stable Diffusion 3", 28, 4.5, 1024)),
        (
            "StableDiffusion3Pipeline",
            "sd3.5-large-turbo",
            ("Stable Diffusion 3.5 Turbo", 4, 0.0, 1024),
        ),
        (FLUX, "FLUX.1-Krea-dev", ("FLUX.1 Krea", 28, 4.5, 1024)),
        ("FluxKontextPipeline", "FLUX.1-Kontext-dev", ("FLUX.1 Kontext", 28, 2.5, 1024)),
        (FLUX, "FLUX.1-dev", ("FLUX.1", 28, 3.5, 1024)),
        ("Flux2Pipeline", "FLUX.2-dev", ("FLUX.2", 50, 4.0, 1024)),
        ("ZImagePipeline", "Z-Image", ("Z-Image", 50, 5.0, 1024)),
        ("ZImagePipeline", "Tongyi-MAI/Z-Image-Turbo", ("Z-Image Turbo", 9, 0.0, 1024)),
        ("QwenImagePipeline", "Qwen/Qwen-Image", ("Qwen-Image", 50, 4.0, 1328)),
        ("QwenImagePipeline", "Qwen-Image-Lightning", ("Qwen-Image Lightning", 8, 1.0, 1328)),
        ("QwenImageEditPipeline", "Qwen-Image-Edit", ("Qwen-Image-Edit", 50, 4.0, 1024)),
        ("QwenImageEditPlusPipeline", "edit", ("Qwen-Image-Edit 2509", 40, 4.0, 1024)),
        ("FluxFillPipeline", "FLUX.1-Fill-dev", ("FLUX.1 Fill", 50, 30.0, 1024)),
        ("Flux2KleinKVPipeline", "klein", ("FLUX.2 [klein] KV", 4, 0.0, 1024)),
        ("ChromaPipeline", "Chroma1-HD", ("Chroma", 40, 3.0, 1024)),
        ("CogView4Pipeline", "CogView4-6B", ("CogView4", 50, 3.5, 1024)),
        ("CogView3PlusPipeline", "CogView3-Plus-3B", ("CogView3-Plus", 50, 7.0, 1024)),
        ("HunyuanDiTPipeline", "v1.2-Diffusers", ("Hunyuan-DiT", 50, 5.0, 1024)),
        ("HunyuanDiTPipeline", "v1.2-Distilled", ("Hunyuan-DiT, distilled", 25, 5.0, 1024)),
        ("SanaPipeline", "sana", ("Sana", 20, 4.5, 1024)),
        ("PixArtSigmaPipeline", "pixart", ("PixArt", 20, 4.5, 1024)),
    ],
)
def test_a_model_is_asked_as_its_makers_advise(
    pipeline: str, name: str, asked: tuple[str, int, float, int]
) -> None:
    found = family(pipeline, name)
    has = (found.title, found.num_inference_steps, found.guidance_scale, found.side)
    assert has == asked


@pytest.mark.parametrize(
    ("pipeline", "described", "title"),
    [
        (SD, {"scheduler": {"_class_name": "LCMScheduler"}}, "Stable Diffusion 1, LCM"),
        (SD, {"denoiser": {"cross_attention_dim": 1024}}, "Stable Diffusion 2"),
        (
            SD,
            {"denoiser": {"cross_attention_dim": 1024}, "scheduler": TRAILING},
            "SD-Turbo",
        ),
        (SDXL, {"denoiser": {"sample_size": 64}, "scheduler": TRAILING}, "SDXL-Turbo"),
        (SDXL, {"denoiser": {"sample_size": 128}, "scheduler": TRAILING}, "SDXL, distilled"),
        (
            SDXL,
            {"scheduler": {**TRAILING, "prediction_type": "v_prediction"}},
            "Stable Diffusion XL",
        ),
        (SDXL, {"scheduler": {**TRAILING, "rescale_betas_zero_snr": True}}, "Stable Diffusion XL"),
        (FLUX, {"denoiser": {"guidance_embeds": False}}, "FLUX.1 [schnell]"),
        (FLUX, {"denoiser": {"guidance_embeds": True}}, "FLUX.1"),
        (SD3, {"denoiser": {"num_layers": 38}}, "Stable Diffusion 3.5 Large"),
        (SD3, {"denoiser": {"num_layers": 24}}, "Stable Diffusion 3 Medium"),
        (
            SD3,
            {"denoiser": {"num_layers": 24, "dual_attention_layers": []}},
            "Stable Diffusion 3 Medium",
        ),
        (
            SD3,
            {"denoiser": {"num_layers": 24, "dual_attention_layers": [0, 1]}},
            "Stable Diffusion 3",
        ),
        (SDXL, {"scheduler": {"_class_name": "EDMDPMSolverMultistepScheduler"}}, "Playground 2.5"),
        ("ZImagePipeline", {"scheduler": {"shift": 3.0}}, "Z-Image Turbo"),
        ("ZImagePipeline", {"scheduler": {"shift": 6.0}}, "Z-Image"),
        ("Krea2Pipeline", {"index": {"is_distilled": True}}, "Krea 2 Turbo"),
        ("Krea2Pipeline", {"index": {"is_distilled": False}}, "Krea 2"),
        ("Flux2KleinPipeline", {"index": {"is_distilled": True}}, "FLUX.2 [klein], distilled"),
        ("Flux2KleinPipeline", {"index": {"is_distilled": False}}, "FLUX.2 [klein]"),
    ],
)
def test_descriptions_tell_distilled_models_whatever_they_are_called(
    pipeline: str, described: dict[str, Any], title: str
) -> None:
    assert family(pipeline, **described).title == title


@pytest.mark.parametrize(
    ("cells", "cell", "side"), [(64, 8, 512), (96, 8, 768), (128, 0, 512), ([64, 64], 8, 512)]
)
def test_the_native_side_is_the_denoisers_own(cells: object, cell: int, side: int) -> None:
    assert family(SD, denoiser={"sample_size": cells}, cell=cell).side == side


def test_the_side_of_a_model_whose_description_does_not_tell_it_is_its_makers() -> None:
    assert family("AuraFlowPipeline", denoiser={"sample_size": 64}, cell=8).side == 1024


@pytest.mark.parametrize(
    ("guidance", "described"),
    [
        (3.5, {"denoiser": {"num_layers": 38}}),
        (7.0, {"denoiser": {"num_layers": 24}}),
        (4.5, {"denoiser": {"num_layers": 24, "dual_attention_layers": [0, 1]}}),
    ],
)
def test_stable_diffusion_3_is_guided_as_each_of_its_sizes_likes(
    guidance: float, described: dict[str, Any]
) -> None:
    assert family(SD3, **described).guidance_scale == guidance


@pytest.mark.parametrize(
    ("pipeline", "name", "scheduler"),
    [
        (SD, "dreamshaper", ""),
        (SD, "dreamshaper-lcm", "lcm"),
        (SD, "Hyper-SD15-8steps", "euler_sgm_uniform"),
        (SDXL, "sd_xl_turbo_1.0", "euler_sgm_uniform"),
        (SDXL, "sdxl_lightning_4step", "euler_sgm_uniform"),
        (SDXL, "dmd2_sdxl_4step", "lcm"),
    ],
)
def test_a_distilled_model_says_who_leads_it(pipeline: str, name: str, scheduler: str) -> None:
    assert family(pipeline, name).scheduler == scheduler
    assert not scheduler or scheduler_named(scheduler).diffusers


def test_schnell_reads_as_much_as_it_was_trained_on() -> None:
    schnell = family(FLUX, denoiser={"guidance_embeds": False})
    assert schnell.arguments == {"max_sequence_length": 256}


def test_sizes_of_a_ratio_have_the_area_that_the_model_draws_best() -> None:
    assert family(SD).sizes.for_ratio("diffusers", (1, 1), exact=True) == (512, 512)
    assert family(SD).sizes.for_ratio("diffusers", (16, 9), exact=True) == (704, 384)
    assert family(SDXL).sizes.for_ratio("diffusers", (16, 9), exact=True) == (1344, 768)


def test_a_model_draws_no_more_pixels_than_it_was_trained_on() -> None:
    assert family("CogView4Pipeline").sizes.max_pixels == 2**21
    assert family(FLUX).sizes.max_pixels == 2048**2
    early = family("AuraFlowPipeline", denoiser={"pos_embed_max_size": 4096})
    late = family("AuraFlowPipeline", denoiser={"pos_embed_max_size": 9216})
    assert (early.max_side, late.max_side) == (1024, 1536)


def test_guidance_runs_the_denoiser_twice_where_the_model_was_not_distilled_with_it() -> None:
    guided = [family(name).guided(3.5) for name in (SD, FLUX, "Flux2Pipeline", "ZImagePipeline")]
    assert guided == [True, False, False, True]
    assert not family(SD).guided(1.0)
    assert family("ZImagePipeline").guided(0.5)


def test_a_pipeline_in_no_table_is_left_to_its_own_defaults() -> None:
    described = Described("DreamPipeline", denoiser={"sample_size": 32}, cell=8)
    assert family_of(described) is None
    found = unknown_family(described)
    assert (found.title, found.num_inference_steps, found.side) == ("DreamPipeline", 0, 256)
    assert not found.loras


def test_a_model_is_called_as_its_files_are_and_its_id_on_the_hub() -> None:
    hub = Path("hub/models--ByteDance--SDXL-Lightning/snapshots/0123")
    assert name_of_files(Path("models/fox")) == "fox"
    assert name_of_files(hub) == "ByteDance/SDXL-Lightning/0123"
    assert name_of_files(hub / "4step.safetensors") == "ByteDance/SDXL-Lightning/4step.safetensors"


def test_a_model_made_for_small_pictures_draws_wide_and_high_ones_too() -> None:
    small = replace(family(SD), side=64)
    small.sizes.check("diffusers", 96, 48)
    assert family(SD).sizes.min_side == 64
