"""The backend `sdcpp` in real processes; the bindings behave as the real ones were seen to."""

import io
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hosted import reference, request_of
from PIL import Image
from sdcpp_files import FLUX, INPAINTING, PLAIN, SD15, SDXL, Shapes, write_gguf, write_safetensors

from imagine.stages.errors import LocalBackendError, UsageError
from imagine.stages.generate import Backend, CheckingBackend, TogetherBackend
from imagine.stages.generate.local.options import LocalOptions
from imagine.stages.generate.local.shelf import Shelf
from imagine.stages.generate.sdcpp import bindings
from imagine.stages.generate.sdcpp.backend import SdcppBackend
from imagine.stages.image import (
    GeneratedImage,
    HiresFix,
    ImageRequest,
    Lora,
    Progress,
    ReferenceImage,
)

BINDINGS = Path(__file__).parent / "fakes" / "sdcpp_bindings"
Asked = Callable[[], list[dict[str, Any]]]


@pytest.fixture
def asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Asked:
    """Installs cyllama; what it was asked comes when called."""
    return _installed("cyllama", tmp_path, monkeypatch)


@pytest.fixture
def asked_compiled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Asked:
    """As `asked`, with the other binding."""
    return _installed("compiled", tmp_path, monkeypatch)


def _installed(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Asked:
    log = tmp_path / "asked.jsonl"
    monkeypatch.setenv("PYTHONPATH", str(BINDINGS / name))
    monkeypatch.setenv("FAKE_SDCPP_LOG", str(log))
    modules = {"cyllama": "cyllama", "compiled": "stable_diffusion_cpp"}
    monkeypatch.setattr(bindings, "find_spec", lambda module: _spec(name, module, modules[name]))
    return lambda: [json.loads(line) for line in log.read_text("utf-8").splitlines()]


def _spec(name: str, module: str, there: str) -> Any:
    from importlib.machinery import PathFinder

    return PathFinder.find_spec(module, [str(BINDINGS / name)]) if module == there else None


def backend_of(
    folder: Path,
    shapes: Shapes = SD15,
    *,
    name: str = "model.safetensors",
    tell: Callable[[str], None] = lambda text: None,
    **options: Any,
) -> SdcppBackend:
    write = write_gguf if name.endswith(".gguf") else write_safetensors
    path = write(folder / name, shapes)
    shelf = Shelf(folder / "models.toml", folder / "seen.json", folder / "hub")
    return SdcppBackend(model=str(path), shelf=shelf, options=LocalOptions(**options), tell=tell)


def small(prompt: str = "a red fox", **changes: Any) -> ImageRequest:
    return request_of(prompt, **({"width": 64, "height": 128} | changes))


def drawn_by(backend: Backend, request: ImageRequest) -> tuple[list[Progress], GeneratedImage]:
    *steps, last = backend.generate(request)
    assert isinstance(last, GeneratedImage)
    return [step for step in steps if isinstance(step, Progress)], last


def test_one_process_loads_once_and_draws_many(tmp_path: Path, asked: Asked) -> None:
    backend = backend_of(tmp_path)

    steps, first = drawn_by(backend, small(num_inference_steps=2, seed=2**32 - 1))
    again, second = drawn_by(backend, small(num_inference_steps=2, seed=1))

    assert [(step.step, step.total, step.label) for step in steps] == [
        (0, 2, "loading sd15"),
        (0, 2, "step"),
        (1, 2, "step"),
        (2, 2, "step"),
        (2, 2, "decoding"),
    ]
    assert [step.label for step in again] == ["step", "step", "step", "decoding"]
    assert first.drawn is not None
    assert second.drawn is not None
    assert (first.drawn.mode, first.drawn.size) == ("RGB", (64, 128))
    assert first.drawn.tobytes() != second.drawn.tobytes()
    load, one, two = asked()
    assert load["model_path"] == str(tmp_path / "model.safetensors")
    assert (load["vae_decode_only"], load["free_params_immediately"]) == (False, False)
    assert (one["seed"], two["seed"]) == (2**32 - 1, 1)


def test_what_the_request_leaves_open_is_recorded(tmp_path: Path, asked: Asked) -> None:
    backend = backend_of(tmp_path)

    _, image = drawn_by(backend, small())

    assert image.model == "model.safetensors"
    assert tuple(backend.own_values(small(num_inference_steps=9)).items()) == image.parameters[:3]
    assert image.parameters[:-1] == (
        ("num_inference_steps", 25),
        ("guidance_scale", 7.5),
        ("scheduler", "euler_a"),
        ("library", "cyllama 0.2.18"),
    )
    name, weights = image.parameters[-1]
    assert (name, len(str(weights))) == ("weights", 16)
    assert image.notes == ()
    draw = asked()[-1]
    assert (draw["sample_steps"], draw["cfg_scale"], draw["sample_method"]) == (25, 7.5, 1)


def test_nothing_that_the_library_prints_gets_out(
    tmp_path: Path, asked: Asked, capfd: pytest.CaptureFixture[str]
) -> None:
    drawn_by(backend_of(tmp_path), small())

    assert capfd.readouterr() == ("", "")


def test_words_go_in_as_plain_words(tmp_path: Path, asked: Asked) -> None:
    _, image = drawn_by(
        backend_of(tmp_path), small("a (red:1.2) [fox]<lora:x:1>", negative_prompt="(blurry)")
    )

    draw = asked()[-1]
    assert draw["prompt"] == r"a \(red:1.2 ) \(fox)"
    assert draw["negative_prompt"] == r"\(blurry)"
    assert image.notes == (
        "The prompt was sent without the tags in it, which are commands to stable-diffusion.cpp.",
        "Square brackets were sent as round ones, which mean nothing to sd.cpp.",
    )


def test_a_reference_picture_and_its_mask_come_at_the_requests_size(
    tmp_path: Path, asked: Asked
) -> None:
    half = Image.new("L", (64, 128))
    half.paste(255, (0, 0, 32, 128))
    mask = _reference(half)
    original = Image.new("RGB", (64, 128), "teal")

    steps, image = drawn_by(
        backend_of(tmp_path),
        small(images=(reference(128, 128),), mask=mask, strength=0.5, num_inference_steps=4),
    )

    draw = asked()[-1]
    assert draw["image"].startswith("RGB (64, 128)")
    assert draw["mask"].startswith("L (64, 128)")
    assert draw["strength"] == 0.375
    assert [(step.step, step.total) for step in steps] == [
        (0, 4),
        (2, 4),
        (3, 4),
        (4, 4),
        (4, 4),
    ]
    assert ("strength", 0.5) in image.parameters
    assert image.drawn is not None
    kept, right = (picture.crop((32, 0, 64, 128)) for picture in (image.drawn, original))
    assert kept.tobytes() == right.tobytes()
    assert image.drawn.getpixel((0, 0)) != original.getpixel((0, 0))


def _reference(picture: Image.Image) -> ReferenceImage:
    file = io.BytesIO()
    picture.save(file, "PNG")
    return ReferenceImage(file.getvalue(), "png", picture.width, picture.height, "0" * 64)


def test_two_passes_draw_over_the_enlarged_first(tmp_path: Path, asked: Asked) -> None:
    steps, image = drawn_by(
        backend_of(tmp_path), small(num_inference_steps=2, hires_fix=HiresFix(2.0, 0.5))
    )

    assert image.drawn is not None
    assert image.drawn.size == (128, 256)
    _, first, second = asked()
    assert "image" not in first
    assert second["image"].startswith("RGB (128, 256)")
    assert (second["strength"], second["sample_steps"]) == (0.25, 2)
    assert [(step.step, step.total) for step in steps][-2:] == [(4, 4), (4, 4)]


def test_a_second_pass_of_an_odd_size_is_drawn_larger(tmp_path: Path, asked: Asked) -> None:
    _, image = drawn_by(backend_of(tmp_path), small(hires_fix=HiresFix(1.25)))

    assert image.drawn is not None
    assert image.drawn.size == (80, 160)
    assert asked()[-1]["image"].startswith("RGB (128, 192)")


@pytest.mark.parametrize(("steps", "strength", "taken"), [(4, 0.75, 3), (3, 0.34, 1), (2, 1.0, 2)])
def test_strength_means_what_it_means_in_diffusers(
    tmp_path: Path, asked: Asked, *, steps: int, strength: float, taken: int
) -> None:
    request = small(images=(reference(64, 128),), strength=strength, num_inference_steps=steps)
    told, image = drawn_by(backend_of(tmp_path), request)

    # The first one tells of none.
    assert len([step for step in told if step.label == "step"]) == taken + 1
    assert ("strength", strength) in image.parameters


def test_what_is_said_before_a_picture_is_drawn_over_is_what_it_is_drawn_with(
    tmp_path: Path, asked: Asked
) -> None:
    backend = backend_of(tmp_path, SDXL, name="sdxl_turbo.safetensors")
    request = small(images=(reference(64, 128),))
    before = backend.own_values(request)
    _, image = drawn_by(backend, request)
    assert before.items() <= dict(image.parameters).items()
    assert (before["num_inference_steps"], before["strength"]) == (2, 0.6)
    assert asked()[-1]["sample_steps"] == 2


@pytest.mark.parametrize(
    ("shapes", "changes", "strength"),
    [
        (SD15, {}, 0.75),
        (SDXL, {}, 0.6),
        (SDXL, {"mask": reference(64, 128)}, 0.75),
        (SDXL, {"strength": 0.2}, 0.2),
    ],
)
def test_a_picture_is_left_as_far_as_somebody_says_or_suits_its_kind(
    tmp_path: Path, asked: Asked, shapes: Shapes, changes: dict[str, Any], strength: float
) -> None:
    request = small(images=(reference(64, 128),), **changes)
    assert backend_of(tmp_path, shapes).own_values(request)["strength"] == strength


def test_few_steps_are_raised_where_nobody_typed_them_and_refused_where_somebody_did(
    tmp_path: Path, asked: Asked
) -> None:
    backend = backend_of(tmp_path, SDXL, name="sdxl_turbo.safetensors")
    picture = {"images": (reference(64, 128),), "strength": 0.5}

    _, image = drawn_by(backend, small(**picture))
    _, twice = drawn_by(backend, small(hires_fix=HiresFix(2.0, 0.4), num_inference_steps=2))

    assert ("num_inference_steps", 2) in image.parameters
    assert ("num_inference_steps", 2) in twice.parameters
    once, first, second = asked()[1:]
    assert [each["sample_steps"] for each in (once, first, second)] == [2, 2, 3]
    with pytest.raises(UsageError) as error:
        backend.check(small(**picture, num_inference_steps=1))
    assert str(error.value).endswith("; choose --steps 2 or more.")


@pytest.mark.parametrize(
    ("name", "method", "schedule"),
    [("sdxl_lightning_4step", 0, 5), ("sdxl_lcm", 9, 11), ("sdxl", 1, 11)],
)
def test_distilled_models_are_led_as_they_were_distilled(
    tmp_path: Path, asked: Asked, *, name: str, method: int, schedule: int
) -> None:
    _, image = drawn_by(backend_of(tmp_path, SDXL, name=f"{name}.safetensors"), small())

    draw = asked()[-1]
    assert (draw["sample_method"], draw["scheduler"]) == (method, schedule)
    recorded = dict(image.parameters)["scheduler"]
    assert recorded == {0: "euler_sgm_uniform", 9: "lcm", 1: "euler_a"}[method]


@pytest.mark.parametrize(
    ("scheduler", "method", "schedule"),
    [("dpm++_2m_karras", 5, 1), ("Euler", 0, 11), ("lcm", 9, 11)],
)
def test_the_scheduler_is_the_one_asked_for(
    tmp_path: Path, asked: Asked, scheduler: str, method: int, schedule: int
) -> None:
    _, image = drawn_by(backend_of(tmp_path), small(scheduler=scheduler))

    draw = asked()[-1]
    assert (draw["sample_method"], draw["scheduler"]) == (method, schedule)
    assert ("scheduler", scheduler) in image.parameters


def test_loras_are_files_with_weights(tmp_path: Path, asked: Asked) -> None:
    lora = write_safetensors(tmp_path / "detail.safetensors", PLAIN)
    backend = backend_of(tmp_path)

    _, before = drawn_by(backend, small())
    drawn_by(backend, small(loras=(Lora(str(lora), 0.8),)))
    _, after = drawn_by(backend, small())

    assert asked()[-2]["loras"] == [{"path": str(lora), "multiplier": 0.8}]
    assert before.drawn is not None
    assert after.drawn is not None
    assert before.drawn.tobytes() == after.drawn.tobytes()


def test_a_lora_is_remembered_by_the_name_that_a_recipe_has_for_it(
    tmp_path: Path, asked: Asked
) -> None:
    lora = write_safetensors(tmp_path / "detail.safetensors", PLAIN)

    drawn_by(backend_of(tmp_path), small(loras=(Lora(str(lora)),)))

    recorded = Lora(str(lora)).recorded
    places = tmp_path / "models.toml", tmp_path / "seen.json", tmp_path / "hub"
    assert Shelf(*places, frozenset({recorded})).lora(recorded).path == lora


def test_a_lora_that_does_not_fit_is_said(tmp_path: Path, asked: Asked) -> None:
    lora = write_safetensors(tmp_path / "other.safetensors", PLAIN)

    _, image = drawn_by(backend_of(tmp_path), small(loras=(Lora(str(lora)),)))

    assert image.notes == (
        "Of the LoRA other.safetensors 0 of 2 tensors fit the model; it was made for another kind.",
    )


@pytest.mark.parametrize(
    ("name", "shapes", "guidance", "sent"),
    [
        ("model.safetensors", SD15, 4.0, (4.0, 3.5)),
        ("sdxl_turbo.safetensors", SDXL, None, (1.0, 3.5)),
        ("flux1-dev.gguf", FLUX, None, (1.0, 3.5)),
        ("flux1-dev.gguf", FLUX, 2.0, (1.0, 2.0)),
        ("z_image.gguf", {"cap_embedder.0.weight": (1,)}, 5.0, (6.0, 3.5)),
    ],
)
def test_guidance_means_what_it_means_in_diffusers(  # noqa: PLR0917  # a fixture is one
    tmp_path: Path,
    asked: Asked,
    name: str,
    shapes: Shapes,
    guidance: float | None,
    sent: tuple[float, float],
) -> None:
    for part in ("ae", "clip_l", "t5xxl", "qwen3"):
        write_safetensors(tmp_path / f"{part}.safetensors", PLAIN)

    drawn_by(backend_of(tmp_path, shapes, name=name), small(guidance_scale=guidance))

    draw = asked()[-1]
    assert (draw["cfg_scale"], draw["distilled_guidance"]) == sent


def test_parts_beside_the_model_are_loaded_and_told(tmp_path: Path, asked: Asked) -> None:
    told: list[str] = []
    for part in ("ae", "clip_l", "t5xxl"):
        write_safetensors(tmp_path / f"{part}.safetensors", PLAIN)

    drawn_by(backend_of(tmp_path, FLUX, name="flux.gguf", tell=told.append), small())

    load = asked()[0]
    assert "model_path" not in load
    assert load["diffusion_model_path"] == str(tmp_path / "flux.gguf")
    assert load["vae_path"] == str(tmp_path / "ae.safetensors")
    assert told == [
        "The VAE is ae.safetensors, beside the model.",
        "The text encoder CLIP-L is clip_l.safetensors, beside the model.",
        "The text encoder T5-XXL is t5xxl.safetensors, beside the model.",
    ]


def test_settings_reach_the_library_and_those_that_cannot_are_said_once(
    tmp_path: Path, asked: Asked
) -> None:
    tiny = write_safetensors(tmp_path / "taesd.safetensors", PLAIN)
    options = {"dtype": "float16", "offload": "model", "tiny_vae": str(tiny), "batch_size": 4}
    told: list[str] = []
    backend = backend_of(tmp_path, tell=told.append, **options)

    _, image = drawn_by(backend, small())

    load = asked()[0]
    assert (load["wtype"], load["offload_params_to_cpu"]) == (1, True)
    assert load["taesd_path"] == str(tiny)
    assert {("dtype", "float16"), ("vae", "tiny")} <= set(image.parameters)
    backend.release()
    drawn_by(backend, small())
    assert told == ["The backend 'sdcpp' does not read IMAGINE_BATCH_SIZE."]


def test_a_picture_that_is_given_up_ends_the_process_and_the_next_is_the_same(
    tmp_path: Path, asked: Asked
) -> None:
    backend = backend_of(tmp_path)
    _, before = drawn_by(backend, small(num_inference_steps=3))
    drawing = backend.generate(small("SLOW fox", num_inference_steps=100))
    for step in drawing:
        if isinstance(step, Progress) and step.step == 2:
            break
    drawing.close()  # type: ignore[attr-defined]
    steps, after = drawn_by(backend, small(num_inference_steps=3))

    assert steps[0].label == "loading sd15"
    assert before.drawn is not None
    assert after.drawn is not None
    assert before.drawn.tobytes() == after.drawn.tobytes()
    assert [line["what"] for line in asked()] == ["load", "draw", "draw", "load", "draw"]


def test_nothing_is_left_of_a_backend_that_is_let_go(tmp_path: Path, asked: Asked) -> None:
    backend = backend_of(tmp_path)
    drawn_by(backend, small(num_inference_steps=1))
    process = backend._process
    assert process is not None
    running, reader = process._running, process._reader
    assert reader.is_alive()

    del process, backend

    assert running.returncode is not None
    assert not reader.is_alive()


MEMORY = (
    "Memory ran out drawing with model.safetensors; ask for a smaller picture (--size), or use a "
    "model with smaller numbers, such as a .gguf file of Q4."
)


@pytest.mark.skipif(sys.platform == "win32", reason="has no signals")
@pytest.mark.parametrize(
    ("prompt", "message"),
    [
        (
            "CRASH",
            "stable-diffusion.cpp ended drawing with model.safetensors (signal 11); ask for a "
            "smaller picture, use another model, or install it anew: pip install "
            "'imagine-cli[sdcpp]'.",
        ),
        ("ABORTS", MEMORY),
        ("KILLED", MEMORY),
        ("FAILS", MEMORY),
    ],
)
def test_a_library_that_fails_leaves_one_sentence(
    tmp_path: Path, asked: Asked, prompt: str, message: str
) -> None:
    backend = backend_of(tmp_path)

    with pytest.raises(LocalBackendError) as error:
        drawn_by(backend, small(prompt))
    assert str(error.value) == message
    _, image = drawn_by(backend, small())
    assert image.drawn is not None


def test_a_model_that_the_library_refuses_is_named_with_its_words(
    tmp_path: Path, asked: Asked
) -> None:
    backend = backend_of(tmp_path, name="refused.safetensors")

    with pytest.raises(LocalBackendError) as error:
        drawn_by(backend, small())
    assert str(error.value) == (
        "stable-diffusion.cpp failed loading refused.safetensors: get sd version from file failed; "
        "check the model's files, or use another model."
    )


def test_the_compiled_binding_draws_alike(tmp_path: Path, asked_compiled: Asked) -> None:
    lora = write_safetensors(tmp_path / "detail.safetensors", PLAIN)
    backend = backend_of(tmp_path)

    steps, image = drawn_by(
        backend,
        small(
            num_inference_steps=2,
            guidance_scale=4.0,
            scheduler="dpm++_2m_karras",
            loras=(Lora(str(lora), 0.8),),
            images=(reference(64, 128),),
            strength=0.5,
        ),
    )

    assert [step.step for step in steps] == [0, 0, 1, 2, 2]
    assert image.drawn is not None
    assert (image.drawn.mode, image.drawn.size) == ("RGB", (64, 128))
    assert ("library", "stable-diffusion-cpp-python 0.4.7") in image.parameters
    load, draw = asked_compiled()
    assert (load["model_path"], load["verbose"]) == (str(tmp_path / "model.safetensors"), False)
    assert load["lora_apply_mode"] == "at_runtime"
    assert draw == {
        "what": "draw",
        "prompt": f"a red fox<lora:{lora}:0.8>",
        "negative_prompt": "",
        "width": 64,
        "height": 128,
        "seed": 7,
        "sample_steps": 2,
        "cfg_scale": 4.0,
        "guidance": 3.5,
        "eta": float("inf"),
        "sample_method": "dpm++2m",
        "scheduler": "karras",
        "init_image": "RGB (64, 128)",
        "mask_image": None,
        "strength": 0.25,
    }


def test_the_compiled_binding_says_why_it_refuses(tmp_path: Path, asked_compiled: Asked) -> None:
    backend = backend_of(tmp_path, name="refused.safetensors")

    with pytest.raises(LocalBackendError) as error:
        drawn_by(backend, small())
    assert str(error.value) == (
        "stable-diffusion.cpp failed loading refused.safetensors: get sd version from file failed; "
        "check the model's files, or use another model."
    )


def test_a_missing_extra_is_said_when_drawing_begins(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bindings, "find_spec", lambda module: None)
    backend = backend_of(tmp_path)

    with pytest.raises(LocalBackendError) as error:
        backend.check(small())
    assert str(error.value) == (
        "The backend 'sdcpp' needs stable-diffusion.cpp, which is not installed; run: pip install "
        "'imagine-cli[sdcpp]'."
    )


@pytest.mark.parametrize(
    ("shapes", "changes", "message"),
    [
        (
            SD15,
            {"scheduler": "lms"},
            "The backend 'sdcpp' has no scheduler 'lms'; choose another with --scheduler, such as "
            "euler_a or dpm++_2m_karras.",
        ),
        (
            INPAINTING,
            {},
            "The model model.safetensors mends pictures and draws none; give it one with --image, "
            "and --mask, whose white it draws anew.",
        ),
        (
            # Teal is a dark grey.
            SD15,
            {"images": (reference(64, 128),), "mask": reference(64, 128)},
            "The mask has no white at 64x128, so nothing would be drawn; paint what --mask is to "
            "draw anew in white.",
        ),
    ],
)
def test_options_that_it_cannot_heed_are_refused(
    tmp_path: Path, asked: Asked, shapes: Shapes, changes: dict[str, Any], message: str
) -> None:
    with pytest.raises(UsageError) as error:
        backend_of(tmp_path, shapes).check(small(**changes))
    assert str(error.value) == message


def test_guidance_beyond_a_distilled_models_is_refused(tmp_path: Path, asked: Asked) -> None:
    backend = backend_of(tmp_path, SDXL, name="sdxl_lightning_4step.safetensors")

    with pytest.raises(UsageError) as error:
        backend.check(small(guidance_scale=7.0))
    assert str(error.value) == (
        "--guidance 7 is out of range: sdxl_lightning_4step.safetensors (SDXL, distilled) reads "
        "0 to 2; leave it out."
    )


def test_a_negative_prompt_that_was_not_read_is_said(tmp_path: Path, asked: Asked) -> None:
    backend = backend_of(tmp_path, SDXL, name="sdxl_lightning_4step.safetensors")

    _, image = drawn_by(backend, small(negative_prompt="blurry", guidance_scale=0.5))

    assert not backend.capabilities.negative_prompt
    assert image.notes == ("At a guidance of 0.5 the negative prompt was not read.",)


def test_a_released_backend_has_no_process_and_can_draw_again(tmp_path: Path, asked: Asked) -> None:
    backend = backend_of(tmp_path)
    backend.release()
    drawn_by(backend, small())
    process = backend._process
    assert process is not None
    backend.release()

    assert process._running.returncode is not None
    steps, _ = drawn_by(backend, small())
    assert steps[0].label == "loading sd15"


def test_a_closed_backend_has_no_process_and_can_draw_again(tmp_path: Path, asked: Asked) -> None:
    backend = backend_of(tmp_path)
    drawn_by(backend, small())
    process = backend._process
    assert process is not None
    backend.close()
    backend.close()

    assert process._running.returncode is not None
    assert not process._reader.is_alive()
    steps, _ = drawn_by(backend, small())
    assert steps[0].label == "loading sd15"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"offload": "sequential"},
            "The backend 'sdcpp' keeps whole parts of a model in main memory or none, and knows no "
            "offload 'sequential'; set offload to model (IMAGINE_OFFLOAD).",
        ),
        (
            {"tiny_vae": "nowhere/taesd.safetensors"},
            "IMAGINE_TINY_VAE: There is no model or path 'nowhere/taesd.safetensors' on this "
            "machine; correct it, or run `imagine models download nowhere/taesd.safetensors`.",
        ),
        (
            {"tiny_vae": "."},
            "The tiny VAE '{here}' is a folder, and the backend 'sdcpp' reads a single file; name "
            "one (IMAGINE_TINY_VAE).",
        ),
    ],
)
def test_settings_that_it_cannot_heed_are_refused(
    tmp_path: Path, options: dict[str, Any], message: str
) -> None:
    with pytest.raises(LocalBackendError) as error:
        backend_of(tmp_path, **options)
    assert str(error.value) == message.format(here=Path.cwd())


@pytest.mark.parametrize(("device", "heeded"), [("auto", True), ("cpu", True), ("cuda", False)])
def test_a_device_that_the_library_would_not_heed_is_refused(
    tmp_path: Path, asked: Asked, device: str, heeded: bool
) -> None:
    backend = backend_of(tmp_path, device=device)

    if heeded:
        backend.check(small())
        return
    with pytest.raises(LocalBackendError) as error:
        backend.check(small())
    assert str(error.value) == (
        "The backend 'sdcpp' takes no device 'cuda', since its library computes on what it was "
        "built for; set device to auto (IMAGINE_DEVICE)."
    )


def test_what_decides_its_pictures_tells_batches_apart(tmp_path: Path) -> None:
    first = backend_of(tmp_path).identity
    assert str(tmp_path) not in first
    assert backend_of(tmp_path, device="auto", offload="model").identity == first
    assert backend_of(tmp_path, dtype="float16").identity != first


def test_a_model_must_be_named(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path / "models.toml", tmp_path / "seen.json", tmp_path / "hub")

    with pytest.raises(LocalBackendError) as error:
        SdcppBackend(model="", shelf=shelf, options=LocalOptions(), tell=lambda text: None)
    assert str(error.value) == (
        "The backend 'sdcpp' needs a model, a .gguf or .safetensors file; name one with --model "
        "FILE (see `imagine models`), give one a name with `imagine models add FILE`, or set "
        "IMAGINE_SDCPP_MODEL."
    )


def test_it_says_what_it_honours_without_any_binding(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bindings, "find_spec", lambda module: None)
    backend = backend_of(tmp_path, FLUX | _PARTS, name="flux1-schnell.gguf")
    capabilities = backend.capabilities

    assert isinstance(backend, CheckingBackend)
    assert not isinstance(backend, TogetherBackend)
    assert (capabilities.profile, capabilities.negative_prompt) == ("natural", False)
    assert (capabilities.mask, capabilities.max_loras, capabilities.hires_fix) == (True, 16, True)
    assert capabilities.sizes.told() == "sides 64 to 2048, at most 4.2 megapixels"


_PARTS: Shapes = {
    "vae.decoder.conv_in.weight": (1,),
    "text_encoders.clip_l.x": (1,),
    "text_encoders.t5xxl.x": (1,),
}
