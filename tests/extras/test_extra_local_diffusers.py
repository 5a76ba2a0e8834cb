"""The backend `diffusers` with real pipelines of random weights; needs imagine-cli[diffusers]."""

import inspect
import json
import re
import shutil
import sys
import weakref
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("diffusers")
pytest.importorskip("transformers")

# What these packages warn of among themselves is no concern of ours.
pytestmark = pytest.mark.filterwarnings("ignore")

import diffusers  # noqa: E402
import torch  # noqa: E402
from conftest import Tiny  # noqa: E402
from diffusers import AutoPipelineForText2Image, StableDiffusionPipeline  # noqa: E402
from PIL import Image  # noqa: E402
from safetensors.torch import load_file, save_file  # noqa: E402
from single_files import save_as_one_file  # noqa: E402
from tiny_loaded import SPEC, picture, reference  # noqa: E402

from imagine.stages.errors import LocalBackendError, RefusedError, UsageError  # noqa: E402
from imagine.stages.generate.diffusers import drawing  # noqa: E402
from imagine.stages.generate.diffusers.backend import DiffusersBackend  # noqa: E402
from imagine.stages.generate.diffusers.parts import REQUIRED  # noqa: E402
from imagine.stages.generate.diffusers.single_file import ASSETS  # noqa: E402
from imagine.stages.generate.local.options import LocalOptions  # noqa: E402
from imagine.stages.generate.local.schedulers import scheduler_named  # noqa: E402
from imagine.stages.generate.local.shelf import Shelf  # noqa: E402
from imagine.stages.image import GeneratedImage, HiresFix, ImageRequest, Progress  # noqa: E402

PROMPTS = ("a fox", "an owl in the fog, at night", "seven boats")
TOLD: list[str] = []


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """Several share out sums by their length, so that pictures alone and among others differ."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)
    TOLD.clear()


@pytest.fixture
def made(tmp_path: Path) -> Iterator[Callable[..., DiffusersBackend]]:
    """Backends: `made(folder, device="cpu")`."""
    shelf = Shelf(tmp_path / "models.toml", tmp_path / "models.json", tmp_path / "hub")
    backends: list[DiffusersBackend] = []

    def make(path: Path, **options: Any) -> DiffusersBackend:
        told = TOLD.append
        settings = LocalOptions(**{"device": "cpu", **options})
        backends.append(DiffusersBackend(model=str(path), shelf=shelf, options=settings, tell=told))
        return backends[-1]

    yield make
    for backend in backends:
        backend.close()


def request(prompt: str = PROMPTS[0], seed: int = 1, **options: Any) -> ImageRequest:
    values = {"negative_prompt": None, "spec": SPEC, "width": 64, "height": 64, **options}
    return ImageRequest(prompt=prompt, seed=seed, **{"num_inference_steps": 2, **values})


def drawn(backend: DiffusersBackend, *requests: ImageRequest) -> list[GeneratedImage]:
    made = backend.generate_together(requests) if len(requests) > 1 else backend.generate(*requests)
    return [each for each in made if isinstance(each, GeneratedImage)]


def pixels(picture: Any) -> bytes:
    return bytes(np.asarray(picture).tobytes())


def plain(folder: Path, prompt: str, seed: int, **options: Any) -> bytes:
    """What a script with diffusers alone draws."""
    pipeline = AutoPipelineForText2Image.from_pretrained(folder, local_files_only=True)
    pipeline.set_progress_bar_config(disable=True)
    generator = torch.Generator("cpu").manual_seed(seed)
    values = {"num_inference_steps": 2, "width": 64, "height": 64, **options}
    return pixels(pipeline(prompt, generator=generator, **values).images[0])


MODELS = {
    "sd15": {"guidance_scale": 7.5},
    "lcm": {"guidance_scale": 1.0},
    "sdxl": {"guidance_scale": 6.0},
    "sd3": {"guidance_scale": 4.5},
    "flux": {"guidance_scale": 3.5},
    "flux_schnell": {"guidance_scale": 0.0, "max_sequence_length": 256},
    "zimage": {"guidance_scale": 5.0},
    "pixart": {
        "guidance_scale": 4.5,
        "use_resolution_binning": False,
        "clean_caption": False,
    },
    "sana": {"guidance_scale": 4.5, "use_resolution_binning": False},
}


@pytest.mark.parametrize("name", MODELS)
def test_a_picture_is_the_one_that_diffusers_draws_alone_and_among_others(
    tiny: Tiny, made: Callable[..., DiffusersBackend], name: str
) -> None:
    backend = made(tiny(name))
    requests = [request(prompt, seed) for seed, prompt in enumerate(PROMPTS)]
    singles = [drawn(backend, each)[0] for each in requests]
    for seed, (prompt, single) in enumerate(zip(PROMPTS, singles, strict=True)):
        assert pixels(single.drawn) == plain(tiny(name), prompt, seed, **MODELS[name])
    together = drawn(backend, *requests)
    assert [pixels(each.drawn) for each in together] == [pixels(each.drawn) for each in singles]
    assert len({pixels(each.drawn) for each in singles}) == 3


def test_a_negative_prompt_is_read_as_diffusers_reads_it(
    tiny: Tiny, made: Callable[..., DiffusersBackend]
) -> None:
    backend = made(tiny("sdxl"))
    avoiding = drawn(backend, request(negative_prompt="rain"))[0]
    options = {"guidance_scale": 6.0, "negative_prompt": "rain"}
    assert pixels(avoiding.drawn) == plain(tiny("sdxl"), PROMPTS[0], 1, **options)
    assert avoiding.notes == ()
    unread = drawn(backend, request(negative_prompt="rain", guidance_scale=1.0))[0]
    assert unread.notes == ("At a guidance of 1 the negative prompt was not read.",)


def test_every_step_is_told_with_a_preview_and_what_was_chosen_is_recorded(
    tiny: Tiny, made: Callable[..., DiffusersBackend]
) -> None:
    backend = made(tiny("sd15"))
    own = backend.own_values(request())
    assert own == {
        "num_inference_steps": 25,
        "guidance_scale": 7.5,
        "scheduler": "DDIMScheduler",
    }
    *steps, picture = backend.generate(request(num_inference_steps=3))
    assert steps == [
        Progress(0, 3, "loading sd15"),
        Progress(1, 3, "step"),
        Progress(2, 3, "step"),
        Progress(3, 3, "step"),
        Progress(3, 3, "decoded"),
    ]
    previews = [step.preview for step in steps if isinstance(step, Progress) and step.preview]
    assert [preview().mode for preview in previews] == ["RGB"] * 3
    assert isinstance(picture, GeneratedImage)
    assert (picture.model, picture.size) == ("sd15", (64, 64))
    parameters = dict(picture.parameters)
    assert len(str(parameters.pop("weights"))) == 16
    assert parameters == {
        "num_inference_steps": 3,
        "guidance_scale": 7.5,
        "scheduler": "DDIMScheduler",
        "dtype": "float32",
        "device": "cpu",
    }


def test_a_model_is_asked_as_its_family_is_where_nobody_says_otherwise(
    tiny: Tiny, made: Callable[..., DiffusersBackend]
) -> None:
    [picture] = drawn(made(tiny("flux_schnell")), request(num_inference_steps=None))
    parameters = dict(picture.parameters)
    assert (parameters["num_inference_steps"], parameters["guidance_scale"]) == (4, 0.0)


def test_a_picture_that_is_given_up_leaves_the_model_as_it_was(
    tiny: Tiny, made: Callable[..., DiffusersBackend]
) -> None:
    backend = made(tiny("sdxl"))
    before = pixels(drawn(backend, request())[0].drawn)
    running = backend.generate(request(num_inference_steps=500, seed=9))
    assert [
        step.label for step in (next(running), next(running)) if isinstance(step, Progress)
    ] == [
        "step",
        "step",
    ]
    close = running.close  # type: ignore[attr-defined]
    close()
    assert pixels(drawn(backend, request())[0].drawn) == before


def test_two_passes_draw_over_the_first_at_the_larger_size(
    tiny: Tiny, made: Callable[..., DiffusersBackend]
) -> None:
    backend = made(tiny("sd15"))
    asked = request(num_inference_steps=4, hires_fix=HiresFix(2.0, 0.5))
    *steps, picture = backend.generate(asked)
    assert isinstance(picture, GeneratedImage)
    assert picture.size == (128, 128)
    totals = [step.step / step.total for step in steps if isinstance(step, Progress)]
    assert totals == sorted(totals)
    assert totals[-1] == 1
    [again] = drawn(backend, asked)
    assert pixels(again.drawn) == pixels(picture.drawn)


def test_what_the_safety_checker_flags_is_refused(
    tiny: Tiny, made: Callable[..., DiffusersBackend], tmp_path: Path
) -> None:
    folder = tmp_path / "strict"
    pipeline = StableDiffusionPipeline.from_pretrained(tiny("sd15_checked"))
    backend = made(tiny("sd15_checked"))
    assert len(drawn(backend, request())) == 1
    assert backend.together == 1
    with torch.no_grad():
        pipeline.safety_checker.concept_embeds_weights.fill_(-2.0)
    pipeline.save_pretrained(folder)
    with pytest.raises(RefusedError) as refusal:
        drawn(made(folder), request())
    assert str(refusal.value) == (
        "The safety checker of the model 'strict' refused the picture; use other words, or "
        "another --seed."
    )


def test_a_tiny_vae_decodes_in_place_of_the_models_own_and_is_recorded(
    tiny: Tiny, made: Callable[..., DiffusersBackend]
) -> None:
    own = drawn(made(tiny("sd15")), request())[0]
    small = drawn(made(tiny("sd15"), tiny_vae=str(tiny("taesd"))), request())[0]
    assert small.size == own.size
    assert pixels(small.drawn) != pixels(own.drawn)
    recorded = str(dict(small.parameters)["vae"])
    assert re.fullmatch("tiny [0-9a-f]{16}", recorded)
    assert dict(small.parameters)["weights"] == dict(own.parameters)["weights"]


def test_a_tiny_vae_that_is_of_no_use_is_refused_by_the_name_of_the_setting(
    tiny: Tiny, made: Callable[..., DiffusersBackend], tmp_path: Path
) -> None:
    whole, folder = tiny("sd15"), shutil.copytree(tiny("taesd"), tmp_path / "tae")
    with pytest.raises(LocalBackendError) as refusal:
        made(whole, tiny_vae=str(whole))
    assert str(refusal.value) == (
        f"The setting IMAGINE_TINY_VAE is of no use: '{whole}' is no folder of an AutoencoderTiny "
        "of diffusers; name one, such as that of madebyollin/taesd."
    )
    described = json.loads((folder / "config.json").read_text("utf-8"))
    (folder / "config.json").write_text(json.dumps(described | {"latent_channels": 16}), "utf-8")
    with pytest.raises(LocalBackendError) as refusal:
        drawn(made(whole, tiny_vae=str(folder)), request())
    assert str(refusal.value) == (
        f"The tiny VAE '{folder}' reads latents of 16 channels, and those of the model have 4; "
        "unset IMAGINE_TINY_VAE, or name one for this model."
    )


def test_a_model_that_was_let_go_is_loaded_again(
    tiny: Tiny, made: Callable[..., DiffusersBackend]
) -> None:
    backend = made(tiny("sd15"))
    backend.release()
    before = pixels(drawn(backend, request())[0].drawn)
    assert backend._loaded is not None
    network = weakref.ref(backend._loaded.pipeline.unet)
    backend.release()
    assert network() is None
    first, *_, picture = backend.generate(request())
    assert first == Progress(0, 2, "loading sd15")
    assert isinstance(picture, GeneratedImage)
    assert pixels(picture.drawn) == before


def test_a_second_pass_of_a_size_that_the_network_does_not_draw_is_drawn_larger(
    tiny: Tiny, made: Callable[..., DiffusersBackend], monkeypatch: pytest.MonkeyPatch
) -> None:
    backend = made(tiny("sd15"))
    drawn(backend, request())
    loaded = backend._loaded
    assert loaded is not None
    loaded.family = replace(loaded.family, multiple=64)
    sizes = []
    decode = loaded.pipeline.vae.decode

    def watched(latents: Any, *others: Any, **named: Any) -> Any:
        sizes.append(tuple(latents.shape[2:]))
        return decode(latents, *others, **named)

    monkeypatch.setattr(loaded.pipeline.vae, "decode", watched)
    [picture] = drawn(backend, request(hires_fix=HiresFix(1.25, 0.5)))
    scale = 64 // sizes[0][0]
    assert (picture.size, sizes[1]) == ((80, 80), (128 // scale, 128 // scale))


def test_pictures_whose_words_differ_in_length_are_told_of_as_one_piece_of_work(
    tiny: Tiny, made: Callable[..., DiffusersBackend]
) -> None:
    backend = made(tiny("sd15"))
    drawn(backend, request())
    requests = [request("a fox", 1), request("a fox in the fog, " * 9, 2), request("an owl", 3)]
    steps = [each for each in backend.generate_together(requests) if isinstance(each, Progress)]
    assert [(step.step, step.total) for step in steps] == [
        *((1, 4), (2, 4), (2, 4)),
        *((3, 4), (4, 4), (4, 4)),
    ]


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (
            RuntimeError("DefaultCPUAllocator: not enough memory: you tried to allocate 9 bytes."),
            "Memory ran out with 'sd15'; ask for a smaller --size, set "
            "IMAGINE_OFFLOAD=sequential or IMAGINE_DTYPE=bfloat16, or use a smaller model.",
        ),
        (
            MemoryError(),
            "Memory ran out with 'sd15'; ask for a smaller --size, set "
            "IMAGINE_OFFLOAD=sequential or IMAGINE_DTYPE=bfloat16, or use a smaller model.",
        ),
        (
            ValueError("no such word"),
            "The model '{}' failed while it drew: no such word; try other options, or another "
            "model.",
        ),
    ],
)
def test_what_fails_while_words_are_read_is_said_as_what_fails_while_it_draws(
    tiny: Tiny,
    made: Callable[..., DiffusersBackend],
    monkeypatch: pytest.MonkeyPatch,
    error: Exception,
    message: str,
) -> None:
    backend = made(tiny("sd15"))
    drawn(backend, request())
    loaded = backend._loaded
    assert loaded is not None

    def fails(*_: Any, **__: Any) -> Any:
        raise error

    monkeypatch.setattr(loaded.pipeline.text_encoder, "forward", fails)
    with pytest.raises(LocalBackendError) as refusal:
        drawn(backend, request("another fox"))
    assert str(refusal.value) == message.format(tiny("sd15"))


def test_weights_that_are_not_there_are_named(
    tiny: Tiny, made: Callable[..., DiffusersBackend], tmp_path: Path
) -> None:
    folder = shutil.copytree(tiny("sd15"), tmp_path / "gap")
    file = next((folder / "unet").glob("*.safetensors"))
    weights = load_file(file)
    del weights["conv_in.bias"]
    save_file(weights, file, {"format": "pt"})
    with pytest.raises(LocalBackendError) as refusal:
        drawn(made(folder), request())
    assert str(refusal.value) == (
        f"The model '{folder}' lacks the weights 'conv_in.bias'; download it again."
    )


def test_what_is_not_read_on_a_processor_is_said(
    tiny: Tiny, made: Callable[..., DiffusersBackend]
) -> None:
    drawn(made(tiny("sd15"), offload="model"), request())
    assert TOLD == [
        "The setting IMAGINE_OFFLOAD=model is of no use without a graphics card of CUDA, and was "
        "passed over."
    ]


def test_on_a_processor_one_is_drawn_at_a_time_and_several_are_promised_to_be_nearly_the_same(
    tiny: Tiny, made: Callable[..., DiffusersBackend]
) -> None:
    assert made(tiny("sd15")).together == 1
    backend = made(tiny("sd15"), batch_size=2)
    assert backend.together == 2
    drawn(backend, request())
    drawn(backend, request())
    assert TOLD == [
        "Pictures that are drawn together on the processor (IMAGINE_BATCH_SIZE) may differ by a "
        "little from the same drawn alone."
    ]


def test_a_folder_of_an_inpainting_class_is_loaded_as_what_draws_from_words(
    tiny: Tiny, made: Callable[..., DiffusersBackend], tmp_path: Path
) -> None:
    folder = shutil.copytree(tiny("sd15"), tmp_path / "other")
    index = json.loads((folder / "model_index.json").read_text("utf-8"))
    described = index | {"_class_name": "StableDiffusionImg2ImgPipeline"}
    (folder / "model_index.json").write_text(json.dumps(described), "utf-8")
    [picture] = drawn(made(folder), request())
    assert pixels(picture.drawn) == pixels(drawn(made(tiny("sd15")), request())[0].drawn)


def test_how_many_are_drawn_at_once_is_asked_of_the_card_once(
    tiny: Tiny, made: Callable[..., DiffusersBackend], monkeypatch: pytest.MonkeyPatch
) -> None:
    backend = made(tiny("sd15"), device="auto")
    asked = []

    def on_card() -> int:
        asked.append(1)
        return 4

    monkeypatch.setattr(backend, "_together_on_card", on_card)
    assert (backend.together, backend.together, len(asked)) == (4, 4, 1)


def test_the_parts_that_are_asked_for_are_those_that_the_classes_need() -> None:
    import diffusers

    for name, parts in REQUIRED.items():
        made = getattr(diffusers, name)
        if "dummy" in made.__module__:
            continue  # It needs another package.
        assert set(parts) <= set(inspect.signature(made.__init__).parameters), name


@pytest.mark.parametrize("error", [MemoryError("no memory"), RuntimeError("not enough memory: 9")])
def test_short_memory_is_met_by_drawing_less_at_once(
    tiny: Tiny,
    made: Callable[..., DiffusersBackend],
    monkeypatch: pytest.MonkeyPatch,
    error: Exception,
) -> None:
    backend = made(tiny("sd15"))
    requests = [request(prompt, seed) for seed, prompt in enumerate(PROMPTS)]
    alone = [pixels(drawn(backend, each)[0].drawn) for each in requests]
    run = drawing._run

    def short(loaded: Any, some: Sequence[ImageRequest], *others: Any) -> Any:
        if len(some) > 1:
            raise error
        return run(loaded, some, *others)

    monkeypatch.setattr(drawing, "_run", short)
    assert [pixels(each.drawn) for each in drawn(backend, *requests)] == alone
    assert TOLD == ["Memory ran out with several pictures at once; they are drawn one by one."]


def test_memory_that_does_not_suffice_in_any_way_is_said_with_what_to_change(
    tiny: Tiny, made: Callable[..., DiffusersBackend], monkeypatch: pytest.MonkeyPatch
) -> None:
    backend = made(tiny("sd15"))
    drawn(backend, request())
    loaded = backend._loaded
    assert loaded is not None

    def full(*_: Any, **__: Any) -> Any:
        raise RuntimeError("DefaultCPUAllocator: not enough memory: you tried to allocate 9 bytes.")

    monkeypatch.setattr(loaded.pipeline.unet, "forward", full)
    with pytest.raises(LocalBackendError) as refusal:
        drawn(backend, request())
    assert str(refusal.value) == (
        "Memory ran out with 'sd15'; ask for a smaller --size, set IMAGINE_OFFLOAD=sequential or "
        "IMAGINE_DTYPE=bfloat16, or use a smaller model."
    )
    assert TOLD == ["Memory ran out; the picture is drawn again and decoded in tiles."]
    monkeypatch.undo()
    assert dict(drawn(backend, request())[0].parameters)["vae_tiling"] is True


def test_weights_that_do_not_fit_their_description_are_refused(
    tiny: Tiny, made: Callable[..., DiffusersBackend], tmp_path: Path
) -> None:
    folder = shutil.copytree(tiny("sd15"), tmp_path / "broken")
    file = next((folder / "vae").glob("*.safetensors"))
    weights = load_file(file)
    weights["decoder.conv_in.weight"] = torch.zeros(1, 1, 3, 3)
    save_file(weights, file)
    with pytest.raises(LocalBackendError, match=r"^The model '.*broken' cannot be loaded: "):
        drawn(made(folder), request())


def test_a_missing_package_is_named_with_the_extra(
    tiny: Tiny, made: Callable[..., DiffusersBackend], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "transformers", None)
    with pytest.raises(LocalBackendError) as refusal:
        drawn(made(tiny("sd15")), request())
    assert str(refusal.value) == (
        "The backend 'diffusers' needs the Python package 'transformers', which is not installed; "
        "pip install 'imagine-cli[diffusers]'."
    )


def test_settings_that_are_none_are_refused(
    tiny: Tiny, made: Callable[..., DiffusersBackend]
) -> None:
    for options, message in (
        (
            {"device": "tpu"},
            "The device 'tpu' is none of auto, cpu, cuda, cuda:1 and mps; set IMAGINE_DEVICE to "
            "one of these.",
        ),
        (
            {"dtype": "int8"},
            "The dtype 'int8' is none of auto, bfloat16, float16, float32; set IMAGINE_DTYPE to "
            "one of these.",
        ),
    ):
        with pytest.raises(UsageError) as refusal:
            drawn(made(tiny("sd15"), **options), request())
        assert str(refusal.value) == message


def test_a_stop_while_it_loads_draws_nothing(
    tiny: Tiny, made: Callable[..., DiffusersBackend]
) -> None:
    backend = made(tiny("sd15"))
    running = backend.generate(request())
    assert next(running) == Progress(0, 2, "loading sd15")
    running.close()  # type: ignore[attr-defined]
    assert len(drawn(backend, request())) == 1


def test_one_file_draws_what_the_folder_draws_that_describes_it(
    tiny: Tiny, made: Callable[..., DiffusersBackend], tmp_path: Path
) -> None:
    pipeline = StableDiffusionPipeline.from_pretrained(tiny("sd15"))
    file = save_as_one_file(pipeline, tmp_path / "fox.safetensors")
    (tmp_path / "fox").symlink_to(tiny("sd15"))
    backend = made(file)
    assert backend.model == "fox.safetensors"
    [picture] = drawn(backend, request())
    assert pixels(picture.drawn) == plain(tiny("sd15"), PROMPTS[0], 1, guidance_scale=7.5)


@pytest.mark.parametrize(
    ("name", "led"),
    [
        ("fox-lcm", ("LCMScheduler", "leading")),
        ("fox-hyper", ("EulerDiscreteScheduler", "trailing")),
    ],
)
def test_one_file_of_a_distilled_model_is_led_as_its_name_says(
    tiny: Tiny,
    made: Callable[..., DiffusersBackend],
    tmp_path: Path,
    name: str,
    led: tuple[str, str],
) -> None:
    kind, spacing = led
    pipeline = StableDiffusionPipeline.from_pretrained(tiny("sd15"))
    file = save_as_one_file(pipeline, tmp_path / f"{name}.safetensors")
    (tmp_path / name).symlink_to(tiny("sd15"))
    [picture] = drawn(made(file), request(num_inference_steps=3, guidance_scale=1.0))
    assert dict(picture.parameters)["scheduler"] == kind
    pipeline.scheduler = getattr(diffusers, kind).from_config(
        pipeline.scheduler.config, timestep_spacing=spacing
    )
    pipeline.set_progress_bar_config(disable=True)
    expected = pipeline(
        PROMPTS[0], generator=torch.Generator("cpu").manual_seed(1), num_inference_steps=3,
        width=64, height=64, guidance_scale=1.0,
    ).images[0]  # fmt: skip
    # The weights were turned about on their way, which may round a number differently.
    assert np.abs(np.asarray(picture.drawn, int) - np.asarray(expected, int)).max() <= 1


@pytest.mark.parametrize("name", ["sd15", "sdxl"])
@pytest.mark.parametrize("kind", ["DDIMScheduler", "DDPMScheduler"])
def test_latents_are_not_clipped_however_the_model_was_led(name: str, kind: str) -> None:
    folder = ASSETS / name / "scheduler"
    described = json.loads((folder / "scheduler_config.json").read_text("utf-8"))
    own = getattr(diffusers, described["_class_name"]).from_pretrained(folder)
    ddim = getattr(diffusers, kind).from_config(own.config)
    assert ddim.config.clip_sample is False
    assert ddim.config.get("set_alpha_to_one") in (False, None)
    # Where the model's own says nothing, the table does.
    named = scheduler_named(kind)
    bare = getattr(diffusers, kind).from_config({}, **named.options)
    assert bare.config.clip_sample is False


def test_a_model_for_masks_draws_within_them_and_needs_one(
    tiny: Tiny, made: Callable[..., DiffusersBackend]
) -> None:
    backend = made(tiny("sd15_inpaint"))
    assert backend.capabilities.mask
    with pytest.raises(UsageError, match=r"^The model 'sd15_inpaint' draws within a mask only"):
        drawn(backend, request())
    white = Image.new("L", (64, 64))
    white.paste(255, (16, 20, 48, 52))
    asked = request(images=(reference(picture()),), mask=reference(white))
    [ours] = drawn(backend, asked)
    pipeline = diffusers.StableDiffusionInpaintPipeline.from_pretrained(tiny("sd15_inpaint"))
    pipeline.set_progress_bar_config(disable=True)
    expected = pipeline(
        PROMPTS[0], image=picture(), mask_image=white, num_inference_steps=2, guidance_scale=7.5,
        generator=torch.Generator("cpu").manual_seed(1), width=64, height=64,
    ).images[0]  # fmt: skip
    mine, theirs = np.asarray(ours.drawn), np.asarray(expected)
    assert (mine[30:42, 26:38] == theirs[30:42, 26:38]).all()
    assert (mine[:16] == np.asarray(picture())[:16]).all()


def test_the_words_of_clip_that_are_carried_along_make_its_tokenizer() -> None:
    from imagine.stages.generate.diffusers.clip_words import clip_tokenizer

    own, padded = clip_tokenizer("<|endoftext|>"), clip_tokenizer("!")
    assert own("a photo of a cat").input_ids == [49406, 320, 1125, 539, 320, 2368, 49407]
    assert own.model_max_length == 77
    assert (own.pad_token_id, padded.pad_token_id) == (49407, 0)


@pytest.mark.parametrize(
    ("name", "numbers"),
    [
        ("sd15", {"unet": 859_520_964, "vae": 83_653_863, "text_encoder": 123_060_480}),
        (
            "sdxl",
            {
                "unet": 2_567_463_684,
                "vae": 83_653_863,
                "text_encoder": 123_060_480,
                "text_encoder_2": 694_659_840,
            },
        ),
    ],
)
def test_the_networks_that_are_described_here_have_the_published_sizes(
    name: str, numbers: dict[str, int]
) -> None:
    import diffusers
    import transformers

    described = json.loads((ASSETS / name / "model_index.json").read_text("utf-8"))
    counted = {}
    for part in numbers:
        library, kind = described[part]
        values = json.loads((ASSETS / name / part / "config.json").read_text("utf-8"))
        with torch.device("meta"):
            if library == "diffusers":
                network = getattr(diffusers, kind).from_config(values)
            else:
                network = getattr(transformers, kind)(transformers.CLIPTextConfig(**values))
        counted[part] = sum(each.numel() for each in network.parameters())
    assert counted == numbers
