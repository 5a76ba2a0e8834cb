"""What the fakes enlarge with: Stability's upscalers, AUTOMATIC1111's extras, LocalAI's upscale."""

import base64
import io
from typing import Any

import httpx
import pytest
from fakes.client import Client, client
from fakes.pictures import draw, size_of
from patience import LONG
from PIL import Image, ImageChops

SMALL = draw(96, 64, prompt="a fox").bytes


def upscale(stability: Client, route: str, image: bytes = SMALL, **fields: str) -> httpx.Response:
    files = {"image": ("image.png", image, "image/png")}
    return stability.post(f"/v2beta/stable-image/upscale/{route}", data=fields, files=files)


def difference(data: bytes, image: bytes = SMALL) -> float:
    """How far a picture is from another, resampled to that one's size, at most."""
    with Image.open(io.BytesIO(data)) as made, Image.open(io.BytesIO(image)) as before:
        alike = made.convert("RGB").resize(before.size, Image.Resampling.BOX)
        extrema: Any = ImageChops.difference(alike, before.convert("RGB")).getextrema()
    return float(max(high for _, high in extrema))


@pytest.mark.parametrize(
    ("route", "fields", "size"),
    [
        ("fast", {}, (384, 256)),
        ("fast", {"output_format": "webp"}, (384, 256)),
        ("conservative", {"prompt": "a fox", "creativity": "0.2"}, (2508, 1672)),
    ],
)
def test_stability_enlarges_the_picture_that_it_gets(
    route: str, fields: dict[str, str], size: tuple[int, int]
) -> None:
    with client("stability") as stability:
        reply = upscale(stability, route, **fields)
        assert size_of(reply.content) == size
        assert difference(reply.content) < 40
        assert reply.headers["finish-reason"] == "SUCCESS"
        assert reply.headers["content-type"] == f"image/{fields.get('output_format', 'png')}"
        assert stability.fake.paid == 1


@pytest.mark.parametrize(
    ("route", "size", "fields", "message"),
    [
        ("fast", (16, 64), {}, "image: sides must be between 32 and 1536 pixels"),
        ("fast", (1400, 800), {}, "image: must have at most 1,048,576 pixels"),
        ("fast", (64, 64), {"prompt": "a fox"}, "prompt: unknown field"),
        ("conservative", (64, 64), {}, "prompt: is required"),
        ("conservative", (64, 200), {"prompt": "a fox"},
         "image: aspect ratio must be between 1:2.5 and 2.5:1"),
        ("conservative", (64, 64), {"prompt": "a fox", "creativity": "0.1"},
         "creativity: must be a number between 0.2 and 0.5, got '0.1'"),
        ("creative", (1400, 800), {"prompt": "a fox"}, "image: must have at most 1,048,576 pixels"),
    ],
)  # fmt: skip
def test_stability_refuses_what_it_does_not_enlarge(
    route: str, size: tuple[int, int], fields: dict[str, str], message: str
) -> None:
    with client("stability") as stability:
        reply = upscale(stability, route, draw(*size, prompt="x").bytes, **fields)
        assert reply.status_code == 400
        assert reply.json()["errors"] == [message]


def test_stability_works_on_creative_while_its_result_is_asked_for() -> None:
    with client("stability", latency={"image": LONG}) as stability:
        begun = upscale(stability, "creative", prompt="a fox", creativity="0.1").json()
        path = f"/v2beta/results/{begun['id']}"
        waiting = stability.get(path)
        assert (waiting.status_code, waiting.json()["status"]) == (202, "in-progress")
        stability.fake.forward(LONG)
        done = stability.get(path)
        assert done.status_code == 200
        assert size_of(done.content) == (3547, 2365)
        assert stability.get("/v2beta/results/none").status_code == 404
        assert stability.fake.paid == 1


EXTRAS = "/sdapi/v1/extra-single-image"


def extras(**fields: Any) -> dict[str, Any]:
    image = base64.b64encode(SMALL).decode()
    return {"image": image, "upscaler_1": "R-ESRGAN 4x+", **fields}


@pytest.mark.parametrize(
    ("fields", "size"),
    [
        ({}, (192, 128)),
        ({"upscaling_resize": 2.1}, (200, 128)),
        ({"resize_mode": 1, "upscaling_resize_w": 100, "upscaling_resize_h": 70}, (100, 70)),
        ({"upscaler_1": "None"}, (96, 64)),
    ],
    ids=["twice", "cut down to cells of 8", "to a size", "no upscaler"],
)
def test_extras_enlarge_as_automatic1111_does(
    fields: dict[str, Any], size: tuple[int, int]
) -> None:
    with client("sdapi") as sdapi:
        reply = sdapi.post(EXTRAS, extras(**fields)).json()
        assert reply["html_info"] == ""
        data = base64.b64decode(reply["image"])
        assert size_of(data) == size
        assert difference(data) < 40


@pytest.mark.parametrize(
    ("fields", "status", "answer"),
    [
        ({"upscaler_1": "4x-Foo"}, 500,
         {"error": "AssertionError", "detail": "", "body": "",
          "errors": "could not find upscaler named 4x-Foo"}),
        ({"image": "AAAA"}, 500,
         {"error": "HTTPException", "detail": "Invalid encoded image", "body": "", "errors": ""}),
        ({"upscaling_resize": 0}, 422,
         {"detail": [{"loc": ["body", "upscaling_resize"], "type": "value_error",
                      "msg": "Input should be from 0 to 1e+09"}]}),
        ({"upscaler": "x"}, 422,
         {"detail": [{"loc": ["body", "upscaler"], "type": "value_error",
                      "msg": "Extra inputs are not permitted"}]}),
    ],
)  # fmt: skip
def test_extras_refuse(fields: dict[str, Any], status: int, answer: dict[str, Any]) -> None:
    with client("sdapi") as sdapi:
        reply = sdapi.post(EXTRAS, extras(**fields))
        assert (reply.status_code, reply.json()) == (status, answer)
        assert sdapi.fake.paid == 0


def test_the_upscalers_are_listed() -> None:
    with client("sdapi") as sdapi:
        listed = sdapi.get("/sdapi/v1/upscalers").json()
    assert listed[0] == {
        "name": "None",
        "model_name": None,
        "model_path": None,
        "model_url": None,
        "scale": 4.0,
    }
    assert "R-ESRGAN 4x+" in [row["name"] for row in listed]


def test_with_api_auth_user_and_password_are_wanted() -> None:
    with client("sdapi", key="fox:secret-word") as sdapi:
        url = f"{sdapi.fake.url}/sdapi/v1/upscalers"
        refused = sdapi.get(url)
        assert (refused.status_code, refused.json()) == (
            401,
            {"detail": "Incorrect username or password"},
        )
        accepted = httpx.get(url, auth=("fox", "secret-word"), trust_env=False)
        assert accepted.status_code == 200


@pytest.mark.parametrize(
    ("fields", "status", "message"),
    [
        ({"model": "my-upscaler", "scale": "2"}, 200, ""),
        ({"model": "realesrgan-x4plus-anime-6b", "scale": "4"}, 200, ""),
        ({"scale": "2"}, 400, "missing model"),
        ({"model": "my-upscaler"}, 400, "scale must be 2 or 4"),
        ({"model": "my-upscaler", "scale": "3"}, 400, "scale must be 2 or 4"),
        ({"model": "flux.1-dev", "scale": "2"}, 400,
         "model flux.1-dev does not support the upscale usecase"),
        ({"model": "realesrgan-x4plus-anime-6b", "scale": "2"}, 500,
         "requested scale 2 does not match native scale 4"),
    ],
)  # fmt: skip
def test_localai_enlarges_by_what_the_model_is_made_for(
    fields: dict[str, str], status: int, message: str
) -> None:
    with client("localai") as localai:
        files = {"image": ("image.png", SMALL, "image/png")}
        reply = localai.post("/images/upscale", data=fields, files=files)
        assert reply.status_code == status
        if status != 200:
            assert reply.json()["error"]["message"] == message
            return
        made = localai.get(reply.json()["data"][0]["url"]).content
        factor = int(fields["scale"])
        assert size_of(made) == (96 * factor, 64 * factor)
        assert difference(made) < 40


def test_other_servers_of_that_protocol_do_not_enlarge() -> None:
    with client("vllm-omni") as server:
        files = {"image": ("image.png", SMALL, "image/png")}
        assert server.post("/images/upscale", data={}, files=files).status_code == 404
