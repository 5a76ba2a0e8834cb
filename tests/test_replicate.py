import io
import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from hosted import KEY, connected, draw, picture_bytes, reference, request_of
from PIL import Image

from imagine.stages.errors import (
    ConfigError,
    ImagineError,
    LostAnswerError,
    ProviderError,
    RefusedError,
    UnusableAnswerError,
    UsageError,
)
from imagine.stages.generate import job
from imagine.stages.generate.job import JobFailedError
from imagine.stages.generate.replicate import MAX_DATA_URL, ReplicateBackend
from imagine.stages.image import GeneratedImage, ImageRequest, Progress, ReferenceImage

SCHNELL = "black-forest-labs/flux-schnell"
FILE = "https://replicate.delivery/xezq/out-0.png"
JOB = "gm3qorzdhgbfurvjtvhg6dckhu"
PAGE = f"https://replicate.com/p/{JOB}"
END = "; change the prompt or choose another model (--model)."


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(job, "sleep", lambda seconds: None)


def prediction(status: str, **fields: Any) -> dict[str, Any]:
    base = "https://api.replicate.com/v1/predictions"
    return {
        "id": JOB,
        "model": SCHNELL,
        "version": "hidden",
        "status": status,
        "output": None,
        "error": None,
        "logs": "",
        "urls": {"get": f"{base}/{JOB}", "cancel": f"{base}/{JOB}/cancel"},
        **fields,
    }


DONE = prediction("succeeded", output=[FILE])


class Server:
    """Answers like Replicate: `polls` one after the other, the last for ever."""

    def __init__(
        self,
        *polls: dict[str, Any] | httpx.Response,
        model: dict[str, Any] | None = None,
        size: tuple[int, int] = (1024, 1024),
    ) -> None:
        self.polls = list(polls) or [DONE]
        self.model = model
        self.size = size
        self.file: dict[str, Any] = {}
        self.requests: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        path = request.url.path
        if str(request.url) == FILE:
            return httpx.Response(200, content=picture_bytes(*self.size))
        if path.endswith("/predictions"):
            return httpx.Response(201, json=prediction("starting"))
        if path.endswith("/cancel"):
            return httpx.Response(200, json=prediction("canceled"))
        if path == "/v1/files":
            return httpx.Response(201, json=self.file)
        if path.startswith("/v1/models/"):
            return httpx.Response(200 if self.model else 404, json=self.model or {"detail": "no"})
        poll = self.polls.pop(0) if len(self.polls) > 1 else self.polls[0]
        return poll if isinstance(poll, httpx.Response) else httpx.Response(200, json=poll)

    def body(self) -> dict[str, Any]:
        """What the one prediction was asked for with."""
        (made,) = (asked for asked in self.requests if asked.url.path.endswith("/predictions"))
        found = json.loads(made.content)
        assert isinstance(found, dict)
        return found

    def asked(self) -> list[str]:
        return [f"{request.method} {request.url.path}" for request in self.requests]


def backend_for(
    server: Callable[[httpx.Request], httpx.Response], model: str = SCHNELL, **changes: Any
) -> ReplicateBackend:
    return ReplicateBackend(connection=connected("replicate", server, **changes), model=model)


def schema_of(*required: str, official: bool = True, **inputs: dict[str, Any]) -> dict[str, Any]:
    """A model as Replicate tells of it."""
    ratios = {"type": "string", "enum": ["match_input_image", "1:1", "16:9", "4:3"]}
    schemas = {
        "Input": {"type": "object", "properties": inputs, "required": ["prompt", *required]},
        "aspect_ratio": ratios,
    }
    version = {"id": "5c7d5dc6", "openapi_schema": {"components": {"schemas": schemas}}}
    return {"owner": "a", "name": "b", "is_official": official, "latest_version": version}


def photo(side: int) -> ReferenceImage:
    """A picture that JPEG cannot make small."""
    file = io.BytesIO()
    Image.effect_noise((side, side), 90).convert("RGB").save(file, "JPEG", quality=95)
    return ReferenceImage(file.getvalue(), "jpg", side, side, sha256="0" * 64)


RATIO = {"allOf": [{"$ref": "#/components/schemas/aspect_ratio"}], "default": "1:1"}
TEXT = {"type": "string"}
NUMBER = {"type": "integer"}


def test_a_picture_is_ordered_waited_for_and_fetched() -> None:
    server = Server(
        prediction("starting"),
        prediction("processing", logs="  0%|     | 0/4\n 50%|██   | 2/4"),
        prediction("succeeded", output=[FILE], version="c846a699"),
    )
    steps = list(backend_for(server).generate(request_of(num_inference_steps=4)))
    assert [step.label for step in steps if isinstance(step, Progress)] == [
        "sent to Replicate",
        "waiting for a machine",
        "drawing, 50 %",
        "received 1024x1024 PNG, 0.0 MB",
    ]
    made = steps[-1]
    assert isinstance(made, GeneratedImage)
    assert made.received is not None
    assert made.received.data == picture_bytes()
    assert made.finish_reason == "succeeded"
    assert dict(made.parameters) == {
        "job": JOB,
        "version": "c846a699",
        "seed": 7,
        "num_outputs": 1,
        "output_format": "png",
        "go_fast": False,
        "aspect_ratio": "1:1",
    }
    assert server.asked() == [
        "POST /v1/models/black-forest-labs/flux-schnell/predictions",
        *[f"GET /v1/predictions/{JOB}"] * 3,
        "GET /xezq/out-0.png",
    ]
    assert server.body() == {
        "input": {
            "prompt": "a red fox",
            "num_outputs": 1,
            "output_format": "png",
            "go_fast": False,
            "num_inference_steps": 4,
            "seed": 7,
            "aspect_ratio": "1:1",
        }
    }


def test_the_key_goes_to_replicate_alone() -> None:
    server = Server()
    draw(backend_for(server))
    keys = [request.headers.get("authorization") for request in server.requests]
    assert keys == [f"Bearer {KEY}", f"Bearer {KEY}", None]


@pytest.mark.parametrize(
    ("model", "changes", "expected"),
    [
        (
            "black-forest-labs/flux-dev",
            {"guidance_scale": 3.5, "width": 1344, "height": 768},
            {"guidance": 3.5, "aspect_ratio": "16:9", "go_fast": False, "num_outputs": 1},
        ),
        (
            "black-forest-labs/flux-dev",
            {"strength": 0.6, "images": (reference(1024, 1024),)},
            {"prompt_strength": 0.6, "image": "data:image/png;base64", "go_fast": False},
        ),
        (
            "black-forest-labs/flux-1.1-pro",
            {},
            {"prompt_upsampling": False, "aspect_ratio": "1:1"},
        ),
        (
            "stability-ai/sdxl:7762fd07",
            {"negative_prompt": "people", "num_inference_steps": 30, "guidance_scale": 7.5},
            {
                "negative_prompt": "people",
                "num_inference_steps": 30,
                "guidance_scale": 7.5,
                "width": 1024,
                "height": 1024,
                "num_outputs": 1,
            },
        ),
        (
            "stability-ai/stable-diffusion-3.5-large",
            {"guidance_scale": 4.5},
            {"cfg": 4.5, "aspect_ratio": "1:1", "output_format": "png"},
        ),
    ],
)
def test_known_models_get_the_inputs_that_they_read(
    model: str, changes: dict[str, Any], expected: dict[str, Any]
) -> None:
    request = request_of(**changes)
    server = Server(size=(request.width, request.height))
    draw(backend_for(server, model), request)
    inputs = server.body()["input"]
    inputs["image"] = inputs.get("image", "").partition(",")[0]
    assert {name: inputs[name] for name in expected} == expected
    assert inputs["prompt"] == "a red fox"
    assert inputs["seed"] == 7


@pytest.mark.parametrize(
    ("model", "honoured", "profile"),
    [
        (SCHNELL, {"seed", "num_inference_steps"}, "natural"),
        (
            "black-forest-labs/flux-dev",
            {"seed", "num_inference_steps", "guidance_scale", "strength", "max_images"},
            "natural",
        ),
        ("black-forest-labs/flux-1.1-pro", {"seed"}, "natural"),
        (
            "stability-ai/sdxl:7762fd07",
            {
                "seed",
                "num_inference_steps",
                "guidance_scale",
                "strength",
                "max_images",
                "negative_prompt",
            },
            "clip75",
        ),
        # What it really reads is known before anything is paid.
        (
            "somebody/a-model",
            {"seed", "num_inference_steps", "guidance_scale", "strength", "max_images"},
            "natural",
        ),
    ],
)
def test_capabilities_are_those_of_the_model(model: str, honoured: set[str], profile: str) -> None:
    can = backend_for(Server(), model).capabilities
    options = (
        "negative_prompt",
        "seed",
        "strength",
        "max_images",
        "guidance_scale",
        "num_inference_steps",
    )
    assert {option for option in options if getattr(can, option)} == honoured
    assert can.profile == profile
    assert can.paid


def test_a_seed_beyond_the_range_of_a_model_is_brought_into_it_and_told() -> None:
    seed = {"type": "integer", "minimum": 0, "maximum": 2147483647}
    server = Server(model=schema_of(prompt=TEXT, aspect_ratio=RATIO, seed=seed))
    made = draw(backend_for(server, "a/b"), request_of(seed=2147483648))
    assert server.body()["input"]["seed"] == 0
    assert dict(made.parameters)["seed"] == 0
    assert made.notes == (
        "Replicate reads seeds from 0 to 2147483647 for this model: 0 was sent instead of "
        "2147483648.",
    )


def test_one_version_of_a_model_is_run_by_its_number() -> None:
    server = Server()
    draw(backend_for(server, "stability-ai/sdxl:7762fd07"))
    assert server.asked()[0] == "POST /v1/predictions"
    assert server.body()["version"] == "7762fd07"


def test_an_unknown_model_gets_what_its_schema_names() -> None:
    steps = {"type": "integer", "minimum": 1, "maximum": 8}
    formats = {"type": "string", "enum": ["webp", "png"]}
    server = Server(
        model=schema_of(
            prompt=TEXT, aspect_ratio=RATIO, steps=steps, seed=NUMBER, output_format=formats
        ),
        size=(1344, 768),
    )
    backend = backend_for(server, "somebody/a-model")
    request = request_of(width=1344, height=768, num_inference_steps=8)
    for _ in range(2):
        draw(backend, request)
    assert server.asked()[:2] == [
        "GET /v1/models/somebody/a-model",
        "POST /v1/models/somebody/a-model/predictions",
    ]
    assert sum(asked == "GET /v1/models/somebody/a-model" for asked in server.asked()) == 1
    assert json.loads(server.requests[1].content) == {
        "input": {
            "prompt": "a red fox",
            "output_format": "png",
            "steps": 8,
            "seed": 7,
            "aspect_ratio": "16:9",
        }
    }


def test_a_model_of_the_community_is_run_by_its_newest_version() -> None:
    server = Server(
        model=schema_of(official=False, prompt=TEXT, width=NUMBER, height=NUMBER, cfg=NUMBER)
    )
    draw(backend_for(server, "somebody/a-model"), request_of(guidance_scale=5.0))
    assert server.asked()[1] == "POST /v1/predictions"
    assert server.body() == {
        "version": "5c7d5dc6",
        "input": {"prompt": "a red fox", "width": 1024, "height": 1024, "cfg": 5.0},
    }


def test_a_known_model_of_the_community_is_run_by_its_newest_version_too() -> None:
    server = Server(model=schema_of(official=False, prompt=TEXT))
    backend = backend_for(server, "stability-ai/sdxl")
    draw(backend, request_of(num_inference_steps=30))
    assert server.asked()[:2] == ["GET /v1/models/stability-ai/sdxl", "POST /v1/predictions"]
    body = server.body()
    assert body["version"] == "5c7d5dc6"
    assert body["input"]["num_inference_steps"] == 30
    draw(backend)
    assert server.asked().count("GET /v1/models/stability-ai/sdxl") == 1


def test_large_reference_pictures_are_uploaded_first() -> None:
    small, large = (photo(side) for side in (64, 512))
    assert len(small.data_url) < MAX_DATA_URL < len(large.data_url)
    place = "https://api.replicate.com/v1/files/YzNlNTk"
    server = Server(model=schema_of(prompt=TEXT, image_input={"type": "array"}))
    server.file = {"id": "YzNlNTk", "urls": {"get": place}}
    draw(backend_for(server, "google/nano-banana"), request_of(images=(small, large)))
    assert server.body()["input"]["image_input"] == [small.data_url, place]
    (upload,) = (asked for asked in server.requests if asked.url.path == "/v1/files")
    head = (
        'Content-Disposition: form-data; name="content"; filename="image.jpg"\r\n'
        "Content-Type: image/jpeg\r\n\r\n"
    )
    assert head.encode() + large.data + b"\r\n" in upload.content


def test_an_upload_that_is_nowhere_is_an_error_before_anything_is_paid() -> None:
    server = Server()
    server.file = {"id": "YzNlNTk"}
    with pytest.raises(UnusableAnswerError) as caught:
        draw(
            backend_for(server, "black-forest-labs/flux-dev"),
            request_of(images=(photo(1024),)),
        )
    assert str(caught.value) == (
        "Replicate took the reference picture and does not say where it is; try again, or give a "
        "smaller one."
    )
    assert server.asked() == ["POST /v1/files"]


def test_models_that_edit_get_every_picture_as_it_is() -> None:
    several = {"type": "array", "items": TEXT}
    server = Server(model=schema_of(prompt=TEXT, aspect_ratio=RATIO, image_input=several))
    images = (reference(32, 24), reference(24, 32))
    draw(backend_for(server, "google/nano-banana"), request_of(images=images))
    inputs = server.body()["input"]
    assert [url[:30] for url in inputs["image_input"]] == ["data:image/png;base64,iVBORw0K"] * 2
    assert inputs["aspect_ratio"] == "1:1"


@pytest.mark.parametrize(
    ("inputs", "changes", "message"),
    [
        (
            {"prompt": TEXT},
            {"num_inference_steps": 9},
            "replicate with a/b does not read --steps; leave it out.",
        ),
        (
            {"prompt": TEXT},
            {"images": (reference(),)},
            "replicate with a/b does not read --image; leave it out.",
        ),
        (
            {"prompt": TEXT, "strength": NUMBER, "image": TEXT},
            {"images": (reference(), reference())},
            "2 reference pictures are too many: replicate with a/b takes one.",
        ),
        (
            {"prompt": TEXT, "steps": {"type": "integer", "minimum": 1, "maximum": 4}},
            {"num_inference_steps": 9},
            "--steps 9 is out of range: replicate with a/b reads 1 to 4; choose one of these.",
        ),
        (
            {"prompt": TEXT, "aspect_ratio": RATIO},
            {"width": 640, "height": 1536},
            "640x1536 is none of the model's shapes, which are 1:1, 16:9, 4:3; choose one of these "
            "(--ar).",
        ),
        (
            {"audio": TEXT, "language": TEXT},
            {},
            "a/b draws no picture from a prompt: its inputs are audio, language; choose another "
            "--model.",
        ),
    ],
    ids=["steps", "image", "images", "range", "shape", "no prompt"],
)
def test_what_an_unknown_model_lacks_is_refused_before_anything_is_paid(
    inputs: dict[str, Any], changes: dict[str, Any], message: str
) -> None:
    server = Server(model=schema_of(**inputs))
    with pytest.raises(UsageError) as caught:
        draw(backend_for(server, "a/b"), request_of(**changes))
    assert str(caught.value) == message
    assert server.asked() == ["GET /v1/models/a/b"]


@pytest.mark.parametrize(
    ("required", "message"),
    [
        (
            "input_image",
            "replicate with a/b needs a picture (--image), which was not given; choose another "
            "--model if you have none.",
        ),
        (
            "mask",
            "replicate with a/b needs 'mask', which was not given; choose another --model if you "
            "have none.",
        ),
    ],
)
def test_a_model_that_needs_more_is_refused(required: str, message: str) -> None:
    server = Server(model=schema_of(required, prompt=TEXT, **{required: TEXT}))
    with pytest.raises(UsageError) as caught:
        draw(backend_for(server, "a/b"))
    assert str(caught.value) == message


def test_a_model_without_schema_is_refused() -> None:
    server = Server(model={"owner": "a", "name": "b", "latest_version": None})
    with pytest.raises(ProviderError) as caught:
        draw(backend_for(server, "a/b"))
    assert str(caught.value) == (
        "Replicate tells no inputs of a/b; choose another model, or name a version of it "
        "(owner/name:version)."
    )


@pytest.mark.parametrize(
    ("ended", "error", "message"),
    [
        (
            prediction("failed", error="CUDA out of memory"),
            JobFailedError,
            f"The job {JOB} failed at Replicate: “CUDA out of memory”; try again, or choose "
            "another model (--model).",
        ),
        (
            prediction("canceled"),
            JobFailedError,
            f"The job {JOB} was stopped at Replicate; try again, or choose another model "
            "(--model).",
        ),
        (
            prediction("failed", error="NSFW content detected. Try running it again."),
            RefusedError,
            "Replicate refused the picture: “NSFW content detected. Try running it again.”" + END,
        ),
        (
            prediction("failed", error="The input or output was flagged as sensitive. (E005)"),
            RefusedError,
            "Replicate refused the picture: “The input or output was flagged as sensitive. "
            "(E005)”" + END,
        ),
        (
            prediction("succeeded", output=["I am ", "a language model"]),
            RefusedError,
            "Replicate sent words instead of a picture: “I am a language model”" + END,
        ),
        (
            prediction("succeeded"),
            RefusedError,
            "Replicate sent no picture and no reason" + END,
        ),
    ],
    ids=["failed", "canceled", "nsfw", "sensitive", "words", "nothing"],
)
def test_a_job_without_a_picture_is_an_error(
    ended: dict[str, Any], error: type[ImagineError], message: str
) -> None:
    with pytest.raises(error) as caught:
        draw(backend_for(Server(ended)))
    assert str(caught.value) == message


@pytest.mark.parametrize(
    "output", [FILE, [FILE, FILE], "data:image/png;base64,"], ids=["address", "several", "data"]
)
def test_a_picture_is_found_however_it_is_given(output: Any) -> None:
    if output == "data:image/png;base64,":
        from base64 import b64encode

        output += b64encode(picture_bytes()).decode()
    made = draw(backend_for(Server(prediction("succeeded", output=output))))
    assert made.received is not None
    assert made.received.data == picture_bytes()


def test_a_poll_that_cannot_be_read_is_repeated() -> None:
    server = Server(httpx.Response(200, text="<html>busy</html>"), DONE)
    assert draw(backend_for(server)).size == (1024, 1024)
    assert sum(asked.startswith("POST") for asked in server.asked()) == 1


def test_a_job_that_is_lost_sight_of_is_named_and_not_submitted_again() -> None:
    server = Server(httpx.Response(503))
    with pytest.raises(LostAnswerError) as caught:
        draw(backend_for(server))
    assert str(caught.value) == (
        f"Replicate holds the job {JOB}, which may be billed, but it was lost sight of (Replicate "
        f"failed (503); try again later, or use another model or provider); look for its picture "
        f"at {PAGE}."
    )
    assert sum(asked.startswith("POST") for asked in server.asked()) == 1


def test_a_picture_that_cannot_be_fetched_names_its_job() -> None:
    server = Server(prediction("succeeded", output="https://replicate.delivery/gone.png"))

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/gone.png":
            return httpx.Response(410)
        return server(request)

    with pytest.raises(LostAnswerError) as caught:
        draw(backend_for(answer))
    assert str(caught.value).endswith(f" Its job is {JOB}: look for the picture at {PAGE}.")


def test_an_order_that_is_accepted_without_a_name_is_lost() -> None:
    with pytest.raises(LostAnswerError) as caught:
        draw(backend_for(lambda request: httpx.Response(201, json={"status": "starting"})))
    assert str(caught.value) == (
        "Replicate accepted the request and did not name the job, so its picture cannot be "
        "fetched; look at your usage there before you repeat it."
    )


def test_ctrl_c_cancels_the_job(monkeypatch: pytest.MonkeyPatch) -> None:
    server = Server(prediction("processing"))
    told: list[str] = []

    def interrupt(seconds: float) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(job, "sleep", interrupt)
    with pytest.raises(KeyboardInterrupt):
        draw(backend_for(server, tell=told.append))
    assert server.asked()[-1] == f"POST /v1/predictions/{JOB}/cancel"
    assert server.requests[-1].headers["authorization"] == f"Bearer {KEY}"
    assert told == [f"Replicate was asked to stop the job {JOB}."]


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (
            SCHNELL,
            f"Replicate has no model {SCHNELL} that runs by its name alone; check the name, or "
            f"name a version of it ({SCHNELL}:VERSION).",
        ),
        (
            "stability-ai/sdxl",
            "Replicate has no model stability-ai/sdxl; check the name, or choose another "
            "(--model).",
        ),
        (
            "somebody/dreams",
            "Replicate has no model somebody/dreams; check the name, or choose another (--model).",
        ),
    ],
)
def test_a_model_that_is_not_there_is_told_from_one_that_needs_a_version(
    model: str, message: str
) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        detail = "The requested resource could not be found."
        return httpx.Response(404, json={"detail": detail, "status": 404})

    with pytest.raises(ConfigError) as caught:
        draw(backend_for(answer, model))
    assert str(caught.value) == message


@pytest.mark.parametrize("model", ["flux", "../../x", "a/b/c", "a/b:XYZ", "a/b?c", ""])
def test_what_cannot_be_a_model_is_refused(model: str) -> None:
    with pytest.raises(UsageError) as caught:
        backend_for(Server(), model)
    assert str(caught.value) == (
        f"'{model}' is no model of Replicate, whose names look like "
        "black-forest-labs/flux-schnell or owner/name:version; write it so."
    )


@pytest.mark.parametrize("do", [draw, ReplicateBackend.check], ids=["draw", "check"])
def test_numbers_out_of_range_are_refused_before_anything_is_sent(
    do: Callable[[ReplicateBackend, ImageRequest], object],
) -> None:
    server = Server()
    with pytest.raises(UsageError) as caught:
        do(backend_for(server), request_of(num_inference_steps=30))
    assert str(caught.value) == (
        "--steps 30 is out of range: replicate with black-forest-labs/flux-schnell reads 1 to 4; "
        "choose one of these."
    )
    assert server.asked() == []
