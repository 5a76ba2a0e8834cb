"""Schedulers and previews on real pipelines of random weights; needs imagine-cli[diffusers]."""

import inspect
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any, ClassVar

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("diffusers")
pytest.importorskip("transformers")

# What these packages warn of among themselves is no concern of ours.
pytestmark = pytest.mark.filterwarnings("ignore")

import diffusers  # noqa: E402
import torch  # noqa: E402
from tiny_loaded import draw, generators, load  # noqa: E402

from imagine.stages.errors import UsageError  # noqa: E402
from imagine.stages.generate.diffusers import previews, schedule  # noqa: E402
from imagine.stages.generate.diffusers.invariance import each_alone  # noqa: E402
from imagine.stages.generate.diffusers.loaded import Loaded  # noqa: E402
from imagine.stages.generate.diffusers.previews import preview_of  # noqa: E402
from imagine.stages.generate.diffusers.schedule import (  # noqa: E402
    check_scheduler,
    scheduled,
)
from imagine.stages.generate.diffusers.ways import image_pipeline  # noqa: E402
from imagine.stages.generate.local.schedulers import schedulers  # noqa: E402

Models = Callable[[str], Loaded]
# Those that need scipy are tried where it is.
try:
    import scipy

    PACKAGES = {"", scipy.__name__}
except ModuleNotFoundError:
    PACKAGES = {""}
PAIRED = ("_karras", "_exponential", "_beta", "_sgm_uniform", "_simple")
USABLE = [named for named in schedulers() if named.diffusers and named.needs in PACKAGES]


@pytest.fixture(scope="module")
def models(tiny: Callable[[str], Path]) -> Models:
    loaded: dict[str, Loaded] = {}

    def model(name: str) -> Loaded:
        if name not in loaded:
            loaded[name] = load(tiny(name))
        return loaded[name]

    return model


@pytest.fixture(scope="module")
def plain(tiny: Callable[[str], Path]) -> Any:
    """The same model, loaded and led as anybody would."""
    return load(tiny("sd15")).pipeline


def latents(pipeline: Any, seeds: tuple[int, ...]) -> Any:
    words = {"prompt": ["a fox"] * len(seeds), "guidance_scale": 4.0, "num_inference_steps": 2}
    return pipeline(
        generator=generators(*seeds), output_type="latent", width=64, height=64, **words
    ).images


def drawn(pipeline: Any, seeds: tuple[int, ...] = (1,), **options: Any) -> list[bytes]:
    words = {"prompt": ["a fox"] * len(seeds), "guidance_scale": 4.0}
    return draw(pipeline, seeds, width=64, height=64, **words, **options)


def test_every_class_in_the_table_is_one_of_diffusers_and_takes_its_options() -> None:
    for named in schedulers():
        made = getattr(diffusers, named.diffusers) if named.diffusers else None
        if made is not None and named.needs in PACKAGES:
            assert made.from_config({}, **named.options).config.items() >= named.options.items()


@pytest.mark.parametrize(
    "name", [named.name for named in USABLE if not named.flow and not named.name.endswith(PAIRED)]
)
def test_a_scheduler_leads_as_plain_diffusers_has_it_and_alone_as_among_others(
    models: Models, plain: Any, name: str
) -> None:
    loaded = models("sd15")
    named = next(named for named in USABLE if named.name == name)
    with scheduled(loaded, loaded.pipeline, name) as effective:
        alone = drawn(loaded.pipeline)[0]
        with each_alone(loaded.pipeline, 2, torch):
            # The pictures are decoded one by one where bits count.
            first, second = latents(loaded.pipeline, (1, 2))
        assert torch.equal(first, latents(loaded.pipeline, (1,))[0])
        assert not torch.equal(first, second)
    assert effective == name
    made = getattr(diffusers, str(named.diffusers))
    plain.scheduler = made.from_config(loaded.pipeline.scheduler.config, **named.options)
    assert drawn(plain)[0] == alone


@pytest.mark.parametrize("name", [named.name for named in USABLE if named.name.endswith(PAIRED)])
def test_a_schedule_spaces_the_steps_as_it_says(models: Models, name: str) -> None:
    loaded = models("sd3" if name.startswith("flow") else "sd15")
    named = next(named for named in USABLE if named.name == name)
    own = loaded.pipeline.scheduler
    with scheduled(loaded, loaded.pipeline, name):
        scheduler = loaded.pipeline.scheduler
        assert type(scheduler).__name__ == named.diffusers
        assert scheduler.config.items() >= named.options.items()
        scheduler.set_timesteps(6)
        assert len(scheduler.timesteps) >= 6
        assert torch.isfinite(scheduler.timesteps).all()
    assert loaded.pipeline.scheduler is own


@pytest.mark.parametrize("name", [named.name for named in USABLE if named.flow])
def test_flow_matching_models_are_led_by_theirs(models: Models, name: str) -> None:
    loaded = models("sd3")
    own = loaded.pipeline.scheduler
    with scheduled(loaded, loaded.pipeline, name):
        assert np.frombuffer(drawn(loaded.pipeline)[0], np.uint8).std() > 0
    assert loaded.pipeline.scheduler is own


def test_a_picture_after_one_with_another_scheduler_is_as_before(models: Models) -> None:
    loaded = models("sd15")
    before = drawn(loaded.pipeline)
    for name in ("euler_a", "dpm++_2m_karras", "heun"):
        with scheduled(loaded, loaded.pipeline, name):
            assert drawn(loaded.pipeline) != before
        assert drawn(loaded.pipeline) == before


def test_a_second_pass_is_led_by_the_same(models: Models) -> None:
    loaded = models("sd15")
    own = loaded.pipeline.scheduler
    with scheduled(loaded, loaded.pipeline, "heun"):
        pipeline = image_pipeline(loaded, "--refine")
        leading = loaded.pipeline.scheduler
        with scheduled(loaded, pipeline, "heun") as name:
            assert (name, pipeline.scheduler) == ("heun", leading)
    assert image_pipeline(loaded, "--refine").scheduler is own


def test_the_models_own_scheduler_stays_as_it_is(models: Models) -> None:
    loaded = models("sdxl")
    own = loaded.pipeline.scheduler
    for name in (None, "EulerDiscreteScheduler"):
        with scheduled(loaded, loaded.pipeline, name) as effective:
            assert effective == "EulerDiscreteScheduler"
            assert loaded.pipeline.scheduler is own


def test_a_schedule_puts_out_the_models_own(models: Models) -> None:
    loaded = models("sd15")
    own = loaded.pipeline.scheduler
    loaded.pipeline.scheduler = diffusers.EulerDiscreteScheduler.from_config(
        own.config, use_karras_sigmas=True
    )
    try:
        with scheduled(loaded, loaded.pipeline, "dpm++_2m_exponential"):
            config = loaded.pipeline.scheduler.config
            assert (config.use_exponential_sigmas, config.use_karras_sigmas) == (True, False)
    finally:
        loaded.pipeline.scheduler = own


def test_a_scheduler_that_does_not_take_the_models_steps_is_refused_and_put_away(
    models: Models, monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded = models("zimage")
    own = loaded.pipeline.scheduler
    monkeypatch.setattr(schedule, "_UNSPACED", {})
    with pytest.raises(UsageError) as caught, scheduled(loaded, loaded.pipeline, "flow_dpm++_2m"):
        drawn(loaded.pipeline)
    assert str(caught.value) == (
        "--scheduler flow_dpm++_2m does not take the steps of the model 'zimage' (Tiny zimage); "
        "leave it out, or choose another."
    )
    assert loaded.pipeline.scheduler is own


def test_pipelines_that_space_the_steps_themselves_are_known_and_who_does_not_take_that() -> None:
    for name in schedule._SPACED:
        made = inspect.getsource(getattr(diffusers, name).__call__)
        assert "mu=mu" in made or '"mu": mu' in made, name
        assert ("use_flow_sigmas" in made) is (name in schedule._LENIENT), name
    deaf = {
        named.diffusers
        for named in schedulers()
        if named.flow
        and named.diffusers
        and "sigmas"
        not in inspect.signature(getattr(diffusers, named.diffusers).set_timesteps).parameters
    }
    assert deaf <= set(schedule._UNSPACED)
    unmixed = {
        named.diffusers
        for named in schedulers()
        if named.flow
        and named.diffusers
        and not hasattr(getattr(diffusers, named.diffusers), "scale_noise")
    }
    assert unmixed == set(schedule._NO_STARTERS)


@pytest.mark.parametrize("model", ["flux", "zimage"])
@pytest.mark.parametrize(
    "name", ["flow_euler", "flow_heun", "flow_lcm", "flow_dpm++_2m", "flow_unipc"]
)
def test_a_scheduler_is_refused_before_anything_is_loaded_or_leads(
    models: Models, model: str, name: str
) -> None:
    loaded = models(model)
    config = loaded.pipeline.scheduler.config
    own = {**config, "_class_name": type(loaded.pipeline.scheduler).__name__}
    refused = (name == "flow_heun") or (
        model == "zimage" and name in ("flow_dpm++_2m", "flow_unipc")
    )
    if refused:
        with pytest.raises(UsageError, match="does not take the steps of this model's pipeline"):
            check_scheduler(name, own, type(loaded.pipeline).__name__)
        return
    check_scheduler(name, own, type(loaded.pipeline).__name__)
    with scheduled(loaded, loaded.pipeline, name):
        assert drawn(loaded.pipeline)


# --- previews ------------------------------------------------------------------------------------


def watched(loaded: Loaded, *, look: bool) -> tuple[bytes, list[Any]]:
    """A picture, and the previews of its steps as somebody who looks has seen them."""
    seen = []

    def told(pipeline: Any, step: int, time: Any, values: dict[str, Any]) -> dict[str, Any]:
        preview = preview_of(loaded, pipeline, values["latents"], (64, 64))
        if look and preview is not None:
            seen.append(preview())
        return {}

    picture = drawn(loaded.pipeline, num_inference_steps=3, callback_on_step_end=told)[0]
    return picture, seen


@pytest.mark.parametrize(
    ("name", "size"), [("sd15", 32), ("sdxl", 32), ("sd3", 32), ("flux", 32), ("zimage", 32)]
)
def test_who_looks_at_previews_sees_colours_and_gets_the_same_picture(
    models: Models, name: str, size: int
) -> None:
    loaded = models(name)
    loaded.colours = None
    state = torch.random.get_rng_state()
    unseen, _ = watched(loaded, look=False)
    assert loaded.colours.line is None
    picture, seen = watched(loaded, look=True)
    assert picture == unseen
    assert torch.equal(torch.random.get_rng_state(), state)
    assert [(preview.mode, preview.size) for preview in seen] == [("RGB", (size, size))] * 3
    grey, coloured, _ = (np.asarray(preview) for preview in seen)
    assert (grey[..., 0] == grey[..., 2]).all()
    assert (coloured[..., 0] != coloured[..., 2]).any()


def test_a_preview_that_cannot_be_had_is_grey(
    models: Models, monkeypatch: pytest.MonkeyPatch
) -> None:
    def short(*_: Any) -> Any:
        raise RuntimeError("CUDA error: out of memory")

    loaded = models("sd15")
    preview = preview_of(loaded, loaded.pipeline, torch.zeros(1, 4, 6, 10), (80, 48))
    assert preview is not None
    monkeypatch.setattr(previews, "_picture", short)
    assert (preview().size, preview().getpixel((5, 5))) == ((10, 6), (128, 128, 128))


class LinearVAE:
    """An encoder that mixes red, green and blue into four channels, a cell for eight pixels."""

    config: ClassVar[dict[str, Any]] = {
        "latent_channels": 4,
        "scaling_factor": 0.3,
        "shift_factor": 0.1,
    }
    dtype = torch.float32
    mixing = torch.tensor([[0.5, 0.3, 0.1], [0.1, -0.6, 0.4], [0.7, -0.1, -0.5], [0.2, 0.2, 0.2]])

    def encode(self, pixels: Any) -> Any:
        cells = torch.nn.functional.avg_pool2d(pixels, 8)
        mixed = torch.einsum("oc,bchw->bohw", self.mixing, cells) + 0.25
        return SimpleNamespace(latent_dist=SimpleNamespace(mode=lambda: mixed))


class HalfVAE(LinearVAE):
    """Its numbers are too large for half precision, as those of Stable Diffusion XL's."""

    config: ClassVar[dict[str, Any]] = LinearVAE.config | {"force_upcast": True}

    def __init__(self) -> None:
        self.dtype = torch.float16

    def to(self, *, dtype: Any) -> None:
        self.dtype = dtype

    def encode(self, pixels: Any) -> Any:
        assert pixels.dtype == self.dtype
        encoded = super().encode(pixels.float()).latent_dist.mode()
        latents = (encoded * 1e6).to(self.dtype) / 1e6
        return SimpleNamespace(latent_dist=SimpleNamespace(mode=lambda: latents))


def test_previews_of_an_autoencoder_that_needs_full_precision_have_colours(models: Models) -> None:
    vae, sd15 = HalfVAE(), models("sd15")
    loaded = Loaded(sd15.pipeline, sd15.family, "half", sd15.path, "cpu", "float16")
    pipeline = SimpleNamespace(vae=vae, vae_scale_factor=8, _execution_device="cpu")
    for _ in range(2):
        preview = preview_of(loaded, pipeline, torch.ones(1, 4, 6, 10), (80, 48))
        assert preview is not None
        preview()
    assert loaded.colours.line is not None
    assert vae.dtype == torch.float16


def test_a_preview_shows_the_colours_that_the_encoder_saw(models: Models) -> None:
    vae, sd15 = LinearVAE(), models("sd15")
    loaded = Loaded(sd15.pipeline, sd15.family, "linear", sd15.path, "cpu", "float32")
    pipeline = SimpleNamespace(vae=vae, vae_scale_factor=8, _execution_device="cpu")
    rng = np.random.default_rng(2)
    cells = rng.uniform(-1, 1, (3, 6, 10)).astype(np.float32)
    pixels = torch.from_numpy(cells.repeat(8, axis=1).repeat(8, axis=2))[None]
    latents = (vae.encode(pixels).latent_dist.mode() - 0.1) * 0.3
    first, second = (preview_of(loaded, pipeline, latents, (80, 48)) for _ in range(2))
    assert first is not None
    first()
    coloured = preview_of(loaded, pipeline, latents, (80, 48))
    assert second is not None
    assert coloured is not None
    # One made before somebody looked knows the colours too, once they are known.
    for preview in (coloured(), second()):
        assert preview.size == (10, 6)
        expected = (cells.transpose(1, 2, 0) / 2 + 0.5) * 255
        assert np.abs(np.asarray(preview) - expected).max() <= 1


def test_latents_that_are_no_picture_have_no_preview(models: Models) -> None:
    loaded = models("sd15")
    for latents in (torch.zeros(1, 7, 4), torch.zeros(1, 5, 8, 8), torch.zeros(4)):
        assert preview_of(loaded, loaded.pipeline, latents, (64, 64)) is None


def test_packed_latents_are_unpacked_in_the_shape_of_the_picture(models: Models) -> None:
    loaded = models("flux")
    cells = torch.arange(4 * 24 * 16, dtype=torch.float32).view(1, 4, 24, 16)
    packed = diffusers.FluxPipeline._pack_latents(cells, 1, 4, 24, 16)
    loaded.colours = None
    preview = preview_of(loaded, loaded.pipeline, packed, (32, 48))
    assert preview is not None
    shown = np.asarray(preview())[..., 0].astype(int)
    assert shown.shape == (24, 16)
    assert (np.diff(shown.reshape(-1)) >= 0).all()
