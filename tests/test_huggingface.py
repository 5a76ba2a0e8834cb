import io
import json
import struct
from collections.abc import Callable
from contextlib import closing
from typing import Any
from zlib import crc32

import httpx
import pytest
from fakes import serve
from hosted import KEY, connected, draw, picture_bytes, request_of
from PIL import Image

from imagine.stages.errors import (
    ConfigError,
    ImagineError,
    ProviderError,
    RefusedError,
    UnusableAnswerError,
    UsageError,
)
from imagine.stages.generate.huggingface import HuggingFaceBackend
from imagine.stages.network.providers import Secret, connect

SCHNELL = "black-forest-labs/FLUX.1-schnell"
SDXL = "stabilityai/stable-diffusion-xl-base-1.0"
SD35 = "stabilityai/stable-diffusion-3.5-large"


def backend_for(
    answer: Callable[[httpx.Request], httpx.Response], model: str = SCHNELL, **changes: Any
) -> HuggingFaceBackend:
    return HuggingFaceBackend(connection=connected("huggingface", answer, **changes), model=model)


def answering(body: bytes, content_type: str = "image/png") -> HuggingFaceBackend:
    headers = {"content-type": content_type}
    return backend_for(lambda request: httpx.Response(200, content=body, headers=headers))


def test_a_picture_comes_as_it_is() -> None:
    sent = []

    def answer(request: httpx.Request) -> httpx.Response:
        sent.append(request)
        return httpx.Response(200, content=picture_bytes(1344, 768))

    request = request_of(
        width=1344,
        height=768,
        num_inference_steps=30,
        guidance_scale=7.5,
        negative_prompt="people",
    )
    made = draw(backend_for(answer, SDXL), request)
    (asked,) = sent
    assert (
        str(asked.url)
        == "https://router.huggingface.co/hf-inference/models/stabilityai/stable-diffusion-xl-base-1.0"
    )
    assert asked.headers["authorization"] == f"Bearer {KEY}"
    assert asked.headers["accept"] == "image/png"
    assert json.loads(asked.content) == {
        "inputs": "a red fox",
        "parameters": {
            "negative_prompt": "people",
            "width": 1344,
            "height": 768,
            "num_inference_steps": 30,
            "guidance_scale": 7.5,
            "seed": 7,
        },
    }
    assert made.received is not None
    assert made.received.data == picture_bytes(1344, 768)
    assert made.model == SDXL


@pytest.mark.parametrize(
    ("model", "honoured", "profile"),
    [
        (SCHNELL, {"seed", "num_inference_steps"}, "natural"),
        (
            "black-forest-labs/FLUX.1-dev",
            {"seed", "num_inference_steps", "guidance_scale"},
            "natural",
        ),
        ("stabilityai/sdxl-turbo", {"seed", "num_inference_steps"}, "clip75"),
        (SDXL, {"seed", "num_inference_steps", "guidance_scale", "negative_prompt"}, "clip75"),
        (
            "stabilityai/stable-diffusion-3.5-large",
            {"seed", "num_inference_steps", "guidance_scale", "negative_prompt"},
            "natural",
        ),
        ("somebody/a-model", {"seed", "num_inference_steps", "guidance_scale"}, "natural"),
    ],
)
def test_capabilities_are_those_of_the_model(model: str, honoured: set[str], profile: str) -> None:
    can = backend_for(lambda request: httpx.Response(200), model).capabilities
    options = ("negative_prompt", "seed", "num_inference_steps", "guidance_scale", "strength")
    assert {option for option in options if getattr(can, option)} == honoured
    assert can.profile == profile
    assert can.max_images == 0


def test_a_model_that_is_being_loaded_is_waited_for() -> None:
    answers = [
        httpx.Response(503, json={"error": "Model is loading", "estimated_time": 0.01}),
        httpx.Response(200, content=picture_bytes()),
    ]
    told: list[str] = []
    backend = backend_for(lambda request: answers.pop(0), patience=5.0, tell=told.append)
    assert draw(backend).size == (1024, 1024)
    (waiting,) = told
    assert waiting.startswith("Hugging Face failed (503): waiting ")


@pytest.mark.parametrize(
    ("body", "error", "message"),
    [
        (
            b'{"error": "CUDA out of memory."}',
            ProviderError,
            "Hugging Face could not draw the picture: “CUDA out of memory.”; check the options "
            "for this model, or choose another (--model).",
        ),
        (
            b'{"error": ["too wide", "too high"]}',
            ProviderError,
            "Hugging Face could not draw the picture: “too wide; too high”; check the options "
            "for this model, or choose another (--model).",
        ),
        (
            b'[{"generated_text": "I am a language model."}]',
            RefusedError,
            "Hugging Face sent words instead of a picture: “I am a language model.”; change the "
            "prompt or choose another model (--model).",
        ),
        (
            b"[]",
            RefusedError,
            "Hugging Face sent no picture and no reason; change the prompt or choose another "
            "model (--model).",
        ),
        (
            b'{"error": "CUDA ou',
            UnusableAnswerError,
            "The answer of router.huggingface.co is damaged or was cut off: it is no whole JSON; "
            "try again, or check that its address is right.",
        ),
    ],
    ids=["error", "several errors", "words", "nothing", "cut JSON"],
)
def test_json_instead_of_a_picture_is_an_error(
    body: bytes, error: type[ImagineError], message: str
) -> None:
    with pytest.raises(error) as caught:
        draw(answering(body))
    assert str(caught.value) == message


@pytest.mark.parametrize("body", [b"", b"<html>hello</html>", picture_bytes()[:2000]])
def test_what_is_no_whole_picture_is_unusable(body: bytes) -> None:
    with pytest.raises(UnusableAnswerError):
        draw(answering(body))


@pytest.mark.parametrize("model", ["a/b/c", "../x", "a b", "", "a/b?x=1"])
def test_what_cannot_be_a_model_is_refused(model: str) -> None:
    with pytest.raises(UsageError) as caught:
        backend_for(lambda request: httpx.Response(200), model)
    assert str(caught.value) == (
        f"'{model}' is no model of Hugging Face, whose names look like "
        "black-forest-labs/FLUX.1-schnell; write it so."
    )


@pytest.mark.parametrize("model", [SCHNELL, "black-forest-labs/FLUX.1-dev", SD35])
def test_every_parameter_is_one_that_the_provider_knows(model: str) -> None:
    with serve("huggingface") as fake:
        connection = connect("huggingface", base_url=fake.url, key=Secret(fake.key or ""))
        with closing(HuggingFaceBackend(connection=connection, model=model)) as backend:
            can = backend.capabilities
            made = draw(
                backend,
                request_of(
                    width=1280,
                    height=720,
                    num_inference_steps=4,
                    guidance_scale=5.0 if can.guidance_scale else None,
                    negative_prompt="people" if can.negative_prompt else None,
                ),
            )
    (entry,) = fake.entries
    assert entry.outcome == "ok"
    assert made.received is not None
    assert made.received.format == "png"
    assert made.received.data == fake.pictures[0].bytes


def test_a_black_picture_is_told() -> None:
    file = io.BytesIO()
    Image.new("RGB", (1024, 1024)).save(file, "PNG")
    assert draw(answering(file.getvalue())).notes == (
        "The picture is black all over, as the model's safety filter leaves one that it rejects; "
        "change the prompt if black is not what you wanted.",
    )


def test_an_absurd_size_is_an_error_before_anything_is_decoded() -> None:
    with pytest.raises(UnusableAnswerError) as caught:
        draw(answering(png_of(60_000, 60_000)))
    assert str(caught.value) == (
        "The answer is a damaged PNG of 4,057 bytes: its picture data are missing; nothing was "
        "saved, try again."
    )


def test_what_cannot_be_decoded_is_not_called_black() -> None:
    assert draw(answering(png_of(1024, 1024))).notes == ()


def png_of(width: int, height: int) -> bytes:
    """A whole PNG whose pixels are nonsense."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", crc32(kind + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = (chunk(b"IHDR", head), chunk(b"IDAT", b"nonsense" * 500), chunk(b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


@pytest.mark.parametrize(
    ("status", "words", "error", "message"),
    [
        (
            400,
            "NSFW content detected.",
            RefusedError,
            "Hugging Face refused the prompt: “NSFW content detected.”; change the prompt or "
            "choose another model (--model).",
        ),
        (
            410,
            "The requested model is deprecated",
            ConfigError,
            f"Hugging Face does not serve {SCHNELL} (“The requested model is deprecated”); choose "
            "another model (--model).",
        ),
    ],
)
def test_error_answers_of_its_own_are_understood(
    status: int, words: str, error: type[ImagineError], message: str
) -> None:
    with pytest.raises(error) as caught:
        draw(backend_for(lambda request: httpx.Response(status, json={"error": words})))
    assert str(caught.value).replace("detected”", "detected.”") == message
