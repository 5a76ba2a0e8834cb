"""The backend `openvino` with tiny models that we convert; needs imagine-cli[diffusers,openvino].

Every picture is compared with the one that diffusers draws from the same weights and seed.
"""

import inspect
import io
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hosted import request_of
from PIL import Image

torch = pytest.importorskip("torch")
diffusers = pytest.importorskip("diffusers")
pytest.importorskip("openvino_genai")

# What the libraries warn of among themselves is no concern of ours.
pytestmark = pytest.mark.filterwarnings("ignore")

from imagine.stages.errors import LocalBackendError, StoppedError, UsageError  # noqa: E402
from imagine.stages.generate.local.options import LocalOptions  # noqa: E402
from imagine.stages.generate.local.shelf import Shelf  # noqa: E402
from imagine.stages.generate.openvino.backend import OpenVINOBackend  # noqa: E402
from imagine.stages.generate.openvino.convert import convert, needs  # noqa: E402
from imagine.stages.image import (  # noqa: E402
    GeneratedImage,
    HiresFix,
    ImageRequest,
    Lora,
    Progress,
    ReferenceImage,
)

SIZE, STEPS, PROMPT = (64, 64), 4, "a red fox"
Converted = Callable[[str], Path]
Opened = Callable[..., OpenVINOBackend]


@pytest.fixture(scope="session")
def converted(tmp_path_factory: pytest.TempPathFactory, tiny: Callable[[str], Path]) -> Converted:
    """The folder of a tiny model as OpenVINO reads it; `sd15` has a tiny VAE beside its own."""
    root = tmp_path_factory.mktemp("converted")

    def folder(name: str) -> Path:
        target = root / name
        if not target.exists():
            small = tiny("taesd") if name == "sd15" else None
            convert(tiny(name), target, tiny_vae=small, on_progress=lambda progress: None)
        return target

    return folder


@pytest.fixture(scope="session")
def opened(converted: Converted, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Opened]:
    """A backend that computes as torch does, one for all tests: `opened("sdxl", tiny_vae="x")`."""
    root = tmp_path_factory.mktemp("opened")
    shelf = Shelf(catalog=root / "c.toml", seen=root / "s.json", hub=root / "hub")
    made: dict[Any, OpenVINOBackend] = {}

    def backend(name: str, **options: Any) -> OpenVINOBackend:
        key = name, *sorted(options.items())
        if key not in made:
            values = LocalOptions(**{"dtype": "float32", **options})
            model = str(converted(name))
            made[key] = OpenVINOBackend(model=model, shelf=shelf, options=values, tell=print)
        return made[key]

    yield backend
    for each in made.values():
        each.close()


def request(**changes: Any) -> ImageRequest:
    small = {"width": SIZE[0], "height": SIZE[1], "num_inference_steps": STEPS, "seed": 1}
    return request_of(**({"prompt": PROMPT} | small | changes))


@dataclass(frozen=True)
class Drawn:
    image: GeneratedImage
    steps: list[Progress]

    @property
    def pixels(self) -> Any:
        return np.asarray(self.image.drawn).astype(int)


def draw(backend: OpenVINOBackend, **changes: Any) -> Drawn:
    *steps, image = backend.generate(request(**changes))
    assert isinstance(image, GeneratedImage)
    return Drawn(image, [step for step in steps if isinstance(step, Progress)])


def torch_of(folder: Path, kind: str = "AutoPipelineForText2Image") -> Any:
    pipeline = getattr(diffusers, kind).from_pretrained(folder, local_files_only=True)
    pipeline.set_progress_bar_config(disable=True)
    return pipeline


def by_torch(pipeline: Any, prompt: str = PROMPT, **options: Any) -> Any:
    values = {
        "num_inference_steps": STEPS,
        "width": SIZE[0],
        "height": SIZE[1],
        "generator": torch.Generator("cpu").manual_seed(1),
        **options,
    }
    return np.asarray(pipeline(prompt, **values).images[0]).astype(int)


def apart(one: Any, other: Any) -> int:
    """The largest difference of two pictures; GenAI rounds down where diffusers rounds."""
    return int(np.abs(one - other).max())


def noise_picture(seed: int = 0) -> Image.Image:
    return Image.fromarray(np.random.RandomState(seed).randint(0, 255, (64, 64, 3), np.uint8))


def reference(picture: Image.Image) -> ReferenceImage:
    file = io.BytesIO()
    picture.save(file, "PNG")
    return ReferenceImage(file.getvalue(), "png", *picture.size, sha256="0" * 64)


def half_mask() -> Image.Image:
    mask = Image.new("L", SIZE)
    mask.paste(255, (32, 0, *SIZE))
    return mask


# Guided FLUX multiplies what fp16 rounded of its weights.
@pytest.mark.parametrize(
    ("name", "guidance", "most"), [("sd15", 7.5, 1), ("sdxl", 6.0, 1), ("flux", 3.5, 2)]
)
def test_a_seed_gives_the_picture_that_diffusers_draws_from_it(
    opened: Opened, tiny: Callable[[str], Path], name: str, guidance: float, most: int
) -> None:
    backend, pipeline = opened(name), torch_of(tiny(name))
    backend.release()
    first = draw(backend)
    assert apart(first.pixels, by_torch(pipeline, guidance_scale=guidance)) <= most
    assert [step.step for step in first.steps] == [0, 1, 2, 3, 4]
    assert {step.total for step in first.steps} == {STEPS}
    assert first.steps[0].label == f"loading {name}"
    parameters = dict(first.image.parameters)
    assert parameters.pop("weights") == backend._folder.weights()
    assert parameters == {
        "num_inference_steps": STEPS,
        "guidance_scale": guidance,
        "scheduler": type(pipeline.scheduler).__name__,
        "dtype": "float32",
        "device": "CPU",
    }
    again, other = draw(backend), draw(backend, seed=2)
    # The memory that GenAI draws in is the same for all.
    assert apart(first.pixels, again.pixels) == 0
    assert apart(first.pixels, other.pixels) > 1
    if not backend.capabilities.negative_prompt:
        return
    avoiding = draw(backend, negative_prompt="blurry").pixels
    expected = by_torch(pipeline, negative_prompt="blurry", guidance_scale=guidance)
    assert apart(avoiding, expected) <= 1
    assert apart(avoiding, first.pixels) > 1


@pytest.mark.parametrize(("name", "most"), [("sdxl", 1), ("flux", 2)])
def test_a_picture_is_drawn_over_as_diffusers_does(
    opened: Opened, tiny: Callable[[str], Path], name: str, most: int
) -> None:
    backend, picture = opened(name), noise_picture()
    shared = {"image": picture, "strength": 0.5, "guidance_scale": 5.0}
    pipeline = diffusers.AutoPipelineForImage2Image.from_pipe(torch_of(tiny(name)))
    pipeline.set_progress_bar_config(disable=True)
    drawn = draw(backend, images=(reference(picture),), strength=0.5, guidance_scale=5.0)
    takes = inspect.signature(pipeline.__call__).parameters
    size = {"width": SIZE[0], "height": SIZE[1]} if "width" in takes else {}
    expected = pipeline(
        PROMPT,
        num_inference_steps=STEPS,
        generator=torch.Generator("cpu").manual_seed(1),
        **shared,
        **size,
    ).images[0]
    assert apart(drawn.pixels, np.asarray(expected).astype(int)) <= most
    assert [step.step for step in drawn.steps if step.label == "step"] == [1, 2]
    assert dict(drawn.image.parameters)["strength"] == 0.5


def test_outside_the_mask_the_picture_stays_and_inside_it_is_drawn_as_diffusers_does(
    opened: Opened, tiny: Callable[[str], Path]
) -> None:
    backend, picture, mask = opened("sd15"), noise_picture(), half_mask()
    pipeline = diffusers.AutoPipelineForInpainting.from_pipe(torch_of(tiny("sd15")))
    pipeline.set_progress_bar_config(disable=True)
    options = {"strength": 0.9, "guidance_scale": 5.0}
    drawn = draw(backend, images=(reference(picture),), mask=reference(mask), **options).pixels
    expected = by_torch(pipeline, image=picture, mask_image=mask, **options)
    assert apart(drawn[:, :32], np.asarray(picture).astype(int)[:, :32]) == 0
    # Beyond the few pixels over which the drawn one comes in.
    assert apart(drawn[:, 48:], expected[:, 48:]) <= 1


def test_nothing_of_a_long_prompt_is_cut_off(opened: Opened, tiny: Callable[[str], Path]) -> None:
    backend, pipeline = opened("sd15"), torch_of(tiny("sd15"))
    # Each letter is a token there; three pieces, of which the last is short.
    pieces = ["a red fox, " * 10, "in deep snow " * 7, "an owl"]
    assert backend.capabilities.prompt_tokens > 75
    drawn = [
        draw(backend, prompt="".join(pieces)[: -len(end)] + end).pixels for end in ("owl", "elk")
    ]
    assert apart(*drawn) > 1
    short = draw(backend).pixels
    with torch.no_grad():
        tokens = [
            pipeline.tokenizer(text, padding="max_length", return_tensors="pt").input_ids
            for text in (PROMPT, "")
        ]
        words, empty = (pipeline.text_encoder(each)[0] for each in tokens)
    expected = by_torch(
        pipeline, None, prompt_embeds=words, negative_prompt_embeds=empty, guidance_scale=7.5
    )
    assert apart(short, expected) <= 1


def test_pieces_are_encoded_one_after_the_other(
    opened: Opened, tiny: Callable[[str], Path]
) -> None:
    backend, pipeline = opened("sd15"), torch_of(tiny("sd15"))
    text = "a red fox in snow, " * 8
    drawn = draw(backend, prompt=text).pixels
    assert backend._loaded is not None
    split = backend._loaded.clips[0].pieces(text)
    assert len(split) > 1

    def words(part: str) -> Any:
        tokens = pipeline.tokenizer(part, padding="max_length", return_tensors="pt").input_ids
        assert tokens.shape[1] == 77
        with torch.no_grad():
            return pipeline.text_encoder(tokens)[0]

    expected = by_torch(
        pipeline,
        None,
        prompt_embeds=torch.cat([words(part) for part in split], dim=1),
        negative_prompt_embeds=torch.cat([words("")] * len(split), dim=1),
        guidance_scale=7.5,
    )
    assert apart(drawn, expected) <= 1


def test_t5_says_what_it_could_not_read(opened: Opened) -> None:
    backend = opened("flux")
    assert draw(backend, num_inference_steps=1).image.notes == ()
    (note,) = draw(backend, prompt="word " * 150, num_inference_steps=1).image.notes
    assert note.startswith("The prompt has ")
    assert note.endswith(" tokens, of which the model flux reads 512; the rest was left out.")


@pytest.fixture(scope="module")
def lora(tmp_path_factory: pytest.TempPathFactory, tiny: Callable[[str], Path]) -> Path:
    """A LoRA for `sd15`, of the UNet and of the text encoder."""
    peft = pytest.importorskip("peft")
    pipeline = torch_of(tiny("sd15"))
    torch.manual_seed(3)
    names = {"unet": ["to_q", "to_v", "to_out.0"], "text_encoder": ["q_proj", "v_proj"]}
    layers = {}
    for part, modules in names.items():
        config = peft.LoraConfig(r=4, lora_alpha=4, target_modules=modules, init_lora_weights=False)
        getattr(pipeline, part).add_adapter(config)
        layers[f"{part}_lora_layers"] = peft.utils.get_peft_model_state_dict(
            getattr(pipeline, part)
        )
    folder = tmp_path_factory.mktemp("lora")
    diffusers.StableDiffusionPipeline.save_lora_weights(folder, **layers)
    return folder / "pytorch_lora_weights.safetensors"


def test_a_lora_changes_the_picture_as_it_does_with_torch_and_goes_again(
    opened: Opened, tiny: Callable[[str], Path], lora: Path
) -> None:
    backend, pipeline = opened("sd15"), torch_of(tiny("sd15"))
    plain = draw(backend).pixels
    pipeline.load_lora_weights(lora, adapter_name="ink")
    pipeline.set_adapters(["ink"], [0.5])
    drawn = draw(backend, loras=(Lora(str(lora), 0.5),))
    assert apart(drawn.pixels, by_torch(pipeline, guidance_scale=7.5)) <= 1
    assert apart(drawn.pixels, plain) > 1
    assert drawn.image.notes == ()
    assert apart(draw(backend).pixels, plain) == 0
    recorded = Lora(str(lora)).recorded
    again = replace(backend._shelf, recorded=frozenset({recorded}))
    assert again.lora(recorded).path == lora


def test_a_lora_of_another_model_is_refused_and_one_that_fits_half_says_so(
    opened: Opened, lora: Path, tmp_path: Path
) -> None:
    from safetensors.torch import load_file, save_file

    tensors = load_file(lora)
    strange = {f"transformer.{name}": tensor.clone() for name, tensor in tensors.items()}
    save_file(strange, tmp_path / "flux.safetensors")
    backend = opened("sd15")
    with pytest.raises(UsageError) as caught:
        draw(backend, loras=(Lora(str(tmp_path / "flux.safetensors")),))
    assert str(caught.value) == (
        "--lora flux.safetensors changes no layer of the model 'sd15'; name one that was trained "
        "for Stable Diffusion 1."
    )
    save_file(tensors | dict(list(strange.items())[:2]), tmp_path / "half.safetensors")
    layers = len(tensors) // 2
    assert draw(backend, loras=(Lora(str(tmp_path / "half.safetensors")),)).image.notes == (
        f"Of {layers + 1} layers that the LoRA half.safetensors changes, the model sd15 has "
        f"{layers}; the others were left out.",
    )


def test_a_lora_of_another_size_is_refused_before_anything_is_loaded(
    opened: Opened, lora: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    from safetensors.torch import load_file, save_file

    wide = {name: torch.ones((4, 48) if "lora_A" in name else (48, 4)) for name in load_file(lora)}
    save_file(wide, tmp_path / "wide.safetensors")
    backend = opened("sd15")
    with pytest.raises(UsageError) as caught:
        backend.check(request(loras=(Lora(str(tmp_path / "wide.safetensors")),)))
    first = next(iter(load_file(lora)))
    assert str(caught.value) == (
        f"--lora wide.safetensors cannot change the model 'sd15': its '{first}' is 4x48, and the "
        "model's layer 32x32; name one that was trained for Stable Diffusion 1."
    )
    # OpenVINO would warn of it there.
    assert capfd.readouterr() == ("", "")


def test_kohyas_names_mean_the_same_layers(opened: Opened, lora: Path, tmp_path: Path) -> None:
    from safetensors.torch import load_file, save_file

    renamed = {}
    for name, tensor in load_file(lora).items():
        layer, _, side = name.removesuffix(".weight").rpartition(".lora_")
        start, _, rest = layer.partition(".")
        rest = rest if start == "unet" else f"text_model.{rest.removeprefix('text_model.')}"
        kohya = f"lora_{'unet' if start == 'unet' else 'te'}_{rest.replace('.', '_')}"
        renamed[f"{kohya}.lora_{'down' if side == 'A' else 'up'}.weight"] = tensor
        renamed[f"{kohya}.alpha"] = torch.tensor(4.0)
    save_file(renamed, tmp_path / "kohya.safetensors")
    backend = opened("sd15")
    one, other = (
        draw(backend, loras=(Lora(str(path)),)).pixels
        for path in (lora, tmp_path / "kohya.safetensors")
    )
    assert apart(one, other) == 0


def test_a_picture_that_nobody_waits_for_is_given_up_between_steps(opened: Opened) -> None:
    backend = opened("sd15")
    before = draw(backend).pixels
    steps = backend.generate(request(num_inference_steps=50))
    assert next(steps).step == 1
    steps.close()  # type: ignore[attr-defined]  # it is a generator
    assert apart(draw(backend).pixels, before) == 0


def test_two_passes_draw_the_larger_size(opened: Opened, tiny: Callable[[str], Path]) -> None:
    backend, text = opened("sd15"), torch_of(tiny("sd15"))
    drawn = draw(backend, hires_fix=HiresFix(1.5, 0.5))
    assert drawn.pixels.shape == (96, 96, 3)
    told = [(step.step, step.total) for step in drawn.steps if step.label == "step"]
    assert told == [(n, 6) for n in range(1, 7)]
    first = Image.fromarray(draw(backend).pixels.astype(np.uint8))
    second = diffusers.AutoPipelineForImage2Image.from_pipe(text)
    second.set_progress_bar_config(disable=True)
    expected = second(
        PROMPT,
        image=first.resize((96, 96), Image.Resampling.LANCZOS),
        strength=0.5,
        num_inference_steps=STEPS,
        guidance_scale=7.5,
        generator=torch.Generator("cpu").manual_seed(1),
    ).images[0]
    assert apart(drawn.pixels, np.asarray(expected).astype(int)) <= 1


def test_a_second_pass_of_an_odd_size_and_few_steps_is_drawn_larger_with_more(
    opened: Opened, tiny: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    backend = opened("sd15")
    first = Image.fromarray(draw(backend, num_inference_steps=1).pixels.astype(np.uint8))
    # The real ones halve more often than the tiny one.
    wide = replace(backend._folder.family, multiple=32)
    with monkeypatch.context() as patch:
        patch.setattr(backend, "_folder", replace(backend._folder, family=wide))
        backend.release()
        drawn = draw(backend, num_inference_steps=1, hires_fix=HiresFix(1.25, 0.5))
    backend.release()
    # Of two steps the second pass takes one at half the strength.
    told = [(step.step, step.total) for step in drawn.steps if step.label == "step"]
    assert told == [(1, 2), (2, 2)]
    second = diffusers.AutoPipelineForImage2Image.from_pipe(torch_of(tiny("sd15")))
    second.set_progress_bar_config(disable=True)
    expected = second(
        PROMPT,
        image=first.resize((96, 96), Image.Resampling.LANCZOS),
        strength=0.5,
        num_inference_steps=2,
        guidance_scale=7.5,
        generator=torch.Generator("cpu").manual_seed(1),
    ).images[0]
    resized = np.asarray(expected.resize((80, 80), Image.Resampling.LANCZOS)).astype(int)
    assert apart(drawn.pixels, resized) <= 3


@pytest.mark.parametrize(
    ("name", "part", "time"), [("sd15", "unet", 999), ("flux", "transformer", 0.853)]
)
def test_numbers_of_16_bits_do_not_blur_the_time(
    converted: Converted, name: str, part: str, time: float
) -> None:
    import openvino

    core = openvino.Core()
    if "BF16" not in core.get_property("CPU", "OPTIMIZATION_CAPABILITIES"):
        pytest.skip("this processor has no bfloat16")
    file = converted(name) / part / "openvino_model.xml"
    sides = {
        "sample": (2, 4, 32, 32),
        "encoder_hidden_states": (2, 77, 32) if part == "unet" else (1, 16, 32),
        "pooled_projections": (1, 32),
        "hidden_states": (1, 64, 16),
        "img_ids": (64, 3),
        "txt_ids": (16, 3),
    }
    numbers = np.random.RandomState(0)
    given = {
        "timestep": np.full(1, time, "i8" if part == "unet" else "f4"),
        "guidance": np.full(1, 3.5, np.float32),
    }
    names = [port.any_name for port in core.read_model(file).inputs]
    inputs = {
        name: given[name] if name in given else numbers.standard_normal(sides[name]).astype("f4")
        for name in names
    }
    exact, fast = (
        core.compile_model(file, "CPU", {"INFERENCE_PRECISION_HINT": kind})(inputs)[0]
        for kind in ("f32", "bf16")
    )
    # Without it 0.06 and 0.03.
    assert np.abs(fast - exact).mean() / np.abs(exact).mean() < 0.02


def test_a_tiny_vae_is_used_where_the_folder_has_one(
    opened: Opened, tiny: Callable[[str], Path]
) -> None:
    pipeline = torch_of(tiny("sd15"))
    pipeline.vae = diffusers.AutoencoderTiny.from_pretrained(tiny("taesd"))
    drawn = draw(opened("sd15", tiny_vae="taesd"))
    assert apart(drawn.pixels, by_torch(pipeline, guidance_scale=7.5)) <= 1
    assert drawn.image.notes == ()
    assert dict(drawn.image.parameters)["vae"] == "tiny"
    assert draw(opened("sdxl", tiny_vae="taesd")).image.notes == (
        "The model sdxl was converted without a tiny VAE, so its own was used; convert it again "
        "with --tiny-vae.",
    )


def test_a_scheduler_leads_as_its_like_in_diffusers(
    opened: Opened, tiny: Callable[[str], Path]
) -> None:
    backend, pipeline = opened("sd15"), torch_of(tiny("sd15"))
    for name, kind in (
        ("euler", diffusers.EulerDiscreteScheduler),
        ("pndm", diffusers.PNDMScheduler),
    ):
        pipeline.scheduler = kind.from_config(pipeline.scheduler.config, skip_prk_steps=True)
        drawn = draw(backend, scheduler=name)
        assert apart(drawn.pixels, by_torch(pipeline, guidance_scale=7.5)) <= 1, name
        assert dict(drawn.image.parameters)["scheduler"] == name


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (
            {"device": "cuda"},
            "OpenVINO has no device 'cuda' here (it has CPU",
        ),
        (
            {"dtype": "float16"},
            "OpenVINO's device CPU does not compute in float16 here; set IMAGINE_DTYPE to auto or "
            "float32.",
        ),
    ],
)
def test_what_the_machine_has_not_is_refused(
    opened: Opened, monkeypatch: pytest.MonkeyPatch, options: dict[str, str], sentence: str
) -> None:
    import openvino

    monkeypatch.setattr(openvino.Core, "get_property", lambda *_: ["FP32"])
    with pytest.raises(LocalBackendError) as caught:
        draw(opened("sd15", **options))
    assert str(caught.value).startswith(sentence)


def test_converting_never_leaves_half_a_folder(tiny: Callable[[str], Path], tmp_path: Path) -> None:
    told = []

    def stop(progress: Progress) -> None:
        told.append(progress)
        if progress.step == 2:
            raise StoppedError("The run is being stopped.")

    with pytest.raises(StoppedError):
        convert(tiny("sd15"), tmp_path / "new" / "sd15", on_progress=stop)
    assert [progress.label for progress in told] == [
        "converting tokenizer",
        "converting text_encoder",
        "converting unet",
    ]
    assert list((tmp_path / "new").iterdir()) == []


def test_what_cannot_be_converted_is_refused_before_anything_is_written(
    tiny: Callable[[str], Path], converted: Converted, tmp_path: Path
) -> None:
    def refused(folder: Path, target: Path) -> str:
        with pytest.raises((LocalBackendError, UsageError)) as caught:
            convert(folder, target, on_progress=lambda progress: None)
        return str(caught.value)

    target = tmp_path / "new"
    folder = tiny("zimage")
    assert refused(folder, target) == (
        f"The folder '{folder}' holds the pipeline 'ZImagePipeline', which cannot be converted; "
        "draw with it through -b diffusers (converted are StableDiffusionPipeline, "
        "LatentConsistencyModelPipeline, StableDiffusionXLPipeline, StableDiffusion3Pipeline, "
        "FluxPipeline)."
    )
    folder = converted("sd15")
    assert refused(folder, target) == (
        f"The folder '{folder}' is converted already; draw with it through -b openvino."
    )
    assert refused(tiny("sd15"), tmp_path) == (
        f"The folder '{tmp_path}' is there already; name a new one, or delete it."
    )
    assert not target.exists()


def test_converting_without_its_packages_is_refused(
    tiny: Callable[[str], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tiny("sd15")
    monkeypatch.setattr(
        "imagine.stages.generate.openvino.convert.find_spec", lambda name: name != "torch" or None
    )
    with pytest.raises(LocalBackendError) as caught:
        convert(folder, tmp_path / "new", on_progress=lambda progress: None)
    assert str(caught.value) == (
        "Converting needs the Python package 'torch', which is not installed; pip install "
        "'imagine-cli[diffusers,openvino]'."
    )


def test_what_converting_takes_is_known_before(tiny: Callable[[str], Path]) -> None:
    folder = tiny("sd15")
    files = sum(file.stat().st_size for file in folder.glob("*/*.safetensors"))
    taken = needs(folder)
    # The files have four bytes for each number, and headers.
    assert files * 0.45 < taken.disk < files * 0.5
    assert 0 < taken.memory < files * 1.3


def test_a_safety_checker_that_is_lost_is_told(
    tiny: Callable[[str], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The networks themselves are converted elsewhere.
    monkeypatch.setattr("imagine.stages.generate.openvino.convert._steps", lambda *_: [])
    notes = convert(tiny("sd15_checked"), tmp_path / "new", on_progress=lambda progress: None)
    assert notes == ("Its safety checker was left out: OpenVINO GenAI has none.",)
    index = json.loads((tmp_path / "new" / "model_index.json").read_text(encoding="utf-8"))
    assert index["safety_checker"] == [None, None]
    assert index["_name_or_path"] == "sd15_checked"


def test_the_command_line_draws_and_replays_the_same_pixels(
    imagine: Callable[..., Any], converted: Converted
) -> None:
    model = str(converted("sd15"))
    size = ("--size", "64x64", "--steps", "3", "--seed", "5")
    done = imagine("a red fox", "--enhancer", "none", "-b", "openvino", "-m", model, *size)
    assert done.code == 0, done.err
    first = Path(done.lines[0])
    again = imagine("replay", str(first))
    assert again.code == 0, again.err
    pictures = [np.asarray(Image.open(path)) for path in (first, Path(again.lines[0]))]
    assert first != Path(again.lines[0])
    assert np.array_equal(*pictures)
    recipe = imagine("show", str(first), "--json").json
    assert model not in str(recipe)
