from contextlib import closing
from typing import Any

import httpx
import pytest
from fakes import Fake, serve
from hosted import base64_picture, connected
from hosted_upscale import away, enlarged, picture

from imagine.stages.errors import (
    ConfigError,
    ImagineError,
    LostAnswerError,
    UnusableAnswerError,
    UsageError,
)
from imagine.stages.network.providers import Secret, connect
from imagine.stages.upscale.enlarge import check, scaled
from imagine.stages.upscale.localai import LocalAIUpscaler
from imagine.stages.upscale.raster import raster_of

ESRGAN = "realesrgan-x4plus-anime-6b"


def upscaler_at(fake: Fake, model: str = ESRGAN, **changes: Any) -> LocalAIUpscaler:
    values: dict[str, Any] = {"base_url": fake.url, "patience": 5.0}
    return LocalAIUpscaler(connection=connect("localai", **(values | changes)), model=model)


@pytest.mark.parametrize(
    ("model", "by", "scale", "told"),
    [
        (ESRGAN, 2, 4, False),
        (ESRGAN, 4, 4, False),
        (ESRGAN, 8, 4, True),
        ("my-upscaler", 2, 2, False),
        ("my-upscaler", 1.5, 2, False),
        ("my-upscaler", 3, 4, False),
        ("my-upscaler", 8, 4, True),
    ],
)
def test_a_model_is_asked_for_the_factor_that_it_is_made_for(
    model: str, by: float, scale: int, told: bool
) -> None:
    with serve("localai") as fake, closing(upscaler_at(fake, model)) as upscaler:
        made = enlarged(upscaler, by=by)
        sent, fetched = fake.entries
    assert away(made) <= 3
    assert dict(sent.parsed)["scale"] == str(scale)
    assert dict(sent.parsed)["model"] == model
    assert dict(made.parameters)["scale"] == scale
    assert (sent.path, fetched.step) == ("/v1/images/upscale", "download")
    note = (
        f"LocalAI enlarged it to 384x256; from there to {made.raster.width}x{made.raster.height} "
        "it was resampled."
    )
    assert made.notes == ((note,) if told else ())
    assert made.model == model


@pytest.mark.parametrize(
    ("model", "scale"),
    [
        ("stable-diffusion-x4-upscaler", "4"),
        ("4x-UltraSharp", "4"),
        ("RealESRGAN_x2", "2"),
        ("2x-foo", "2"),
        ("x4", "4"),
        # None of these names a factor.
        ("x40", "2"),
        ("linux4", "2"),
        ("14x4", "2"),
    ],
)
def test_the_factor_is_read_from_the_models_name(model: str, scale: str) -> None:
    sent: list[bytes] = []

    def answer(request: httpx.Request) -> httpx.Response:
        sent.append(request.read())
        return httpx.Response(200, json={"data": [{"b64_json": base64_picture(384, 256)}]})

    connection = connected("localai", answer)
    enlarged(LocalAIUpscaler(connection=connection, model=model), by=2)
    assert f'name="scale"\r\n\r\n{scale}\r\n'.encode() in sent[0]


@pytest.mark.parametrize("suffix", ["", "/v1"])
def test_an_address_may_end_as_compatible_clients_want_it(suffix: str) -> None:
    with serve("localai") as fake, closing(upscaler_at(fake, base_url=fake.root + suffix)) as one:
        enlarged(one)
        assert fake.entries[0].path == "/v1/images/upscale"


def test_a_key_goes_along_to_the_server_and_its_pictures() -> None:
    key = Secret("a-key-of-localai")
    with serve("localai", key=key.reveal()) as fake, closing(upscaler_at(fake, key=key)) as one:
        enlarged(one)
        assert [entry.key_is_right for entry in fake.entries] == [True, True]
        assert {entry.leaks for entry in fake.entries} == {()}


@pytest.mark.parametrize("fault", ["url-relative", "data-url", "data-in-b64", "jpeg", "webp"])
def test_pictures_are_found_wherever_they_stand(fault: str) -> None:
    with serve("localai", faults=[fault]) as fake, closing(upscaler_at(fake)) as upscaler:
        assert away(enlarged(upscaler)) <= 8


@pytest.mark.parametrize(
    ("fault", "error", "message"),
    [
        (
            "empty-data",
            UnusableAnswerError,
            "LocalAI sent nothing where the picture should be; try again, or choose another "
            "upscaler (--upscaler).",
        ),
        (
            "null-picture",
            UnusableAnswerError,
            "LocalAI sent nothing where the picture should be; try again, or choose another "
            "upscaler (--upscaler).",
        ),
        (
            "url-missing",
            LostAnswerError,
            "LocalAI made the picture, which may be billed, but it cannot be fetched: 127.0.0.1 "
            "does not give it out (404): not found; it may have expired.",
        ),
        (
            "url-html",
            UnusableAnswerError,
            "The answer is a web page instead of a picture: 'Sign in'; check the base URL and "
            "--upscaler.",
        ),
        (
            "url-private",
            UnusableAnswerError,
            "LocalAI points to '169.254.169.254', a private address for its picture, which is not "
            "asked; check localai_base_url.",
        ),
        (
            "url-file",
            UnusableAnswerError,
            "LocalAI points to 'file:///etc/passwd', which is no web address, for its picture, "
            "which is not asked; check localai_base_url.",
        ),
    ],
)
def test_an_answer_without_the_picture_is_an_error(
    fault: str, error: type[ImagineError], message: str
) -> None:
    with (
        serve("localai", faults=[fault]) as fake,
        closing(upscaler_at(fake)) as upscaler,
        pytest.raises(error) as caught,
    ):
        enlarged(upscaler)
    assert str(caught.value) == message


def test_a_model_that_is_not_for_enlarging_is_told_in_the_servers_words() -> None:
    with (
        serve("localai") as fake,
        closing(upscaler_at(fake, "flux.1-dev")) as upscaler,
        pytest.raises(ImagineError) as caught,
    ):
        enlarged(upscaler)
    assert str(caught.value) == (
        "LocalAI rejected the request (400): model flux.1-dev does not support the upscale "
        "usecase; check the model and the options that you gave."
    )


def test_a_factor_that_the_model_is_not_made_for_is_told_at_once() -> None:
    with serve("localai") as fake, closing(upscaler_at(fake, "my-esrgan")) as upscaler:
        with pytest.raises(ImagineError) as caught:
            enlarged(upscaler, by=2)
        assert len(fake.entries) == 1
        assert away(enlarged(upscaler, by=4)) <= 3
    assert str(caught.value) == (
        "localai/my-esrgan does not enlarge by the factor that it was asked for: requested scale 2 "
        "does not match native scale 4; ask for another --scale, or choose another upscaler "
        "(--upscaler)."
    )


def test_a_model_is_to_be_named() -> None:
    upscaler = LocalAIUpscaler(connection=connect("localai"), model="")
    with pytest.raises(ConfigError) as caught:
        enlarged(upscaler, raster_of(picture()))
    assert str(caught.value) == (
        "LocalAI wants a model to be named; give one that it has, such as --upscaler "
        "localai/realesrgan-x4plus-anime-6b, or set localai_upscale_model."
    )


def test_a_result_that_would_not_be_taken_is_refused_beforehand() -> None:
    upscaler = LocalAIUpscaler(connection=connect("localai"), model=ESRGAN)
    with pytest.raises(UsageError) as caught:
        check(upscaler, (3000, 2000), scaled((3000, 2000), 2), denoise=None)
    assert str(caught.value) == (
        f"localai/{ESRGAN} would make 12000x8000 of this picture, and no more than 89 megapixels "
        "are taken; choose another upscaler (--upscaler)."
    )
    upscaler = LocalAIUpscaler(connection=connect("localai"), model="my-upscaler")
    check(upscaler, (3000, 2000), scaled((3000, 2000), 2), denoise=None)
