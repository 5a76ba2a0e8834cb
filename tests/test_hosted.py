from base64 import b64encode
from collections.abc import Iterator
from dataclasses import replace
from textwrap import wrap

import httpx
import pytest
from hosted import KEY, base64_picture, connected, draw, picture_bytes, request_of

from imagine.stages.errors import ConfigError, RefusedError, UnusableAnswerError
from imagine.stages.generate.hosted import HostedBackend
from imagine.stages.generate.parameters import (
    PARAMETERS,
    capabilities_of,
    nested,
    placed,
    without,
)
from imagine.stages.image import GeneratedImage, ImageRequest, Progress
from imagine.stages.money.usage import Usage
from imagine.stages.network.providers import Connection, connect
from imagine.stages.sizes import FreeSizes, ListedSizes

ANY_SIZE = FreeSizes(min_side=1, max_side=10_000, max_pixels=10**8)


class PlainBackend(HostedBackend):
    """Sends a prompt, gets JSON with a picture."""

    name = "plain"

    def __init__(self, *, connection: Connection, model: str = "brush-1") -> None:
        super().__init__(connection=connection, model=model)
        self.capabilities = capabilities_of({}, sizes=ANY_SIZE)

    def generate(self, request: ImageRequest) -> Iterator[Progress | GeneratedImage]:
        yield self.sent()
        answer = self.session.post("/draw", json={"prompt": request.prompt}, paid=True).json()
        yield from self.finished(request, self.picture_in(answer["image"]), model=answer["model"])


def answering(image: object, model: str = "brush-1") -> PlainBackend:
    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/v1/file.png":
            return httpx.Response(200, content=picture_bytes())
        return httpx.Response(200, json={"image": image, "model": model})

    return PlainBackend(connection=connected("openai", answer))


@pytest.mark.parametrize(
    "image",
    [
        base64_picture(),
        f"data:image/png;base64,{base64_picture()}",
        "https://api.openai.com/v1/file.png",
        "\r\n".join(wrap(base64_picture(), 76)),
    ],
    ids=["base64", "data URL", "address", "base64 in lines"],
)
def test_a_picture_is_found_as_base64_and_behind_addresses(image: str) -> None:
    made = draw(answering(image))
    assert made.received is not None
    assert made.received.data == picture_bytes()
    assert made.size == (1024, 1024)
    assert made.usage == Usage(calls=1, images=1)
    assert made.notes == ()


@pytest.mark.parametrize(
    ("image", "message"),
    [
        (
            "AAA=A!",
            "OpenAI sent a picture whose base64 is damaged (6 characters); nothing was saved, "
            "try again.",
        ),
        (
            None,
            "OpenAI sent nothing where the picture should be; try again, or choose another model "
            "(--model).",
        ),
        (
            {"b64": "AAAA"},
            "OpenAI sent no text where the picture should be; try again, or choose another model "
            "(--model).",
        ),
        (
            base64_picture(512, 512),
            "OpenAI sent a picture of 512x512 instead of the 1024x1024 asked for; nothing was "
            "saved, choose another --size or --model.",
        ),
        (
            base64_picture(1024, 960),
            "OpenAI sent a picture of 1024x960 instead of the 1024x1024 asked for; nothing was "
            "saved, choose another --size or --model.",
        ),
    ],
    ids=["no base64", "nothing", "wrong type", "too small", "other shape"],
)
def test_what_is_no_picture_as_asked_for_is_an_error(image: object, message: str) -> None:
    with pytest.raises(UnusableAnswerError) as caught:
        draw(answering(image))
    assert str(caught.value) == message


def test_half_a_picture_is_none() -> None:
    half = b64encode(picture_bytes()[:300]).decode()
    with pytest.raises(UnusableAnswerError, match=r"^The answer is a damaged PNG of 300 bytes: "):
        draw(answering(half))


def test_a_slightly_other_size_is_taken_and_told() -> None:
    made = draw(answering(base64_picture(1008, 1024)))
    assert made.size == (1008, 1024)
    assert made.notes == ("The picture is 1008x1024 instead of the 1024x1024 asked for.",)


def test_where_only_a_shape_goes_out_any_pixels_of_that_shape_are_right() -> None:
    backend = answering(base64_picture(1200, 900))
    backend.capabilities = replace(
        backend.capabilities, sizes=ListedSizes(((1280, 896, "4:3"), (1024, 1024, "1:1")))
    )
    made = draw(backend, request_of(width=1280, height=896))
    assert made.size == (1200, 900)
    assert made.notes == ()
    assert made.parameters == (("size", "1200x900"),)


@pytest.mark.parametrize(
    ("served", "notes"),
    [
        ("brush-1", ()),
        ("brush-1-002", ()),
        ("brush-2", ("OpenAI served brush-2 for brush-1.",)),
        (f"brush-{KEY}", ("OpenAI served brush-[key] for brush-1.",)),
    ],
)
def test_another_model_than_asked_for_is_told(served: str, notes: tuple[str, ...]) -> None:
    made = draw(answering(base64_picture(), served))
    assert made.model == served.replace(KEY, "[key]")
    assert made.notes == notes


def test_steps_say_what_was_sent_and_what_came() -> None:
    steps = list(answering(base64_picture()).generate(request_of()))
    assert steps[:2] == [
        Progress(1, 2, "sent to OpenAI"),
        Progress(2, 2, "received 1024x1024 PNG, 0.0 MB"),
    ]


def test_without_a_key_nothing_is_said_to_be_sent() -> None:
    with pytest.raises(ConfigError, match=r"^There is no key for OpenAI: set OPENAI_API_KEY"):
        next(PlainBackend(connection=connect("openai")).generate(request_of()))


def test_words_of_a_model_are_one_line_without_key() -> None:
    backend = answering("")
    error = backend.refused("refused the prompt", f"I cannot\n\n draw {KEY} \x1b[31m" + "no" * 300)
    assert isinstance(error, RefusedError)
    assert str(error).startswith(
        "OpenAI refused the prompt: “I cannot draw [key] \\u001b[31mnonono"
    )
    assert str(error).endswith("no…”; change the prompt or choose another model (--model).")
    assert str(backend.wordy("  ")) == (
        "OpenAI sent no picture and no reason; change the prompt or choose another model (--model)."
    )


def test_one_session_serves_all_pictures_until_it_is_closed() -> None:
    backend = answering(base64_picture())
    session = backend.session
    draw(backend)
    assert backend.session is session
    backend.close()
    backend.close()
    assert backend.session is not session


ROWS = [(name, row) for name, row in PARAMETERS.items()]


@pytest.mark.parametrize(("name", "row"), ROWS, ids=list(PARAMETERS))
def test_capabilities_say_what_the_row_sends(name: str, row: dict[str, str]) -> None:
    can = capabilities_of(row, sizes=ANY_SIZE, max_images=3, max_loras=9)  # type: ignore[arg-type]
    honoured = {
        "negative_prompt": can.negative_prompt,
        "num_inference_steps": can.num_inference_steps,
        "guidance_scale": can.guidance_scale,
        "seed": can.seed,
        "strength": can.strength,
        "images": can.max_images == 3,
        "mask": can.mask,
        "loras": can.max_loras == 9,
        "scheduler": can.scheduler,
        "hires_fix": can.hires_fix,
    }
    assert {option for option, is_so in honoured.items() if is_so} == set(row) - {"prompt", "size"}
    assert {"prompt", "size"} <= set(row)
    assert can.trained
    assert can.paid


def test_options_go_where_the_row_says() -> None:
    request = request_of(
        negative_prompt="blur", num_inference_steps=4, guidance_scale=2.5, strength=0.5
    )
    row = PARAMETERS["huggingface"]
    assert nested(placed(row, request)) == {
        "parameters": {
            "negative_prompt": "blur",
            "num_inference_steps": 4,
            "guidance_scale": 2.5,
            "seed": 7,
        }
    }
    assert placed(row, request_of()) == {"parameters.seed": 7}
    assert placed(without(row, "seed"), request_of()) == {}
    assert placed(PARAMETERS["gemini"], request) == {}
