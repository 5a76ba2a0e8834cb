import json
from typing import Any

import httpx
import pytest
from fakes import serve
from hosted import KEY, base64_picture, connected, draw, request_of
from patience import PATIENT

from imagine.stages.errors import ConfigError, RefusedError, UsageError
from imagine.stages.generate.imagen import ImagenBackend
from imagine.stages.money.usage import Usage
from imagine.stages.network.providers import Secret, connect
from imagine.stages.sizes import ListedSizes

MODEL = "imagen-4.0-generate-001"
END = "; change the prompt or choose another model (--model)."


def backend_for(
    answer: httpx.Response, sent: list[httpx.Request], model: str = MODEL, **changes: Any
) -> ImagenBackend:
    """A backend whose server answers with `answer` and whose requests end in `sent`."""

    def reply(request: httpx.Request) -> httpx.Response:
        sent.append(request)
        return answer

    return ImagenBackend(connection=connected("imagen", reply, **changes), model=model)


def predictions(*found: dict[str, Any]) -> httpx.Response:
    return httpx.Response(200, json={"predictions": list(found)})


@pytest.mark.parametrize(
    ("model", "size", "parameters"),
    [
        (MODEL, (1024, 1024), {"aspectRatio": "1:1", "sampleImageSize": "1K"}),
        (MODEL, (2816, 1536), {"aspectRatio": "16:9", "sampleImageSize": "2K"}),
        ("imagen-4.0-fast-generate-001", (896, 1280), {"aspectRatio": "3:4"}),
        ("imagen-3.0-generate-002", (896, 1280), {"aspectRatio": "3:4"}),
    ],
)
def test_a_request_asks_for_one_picture_of_a_named_shape(
    model: str, size: tuple[int, int], parameters: dict[str, str]
) -> None:
    sent: list[httpx.Request] = []
    answer = predictions({"mimeType": "image/png", "bytesBase64Encoded": base64_picture(*size)})
    made = draw(backend_for(answer, sent, model), request_of(width=size[0], height=size[1]))
    assert sent[0].url.path == f"/v1beta/models/{model}:predict"
    assert sent[0].headers["x-goog-api-key"] == KEY
    assert json.loads(sent[0].content) == {
        "instances": [{"prompt": "a red fox"}],
        "parameters": {"sampleCount": 1, **parameters},
    }
    assert made.size == size
    assert made.usage == Usage(calls=1, images=1)
    assert made.parameters[0] == ("aspect_ratio", parameters["aspectRatio"])


def test_a_filtered_prediction_beside_a_picture_costs_nothing() -> None:
    answer = predictions(
        {"raiFilteredReason": "one was filtered"}, {"bytesBase64Encoded": base64_picture()}
    )
    assert draw(backend_for(answer, [])).size == (1024, 1024)


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (
            predictions({"raiFilteredReason": "The prompt violates our policies."}),
            "Imagen filtered the picture away: “The prompt violates our policies.”",
        ),
        (predictions(), "Imagen filtered the picture away"),
        (httpx.Response(200, json={}), "Imagen filtered the picture away"),
        (httpx.Response(200, json=[]), "Imagen filtered the picture away"),
    ],
)
def test_a_filtered_picture_is_a_refusal(answer: httpx.Response, message: str) -> None:
    with pytest.raises(RefusedError) as caught:
        draw(backend_for(answer, []))
    assert str(caught.value) == f"{message}{END}"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {},
            "Google has no 'imagen-4.0-generate-001' any more: it shut Imagen down on 2026-08-17; "
            "draw with --backend gemini, or point imagen_base_url to a server that still speaks "
            "its protocol.",
        ),
        (
            {"base_url": "http://127.0.0.1:9"},
            "The server at imagen_base_url has no 'imagen-4.0-generate-001'; check the address, "
            "or name a model that it serves (--model).",
        ),
    ],
    ids=["Google", "another server"],
)
def test_where_there_is_no_imagen_the_way_on_is_told(changes: dict[str, Any], message: str) -> None:
    sent: list[httpx.Request] = []
    with pytest.raises(ConfigError) as caught:
        draw(backend_for(httpx.Response(404, json={}), sent, **changes))
    assert str(caught.value) == message
    assert len(sent) == 1


def test_fast_models_draw_no_2k() -> None:
    sent: list[httpx.Request] = []
    backend = backend_for(predictions(), sent, "imagen-4.0-fast-generate-001")
    with pytest.raises(UsageError, match=r"^imagen cannot draw 2048x2048; its nearest size is"):
        draw(backend, request_of(width=2048, height=2048))
    assert sent == []


def test_every_shape_is_taken_by_the_server() -> None:
    with serve("imagen") as fake:
        connection = connect(
            "imagen", base_url=fake.url, key=Secret(str(fake.key)), timeout=PATIENT
        )
        backend = ImagenBackend(connection=connection, model=MODEL)
        assert isinstance(backend.capabilities.sizes, ListedSizes)
        for width, height, _ in backend.capabilities.sizes.sizes:
            made = draw(backend, request_of(width=width, height=height))
            assert (made.size, made.notes) == ((width, height), ())
        backend.close()
    assert fake.paid == 10
