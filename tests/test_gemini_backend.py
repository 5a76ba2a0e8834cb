import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from fakes import Fake, serve
from hosted import KEY, base64_picture, connected, draw, reference, request_of
from patience import PATIENT

from imagine.stages.errors import ConfigError, RefusedError, UsageError
from imagine.stages.generate.gemini import GeminiBackend
from imagine.stages.generate.gemini_models import image_model
from imagine.stages.money.usage import Usage
from imagine.stages.network.providers import Secret, connect

MODEL = "gemini-nano-banana-2.1"
PICTURE = {"inlineData": {"mimeType": "image/png", "data": base64_picture()}}
END = "; change the prompt or choose another model (--model)."


def reply_of(*parts: dict[str, Any], finish: str | None = "STOP", **fields: Any) -> dict[str, Any]:
    candidate: dict[str, Any] = {"index": 0}
    if parts:
        candidate["content"] = {"role": "model", "parts": list(parts)}
    if finish:
        candidate["finishReason"] = finish
    return {"candidates": [candidate], "modelVersion": MODEL, **fields}


def backend_for(
    answer: Callable[[httpx.Request], httpx.Response] | dict[str, Any] | list[Any],
    model: str = MODEL,
) -> GeminiBackend:
    """A backend whose server answers with `answer`, or as it decides."""
    if not callable(answer):
        found = answer
        return backend_for(lambda request: httpx.Response(200, json=found), model)
    return GeminiBackend(connection=connected("gemini", answer), model=model)


def test_a_request_demands_a_picture_of_a_named_shape() -> None:
    requests = []

    def answer(request: httpx.Request) -> httpx.Response:
        requests.append(request)
        return httpx.Response(
            200,
            json=reply_of(
                {"inlineData": {"mimeType": "image/png", "data": base64_picture(2752, 1536)}}
            ),
        )

    made = draw(backend_for(answer), request_of("a red fox", width=2752, height=1536))
    (request,) = requests
    assert (
        str(request.url)
        == "https://generativelanguage.googleapis.com/v1beta/models/gemini-nano-banana-2.1:generateContent"
    )
    assert request.headers["x-goog-api-key"] == KEY
    assert json.loads(request.content) == {
        "contents": [{"role": "user", "parts": [{"text": "Generate an image: a red fox"}]}],
        "generationConfig": {
            "responseModalities": ["TEXT", "IMAGE"],
            "imageConfig": {"aspectRatio": "16:9", "imageSize": "2K"},
        },
        "store": False,
    }
    assert made.parameters == (("aspect_ratio", "16:9"), ("image_size", "2K"))
    assert made.notes == ()


def test_reference_pictures_follow_the_prompt() -> None:
    bodies = []

    def answer(request: httpx.Request) -> httpx.Response:
        bodies.append(json.loads(request.content))
        return httpx.Response(200, json=reply_of(PICTURE))

    draw(backend_for(answer), request_of(images=(reference(32, 24), reference(8, 8))))
    prompt, *pictures = bodies[0]["contents"][0]["parts"]
    assert prompt == {"text": "Generate an image: a red fox"}
    assert pictures == [
        {"inlineData": {"mimeType": "image/png", "data": base64_picture(32, 24)}},
        {"inlineData": {"mimeType": "image/png", "data": base64_picture(8, 8)}},
    ]


@pytest.mark.parametrize(
    ("parts", "name"),
    [
        ([PICTURE], "alone"),
        ([{"text": "Here it is:"}, PICTURE, {"text": "", "thoughtSignature": "EsIN"}], "signed"),
        (
            [
                {"inlineData": {"data": base64_picture(512, 512)}, "thought": True},
                {"text": "Let me think", "thought": True},
                PICTURE,
            ],
            "after thoughts",
        ),
        (
            [PICTURE, {"inlineData": {"data": base64_picture(512, 512)}, "thought": True}],
            "before thoughts",
        ),
        ([{"inlineData": {"data": base64_picture(512, 512)}}, PICTURE], "last of two"),
        ([{"inline_data": {"mime_type": "image/png", **PICTURE["inlineData"]}}], "snake case"),
        ([{"inlineData": {"mimeType": "image/jpeg", **PICTURE["inlineData"]}}], "wrongly typed"),
        ([5, None, {"futurePart": {}}, PICTURE], "among unknown parts"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_the_last_picture_that_is_no_thought_is_the_answer(parts: list[Any], name: str) -> None:
    made = draw(backend_for(reply_of(*parts)))
    assert made.received is not None
    assert made.size == (1024, 1024)
    assert made.received.format == "png"


def test_what_the_provider_says_of_a_picture_is_kept() -> None:
    made = draw(
        backend_for(
            reply_of(
                PICTURE,
                modelVersion="gemini-nano-banana-3",
                usageMetadata={
                    "promptTokenCount": 21,
                    "candidatesTokenCount": 1130,
                    "thoughtsTokenCount": 300,
                    "candidatesTokensDetails": [
                        {"modality": "TEXT", "tokenCount": 10},
                        {"modality": "IMAGE", "tokenCount": 1120},
                    ],
                },
            )
        )
    )
    assert made.model == "gemini-nano-banana-3"
    assert made.notes == ("Google Gemini served gemini-nano-banana-3 for gemini-nano-banana-2.1.",)
    assert made.finish_reason == "STOP"
    assert made.usage == Usage(
        calls=1, input_tokens=21, output_tokens=310, image_tokens=1120, images=1
    )


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (
            {"promptFeedback": {"blockReason": "SAFETY"}},
            "refused the prompt (SAFETY: its safety filter)",
        ),
        (
            {
                "candidates": [],
                "promptFeedback": {
                    "blockReason": "PROHIBITED_CONTENT",
                    "blockReasonMessage": "Not  allowed",
                },
            },
            "refused the prompt (PROHIBITED_CONTENT: prohibited content): “Not allowed”",
        ),
        (
            {"promptFeedback": {"blockReason": "NEW_REASON"}},
            "refused the prompt (NEW_REASON)",
        ),
        (
            reply_of({"text": "I can't draw\nthat."}, finish="IMAGE_SAFETY"),
            "refused to draw this (IMAGE_SAFETY: its safety filter for pictures): "
            "“I can't draw that.”",
        ),
        *(
            (reply_of(finish=reason), f"refused to draw this ({reason}: {meaning})")
            for reason, meaning in {
                "SAFETY": "its safety filter",
                "IMAGE_SAFETY": "its safety filter for pictures",
                "PROHIBITED_CONTENT": "prohibited content",
                "IMAGE_PROHIBITED_CONTENT": "prohibited content in a picture",
                "BLOCKLIST": "a word on its blocklist",
                "SPII": "personal data",
                "RECITATION": "too close to existing material",
                "IMAGE_RECITATION": "too close to an existing picture",
            }.items()
        ),
        (
            reply_of(finish="IMAGE_OTHER"),
            "made no picture and does not say why (IMAGE_OTHER)",
        ),
        (reply_of(finish="LANGUAGE"), "does not know the prompt's language (LANGUAGE)"),
        (reply_of(finish="NO_IMAGE"), "made no picture (NO_IMAGE)"),
        (
            reply_of(finish="MAX_TOKENS"),
            "used up its tokens before the picture was made (MAX_TOKENS)",
        ),
        (
            reply_of(finish="MALFORMED_FUNCTION_CALL"),
            "ended without a picture (MALFORMED_FUNCTION_CALL)",
        ),
        (
            {"candidates": [{"finishReason": "BRAND_NEW", "finishMessage": "Because."}]},
            "ended without a picture (BRAND_NEW): “Because.”",
        ),
        (
            reply_of({"text": "A fox is "}, {"text": "an animal."}),
            "sent words instead of a picture: “A fox is an animal.”",
        ),
        (
            reply_of({"text": "Only thoughts", "thought": True}),
            "sent no picture and no reason",
        ),
        (
            reply_of({"inlineData": {"data": base64_picture()}, "thought": True}),
            "sent no picture and no reason",
        ),
        (reply_of({"inlineData": {"mimeType": "image/png"}}), "sent no picture and no reason"),
        (reply_of(), "sent no picture and no reason"),
        (reply_of(finish=None), "sent no picture and no reason"),
        ({}, "sent no picture and no reason"),
        ([], "sent no picture and no reason"),
        ({"candidates": []}, "sent no picture and no reason"),
        ({"candidates": "none"}, "sent no picture and no reason"),
        ({"candidates": [{"content": []}], "promptFeedback": 3}, "sent no picture and no reason"),
    ],
)
def test_an_answer_without_picture_says_why(answer: Any, message: str) -> None:
    with pytest.raises(RefusedError) as caught:
        draw(backend_for(answer))
    assert str(caught.value) == f"Google Gemini {message}{END}"


def test_the_tokens_of_a_refusal_are_counted() -> None:
    counted = {"promptTokenCount": 12, "candidatesTokenCount": 5, "thoughtsTokenCount": 30}
    with pytest.raises(RefusedError) as caught:
        draw(backend_for({**reply_of({"text": "No."}), "usageMetadata": counted}))
    assert caught.value.usage == Usage(calls=1, input_tokens=12, output_tokens=35)


MODELS = [
    {"name": f"models/{name}", "supportedGenerationMethods": methods}
    for name, methods in {
        "gemini-3.5-flash-lite": ["generateContent"],
        "gemini-nano-banana-2.1": ["generateContent", "countTokens"],
        "gemini-3-pro-image": ["generateContent"],
        "imagen-4.0-generate-001": ["predict"],
        "image-embedder": None,
    }.items()
]


@pytest.mark.parametrize(
    ("listing", "advice"),
    [
        (
            httpx.Response(200, json={"models": MODELS}),
            "this key can use gemini-nano-banana-2.1, gemini-3-pro-image (--model)",
        ),
        (
            httpx.Response(200, json={"models": MODELS[:1]}),
            "this key can use no image model; choose another --backend",
        ),
        (httpx.Response(403, json={}), "choose another with --model"),
        (httpx.Response(200, text="<html>"), "choose another with --model"),
    ],
    ids=["listed", "none", "forbidden", "a web page"],
)
def test_a_retired_model_is_told_with_those_that_can_be_used(
    listing: httpx.Response, advice: str
) -> None:
    asked = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append((request.method, request.url.path))
        if request.method == "GET":
            assert request.url.query == b"pageSize=1000"
            return listing
        error = {"code": 404, "message": "models/x is not found", "status": "NOT_FOUND"}
        return httpx.Response(404, json={"error": error})

    with pytest.raises(ConfigError) as caught:
        draw(backend_for(answer, "gemini-2.0-flash-image"))
    assert str(caught.value) == (
        f"Google Gemini has no model 'gemini-2.0-flash-image': it may be retired; {advice}."
    )
    assert asked == [
        ("POST", "/v1beta/models/gemini-2.0-flash-image:generateContent"),
        ("GET", "/v1beta/models"),
    ]


@pytest.mark.parametrize(
    ("model", "ratios", "scales", "pictures"),
    [
        ("gemini-nano-banana-2.1", 14, 3, 14),
        ("gemini-3.1-flash-image-preview", 14, 3, 14),
        ("gemini-3.1-flash-lite-image", 10, 1, 14),
        ("gemini-3-pro-image", 10, 3, 14),
        ("gemini-2.5-flash-image", 10, 1, 3),
        ("gemini-7-image", 10, 3, 14),
    ],
)
def test_each_model_draws_its_own_sizes(
    model: str, ratios: int, scales: int, pictures: int
) -> None:
    family = image_model(model)
    assert len(family.shapes) == ratios
    assert len(family.sizes()) == ratios * scales
    capabilities = GeminiBackend(connection=connected("gemini", lambda _: None), model=model)  # type: ignore[arg-type, return-value]
    assert capabilities.capabilities.max_images == pictures
    for ratio, (width, height) in family.shapes.items():
        wide, high = (int(side) for side in ratio.split(":"))
        # Google rounds, the steepest shapes by 4 %.
        assert abs(width / height * high / wide - 1) < 0.04
        assert 0.9 < width * height / 2**20 < 1.15


def test_a_model_may_be_named_as_the_list_of_models_does() -> None:
    assert backend_for({}, "models/gemini-3-pro-image").model == "gemini-3-pro-image"


def test_a_model_without_image_size_is_not_sent_one() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        config = json.loads(request.content)["generationConfig"]["imageConfig"]
        assert config == {"aspectRatio": "9:16"}
        part = {"inlineData": {"data": base64_picture(768, 1344)}}
        return httpx.Response(200, json=reply_of(part))

    made = draw(backend_for(answer, "gemini-2.5-flash-image"), request_of(width=768, height=1344))
    assert made.parameters == (("aspect_ratio", "9:16"),)


def test_a_size_that_the_model_does_not_draw_is_refused_before_anything_is_sent() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        raise AssertionError("nothing should be sent")

    with pytest.raises(UsageError, match=r"^gemini cannot draw 1000x1000; its nearest size is"):
        draw(backend_for(answer), request_of(width=1000, height=1000))


def test_gemini_reads_neither_seed_nor_the_options_of_diffusion() -> None:
    can = backend_for({}).capabilities
    assert (can.profile, can.trained, can.paid) == ("natural", True, True)
    assert not can.negative_prompt
    assert not can.seed
    assert (can.num_inference_steps, can.guidance_scale, can.strength) == (False, False, False)


def test_a_404_that_is_not_googles_is_a_wrong_address() -> None:
    with pytest.raises(ConfigError, match=r"check the model's name and gemini_base_url\.$"):
        draw(backend_for(lambda request: httpx.Response(404, text="<h1>Not Found</h1>")))


def backend_at(fake: Fake, model: str = MODEL) -> GeminiBackend:
    assert fake.key is not None
    connection = connect("gemini", base_url=fake.url, key=Secret(fake.key), timeout=PATIENT)
    return GeminiBackend(connection=connection, model=model)


@pytest.mark.parametrize(
    "fault",
    [
        "thought-parts",
        "signature-only",
        "two-pictures",
        "words-first",
        "jpeg",
        "webp",
        "unknown-enum",
        "unknown-fields",
        "null-fields",
        "no-usage",
        "no-model",
        "gzip",
        "slow=0.001",
    ],
)
def test_a_picture_is_received_as_it_was_sent_whatever_lies_around_it(fault: str) -> None:
    with serve("gemini", faults=[fault]) as fake:
        backend = backend_at(fake)
        made = draw(backend)
        backend.close()
    assert fake.faults_left == []
    assert made.received is not None
    assert made.received.data == fake.pictures[-1].bytes
    assert made.notes == ()


@pytest.mark.parametrize("model", ["gemini-nano-banana-2.1", "gemini-2.5-flash-image"])
def test_every_shape_comes_as_asked_for(model: str) -> None:
    with serve("gemini") as fake:
        backend = backend_at(fake, model)
        for width, height in image_model(model).shapes.values():
            made = draw(backend, request_of(width=width, height=height))
            assert (made.size, made.notes) == ((width, height), ())
        backend.close()


def test_the_largest_size_and_reference_pictures_are_taken_by_the_server() -> None:
    with serve("gemini") as fake:
        backend = backend_at(fake)
        made = draw(backend, request_of(width=5504, height=3072, images=(reference(),) * 14))
        backend.close()
    assert made.size == (5504, 3072)
    assert made.usage.image_tokens == 3780
