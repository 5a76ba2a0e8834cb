"""Families of models in the backend `diffusers`, against diffusers called by itself.

Pipelines of random weights; needs imagine-cli[diffusers].
"""

import inspect
import json
import re
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

pytest.importorskip("torch")
pytest.importorskip("diffusers")
pytest.importorskip("transformers")

# What these packages warn of among themselves is no concern of ours.
pytestmark = pytest.mark.filterwarnings("ignore")

import diffusers  # noqa: E402
import torch  # noqa: E402
import transformers  # noqa: E402
from conftest import Tiny  # noqa: E402
from safetensors.torch import save_file  # noqa: E402
from tiny_loaded import SPEC, picture, reference  # noqa: E402

from imagine.stages.errors import (  # noqa: E402
    LocalBackendError,
    MissingPackageError,
    UsageError,
)
from imagine.stages.generate.diffusers.backend import DiffusersBackend  # noqa: E402
from imagine.stages.generate.diffusers.lengths import lengths_of  # noqa: E402
from imagine.stages.generate.diffusers.loaded import Loaded  # noqa: E402
from imagine.stages.generate.diffusers.parts import packages_for  # noqa: E402
from imagine.stages.generate.local.families import _tables  # noqa: E402
from imagine.stages.generate.local.options import LocalOptions  # noqa: E402
from imagine.stages.generate.local.shelf import Shelf  # noqa: E402
from imagine.stages.image import GeneratedImage, ImageRequest, Lora, Progress  # noqa: E402
from imagine.stages.torch_device import torch_reason  # noqa: E402

PROMPT = "a fox in the fog"


@dataclass(frozen=True, slots=True)
class Family:
    """What is expected of one.

    Attributes:
        title: that it goes by.
        plain: how a script calls diffusers for what we draw by default.
        avoids: how a script gives it a negative prompt; None where it reads none.
        reads: tokens of a prompt.
        layer: a matrix of its denoiser, for a LoRA; "" where it takes none.
    """

    title: str
    plain: dict[str, Any]
    avoids: Callable[[Any, str], dict[str, Any]] | None
    reads: int
    layer: str = ""


def in_words(pipeline: Any, negative: str) -> dict[str, Any]:
    return {"negative_prompt": negative}


def encoded(pipeline: Any, negative: str) -> dict[str, Any]:
    return {"negative_prompt_embeds": pipeline.encode_prompt(prompt=negative)[0]}


# The tiny encoders read letters, so what pipelines say around a prompt takes much of the room.
FAMILIES = {
    "flux2": Family(
        "FLUX.2",
        {"guidance_scale": 4.0},
        None,
        329,
        "transformer_blocks.0.attn.to_q",
    ),
    "flux2_klein": Family(
        "FLUX.2 [klein]",
        {"guidance_scale": 4.0},
        encoded,
        493,
        "transformer_blocks.0.attn.to_q",
    ),
    "flux2_klein_distilled": Family(
        "FLUX.2 [klein], distilled",
        {"guidance_scale": 1.0},
        None,
        493,
        "transformer_blocks.0.attn.to_q",
    ),
    "qwen_image": Family(
        "Qwen-Image",
        {"true_cfg_scale": 4.0, "negative_prompt": " "},
        in_words,
        896,
        "transformer_blocks.0.attn.to_q",
    ),
    "krea2": Family(
        "Krea 2",
        {"guidance_scale": 4.5},
        in_words,
        392,
        "transformer_blocks.0.attn.to_q",
    ),
    "chroma": Family(
        "Chroma",
        {"guidance_scale": 3.0},
        in_words,
        511,
        "transformer_blocks.0.attn.to_q",
    ),
    "auraflow": Family(
        "AuraFlow 0.1 or 0.2",
        {"guidance_scale": 3.5},
        in_words,
        255,
        "joint_transformer_blocks.0.attn.to_q",
    ),
    "lumina2": Family(
        "Lumina-Image 2",
        {"guidance_scale": 4.0},
        in_words,
        347,
        "layers.0.attn.to_q",
    ),
    "cogview4": Family(
        "CogView4",
        {"guidance_scale": 3.5},
        in_words,
        1023,
        "transformer_blocks.0.attn1.to_q",
    ),
    "hunyuan_dit": Family(
        "Hunyuan-DiT",
        {"guidance_scale": 5.0, "use_resolution_binning": False},
        in_words,
        255,
    ),
}


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> Iterator[None]:
    """Several share out sums by their length."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[Path], DiffusersBackend]]:
    """Backends, each made once: `made(folder)`."""
    root = tmp_path_factory.mktemp("shelf")
    shelf = Shelf(root / "models.toml", root / "models.json", root / "hub")
    backends: dict[Path, DiffusersBackend] = {}

    def make(path: Path) -> DiffusersBackend:
        if path not in backends:
            options = LocalOptions(device="cpu")
            backends[path] = DiffusersBackend(
                model=str(path), shelf=shelf, options=options, tell=lambda sentence: None
            )
        return backends[path]

    yield make
    for backend in backends.values():
        backend.close()


Made = Callable[[Path], DiffusersBackend]


def request(prompt: str = PROMPT, seed: int = 1, **options: Any) -> ImageRequest:
    values = {"negative_prompt": None, "spec": SPEC, "width": 64, "height": 64, **options}
    return ImageRequest(prompt=prompt, seed=seed, **{"num_inference_steps": 2, **values})


def drawn(backend: DiffusersBackend, asked: ImageRequest) -> GeneratedImage:
    backend.check(asked)
    *_, last = backend.generate(asked)
    assert isinstance(last, GeneratedImage)
    return last


def loaded_in(backend: DiffusersBackend) -> Loaded:
    """Its model, which a first picture loads."""
    if backend._loaded is None:
        drawn(backend, request())
    assert backend._loaded is not None
    return backend._loaded


def pixels(picture: Any) -> bytes:
    return bytes(picture.convert("RGB").tobytes())


def fresh(folder: Path, kind: str = "DiffusionPipeline") -> Any:
    """A pipeline as a script loads it."""
    pipeline = getattr(diffusers, kind).from_pretrained(folder, local_files_only=True)
    pipeline.set_progress_bar_config(disable=True)
    return pipeline


@cache
def loaded(folder: Path) -> Any:
    """The same, to be called only."""
    return fresh(folder)


def plain(pipeline: Any, **options: Any) -> Image.Image:
    """What a script with diffusers alone draws."""
    values = {"num_inference_steps": 2, "width": 64, "height": 64, "prompt": PROMPT, **options}
    generator = torch.Generator("cpu").manual_seed(1)
    made: Image.Image = pipeline(generator=generator, **values).images[0]
    return made


@pytest.mark.parametrize("name", FAMILIES)
def test_a_picture_is_the_one_that_diffusers_draws_with_a_preview_for_each_step(
    tiny: Tiny, made: Made, name: str
) -> None:
    family, backend = FAMILIES[name], made(tiny(name))
    *steps, ours = backend.generate(request())
    assert isinstance(ours, GeneratedImage)
    assert (ours.size, ours.notes) == ((64, 64), ())
    assert pixels(ours.drawn) == pixels(plain(loaded(tiny(name)), **family.plain))
    assert backend._source.family.title == family.title
    previews = [step.preview for step in steps if isinstance(step, Progress) and step.preview]
    assert [preview().mode for preview in previews] == ["RGB"] * 2


@pytest.mark.parametrize("name", FAMILIES)
def test_previews_have_colours_once_somebody_has_looked(tiny: Tiny, made: Made, name: str) -> None:
    backend = made(tiny(name))
    for _ in range(2):
        for step in backend.generate(request()):
            if isinstance(step, Progress) and step.preview:
                step.preview()
    model = loaded_in(backend)
    channels = {"latent_channels", "z_dim"} & set(model.pipeline.vae.config)
    assert model.colours.line.shape == (model.pipeline.vae.config[channels.pop()] + 1, 3)


@pytest.mark.parametrize("name", FAMILIES)
def test_a_negative_prompt_is_read_where_it_is_said_to_be(
    tiny: Tiny, made: Made, name: str
) -> None:
    family, backend = FAMILIES[name], made(tiny(name))
    ours = pixels(drawn(backend, request(negative_prompt="rain and snow")).drawn)
    without = pixels(drawn(backend, request()).drawn)
    assert backend.capabilities.negative_prompt is (family.avoids is not None)
    if family.avoids is None:
        assert ours == without
        return
    pipeline = loaded(tiny(name))
    avoided = family.plain | family.avoids(pipeline, "rain and snow")
    assert ours == pixels(plain(pipeline, **avoided)) != without


@pytest.mark.parametrize("name", FAMILIES)
def test_guidance_leads_the_picture_or_is_refused(tiny: Tiny, made: Made, name: str) -> None:
    backend = made(tiny(name))
    asked = request(guidance_scale=2.0)
    if name == "flux2_klein_distilled":
        with pytest.raises(UsageError) as refusal:
            backend.check(asked)
        assert str(refusal.value) == (
            "--guidance 2 is out of range: flux2_klein_distilled (FLUX.2 [klein], distilled) "
            "reads 0 to 1; leave it out."
        )
        return
    guidance = "true_cfg_scale" if "true_cfg_scale" in FAMILIES[name].plain else "guidance_scale"
    ours = pixels(drawn(backend, asked).drawn)
    assert ours == pixels(plain(loaded(tiny(name)), **FAMILIES[name].plain | {guidance: 2.0}))
    assert ours != pixels(drawn(backend, request()).drawn)


@pytest.mark.parametrize("name", FAMILIES)
def test_what_is_cut_off_is_told_and_what_is_not_counts(tiny: Tiny, made: Made, name: str) -> None:
    family, backend = FAMILIES[name], made(tiny(name))

    def of(prompt: str) -> GeneratedImage:
        return drawn(backend, request(prompt, num_inference_steps=1))

    # Some vocabularies have a mark before a word.
    [marked] = lengths_of(loaded_in(backend), ["x"])
    whole = "x" * (family.reads + 1 - marked)
    full, other = of(whole), of(whole[:-1] + "q")
    assert full.notes == other.notes == ()
    assert pixels(full.drawn) != pixels(other.drawn)
    cut, other = of(whole + "x" * 99), of(whole + "x" * 98 + "q")
    assert cut.notes == other.notes
    assert cut.notes == (
        f"The prompt has {family.reads + 99} tokens, and {family.title} reads {family.reads} of "
        "them; what stands last is not drawn.",
    )
    assert pixels(cut.drawn) == pixels(other.drawn)


@pytest.mark.parametrize("name", FAMILIES)
def test_a_lora_changes_the_picture_or_is_refused(
    tiny: Tiny, made: Made, name: str, tmp_path: Path
) -> None:
    pytest.importorskip("peft")
    family, backend = FAMILIES[name], made(tiny(name))
    assert bool(backend.capabilities.max_loras) is bool(family.layer)
    if not family.layer:
        return
    before = pixels(drawn(backend, request()).drawn)
    matrix = loaded_in(backend).pipeline.transformer.get_submodule(family.layer).weight
    lora, layer = tmp_path / "detail.safetensors", f"transformer.{family.layer}"
    torch.manual_seed(5)
    low_rank = {
        f"{layer}.lora_A.weight": torch.randn(2, matrix.shape[1]),
        f"{layer}.lora_B.weight": torch.randn(matrix.shape[0], 2),
    }
    save_file(low_rank, lora)
    ours = pixels(drawn(backend, request(loras=(Lora(str(lora), 0.8),))).drawn)
    pipeline = fresh(tiny(name))
    pipeline.load_lora_weights(str(tmp_path), weight_name=lora.name, adapter_name="it")
    pipeline.set_adapters(["it"], [0.8])
    assert ours == pixels(plain(pipeline, **family.plain)) != before
    assert pixels(drawn(backend, request()).drawn) == before


@pytest.mark.parametrize("name", FAMILIES)
def test_a_scheduler_leads_or_is_refused(tiny: Tiny, made: Made, name: str) -> None:
    backend = made(tiny(name))
    of_flow = name != "hunyuan_dit"
    led = drawn(backend, request(scheduler="lcm"))
    assert dict(led.parameters)["scheduler"] == ("flow_lcm" if of_flow else "lcm")
    assert pixels(led.drawn) != pixels(drawn(backend, request()).drawn)
    if of_flow and name != "auraflow":
        with pytest.raises(UsageError, match=r"^--scheduler heun does not take the steps of "):
            backend.check(request(scheduler="heun"))


@pytest.mark.parametrize("name", FAMILIES)
def test_a_picture_that_is_given_up_leaves_the_model_as_it_was(
    tiny: Tiny, made: Made, name: str
) -> None:
    backend = made(tiny(name))
    before = pixels(drawn(backend, request()).drawn)
    running = backend.generate(request(num_inference_steps=500, seed=9))
    while next(running).label != "step":  # type: ignore[union-attr]
        pass
    running.close()  # type: ignore[attr-defined]
    assert pixels(drawn(backend, request()).drawn) == before


def test_a_family_in_no_table_is_asked_as_its_pipeline_says(
    tiny: Tiny, made: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(_tables(), "chroma")
    ours = drawn(made(shutil.copytree(tiny("chroma"), tmp_path / "unknown")), request())
    assert dict(ours.parameters)["guidance_scale"] == 5.0
    assert pixels(ours.drawn) == pixels(plain(loaded(tiny("chroma"))))


def test_guidance_that_a_pipeline_does_not_read_is_refused_and_not_recorded(
    tiny: Tiny, made: Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As that of FLUX.2 [klein] KV, and of families in no table."""
    backend = made(tiny("chroma"))
    model = loaded_in(backend)
    monkeypatch.setattr(model, "family", replace(model.family, guidance_argument="leading"))
    with pytest.raises(UsageError) as refusal:
        drawn(backend, request(guidance_scale=2.0))
    assert str(refusal.value) == ("The model 'chroma' (Chroma) reads no --guidance; leave it out.")
    ours = drawn(backend, request())
    assert "guidance_scale" not in dict(ours.parameters)
    assert pixels(ours.drawn) == pixels(plain(loaded(tiny("chroma"))))
    avoiding = drawn(backend, request(negative_prompt="rain"))
    assert avoiding.notes == ("Without guidance the negative prompt was not read.",)
    assert pixels(avoiding.drawn) == pixels(ours.drawn)


@pytest.mark.parametrize("name", ["flux2", "qwen_image"])
def test_a_tiny_vae_is_refused_where_latents_are_of_another_form(
    tiny: Tiny, tmp_path: Path, name: str
) -> None:
    """FLUX.2's are normed by its own decoder, whatever their channels; Qwen-Image's are films'."""
    small = shutil.copytree(tiny("taesd"), tmp_path / "tae")
    described = json.loads((small / "config.json").read_text("utf-8"))
    own = json.loads((tiny(name) / "vae" / "config.json").read_text("utf-8"))
    channels = own.get("latent_channels", 4)
    _described(small, "config.json", **described | {"latent_channels": channels})
    backend = DiffusersBackend(
        model=str(tiny(name)),
        shelf=Shelf(tmp_path / "models.toml", tmp_path / "models.json", tmp_path / "hub"),
        options=LocalOptions(device="cpu", tiny_vae=str(small)),
        tell=lambda sentence: None,
    )
    try:
        with pytest.raises(LocalBackendError) as refusal:
            drawn(backend, request())
    finally:
        backend.close()
    assert str(refusal.value) == (
        f"The tiny VAE '{small}' reads latents of {channels} channels, and those of the model have "
        "another form; unset IMAGINE_TINY_VAE, or name one for this model."
    )


# --- pictures ------------------------------------------------------------------------------------


def mask() -> Image.Image:
    white = Image.new("L", (64, 64))
    white.paste(255, (16, 20, 48, 52))
    return white


@pytest.fixture(scope="module")
def others(tiny: Tiny, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Folders of other classes that are made of the same parts: `others("kontext")`."""
    root = tmp_path_factory.mktemp("others")
    kinds = {
        "kontext": ("flux", "FluxKontextPipeline"),
        "klein_kv": ("flux2_klein_distilled", "Flux2KleinKVPipeline"),
    }

    def folder(name: str) -> Path:
        if name not in kinds:
            return tiny(name)
        of, kind = kinds[name]
        if not (root / name).exists():
            shutil.copytree(tiny(of), root / name)
            _described(root / name, _class_name=kind)
        return root / name

    return folder


def _described(folder: Path, name: str = "model_index.json", **changes: Any) -> None:
    file = folder / name
    file.write_text(json.dumps(json.loads(file.read_text("utf-8")) | changes), "utf-8")


@pytest.mark.parametrize(
    ("name", "kind"),
    [("qwen_image", "QwenImageImg2ImgPipeline"), ("chroma", "ChromaImg2ImgPipeline")],
)
def test_a_picture_is_drawn_over_as_diffusers_does_it(
    tiny: Tiny, made: Made, name: str, kind: str
) -> None:
    asked = request(images=(reference(picture()),), strength=0.6, num_inference_steps=4)
    expected = plain(
        fresh(tiny(name), kind),
        image=picture(),
        strength=0.6,
        num_inference_steps=4,
        **FAMILIES[name].plain,
    )
    assert pixels(drawn(made(tiny(name)), asked).drawn) == pixels(expected)


@pytest.mark.parametrize(
    ("name", "kind", "options"),
    [
        ("qwen_image", "QwenImageInpaintPipeline", FAMILIES["qwen_image"].plain),
        (
            "chroma",
            "ChromaInpaintPipeline",
            # As its text-to-image has it.
            {**FAMILIES["chroma"].plain, "max_sequence_length": 512},
        ),
        ("flux2_klein", "Flux2KleinInpaintPipeline", FAMILIES["flux2_klein"].plain),
        (
            "kontext",
            "FluxKontextInpaintPipeline",
            {"guidance_scale": 2.5, "max_area": 64 * 64, "_auto_resize": False},
        ),
    ],
)
def test_within_a_mask_it_is_drawn_as_diffusers_does_it_and_the_outside_stays(
    others: Callable[[str], Path], made: Made, name: str, kind: str, options: dict[str, Any]
) -> None:
    pipeline = fresh(others(name), kind)
    # Without it, diffusers' own class fails.
    if name == "chroma":
        pipeline.transformer.register_to_config(guidance_embeds=False)
    backend = made(others(name))
    asked = request(images=(reference(picture()),), mask=reference(mask()), num_inference_steps=4)
    ours = drawn(backend, asked)
    strength = dict(ours.parameters)["strength"]
    expected = plain(
        pipeline,
        image=picture(),
        mask_image=mask(),
        num_inference_steps=4,
        strength=strength,
        **options,
    )
    inside, corner = (30, 30, 40, 40), (0, 0, 16, 16)
    assert pixels(ours.drawn.crop(inside)) == pixels(expected.crop(inside))
    assert pixels(ours.drawn.crop(corner)) == pixels(picture().crop(corner))


def test_a_model_that_fills_masks_draws_within_one_and_needs_it(tiny: Tiny, made: Made) -> None:
    backend = made(tiny("flux_fill"))
    assert (backend.capabilities.max_images, backend.capabilities.mask) == (1, True)
    for images in ((), (reference(picture()),)):
        with pytest.raises(UsageError) as refusal:
            backend.check(request(images=images))
        assert str(refusal.value) == (
            "The model 'flux_fill' draws within a mask only; give --image and --mask, or choose "
            "another model."
        )
    ours = drawn(backend, request(images=(reference(picture()),), mask=reference(mask())))
    expected = plain(
        fresh(tiny("flux_fill")), image=picture(), mask_image=mask(), guidance_scale=30.0
    )
    inside, corner = (30, 30, 40, 40), (0, 0, 16, 16)
    assert pixels(ours.drawn.crop(inside)) == pixels(expected.crop(inside))
    assert pixels(ours.drawn.crop(corner)) == pixels(picture().crop(corner))


def test_a_mask_of_a_large_picture_gives_the_size_that_was_asked_for(
    tiny: Tiny, made: Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    """FLUX.2 [klein] draws at a size of its own within masks."""
    kind = diffusers.Flux2KleinInpaintPipeline
    call = kind.__call__

    def smaller(self: Any, *, image: Any, mask_image: Any, **others: Any) -> Any:
        small = [[each.resize((48, 48)) for each in given] for given in (image, mask_image)]
        return call(self, image=small[0], mask_image=small[1], **others)

    smaller.__signature__ = inspect.signature(call)  # type: ignore[attr-defined]
    monkeypatch.setattr(kind, "__call__", smaller)
    asked = request(images=(reference(picture()),), mask=reference(mask()))
    ours = drawn(made(tiny("flux2_klein")), asked)
    assert ours.size == (64, 64)
    assert pixels(ours.drawn.crop((0, 0, 64, 16))) == pixels(picture().crop((0, 0, 64, 16)))


@pytest.mark.parametrize("name", ["flux2", "flux2_klein", "flux2_klein_distilled"])
def test_several_pictures_are_read_beside_the_words_each_in_its_own_shape(
    tiny: Tiny, made: Made, name: str
) -> None:
    pictures = [picture((96, 64)), picture((64, 128), seed=8)]
    ours = drawn(made(tiny(name)), request(images=tuple(map(reference, pictures))))
    expected = plain(loaded(tiny(name)), image=pictures, **FAMILIES[name].plain)
    assert pixels(ours.drawn) == pixels(expected)
    assert ours.size == (64, 64)


def test_the_klein_that_keeps_what_it_has_read_of_pictures_draws_as_diffusers_does(
    others: Callable[[str], Path], made: Made
) -> None:
    backend = made(others("klein_kv"))
    asked = request(images=(reference(picture()),))
    expected = plain(loaded(others("klein_kv")), image=[picture()])
    assert pixels(drawn(backend, asked).drawn) == pixels(expected)
    assert "guidance_scale" not in dict(drawn(backend, request()).parameters)
    assert not backend.capabilities.guidance_scale


FLOWS = ("flow_euler", "flow_heun", "flow_lcm", "flow_dpm++_2m", "flow_unipc")
REFUSED = {
    "flux_fill": ("flow_heun", "flow_dpm++_2m", "flow_unipc"),
    "klein_kv": ("flow_heun",),
    "chroma": ("flow_heun", "flow_dpm++_2m", "flow_unipc"),
}


@pytest.mark.parametrize("name", REFUSED)
@pytest.mark.parametrize("scheduler", FLOWS)
def test_a_scheduler_that_passes_the_check_leads_the_drawing(
    others: Callable[[str], Path], made: Made, name: str, scheduler: str
) -> None:
    asked = request(images=(reference(picture()),), scheduler=scheduler)
    if name == "flux_fill":
        asked = replace(asked, mask=reference(mask()))
    backend = made(others(name))
    if scheduler in REFUSED[name]:
        with pytest.raises(UsageError, match=rf"^--scheduler {re.escape(scheduler)} "):
            backend.check(asked)
        return
    assert dict(drawn(backend, asked).parameters)["scheduler"] == scheduler


def test_kontext_reads_a_picture_in_its_own_shape(
    others: Callable[[str], Path], made: Made
) -> None:
    wide = picture((128, 64))
    ours = drawn(made(others("kontext")), request(images=(reference(wide),)))
    options = {"guidance_scale": 2.5, "max_area": 64 * 64, "_auto_resize": False}
    expected = plain(loaded(others("kontext")), image=wide, **options)
    assert pixels(ours.drawn) == pixels(expected)


@pytest.mark.parametrize(
    ("name", "kind", "options"),
    [
        ("flux_fill", "FluxFillPipeline", {"guidance_scale": 30.0}),
        ("flux2_klein", "Flux2KleinInpaintPipeline", FAMILIES["flux2_klein"].plain),
    ],
)
def test_a_model_that_edits_reads_a_strength_within_a_mask(
    tiny: Tiny, made: Made, name: str, kind: str, options: dict[str, Any]
) -> None:
    given = {"num_inference_steps": 4, "strength": 0.5}
    asked = request(images=(reference(picture()),), mask=reference(mask()), **given)
    ours = drawn(made(tiny(name)), asked)
    expected = plain(
        fresh(tiny(name), kind), image=picture(), mask_image=mask(), **given, **options
    )
    inside = (30, 30, 40, 40)
    assert dict(ours.parameters)["strength"] == 0.5
    assert pixels(ours.drawn.crop(inside)) == pixels(expected.crop(inside))


@pytest.mark.parametrize(
    ("given", "read"), [((80, 48), (106, 64)), ((16, 128), (64, 512)), ((96, 64), (96, 64))]
)
def test_a_picture_that_is_too_small_for_the_model_is_enlarged(
    tiny: Tiny, made: Made, given: tuple[int, int], read: tuple[int, int]
) -> None:
    small = picture(given)
    ours = drawn(made(tiny("flux2_klein")), request(images=(reference(small),)))
    expected = plain(
        loaded(tiny("flux2_klein")),
        image=[small.resize(read, Image.Resampling.LANCZOS)],
        **FAMILIES["flux2_klein"].plain,
    )
    assert pixels(ours.drawn) == pixels(expected)


def test_a_mask_lies_on_one_picture(tiny: Tiny, made: Made) -> None:
    two = (reference(picture()), reference(picture(seed=8)))
    with pytest.raises(UsageError) as refusal:
        made(tiny("flux2_klein")).check(request(images=two, mask=reference(mask())))
    assert str(refusal.value) == (
        "The model 'flux2_klein' draws within a mask of one picture; leave out --mask, or all but "
        "one --image."
    )


# --- packages ------------------------------------------------------------------------------------


@pytest.fixture
def editing(tiny: Tiny, tmp_path: Path) -> Path:
    """Qwen-Image-Edit with a processor, of which the descriptions count."""
    folder = shutil.copytree(tiny("qwen_image"), tmp_path / "editing")
    shutil.copytree(folder / "tokenizer", folder / "processor")
    kinds = {
        "processor_class": "Qwen2VLProcessor",
        "image_processor_type": "Qwen2VLImageProcessor",
    }
    described = json.dumps(kinds)
    (folder / "processor" / "preprocessor_config.json").write_text(described, "utf-8")
    parts = {"processor": ["transformers", "Qwen2VLProcessor"]}
    _described(folder, _class_name="QwenImageEditPipeline", **parts)
    return folder


def test_a_processor_without_torchvision_is_told_before_anything_is_loaded(
    editing: Path, made: Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not packages_for(editing, {"processor": "Qwen2VLProcessor"}):
        pytest.skip("this release of transformers needs none")
    monkeypatch.setitem(sys.modules, "torchvision", None)
    with pytest.raises(MissingPackageError) as refusal:
        made(editing).check(request(images=(reference(picture()),)))
    assert str(refusal.value) == (
        "The model 'editing' needs the Python package 'torchvision', which is not installed; "
        "pip install torchvision."
    )


@pytest.mark.skipif(find_spec("torchvision") is not None, reason="its lack is what is tested")
@pytest.mark.parametrize("kind", ["PixtralProcessor", "Qwen2VLProcessor"])
def test_a_processor_that_is_told_to_need_torchvision_does(editing: Path, kind: str) -> None:
    """And transformers says so in a line of which something is left."""
    if not packages_for(editing, {"processor": kind}):
        pytest.skip("this release of transformers needs none")
    with pytest.raises(ImportError) as refusal:
        getattr(transformers, kind).from_pretrained(editing / "processor")
    assert "requires the Torchvision library" in torch_reason(refusal.value)


def test_a_class_whose_package_is_missing_is_told_by_that_package(
    tiny: Tiny, made: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As that of Kolors without sentencepiece, and the processor of FLUX.2 without torchvision."""

    class DummyObject(type):
        pass

    class StandIn(metaclass=DummyObject):
        _backends = ("torch", "no_such_package")

    monkeypatch.setattr(sys.modules["diffusers"], "ChromaPipeline", StandIn)
    with pytest.raises(MissingPackageError) as refusal:
        drawn(made(shutil.copytree(tiny("chroma"), tmp_path / "chroma")), request())
    assert str(refusal.value) == (
        "The model 'chroma' needs the Python package 'no_such_package', which is not installed; "
        "pip install no_such_package."
    )
