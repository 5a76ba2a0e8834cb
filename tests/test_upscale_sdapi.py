from base64 import b64decode
from collections.abc import Callable
from contextlib import closing
from typing import Any

import httpx
import pytest
from fakes import Fake, serve
from fakes.sdapi_lists import UPSCALERS
from hosted import base64_picture, connected
from hosted_upscale import away, enlarged, picture

from imagine.stages.errors import ConfigError, ProviderError, UnusableAnswerError
from imagine.stages.image import Progress
from imagine.stages.network.providers import Secret, connect
from imagine.stages.upscale.raster import raster_of
from imagine.stages.upscale.sdapi import SdapiUpscaler

LOGIN = "fox:a-long-password"


def upscaler_at(fake: Fake, model: str = "", **changes: Any) -> SdapiUpscaler:
    values: dict[str, Any] = {"base_url": fake.url, "patience": 5.0}
    return SdapiUpscaler(connection=connect("sdapi", **(values | changes)), model=model)


def having(*names: str) -> SdapiUpscaler:
    """An upscaler at a server that has these."""

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/upscalers"):
            return httpx.Response(200, json=[{"name": name, "scale": 4.0} for name in names])
        return httpx.Response(200, json={"image": base64_picture(384, 256), "html_info": ""})

    return SdapiUpscaler(connection=connected("sdapi", answer, key=None), model="")


@pytest.mark.parametrize("size", [(96, 64), (101, 67), (33, 50)])
@pytest.mark.parametrize("by", [2, 3, 4, 8, 2.7])
def test_a_picture_of_any_size_is_enlarged_by_any_factor(size: tuple[int, int], by: float) -> None:
    with serve("sdapi") as fake, closing(upscaler_at(fake)) as upscaler:
        made = enlarged(upscaler, raster_of(picture(*size)), by=by)
    assert away(made) <= 5
    assert made.model == "R-ESRGAN 4x+"
    # Nothing is resampled upwards, however the server rounds.
    assert made.notes == ()
    came = dict(made.parameters).get("size")
    if came is not None:
        width, height = map(int, str(came).split("x"))
        assert width >= made.raster.width
        assert height >= made.raster.height


def test_what_is_sent_is_the_picture_the_factor_and_the_name() -> None:
    with serve("sdapi") as fake, closing(upscaler_at(fake, "SwinIR_4x")) as upscaler:
        made = enlarged(upscaler, by=2)
        asked, sent = fake.entries
    assert (asked.method, asked.path) == ("GET", "/sdapi/v1/upscalers")
    assert (sent.method, sent.path) == ("POST", "/sdapi/v1/extra-single-image")
    body = dict(sent.parsed)
    assert b64decode(body.pop("image"))[:8] == b"\x89PNG\r\n\x1a\n"
    assert body == {"resize_mode": 0, "upscaling_resize": 2.000156, "upscaler_1": "SwinIR_4x"}
    assert made.parameters == (("upscaling_resize", 2.000156),)
    assert made.model == "SwinIR_4x"


def test_the_names_are_asked_for_once() -> None:
    with serve("sdapi") as fake, closing(upscaler_at(fake)) as upscaler:
        for _ in range(3):
            enlarged(upscaler, by=2)
    assert [entry.step for entry in fake.entries] == ["models", "image", "image", "image"]


@pytest.mark.parametrize(
    ("names", "chosen"),
    [
        (tuple(UPSCALERS), "R-ESRGAN 4x+"),
        (("None", "Lanczos", "ESRGAN_4x", "4x-UltraSharp"), "4x-UltraSharp"),
        (("None", "Lanczos", "Nearest", "LDSR", "SwinIR 4x"), "SwinIR 4x"),
    ],
)
def test_without_a_name_a_sensible_network_is_taken(names: tuple[str, ...], chosen: str) -> None:
    assert enlarged(having(*names)).model == chosen


def test_a_server_without_networks_is_refused() -> None:
    with pytest.raises(ConfigError) as caught:
        enlarged(having("None", "Lanczos", "Nearest"))
    assert str(caught.value) == (
        "Stable Diffusion WebUI has no upscaler but None, Lanczos, Nearest; put a model into its "
        "models folder, or choose another upscaler (--upscaler)."
    )


def test_a_name_is_found_in_whatever_case() -> None:
    with serve("sdapi") as fake, closing(upscaler_at(fake, "r-esrgan 4X+ anime6b")) as upscaler:
        assert enlarged(upscaler).model == "R-ESRGAN 4x+ Anime6B"
        assert fake.entries[-1].model == "R-ESRGAN 4x+ Anime6B"


def test_a_name_that_the_server_does_not_have_is_refused_with_those_it_has() -> None:
    steps: list[Progress] = []
    with (
        serve("sdapi") as fake,
        closing(upscaler_at(fake, "R-ESRGAN 4x")) as upscaler,
        pytest.raises(ConfigError) as caught,
    ):
        enlarged(upscaler, told=steps.append)
    assert str(caught.value) == (
        "There is no upscaler 'R-ESRGAN 4x' on the server; did you mean 'R-ESRGAN 4x+'? (it has: "
        "Lanczos, Nearest, DAT x4, ESRGAN_4x, R-ESRGAN 4x+, R-ESRGAN 4x+ Anime6B, SwinIR_4x)."
    )
    assert steps == []
    assert [entry.step for entry in fake.entries] == ["models"]


def test_user_and_password_go_out_as_http_basic() -> None:
    with (
        serve("sdapi", key=LOGIN) as fake,
        closing(upscaler_at(fake, key=Secret(LOGIN))) as upscaler,
    ):
        enlarged(upscaler)
    assert [entry.key_is_right for entry in fake.entries] == [True, True]
    assert {entry.leaks for entry in fake.entries} == {()}


@pytest.mark.parametrize(
    ("key", "message"),
    [
        (
            None,
            "Stable Diffusion WebUI wants a user and a password (401): Incorrect username or "
            "password; set sdapi_api_key to the USER:PASSWORD that its --api-auth names.",
        ),
        (
            Secret("fox:wrong-password"),
            "Stable Diffusion WebUI rejected the key (401): Incorrect username or password; set "
            "sdapi_api_key to the USER:PASSWORD that its --api-auth names.",
        ),
    ],
)
def test_without_the_right_password_the_setting_is_named(key: Secret | None, message: str) -> None:
    with (
        serve("sdapi", key=LOGIN) as fake,
        closing(upscaler_at(fake, key=key)) as upscaler,
        pytest.raises(ConfigError) as caught,
    ):
        enlarged(upscaler)
    assert str(caught.value) == message


def failing(body: Any, status: int = 500) -> Callable[[httpx.Request], httpx.Response]:
    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/upscalers"):
            return httpx.Response(200, json=[{"name": "R-ESRGAN 4x+"}])
        return httpx.Response(status, json=body)

    return answer


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (
            {"error": "OutOfMemoryError", "detail": "", "body": "", "errors": "CUDA is full"},
            "Stable Diffusion WebUI ran out of memory (OutOfMemoryError: CUDA is full); enlarge "
            "less, or choose another upscaler (--upscaler).",
        ),
        (
            {"error": "RuntimeError", "detail": "", "errors": "CUDA out of memory."},
            "Stable Diffusion WebUI ran out of memory (RuntimeError: CUDA out of memory); enlarge "
            "less, or choose another upscaler (--upscaler).",
        ),
        (
            {"error": "HTTPException", "detail": "Invalid encoded image", "errors": ""},
            "Stable Diffusion WebUI failed (HTTPException: Invalid encoded image); look at what "
            "it printed.",
        ),
        (
            {"error": "TypeError"},
            "Stable Diffusion WebUI failed (TypeError); look at what it printed.",
        ),
    ],
)
def test_what_its_code_raises_is_told_and_not_repeated(body: Any, message: str) -> None:
    asked = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return failing(body)(request)

    upscaler = SdapiUpscaler(connection=connected("sdapi", answer, patience=5.0), model="")
    with pytest.raises(ProviderError) as caught:
        enlarged(upscaler)
    assert str(caught.value) == message
    assert len(asked) == 2


def test_a_server_without_its_interface_is_told_how_to_start() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        return httpx.Response(404, json={"detail": "Not Found"})

    upscaler = SdapiUpscaler(connection=connected("sdapi", answer), model="")
    with pytest.raises(ConfigError) as caught:
        enlarged(upscaler)
    assert str(caught.value) == (
        "Stable Diffusion WebUI at http://127.0.0.1:7860 has no interface for programs (404): "
        "Not Found; start it with --api, or set IMAGINE_SDAPI_BASE_URL."
    )


def test_a_picture_that_comes_back_unchanged_is_none() -> None:
    with (
        serve("sdapi", faults=["unchanged"]) as fake,
        closing(upscaler_at(fake)) as upscaler,
        pytest.raises(UnusableAnswerError, match=r"96x64 for one of 96x64, which is not enlarged"),
    ):
        enlarged(upscaler)


@pytest.mark.parametrize("fault", ["jpeg", "webp", "data-url"])
def test_pictures_are_read_in_whatever_form_the_server_sends_them(fault: str) -> None:
    with serve("sdapi", faults=[fault]) as fake, closing(upscaler_at(fake)) as upscaler:
        assert away(enlarged(upscaler)) <= 8
