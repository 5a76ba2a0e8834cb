import io
from collections.abc import Callable
from contextlib import closing
from email import message_from_bytes
from typing import Any

import httpx
import pytest
from fakes import serve
from hosted import KEY, base64_picture, connected, draw, reference, request_of
from PIL import Image

from imagine.stages.errors import ImagineError, RefusedError, UnusableAnswerError, UsageError
from imagine.stages.generate.stability import MODELS, StabilityBackend
from imagine.stages.image import ImageRequest
from imagine.stages.network.providers import Secret, connect

Answer = Callable[[httpx.Request], httpx.Response]


def backend_for(answer: Answer | dict[str, Any], model: str = "ultra") -> StabilityBackend:
    found = answer
    if not callable(found):
        return backend_for(lambda request: httpx.Response(200, json=found), model)
    return StabilityBackend(connection=connected("stability", found), model=model)


def picture_of(width: int, height: int) -> dict[str, Any]:
    return {"image": base64_picture(width, height), "finish_reason": "SUCCESS", "seed": 7}


def form_of(request: httpx.Request) -> dict[str, bytes]:
    """The parts of a multipart form by name."""
    head = f"content-type: {request.headers['content-type']}\r\n\r\n".encode()
    parts = message_from_bytes(head + request.content).get_payload()
    form = {}
    for part in parts:
        name = part.get_param("name", header="content-disposition")
        form[str(name)] = part.get_payload(decode=True)
    return form


def sent_by(model: str, request: ImageRequest) -> tuple[httpx.Request, dict[str, bytes]]:
    """The one request that drawing takes, and its form."""
    sent = []

    def answer(asked: httpx.Request) -> httpx.Response:
        asked.read()
        sent.append(asked)
        return httpx.Response(200, json=picture_of(request.width, request.height))

    draw(backend_for(answer, model), request)
    (only,) = sent
    return only, form_of(only)


def test_a_picture_is_asked_for_by_shape_in_a_form_with_an_empty_part() -> None:
    request, form = sent_by("ultra", request_of(width=1344, height=768, negative_prompt="people"))
    assert str(request.url) == "https://api.stability.ai/v2beta/stable-image/generate/ultra"
    assert request.headers["authorization"] == f"Bearer {KEY}"
    assert request.headers["accept"] == "application/json"
    assert request.headers["content-type"].startswith("multipart/form-data; boundary=")
    assert form == {
        "prompt": b"a red fox",
        "negative_prompt": b"people",
        "aspect_ratio": b"16:9",
        "seed": b"7",
        "output_format": b"png",
        "none": b"",
    }
    assert b'name="none"; filename="none"\r\n' in request.content


@pytest.mark.parametrize(
    ("model", "endpoint", "named"),
    [
        ("ultra", "ultra", None),
        ("core", "core", None),
        ("sd3.5-large", "sd3", b"sd3.5-large"),
        ("sd3.5-large-turbo", "sd3", b"sd3.5-large-turbo"),
        ("sd3.5-medium", "sd3", b"sd3.5-medium"),
    ],
)
def test_each_model_has_its_address(model: str, endpoint: str, named: bytes | None) -> None:
    width, height, _ = MODELS[model].sizes.sizes[0]  # type: ignore[attr-defined]
    request, form = sent_by(model, request_of(width=width, height=height))
    assert request.url.path == f"/v2beta/stable-image/generate/{endpoint}"
    assert form.get("model") == named
    assert form.get("mode") == (None if named is None else b"text-to-image")


def test_sd35_starts_from_a_picture_in_the_size_asked_for_and_reads_its_scale() -> None:
    _, form = sent_by(
        "sd3.5-large",
        request_of(
            images=(reference(512, 512),),
            strength=0.3,
            guidance_scale=4.5,
        ),
    )
    assert Image.open(io.BytesIO(form.pop("image"))).size == (1024, 1024)
    assert form == {
        "prompt": b"a red fox",
        "cfg_scale": b"4.5",
        "seed": b"7",
        "strength": b"0.3",
        "model": b"sd3.5-large",
        "mode": b"image-to-image",
        "output_format": b"png",
    }


def test_ultra_takes_half_of_a_picture_when_no_strength_is_given() -> None:
    request = request_of(images=(reference(1024, 1024),))
    _, form = sent_by("ultra", request)
    assert form["strength"] == b"0.5"
    assert form["aspect_ratio"] == b"1:1"
    made = draw(backend_for(picture_of(1024, 1024)), request)
    assert dict(made.parameters)["strength"] == 0.5


@pytest.mark.parametrize(
    ("asked", "sent", "note"),
    [
        (7, b"7", ()),
        (
            0,
            b"1",
            (
                "Stability AI reads seeds from 1 to 4294967294 for this model: 1 was sent instead "
                "of 0.",
            ),
        ),
        (
            4294967295,
            b"2",
            (
                "Stability AI reads seeds from 1 to 4294967294 for this model: 2 was sent instead "
                "of 4294967295.",
            ),
        ),
    ],
)
def test_seeds_that_mean_something_else_there_are_replaced(
    asked: int, sent: bytes, note: tuple[str, ...]
) -> None:
    request = request_of(seed=asked)
    _, form = sent_by("ultra", request)
    assert form["seed"] == sent
    made = draw(backend_for(picture_of(1024, 1024)), request)
    assert made.notes == note
    assert dict(made.parameters)["seed"] == int(sent)


@pytest.mark.parametrize(
    ("model", "honoured"),
    [
        ("core", {"negative_prompt", "seed"}),
        ("ultra", {"negative_prompt", "seed", "strength", "max_images"}),
        ("sd3.5-medium", {"negative_prompt", "seed", "strength", "max_images", "guidance_scale"}),
        ("sd3.5-large-turbo", {"seed", "strength", "max_images", "guidance_scale"}),
    ],
)
def test_capabilities_are_those_of_the_model(model: str, honoured: set[str]) -> None:
    can = backend_for({}, model).capabilities
    options = ("negative_prompt", "seed", "strength", "max_images", "guidance_scale")
    assert {option for option in options if getattr(can, option)} == honoured
    assert not can.num_inference_steps
    assert can.paid


def test_every_size_is_about_the_shape_that_it_is_called() -> None:
    for family in MODELS.values():
        for width, height, shape in family.sizes.sizes:  # type: ignore[attr-defined]
            wide, high = map(int, shape.split(":"))
            assert abs(width * high / (height * wide) - 1) < 0.04, (width, height, shape)


@pytest.mark.parametrize(
    ("answer", "error", "message"),
    [
        (
            {"image": base64_picture(), "finish_reason": "CONTENT_FILTERED", "seed": 7},
            RefusedError,
            "Stability AI withheld the picture (“CONTENT_FILTERED”); change the prompt or choose "
            "another model (--model).",
        ),
        (
            {"finish_reason": "SUCCESS", "seed": 7},
            UnusableAnswerError,
            "Stability AI sent nothing where the picture should be; try again, or choose another "
            "model (--model).",
        ),
        (
            {"image": base64_picture(640, 1536), "finish_reason": "SUCCESS"},
            UnusableAnswerError,
            "Stability AI sent a picture of 640x1536 instead of the 1024x1024 asked for; nothing "
            "was saved, choose another --size or --model.",
        ),
    ],
    ids=["filtered", "no picture", "another shape"],
)
def test_an_answer_without_the_picture_is_an_error(
    answer: dict[str, Any], error: type[ImagineError], message: str
) -> None:
    with pytest.raises(error) as caught:
        draw(backend_for(answer))
    assert str(caught.value) == message


def test_moderation_is_a_refusal() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        words = "Your request was flagged by our content moderation system."
        body = {"id": "a1", "name": "content_moderation", "errors": [words]}
        return httpx.Response(403, json=body)

    with pytest.raises(RefusedError, match=r"Your request was flagged by our content moderation"):
        draw(backend_for(answer))


@pytest.mark.parametrize(
    ("model", "changes", "message"),
    [
        (
            "sd3.5-large",
            {"guidance_scale": 12.0},
            "--guidance 12 is out of range: stability with sd3.5-large reads 1 to 10; choose one "
            "of these.",
        ),
        (
            "ultra",
            {"width": 1000, "height": 1000},
            "stability with ultra cannot draw 1000x1000; its nearest size is 1024x1024, and its "
            "shapes are 1:1, 16:9, 9:16, 3:2, 2:3, 5:4, 4:5, 21:9, 9:21 (--ar).",
        ),
        (
            "ultra",
            {"images": (reference(1200, 900),)},
            "stability with ultra draws in the shape of the reference picture, 1200x900, and "
            "1024x1024 was asked for; ask for its shape (--ar 4:3), or crop it.",
        ),
    ],
    ids=["guidance", "size", "shape of the reference"],
)
def test_what_the_model_would_not_honour_is_refused_before_anything_is_sent(
    model: str, changes: dict[str, Any], message: str
) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        raise AssertionError("nothing is to be sent")

    with pytest.raises(UsageError) as caught:
        draw(backend_for(answer, model), request_of(**changes))
    assert str(caught.value) == message


def test_an_unknown_model_is_refused_with_the_known_ones() -> None:
    with pytest.raises(UsageError) as caught:
        backend_for({}, "sd3.5-larg")
    assert str(caught.value) == (
        "There is no Stability model 'sd3.5-larg'; did you mean 'sd3.5-large'? (known: ultra, "
        "core, sd3.5-large, sd3.5-large-turbo, sd3.5-medium)."
    )


@pytest.mark.parametrize(
    ("model", "changes"),
    [
        ("ultra", {"negative_prompt": "people", "width": 1536, "height": 640}),
        ("ultra", {"images": (reference(512, 512),), "strength": 0.7}),
        ("core", {"width": 1664, "height": 936, "seed": 0}),
        ("sd3.5-large", {"guidance_scale": 4.5, "negative_prompt": "people"}),
        ("sd3.5-medium", {"images": (reference(512, 512),)}),
        ("sd3.5-large-turbo", {"seed": 4294967295}),
    ],
)
def test_every_field_is_one_that_the_provider_knows(model: str, changes: dict[str, Any]) -> None:
    with serve("stability") as fake:
        connection = connect("stability", base_url=fake.url, key=Secret(fake.key or ""))
        with closing(StabilityBackend(connection=connection, model=model)) as backend:
            made = draw(backend, request_of(**changes))
    (entry,) = fake.entries
    assert entry.outcome == "ok"
    assert made.received is not None
    assert made.received.data == fake.pictures[0].bytes


def test_a_reason_that_nobody_knows_keeps_the_picture() -> None:
    answer = {**picture_of(1024, 1024), "finish_reason": "NEW_REASON"}
    assert draw(backend_for(answer)).finish_reason == "NEW_REASON"
    with pytest.raises(RefusedError) as caught:
        draw(backend_for({"finish_reason": "NEW_REASON"}))
    assert str(caught.value) == (
        "Stability AI withheld the picture (“NEW_REASON”); change the prompt or choose another "
        "model (--model)."
    )
