"""The upscaler `diffusers`: folders are checked without running anything of them.

What it draws is tested in tests/extras, where torch is installed.
"""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from networks import write_safetensors
from rasters import noise, raster_from

from imagine.stages.errors import LocalBackendError
from imagine.stages.upscale import UPSCALERS, UpscaleRequest
from imagine.stages.upscale.diffusers_folder import DiffusersFolder, diffusers_folder

INDEX: dict[str, Any] = {
    "_class_name": "StableDiffusionUpscalePipeline",
    "_diffusers_version": "0.42.1",
    "max_noise_level": 350,
    "safety_checker": [None, None],
    "scheduler": ["diffusers", "DDIMScheduler"],
    "text_encoder": ["transformers", "CLIPTextModel"],
    "unet": ["diffusers", "UNet2DConditionModel"],
    "vae": ["diffusers", "AutoencoderKL"],
}
WEIGHTS = {"x": np.zeros((2, 3), np.float32)}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    root = tmp_path / "x4"
    for part in ("scheduler", "text_encoder", "unet", "vae"):
        (root / part).mkdir(parents=True)
    for part in ("text_encoder", "unet", "vae"):
        write_safetensors(root / part / "model.safetensors", WEIGHTS)
    _describe(root)
    return root


def _describe(root: Path, **changes: Any) -> None:
    (root / "model_index.json").write_text(json.dumps(INDEX | changes), encoding="utf-8")


def test_a_folder_is_known_by_its_description(folder: Path) -> None:
    assert diffusers_folder(folder) == DiffusersFolder(
        path=folder,
        pipeline="StableDiffusionUpscalePipeline",
        factor=4,
        max_noise=350,
        variant=None,
    )
    _describe(folder, _class_name="StableDiffusionLatentUpscalePipeline")
    latent = diffusers_folder(folder)
    assert (latent.factor, latent.max_noise) == (2, None)


def test_other_weights_of_a_folder_are_told_apart(folder: Path) -> None:
    first = diffusers_folder(folder).weights()
    assert len(first) == 16
    assert UPSCALERS.create("diffusers", model=str(folder)).weights() == first
    write_safetensors(folder / "vae" / "model.safetensors", {"x": np.zeros((2, 4), np.float32)})
    second = diffusers_folder(folder).weights()
    _describe(folder, max_noise_level=100)
    assert len({first, second, diffusers_folder(folder).weights()}) == 3


def test_capabilities_need_no_torch(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    upscaler = UPSCALERS.create("diffusers", model=str(folder))
    assert upscaler.model == "x4"
    assert upscaler.capabilities.factors == (4,)
    assert upscaler.capabilities.denoise == (0, 350)
    assert upscaler.capabilities.invents
    assert upscaler.capabilities.prompt
    assert upscaler.capabilities.seed


def test_weights_of_a_variant_are_found(folder: Path) -> None:
    for part in ("text_encoder", "unet", "vae"):
        (folder / part / "model.safetensors").rename(folder / part / "model.fp16.safetensors")
    assert diffusers_folder(folder).variant == "fp16"
    write_safetensors(folder / "unet" / "model.safetensors", WEIGHTS)
    write_safetensors(folder / "vae" / "model.safetensors", WEIGHTS)
    write_safetensors(folder / "text_encoder" / "model.safetensors", WEIGHTS)
    assert diffusers_folder(folder).variant is None


def test_weights_in_several_files_are_found(folder: Path) -> None:
    shards = [f"model-0000{index}-of-00002.safetensors" for index in (1, 2)]
    for shard in shards:
        write_safetensors(folder / "unet" / shard, WEIGHTS)
    (folder / "unet" / "model.safetensors").unlink()
    index = folder / "unet" / "model.safetensors.index.json"
    index.write_text(json.dumps({"weight_map": {"x": shards[0], "y": shards[1]}}))
    assert diffusers_folder(folder).variant is None
    (folder / "unet" / shards[1]).unlink()
    with pytest.raises(LocalBackendError) as caught:
        diffusers_folder(folder)
    assert str(caught.value) == (
        f"The folder '{folder / 'unet'}' lacks '{shards[1]}'; download all of it."
    )
    index.write_text("[]")
    with pytest.raises(LocalBackendError) as caught:
        diffusers_folder(folder)
    assert str(caught.value) == f"The file '{index}' is no index of weights; download it again."


def _remove(root: Path) -> None:
    for path in sorted(root.rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    root.rmdir()


def _file(root: Path) -> None:
    _remove(root)
    root.touch()


def _pickled(root: Path) -> None:
    (root / "unet" / "model.safetensors").rename(root / "unet" / "model.bin")


def _cut(root: Path) -> None:
    path = root / "vae" / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-4])


def _pointer(root: Path) -> None:
    (root / "vae" / "model.safetensors").write_text(
        "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n"
    )


def _describing(**changes: Any) -> Callable[[Path], None]:
    return lambda root: _describe(root, **changes)


PIPELINES = "StableDiffusionUpscalePipeline or StableDiffusionLatentUpscalePipeline"
REFUSED: dict[str, tuple[Callable[[Path], object], str]] = {
    "missing": (
        _remove,
        "The folder 'ROOT' does not exist; name the folder that holds the upscaler's "
        "model_index.json, as --upscaler diffusers/FOLDER.",
    ),
    "a file": (
        _file,
        "The folder 'ROOT' is a file; name the folder that holds the upscaler's model_index.json, "
        "as --upscaler diffusers/FOLDER.",
    ),
    "no description": (
        lambda root: (root / "model_index.json").unlink(),
        "The folder 'ROOT' has no model_index.json; name the folder of a diffusers pipeline, all "
        "of it.",
    ),
    "no JSON": (
        lambda root: (root / "model_index.json").write_text("{"),
        "The file 'ROOT/model_index.json' cannot be read as JSON; download it again.",
    ),
    "a list": (
        lambda root: (root / "model_index.json").write_text("[]"),
        "The file 'ROOT/model_index.json' describes no pipeline; download it again.",
    ),
    "another pipeline": (
        _describing(_class_name="FluxPipeline"),
        f"The folder 'ROOT' holds the pipeline 'FluxPipeline', no upscaler; name one with "
        f"{PIPELINES}.",
    ),
    "a pipeline of its own": (
        _describing(_class_name=["pipeline", "Own"]),
        "The folder 'ROOT' holds the pipeline '['pipeline', 'Own']', no upscaler; name one with "
        f"{PIPELINES}.",
    ),
    "a part of its own": (
        _describing(unet=["my_unet", "Own"]),
        "The folder 'ROOT' has 'unet' of 'my_unet', a program of its own, which is never run; use "
        "one without.",
    ),
    "a lost part": (
        lambda root: _remove(root / "scheduler"),
        "The folder 'ROOT' lacks its part 'scheduler'; download all of it.",
    ),
    "pickles": (
        _pickled,
        "The folder 'ROOT/unet' has weights as pickles only, which can run programs; download the "
        ".safetensors files.",
    ),
    "no weights": (
        lambda root: (root / "unet" / "model.safetensors").unlink(),
        "The folder 'ROOT/unet' has no .safetensors file; download all of it.",
    ),
    "half a file": (
        _cut,
        "The model 'ROOT/vae/model.safetensors' is cut off, 127 of 131 bytes are there; download "
        "it again.",
    ),
    "a pointer": (
        _pointer,
        "The model 'ROOT/vae/model.safetensors' is no .safetensors file that can be used: it is a "
        "pointer of Git LFS to the file; get it again from where it came from.",
    ),
}


@pytest.mark.parametrize(("change", "reason"), REFUSED.values(), ids=list(REFUSED))
def test_a_folder_that_cannot_be_used_is_refused(
    folder: Path, change: Callable[[Path], object], reason: str
) -> None:
    change(folder)
    with pytest.raises(LocalBackendError) as caught:
        UPSCALERS.create("diffusers", model=str(folder))
    assert str(caught.value) == reason.replace("ROOT", str(folder))
    assert caught.value.exit_code == 6


def test_without_a_folder_it_says_how_to_name_one() -> None:
    with pytest.raises(LocalBackendError) as caught:
        UPSCALERS.create("diffusers", model="")
    assert str(caught.value) == (
        "The upscaler 'diffusers' needs a folder with a pipeline; name it, as --upscaler "
        "diffusers/FOLDER."
    )


@pytest.mark.parametrize("module", ["torch", "diffusers", "transformers"])
def test_a_missing_package_is_named_with_the_extra(
    folder: Path, monkeypatch: pytest.MonkeyPatch, module: str
) -> None:
    for name in ("torch", "diffusers", "transformers", "safetensors"):
        monkeypatch.setitem(sys.modules, name, type(sys)(name))
    monkeypatch.setitem(sys.modules, module, None)
    upscaler = UPSCALERS.create("diffusers", model=str(folder))
    request = UpscaleRequest(width=40, height=40)
    with pytest.raises(LocalBackendError) as caught:
        upscaler.upscale(raster_from(noise(10, 10)), request, on_progress=lambda progress: None)
    assert str(caught.value) == (
        f"The upscaler 'diffusers' needs the Python package '{module}', which is not installed; "
        "pip install 'imagine-cli[diffusers]'."
    )
