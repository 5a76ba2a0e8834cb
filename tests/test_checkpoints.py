import pytest

from imagine.stages.generate.checkpoints import (
    cfg_of,
    family_by_name,
    has_guidance_built_in,
    inpaints,
    reads_negative,
    sampling_of,
    steps_of,
    told_of_unnamed,
)


@pytest.mark.parametrize(
    ("name", "title"),
    [
        ("", "Stable Diffusion 1"),
        ("dreamshaper_8.safetensors", "Stable Diffusion 1"),
        # A second version of somebody's own.
        ("cyberrealistic_v20.safetensors", "Stable Diffusion 1"),
        ("v1-5-pruned-emaonly", "Stable Diffusion 1"),
        ("LCM_Dreamshaper_v7", "Stable Diffusion 1, LCM"),
        ("v2-1_768-ema-pruned.ckpt", "Stable Diffusion 2"),
        ("sd_turbo.safetensors", "SD-Turbo"),
        ("sdxl/sd_xl_base_1.0.safetensors", "Stable Diffusion XL"),
        ("sdxl\\ponyDiffusionV6.safetensors", "Stable Diffusion XL"),
        ("illustriousXL_v01.safetensors [0f0c5e52aa]", "Stable Diffusion XL"),
        ("sd_xl_turbo_1.0_fp16.safetensors", "SDXL-Turbo"),
        ("juggernautXL_lightning.safetensors", "SDXL, distilled"),
        ("sd3.5_large.safetensors", "Stable Diffusion 3"),
        ("flux1-dev-fp8.safetensors", "FLUX.1"),
        ("flux1-schnell-fp8.safetensors", "FLUX.1 [schnell]"),
        ("flux-2-dev.safetensors", "FLUX.2"),
        ("flux-2-klein-4b.safetensors", "FLUX.2 [klein], distilled"),
        ("flux-2-klein-base-4b.safetensors", "FLUX.2 [klein]"),
        ("z_image_turbo_bf16.safetensors", "Z-Image Turbo"),
        ("qwen_image_fp8.safetensors", "Qwen-Image"),
        ("Chroma1-HD.safetensors", "Chroma"),
        # A folder is no name: of models of all kinds.
        ("flux/dreamshaper_8.safetensors", "Stable Diffusion 1"),
    ],
)
def test_a_name_tells_the_family(name: str, title: str) -> None:
    assert family_by_name(name).title == title


@pytest.mark.parametrize(
    ("name", "guidance", "steps", "sampling"),
    [
        ("dreamshaper_8", (7.5, True, False), 20, ("dpmpp_2m", "karras")),
        ("LCM_Dreamshaper_v7", (1.0, False, False), 4, ("lcm", "sgm_uniform")),
        ("juggernautXL_lightning_8step", (1.0, False, False), 8, ("euler", "sgm_uniform")),
        ("flux1-dev", (1.0, False, True), 20, ("euler", "simple")),
        ("flux1-schnell", (1.0, False, False), 4, ("euler", "simple")),
        ("sd3.5_large", (4.5, True, False), 20, ("euler", "simple")),
        # Its guidance counts from 0, theirs from 1.
        ("z_image_base", (6.0, True, False), 20, ("euler", "simple")),
    ],
)
def test_a_family_is_asked_as_these_servers_count(
    name: str, guidance: tuple[float, bool, bool], steps: int, sampling: tuple[str, str]
) -> None:
    family = family_by_name(name)
    assert (cfg_of(family), reads_negative(family), has_guidance_built_in(family)) == guidance
    assert steps_of(family) == steps
    assert sampling_of(family) == sampling


@pytest.mark.parametrize(
    ("name", "size", "told"),
    [
        ("dreamshaper_8", (512, 512), False),
        ("juggernautXL_v9", (512, 512), True),
        ("juggernautXL_v9", (1024, 1024), False),
        ("flux1-dev", (1024, 1024), True),
    ],
)
def test_a_model_that_nobody_named_is_told_of_where_that_makes_a_difference(
    name: str, size: tuple[int, int], told: bool
) -> None:
    assert (told_of_unnamed(name, size, setting="SETTING") is not None) is told


def test_models_for_inpainting_say_so_in_their_names() -> None:
    assert inpaints("sd-v1-5-inpainting.ckpt")
    assert inpaints("dreamshaper_8Inpainting.safetensors")
    assert not inpaints("dreamshaper_8.safetensors")
