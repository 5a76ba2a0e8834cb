"""The backend `diffusers` with real pipelines of random weights; needs imagine-cli[diffusers]."""

import json
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("diffusers")
pytest.importorskip("transformers")

# What these packages warn of among themselves is no concern of ours.
pytestmark = pytest.mark.filterwarnings("ignore")

import torch  # noqa: E402
from conftest import Tiny  # noqa: E402
from diffusers import AutoPipelineForText2Image, StableDiffusionPipeline  # noqa: E402
from safetensors.torch import load_file, save_file  # noqa: E402
from single_files import save_as_one_file  # noqa: E402
from tiny_loaded import SPEC  # noqa: E402

from imagine.stages.errors import LocalBackendError, RefusedError, UsageError  # noqa: E402
from imagine.stages.generate.diffusers import drawing  # noqa: E402
from imagine.stages.generate.diffusers.backend import DiffusersBackend  # noqa: E402
from imagine.stages.generate.diffusers.single_file import ASSETS  # noqa: E402
from imagine.stages.generate.local.options import LocalOptions  # noqa: E402
from imagine.stages.generate.local.shelf import Shelf  # noqa: E402
from imagine.stages.image import GeneratedImage, HiresFix, ImageRequest, Progress  # noqa: E402

PROMPTS = ("a fox", "an owl in the fog, at night", "seven boats")
TOLD: list[str] = []


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """As the backend computes with models as small as these, so does what it is compared with."""
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
    "flux_schnell": {"guidance_scale": 0.0},
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


def test_a_tiny_vae_decodes_in_place_of_the_models_own(
    tiny: Tiny, made: Callable[..., DiffusersBackend]
) -> None:
    own = drawn(made(tiny("sd15")), request())[0]
    small = drawn(made(tiny("sd15"), tiny_vae=str(tiny("taesd"))), request())[0]
    assert small.size == own.size
    assert pixels(small.drawn) != pixels(own.drawn)


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
            raise drawing.OutOfMemoryError(str(error)) from error
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
    import shutil

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
