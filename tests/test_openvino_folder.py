"""Folders for the backend openvino, checked without OpenVINO."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hosted import reference, request_of
from openvino_files import NETWORK, NETWORKS, converted_at, write_json

from imagine.stages.errors import LocalBackendError, UsageError
from imagine.stages.generate.diffusers.ways import strength_for
from imagine.stages.generate.local.options import LocalOptions
from imagine.stages.generate.local.shelf import Place, Shelf
from imagine.stages.generate.openvino.backend import OpenVINOBackend
from imagine.stages.generate.openvino.folder import ConvertedFolder, converted_folder
from imagine.stages.generate.openvino.layout import LAYOUTS
from imagine.stages.generate.openvino.leading import leader_for
from imagine.stages.image import ReferenceImage


def folder_at(path: Path) -> ConvertedFolder:
    return converted_folder(Place(path.name, path))


def backend_of(model: str, tmp_path: Path) -> OpenVINOBackend:
    shelf = Shelf(
        catalog=tmp_path / "models.toml", seen=tmp_path / "seen.json", hub=tmp_path / "hub"
    )
    return OpenVINOBackend(model=model, shelf=shelf, options=LocalOptions(), tell=lambda _: None)


def test_a_whole_folder_says_what_it_draws(tmp_path: Path) -> None:
    path = converted_at(tmp_path / "fast")
    folder = folder_at(path)
    assert (folder.name, folder.family.title) == ("fast", "Stable Diffusion 1")
    assert (folder.draws_over, folder.tiny) == (True, False)
    # Three halvings by the UNet of cells of 8 pixels.
    assert (folder.family.multiple, folder.family.side) == (64, 512)
    capabilities = backend_of(str(path), tmp_path).capabilities
    assert capabilities.negative_prompt
    assert capabilities.mask
    assert capabilities.hires_fix
    assert capabilities.max_images == 1
    assert not folder_at(converted_at(tmp_path / "b", networks=NETWORKS[:3])).draws_over
    assert folder_at(converted_at(tmp_path / "c", tiny=True)).tiny


def test_a_folder_without_an_encoder_takes_no_pictures(tmp_path: Path) -> None:
    path = converted_at(tmp_path / "fast", networks=NETWORKS[:3])
    capabilities = backend_of(str(path), tmp_path).capabilities
    assert capabilities.max_images == 0
    taken = (capabilities.strength, capabilities.mask, capabilities.hires_fix)
    assert taken == (False, False, False)


def test_other_weights_have_another_fingerprint(tmp_path: Path) -> None:
    path = converted_at(tmp_path / "fast")
    before = folder_at(path).weights()
    assert before == folder_at(converted_at(tmp_path / "same")).weights()
    (path / "unet" / "openvino_model.bin").write_bytes(bytes(81))
    assert folder_at(path).weights() != before


@pytest.mark.parametrize(
    ("folder", "source", "title"),
    [
        ("fast", "org/sd-turbo-v1", "Stable Diffusion 1, distilled"),
        ("fast", "/home/hyper/sd15", "Stable Diffusion 1"),
        ("my-turbo", "org/sd15", "Stable Diffusion 1"),
        ("my-turbo", None, "Stable Diffusion 1, distilled"),
        ("models--org--sd15-lcm/snapshots/0a1b", None, "Stable Diffusion 1, LCM"),
    ],
)
def test_a_model_is_known_by_what_it_was_converted_from_not_by_the_users_name_for_it(
    tmp_path: Path, folder: str, source: str | None, title: str
) -> None:
    path = converted_at(tmp_path / folder)
    if source is not None:
        index = json.loads((path / "model_index.json").read_text())
        write_json(path / "model_index.json", index | {"_name_or_path": source})
    assert converted_folder(Place("hyper", path)).family.title == title


def _plain(path: Path) -> None:
    for file in path.glob("*/openvino_*"):
        file.unlink()


def _without(name: str) -> Callable[[Path], None]:
    return lambda path: (path / name).unlink()


def _written(name: str, data: bytes) -> Callable[[Path], None]:
    def write(path: Path) -> None:
        (path / name).write_bytes(data)

    return write


BROKEN: dict[str, tuple[Callable[[Path], None], str]] = {
    "of diffusers": (
        _plain,
        "The folder '{path}' is not converted for OpenVINO; run `imagine models convert {path} "
        "TARGET`, or choose -b diffusers.",
    ),
    "no index": (
        _without("model_index.json"),
        "The folder '{path}' lacks 'model_index.json'; convert or download all of it again.",
    ),
    "index cut off": (
        _written("model_index.json", b'{"_class_name": '),
        "The file '{path}/model_index.json' describes nothing that can be used; convert or "
        "download the folder again.",
    ),
    "another pipeline": (
        _written("model_index.json", b'{"_class_name": "ShapEPipeline"}'),
        "The folder '{path}' holds the pipeline 'ShapEPipeline', which the backend 'openvino' "
        "does not know; name one with StableDiffusionPipeline, LatentConsistencyModelPipeline, "
        "StableDiffusionXLPipeline, StableDiffusion3Pipeline, FluxPipeline.",
    ),
    "no weights": (
        _without("unet/openvino_model.bin"),
        "The folder '{path}' lacks 'unet/openvino_model.bin'; convert or download all of it again.",
    ),
    "no tokenizer": (
        _without("tokenizer/openvino_tokenizer.xml"),
        "The folder '{path}' lacks 'tokenizer/openvino_tokenizer.xml'; convert or download all "
        "of it again.",
    ),
    "no scheduler": (
        _without("scheduler/scheduler_config.json"),
        "The folder '{path}' lacks 'scheduler/scheduler_config.json'; convert or download all "
        "of it again.",
    ),
    "weights cut off": (
        _written("unet/openvino_model.bin", bytes(79)),
        "The file '{path}/unet/openvino_model.bin' is cut off, 79 of 80 bytes are there; convert "
        "or download the folder again.",
    ),
    "list cut off": (
        _written("unet/openvino_model.xml", NETWORK[:-9].encode()),
        "The file '{path}/unet/openvino_model.xml' is cut off; convert or download the folder "
        "again.",
    ),
    "a pointer": (
        _written("unet/openvino_model.bin", b"version https://git-lfs.github.com/spec/v1\noid"),
        "The file '{path}/unet/openvino_model.bin' is a pointer of Git LFS, not the weights; run "
        "`git lfs pull` there, or download the folder again.",
    ),
    "no blocks": (
        _written("vae_decoder/config.json", b"{}"),
        "The file '{path}/vae_decoder/config.json' describes nothing that can be used; convert "
        "or download the folder again.",
    ),
}


@pytest.mark.parametrize("case", BROKEN)
def test_each_way_of_being_broken_has_its_sentence(tmp_path: Path, case: str) -> None:
    spoil, sentence = BROKEN[case]
    path = converted_at(tmp_path / "fast")
    spoil(path)
    with pytest.raises(LocalBackendError) as caught:
        folder_at(path)
    assert str(caught.value) == sentence.format(path=path)


def test_a_single_file_is_told_where_to_go(tmp_path: Path) -> None:
    (tmp_path / "m.safetensors").write_bytes(b"")
    with pytest.raises(LocalBackendError) as caught:
        backend_of(str(tmp_path / "m.safetensors"), tmp_path)
    assert str(caught.value) == (
        f"The model '{tmp_path}/m.safetensors' is a file, and the backend 'openvino' draws from "
        "converted folders; convert its diffusers folder with `imagine models convert`, or "
        "choose -b diffusers."
    )


def test_no_model_at_all_is_told_how_to_name_one(tmp_path: Path) -> None:
    with pytest.raises(LocalBackendError) as caught:
        backend_of("", tmp_path)
    assert str(caught.value) == (
        "The backend 'openvino' needs a model: name its converted folder with --model, or run "
        "`imagine models convert FOLDER TARGET`, or set IMAGINE_OPENVINO_MODEL."
    )


def test_a_missing_extra_is_found_when_drawing_begins(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "openvino_genai", None)
    monkeypatch.setitem(sys.modules, "openvino", None)
    backend = backend_of(str(converted_at(tmp_path / "fast")), tmp_path)
    with pytest.raises(LocalBackendError) as caught:
        next(iter(backend.generate(request_of())))
    assert str(caught.value) == (
        "The backend 'openvino' needs the Python package 'openvino', which is not installed; "
        "pip install 'imagine-cli[openvino]'."
    )


def test_the_constructor_loads_no_library(tmp_path: Path) -> None:
    path = converted_at(tmp_path / "fast")
    program = (
        "import sys; from pathlib import Path\n"
        "from imagine.stages.generate.openvino.backend import OpenVINOBackend\n"
        "from imagine.stages.generate.local.shelf import Shelf\n"
        "from imagine.stages.generate.local.options import LocalOptions\n"
        f"at = Path({str(tmp_path)!r})\n"
        "shelf = Shelf(catalog=at / 'c', seen=at / 's', hub=at / 'h')\n"
        f"OpenVINOBackend(model={str(path)!r}, shelf=shelf, options=LocalOptions(), tell=print)\n"
        "print(sorted({'numpy', 'torch', 'openvino', 'PIL'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], check=True, capture_output=True, text=True
    )
    assert done.stdout == "[]\n"


@pytest.mark.parametrize(
    ("named", "name", "kind"),
    [
        (None, "EulerDiscreteScheduler", "EULER_DISCRETE"),
        ("EulerDiscreteScheduler", "EulerDiscreteScheduler", "EULER_DISCRETE"),
        ("Euler a", "euler_a", "EULER_ANCESTRAL_DISCRETE"),
        ("ddim", "ddim", "DDIM"),
        ("pndm", "pndm", "PNDM"),
        ("lcm", "lcm", "LCM"),
    ],
)
def test_schedulers_that_openvino_has_are_found(
    tmp_path: Path, named: str | None, name: str, kind: str
) -> None:
    leader = leader_for(folder_at(converted_at(tmp_path / "fast")), named)
    assert (leader.name, leader.kind, leader.notes) == (name, kind, ())


@pytest.mark.parametrize("named", ["dpm++_2m", "euler_karras", "flow_euler"])
def test_schedulers_that_it_has_not_are_refused(tmp_path: Path, named: str) -> None:
    with pytest.raises(UsageError) as caught:
        leader_for(folder_at(converted_at(tmp_path / "fast")), named)
    assert str(caught.value).startswith(
        f"--scheduler {named} cannot lead Stable Diffusion 1 in the backend 'openvino'; choose "
        "one of euler, euler_a, "
    )
    assert str(caught.value).endswith(", or choose -b diffusers.")


def test_a_model_whose_own_scheduler_it_has_not_is_led_by_another_and_says_so(
    tmp_path: Path,
) -> None:
    own = {"_class_name": "UniPCMultistepScheduler"}
    leader = leader_for(folder_at(converted_at(tmp_path / "fast", scheduler=own)), None)
    assert leader.name == "EulerDiscreteScheduler"
    assert leader.notes == (
        "OpenVINO has no UniPCMultistepScheduler, which the model fast comes with; "
        "EulerDiscreteScheduler led the steps.",
    )
    karras = {"_class_name": "EulerDiscreteScheduler", "use_karras_sigmas": True}
    leader = leader_for(folder_at(converted_at(tmp_path / "b", scheduler=karras)), None)
    assert leader.changes["use_karras_sigmas"] is False
    assert leader.notes == (
        "OpenVINO does not space steps as the model b asks (use_karras_sigmas); they were "
        "spaced evenly.",
    )


def test_guidance_that_a_turbo_model_does_not_read_is_refused(tmp_path: Path) -> None:
    own = {"_class_name": "EulerDiscreteScheduler", "timestep_spacing": "trailing"}
    path = converted_at(tmp_path / "turbo", scheduler=own)
    backend = backend_of(str(path), tmp_path)
    assert backend.own_values(request_of()) == {
        "num_inference_steps": 4,
        "guidance_scale": 0.0,
        "scheduler": "EulerDiscreteScheduler",
    }
    with pytest.raises(UsageError) as caught:
        backend.check(request_of(guidance_scale=7.5))
    assert str(caught.value) == (
        "--guidance 7.5 is out of range: turbo (Stable Diffusion 1, distilled) reads 0 to 2; "
        "leave it out."
    )


@pytest.mark.parametrize(
    ("drawn_over", "options", "steps", "strength"),
    [
        ((), {}, 1, None),
        # Of one step 0.8 leaves none, and the model's own are raised.
        (("image",), {}, 2, 0.8),
        (("image",), {"strength": 0.3}, 4, 0.3),
        (("image", "mask"), {}, 1, 1.0),
    ],
)
def test_what_is_said_before_is_what_is_drawn_with(
    tmp_path: Path,
    drawn_over: tuple[str, ...],
    options: dict[str, Any],
    steps: int,
    strength: float | None,
) -> None:
    own = {"_class_name": "EulerDiscreteScheduler", "timestep_spacing": "trailing"}
    path = converted_at(tmp_path / "Hyper-SD15-1step", scheduler=own)
    backend = backend_of(str(path), tmp_path)
    if "image" in drawn_over:
        options = {**options, "images": (reference(),)}
    if "mask" in drawn_over:
        options = {**options, "mask": reference()}
    values = backend.own_values(request_of(**options))
    assert (values["num_inference_steps"], values.get("strength")) == (steps, strength)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"num_inference_steps": 1},
            "At a strength of 0.8, 1 step leaves none to draw; choose --steps 2 or more.",
        ),
        (
            {"mask": reference(64, 48), "num_inference_steps": 2},
            "The mask has no white at 64x48, so nothing would be drawn; paint what --mask is to "
            "draw anew in white.",
        ),
    ],
)
def test_what_drawing_would_refuse_of_a_picture_is_refused_before(
    tmp_path: Path, options: dict[str, Any], message: str
) -> None:
    backend = backend_of(str(converted_at(tmp_path / "fast")), tmp_path)
    with pytest.raises(UsageError) as caught:
        backend.check(request_of(images=(reference(64, 48),), **options))
    assert str(caught.value) == message


@pytest.mark.parametrize("name", LAYOUTS)
@pytest.mark.parametrize("mask", [None, reference()])
def test_a_picture_is_left_as_far_as_the_backend_diffusers_leaves_it(
    name: str, mask: ReferenceImage | None
) -> None:
    request = request_of(images=(reference(),), mask=mask)
    alike = strength_for(name, request)
    # The backend `diffusers` has no way for latent consistency models to draw within a mask.
    assert LAYOUTS[name].strength(request) == (1.0 if alike is None else alike)


def test_the_index_may_leave_out_the_third_encoder(tmp_path: Path) -> None:
    networks = ("text_encoder", "text_encoder_2", "transformer", "vae_decoder")
    path = converted_at(tmp_path / "sd3", pipeline="StableDiffusion3Pipeline", networks=networks)
    index = json.loads((path / "model_index.json").read_text())
    write_json(path / "model_index.json", index | {"text_encoder_3": [None, None]})
    assert folder_at(path).layout.tokenizers == ("tokenizer", "tokenizer_2")
