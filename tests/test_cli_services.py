"""Who describes and who draws, as settings say."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest
from fakes import serve
from hosted import draw
from patience import PATIENT, until
from recipes import make_recipe

from imagine.cli.console import Console
from imagine.cli.services import Services
from imagine.cli.settings import load_settings
from imagine.cli.upscalers import is_model_file
from imagine.stages.errors import (
    ConfigError,
    ImagineError,
    LocalBackendError,
    StoppedError,
    UsageError,
)
from imagine.stages.spec import Medium, Style
from imagine.stages.upscale.auto import Known


def test_abandoned_jobs_of_all_providers_are_stopped_and_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with ExitStack() as opened:
        fakes = {
            name: opened.enter_context(serve(name, latency=60)) for name in ("replicate", "fal")
        }
        for name, fake in fakes.items():
            monkeypatch.setenv(f"IMAGINE_{name.upper()}_BASE_URL", fake.url)
            monkeypatch.setenv(f"IMAGINE_{name.upper()}_API_KEY", fake.key or "")
        services = opened.enter_context(Services(load_settings(), Console(), many=4))
        services.backend("sketch")
        backends = [services.backend(name)[0] for name in fakes]
        threads = opened.enter_context(ThreadPoolExecutor(2))
        calls = [threads.submit(draw, backend) for backend in backends]
        until(lambda: all(fake.log.of("poll") for fake in fakes.values()))
        for gate in services.gates.values():
            gate.close()
        told = services.abandon()
        errors = [call.exception(timeout=PATIENT) for call in calls]
        assert [fake.paid for fake in fakes.values()] == [0, 0]
    assert [text.partition(" job ")[0] for text in told] == [
        "Replicate was asked to stop the",
        "fal was asked to stop the",
    ]
    assert [(type(error), str(error)) for error in errors] == [
        (StoppedError, text) for text in told
    ]


def test_nothing_is_told_where_nothing_was_asked_for() -> None:
    with Services(load_settings(), Console(), many=4) as services:
        services.backend("sketch")
        assert services.abandon() == []


def without_ncnn(name: str) -> object:
    return None if name == "ncnn" else name


def test_without_numpy_no_upscaler_is_made(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("imagine.stages.upscale.auto.find_spec", lambda name: None)
    with Services(load_settings(), Console()) as services, pytest.raises(LocalBackendError):
        services.upscaler("lanczos")


def test_an_upscaler_is_named_or_suits_the_picture(monkeypatch: pytest.MonkeyPatch) -> None:
    with Services(load_settings(), Console()) as services:
        lanczos, why = services.upscaler("lanczos")
        assert (lanczos.name, why) == ("lanczos", "")
        assert services.upscaler("lanczos")[0] is lanczos
        drawing = Style(medium=Medium.DRAWING)
        found, why = services.upscaler(None, Known(drawing))
        assert (found.name, why) == ("art", "the picture is a drawing")
        monkeypatch.setattr("imagine.stages.upscale.auto.find_spec", without_ncnn)
        assert services.upscaler("auto", Known(drawing))[0] is lanczos


@pytest.mark.parametrize(
    ("named", "error", "message"),
    [
        ("none", UsageError, "--upscaler none enlarges nothing; name one of `imagine backends`."),
        ("lanczos/x", UsageError, "The upscaler lanczos has no models; leave out '/x'."),
        (
            "photo",
            LocalBackendError,
            "The upscaler photo needs ncnn, which is not installed; run `pip install ncnn`, or "
            "choose --upscaler lanczos.",
        ),
        (
            "stability/fast",
            ConfigError,
            "There is no key for Stability AI: set STABILITY_API_KEY in the environment or in .env "
            "(https://platform.stability.ai/account/keys), or work without one: --upscaler auto.",
        ),
    ],
)
def test_an_upscaler_that_cannot_be_used_says_what_to_do(
    monkeypatch: pytest.MonkeyPatch, named: str, error: type[ImagineError], message: str
) -> None:
    monkeypatch.setattr("imagine.stages.upscale.auto.find_spec", without_ncnn)
    with Services(load_settings(), Console()) as services, pytest.raises(error) as caught:
        services.upscaler(named)
    assert str(caught.value) == message


def test_a_models_file_is_an_upscaler_by_its_path(tmp_path: Path) -> None:
    weights = tmp_path / "any.bin"
    weights.write_bytes(b"")
    assert is_model_file("4x-UltraSharp.safetensors")
    assert is_model_file("models/4x.ONNX")
    assert is_model_file(str(weights))
    for path in ("/models", "./m/p2", "../hostile", "~/model", str(tmp_path)):
        assert is_model_file(path)
    assert not is_model_file("photo")
    assert not is_model_file("detail/weights.onnx")
    assert not is_model_file("phto")


def test_a_provider_that_enlarges_has_its_connection_and_model(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("STABILITY_API_KEY", "sk-0123456789")
    monkeypatch.setenv("IMAGINE_STABILITY_UPSCALE_MODEL", "conservative")
    with Services(load_settings(), Console()) as services:
        assert services.upscaler("stability")[0].model == "conservative"
        assert services.upscaler("stability/fast")[0].model == "fast"
        local = services.upscaler("localai")[0]
    assert local.connection.base_url == "http://127.0.0.1:8080"  # type: ignore[attr-defined]


@pytest.mark.parametrize("option", [None, "openai"])
def test_a_picture_of_a_server_that_names_no_model_is_drawn_again_by_that_server(
    monkeypatch: pytest.MonkeyPatch, option: str | None
) -> None:
    monkeypatch.setenv("IMAGINE_OPENAI_BASE_URL", "http://127.0.0.1:9")
    recipe = make_recipe()
    drawn_by = recipe.backend.model_copy(update={"name": "openai", "model": ""})
    with Services(load_settings(), Console()) as services:
        again = recipe.model_copy(update={"backend": drawn_by})
        backend = services.recorded_backend(again, option, None)
    assert (backend.name, backend.model) == ("openai", "")
