"""Model files for stable-diffusion.cpp: what they hold, what they lack, why they are refused."""

import os
from pathlib import Path

import pytest
from sdcpp_files import (
    FLUX,
    INPAINTING,
    PLAIN,
    SD2,
    SD15,
    SDXL,
    Shapes,
    write_gguf,
    write_safetensors,
)

from imagine.cli import local
from imagine.stages.errors import LocalBackendError
from imagine.stages.generate.local.shelf import Place, Shelf
from imagine.stages.generate.sdcpp.companions import SdcppOptions, companions_of
from imagine.stages.generate.sdcpp.kinds import KINDS, Found, kind_of
from imagine.stages.generate.sdcpp.model_files import model_file, weights_of

PREFIX = "model.diffusion_model."


def prefixed(shapes: Shapes) -> Shapes:
    return {f"{PREFIX}{name}": shape for name, shape in shapes.items()}


@pytest.mark.parametrize(
    ("shapes", "kind", "alone", "missing"),
    [
        (SD15, "sd15", False, ()),
        (SD2, "sd2", False, ()),
        (SDXL, "sdxl", False, ()),
        (FLUX, "flux", True, ("vae", "clip_l", "t5xxl")),
        (prefixed(FLUX), "flux", False, ("vae", "clip_l", "t5xxl")),
        (
            {**prefixed(FLUX), "vae.decoder.conv_in.weight": (1,), "text_encoders.t5xxl.x": (1,)},
            "flux",
            False,
            ("clip_l",),
        ),
        ({"joint_blocks.0.x": (1,)}, "sd3", True, ("vae", "clip_l", "clip_g", "t5xxl")),
        ({"cap_embedder.0.weight": (1,)}, "zimage", True, ("vae", "llm")),
        ({"transformer_blocks.0.img_mod.1.weight": (1,)}, "qwen-image", True, ("vae", "llm")),
        ({**FLUX, "distilled_guidance_layer.in": (1,)}, "chroma", True, ("vae", "t5xxl")),
        (
            {**FLUX, "double_stream_modulation_img.lin.weight": (1,)},
            "flux2-klein",
            True,
            ("vae", "llm"),
        ),
        (
            {
                **FLUX,
                "double_stream_modulation_img.lin.weight": (1,),
                "single_blocks.47.linear1.weight": (1,),
            },
            "flux2",
            True,
            ("vae", "llm"),
        ),
    ],
)
def test_a_kind_is_told_by_the_names_of_tensors(
    shapes: Shapes, kind: str, alone: bool, missing: tuple[str, ...]
) -> None:
    found = kind_of(shapes)

    assert found is not None
    assert (found.kind.name, found.alone, found.missing) == (kind, alone, missing)


def test_every_kind_is_a_family_of_diffusers() -> None:
    for kind in KINDS:
        found = Found(kind, False, frozenset(kind.parts), False, False, True)
        assert found.family("a model").name == kind.name


@pytest.mark.parametrize(
    ("shapes", "name", "steps", "guidance"),
    [
        (SD15, "dreamshaper_8", 25, 7.5),
        (SDXL, "sdxl_lightning_4step", 4, 0.0),
        (FLUX, "flux1-dev-Q4_K_S", 28, 3.5),
        ({"double_blocks.0.x": (1,)}, "flux1-schnell-Q4_K_S", 4, 0.0),
        ({"cap_embedder.0.weight": (1,)}, "z_image_turbo-Q8_0", 9, 0.0),
    ],
)
def test_distilled_models_are_told_by_their_files(
    shapes: Shapes, name: str, steps: int, guidance: float
) -> None:
    found = kind_of(shapes)

    assert found is not None
    family = found.family(name)
    assert (family.num_inference_steps, family.guidance_scale) == (steps, guidance)


def test_inpainting_models_are_known_by_what_they_take() -> None:
    found, plain = kind_of(INPAINTING), kind_of(SD15)

    assert found is not None
    assert plain is not None
    assert (found.inpainting, plain.inpainting) == (True, False)


@pytest.mark.parametrize(
    ("shapes", "what"),
    [
        (PLAIN, "none that is known here"),
        ({"down_blocks.0.resnets.0.conv1.weight": (1,)}, "a part of a diffusers folder"),
        ({"lora_unet_x.lora_down.weight": (1,)}, "a LoRA"),
        ({"blk.0.attn_q.weight": (1,)}, "a language model"),
        ({"model.diffusion_model.nerf_final_layer_conv.x": (1,)}, "Chroma Radiance"),
    ],
)
def test_what_draws_nothing_is_refused(tmp_path: Path, shapes: Shapes, what: str) -> None:
    path = write_safetensors(tmp_path / "model.safetensors", shapes)

    with pytest.raises(LocalBackendError) as error:
        model_file(path)
    assert str(error.value) == (
        f"The model '{path}' is {what}, and the backend 'sdcpp' does not draw with it; name a "
        "file of Stable Diffusion 1 to 3, SDXL, FLUX, Chroma, Z-Image or Qwen-Image."
    )


def test_a_model_that_a_second_picture_leads_is_refused(tmp_path: Path) -> None:
    path = write_gguf(tmp_path / "depth.gguf", {**FLUX, "img_in.weight": (3072, 128)})

    with pytest.raises(LocalBackendError) as error:
        model_file(path)
    assert str(error.value) == (
        f"The model '{path}' is led by a second picture, which the backend 'sdcpp' does not send; "
        "name a model that draws from words."
    )


@pytest.mark.parametrize("suffix", [".ckpt", ".pt", ".pth", ".bin"])
def test_pickles_are_refused_unread(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"model{suffix}"
    path.write_bytes(b"")

    with pytest.raises(LocalBackendError) as error:
        model_file(path)
    assert str(error.value) == (
        f"The model '{path}' is a pickle, which can run programs; get it as a .safetensors or "
        ".gguf file."
    )


def test_other_files_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "model.onnx"
    path.write_bytes(b"")

    with pytest.raises(LocalBackendError) as error:
        model_file(path)
    assert str(error.value) == (
        f"The model '{path}' is no .gguf or .safetensors file, the kinds that the backend 'sdcpp' "
        "reads; name one."
    )


def test_folders_are_refused(tmp_path: Path) -> None:
    with pytest.raises(LocalBackendError) as plain:
        model_file(tmp_path)
    (tmp_path / "model_index.json").write_text("{}")
    with pytest.raises(LocalBackendError) as diffusers:
        model_file(tmp_path)
    assert [str(error.value) for error in (plain, diffusers)] == [
        f"The model '{tmp_path}' is a folder, and the backend 'sdcpp' reads single files; name its "
        ".gguf or .safetensors file.",
        f"The model '{tmp_path}' is a folder of diffusers, and the backend 'sdcpp' reads single "
        "files; draw with --backend diffusers, or name a .gguf or .safetensors file.",
    ]


def test_a_file_that_was_half_downloaded_is_cut_off(tmp_path: Path) -> None:
    path = write_safetensors(tmp_path / "model.safetensors")
    whole = path.stat().st_size
    os.truncate(path, 1000)

    with pytest.raises(LocalBackendError) as error:
        model_file(path)
    assert str(error.value) == (
        f"The model '{path}' is cut off, 1,000 of {whole:,} bytes are there; download it again."
    )


def test_parts_that_lie_beside_the_model_are_found(tmp_path: Path) -> None:
    model = model_file(write_gguf(tmp_path / "flux1-dev-Q4_0.gguf"))
    for name in ("ae", "clip_l", "t5xxl_fp16"):
        write_safetensors(tmp_path / f"{name}.safetensors", PLAIN)
    (tmp_path / "clip_l.txt").write_text("notes")

    companions = companions_of(model, SdcppOptions())

    assert {part: path.name for part, path in companions.paths.items()} == {
        "vae": "ae.safetensors",
        "clip_l": "clip_l.safetensors",
        "t5xxl": "t5xxl_fp16.safetensors",
    }
    assert companions.found == ("vae", "clip_l", "t5xxl")


def test_settings_name_parts_even_of_whole_files(tmp_path: Path) -> None:
    model = model_file(write_safetensors(tmp_path / "model.safetensors"))
    vae = write_safetensors(tmp_path / "better.safetensors", PLAIN)

    # SD 1.5 has no T5: a setting for other models does not count.
    companions = companions_of(model, SdcppOptions(vae=str(vae), t5xxl="nowhere"))

    assert companions.paths == {"vae": vae}
    assert companions.found == ()


def test_a_missing_part_is_named_with_its_setting(tmp_path: Path) -> None:
    model = model_file(write_gguf(tmp_path / "flux.gguf"))

    with pytest.raises(LocalBackendError) as error:
        companions_of(model, SdcppOptions())
    assert str(error.value) == (
        f"The model '{model.path}' lacks the VAE; put its file beside it, or name it with the "
        "setting sdcpp_vae (IMAGINE_SDCPP_VAE)."
    )


def test_parts_that_cannot_be_told_apart_are_named(tmp_path: Path) -> None:
    model = model_file(write_gguf(tmp_path / "flux.gguf"))
    for name in ("ae", "flux-vae"):
        write_safetensors(tmp_path / f"{name}.safetensors", PLAIN)

    with pytest.raises(LocalBackendError) as error:
        companions_of(model, SdcppOptions())
    assert str(error.value) == (
        f"Beside the model '{model.path}' lie several files that may be the VAE, 'ae.safetensors' "
        "or 'flux-vae.safetensors'; name one with the setting sdcpp_vae."
    )


def test_a_setting_that_names_nothing_is_refused(tmp_path: Path) -> None:
    model = model_file(write_gguf(tmp_path / "flux.gguf"))

    with pytest.raises(LocalBackendError) as error:
        companions_of(model, SdcppOptions(vae=str(tmp_path / "none.gguf")))
    assert str(error.value) == (
        f"There is no file '{tmp_path / 'none.gguf'}' that sdcpp_vae names; correct the setting."
    )


def test_a_part_that_was_half_downloaded_is_cut_off(tmp_path: Path) -> None:
    model = model_file(write_gguf(tmp_path / "flux.gguf"))
    vae = write_safetensors(tmp_path / "ae.safetensors", PLAIN)
    whole = vae.stat().st_size
    os.truncate(vae, whole - 1)
    for name in ("clip_l", "t5xxl"):
        write_safetensors(tmp_path / f"{name}.safetensors", PLAIN)

    with pytest.raises(LocalBackendError) as error:
        companions_of(model, SdcppOptions())
    assert str(error.value) == (
        f"The model '{vae}' is cut off, {whole - 1} of {whole} bytes are there; download it again."
    )


def test_weights_are_told_by_names_sizes_and_samples(tmp_path: Path) -> None:
    one = write_safetensors(tmp_path / "one.safetensors", PLAIN)
    two = write_safetensors(tmp_path / "two.safetensors", PLAIN)

    assert weights_of([one]) == weights_of([one])
    assert len({weights_of([one]), weights_of([two]), weights_of([one, two])}) == 3
    before = weights_of([one])
    with one.open("r+b") as file:
        file.seek(-1, os.SEEK_END)
        file.write(b"1")
    assert weights_of([one]) != before
    two.unlink()
    with pytest.raises(LocalBackendError) as error:
        weights_of([one, two])
    assert str(error.value) == (
        f"'{two}' cannot be read: No such file or directory; check the path."
    )


@pytest.mark.parametrize("installed", ["cyllama", "stable_diffusion_cpp"])
def test_either_binding_lets_a_model_be_drawn_with(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, installed: str
) -> None:
    monkeypatch.setattr(local, "find_spec", lambda name: name == installed or None)
    path = write_safetensors(tmp_path / "m.safetensors", SD15)
    shelf = Shelf(tmp_path / "models.toml", tmp_path / "seen.json", tmp_path / "hub")

    assert local.kind_of(Place("m", path), shelf) == "sdcpp"
