import json
from base64 import b64encode
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from hosted import KEY, connected, draw, picture_bytes, reference, request_of

from imagine.stages.errors import ImagineError, LostAnswerError, RefusedError, UsageError
from imagine.stages.generate import job
from imagine.stages.generate.fal import FalBackend
from imagine.stages.generate.fal_models import KNOWN
from imagine.stages.generate.job import JobFailedError
from imagine.stages.image import GeneratedImage, Progress
from imagine.stages.network.providers import connect
from imagine.stages.sizes import ListedSizes

SCHNELL = "fal-ai/flux/schnell"
FILE = "https://v3.fal.media/files/out.png"
JOB = "764cabcf-b745-4b3e-ae38-1200304cf45b"
ROOT = f"/fal-ai/flux/requests/{JOB}"
PAGE = f"https://fal.ai/dashboard/requests/{JOB}"
END = "; change the prompt or choose another model (--model)."


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(job, "sleep", lambda seconds: None)


def result(**fields: Any) -> dict[str, Any]:
    image = {"url": FILE, "width": 1024, "height": 1024, "content_type": "image/png"}
    return {"images": [image], "seed": 7, "has_nsfw_concepts": [False], **fields}


class Server:
    """Answers like fal's queue: `states` one after the other, the last for ever."""

    def __init__(
        self,
        *states: dict[str, Any] | httpx.Response,
        result: dict[str, Any] | httpx.Response | None = None,
        size: tuple[int, int] = (1024, 1024),
        prefix: str = "",
    ) -> None:
        self.states = list(states) or [{"status": "COMPLETED"}]
        self.result = result
        self.size = size
        self.prefix = prefix
        self.requests: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        path = request.url.path
        if str(request.url) == FILE:
            return httpx.Response(200, content=picture_bytes(*self.size))
        if path.endswith("/status"):
            return _answer(self.states.pop(0) if len(self.states) > 1 else self.states[0])
        if path.endswith("/cancel"):
            return httpx.Response(202, json={"status": "CANCELLATION_REQUESTED"})
        if "/requests/" in path:
            return _answer(self.result or result())
        # As the real one does, the part behind the second slash is dropped in the addresses.
        owner, app, *_ = path.removeprefix(self.prefix).strip("/").split("/")
        address = f"https://queue.fal.run/{owner}/{app}/requests/{JOB}"
        return httpx.Response(
            200,
            json={
                "status": "IN_QUEUE",
                "request_id": JOB,
                "response_url": address,
                "status_url": f"{address}/status",
                "cancel_url": f"{address}/cancel",
                "queue_position": 2,
            },
        )

    def body(self) -> dict[str, Any]:
        """What was submitted, once."""
        (made,) = (asked for asked in self.requests if asked.method == "POST")
        found = json.loads(made.content)
        assert isinstance(found, dict)
        return found

    def asked(self) -> list[str]:
        return [f"{request.method} {request.url.path}" for request in self.requests]


def _answer(value: dict[str, Any] | httpx.Response) -> httpx.Response:
    return value if isinstance(value, httpx.Response) else httpx.Response(200, json=value)


def backend_for(
    server: Callable[[httpx.Request], httpx.Response], model: str = SCHNELL, **changes: Any
) -> FalBackend:
    return FalBackend(connection=connected("fal", server, **changes), model=model)


def test_a_picture_is_ordered_waited_for_and_fetched() -> None:
    progress = [{"message": " 25%|██  | 1/4"}, {"message": " 75%|███ | 3/4"}]
    server = Server(
        {"status": "IN_QUEUE", "queue_position": 1},
        {"status": "IN_QUEUE", "queue_position": 0},
        {"status": "IN_PROGRESS", "logs": []},
        {"status": "IN_PROGRESS", "logs": progress},
        {"status": "COMPLETED", "logs": progress},
    )
    steps = list(backend_for(server).generate(request_of(num_inference_steps=4)))
    assert [step.label for step in steps if isinstance(step, Progress)] == [
        "sent to fal",
        "waiting, 2 ahead in the queue",
        "waiting, 1 ahead in the queue",
        "waiting in the queue",
        "drawing",
        "drawing, 75 %",
        "received 1024x1024 PNG, 0.0 MB",
    ]
    made = steps[-1]
    assert isinstance(made, GeneratedImage)
    assert made.received is not None
    assert made.received.data == picture_bytes()
    assert dict(made.parameters) == {
        "job": JOB,
        "seed": 7,
        "num_images": 1,
        "output_format": "png",
    }
    assert server.asked() == [
        "POST /fal-ai/flux/schnell",
        *[f"GET {ROOT}/status"] * 5,
        f"GET {ROOT}",
        "GET /files/out.png",
    ]
    assert server.requests[1].url.query == b"logs=1"
    assert server.body() == {
        "prompt": "a red fox",
        "image_size": {"width": 1024, "height": 1024},
        "num_inference_steps": 4,
        "seed": 7,
        "num_images": 1,
        "output_format": "png",
    }


def test_the_key_goes_to_fal_alone() -> None:
    server = Server()
    draw(backend_for(server))
    *own, file = (request.headers.get("authorization") for request in server.requests)
    assert set(own) == {f"Key {KEY}"}
    assert file is None


def test_behind_another_base_url_the_queue_is_asked_there() -> None:
    server = Server(prefix="/proxy")
    draw(backend_for(server, base_url="http://127.0.0.1:9/proxy"))
    hosts = {request.url.host for request in server.requests if "authorization" in request.headers}
    assert hosts == {"127.0.0.1"}
    assert f"GET /proxy{ROOT}/status" in server.asked()


@pytest.mark.parametrize(
    ("model", "changes", "path", "expected"),
    [
        (
            "fal-ai/flux/dev",
            {"guidance_scale": 3.5, "num_inference_steps": 28},
            "/fal-ai/flux/dev",
            {"guidance_scale": 3.5, "num_inference_steps": 28, "seed": 7},
        ),
        (
            "fal-ai/flux/dev",
            {"images": (reference(1024, 1024),), "strength": 0.6},
            "/fal-ai/flux/dev/image-to-image",
            {"image_url": "data:image/png;base64", "strength": 0.6},
        ),
        (
            "fal-ai/fast-sdxl",
            {"negative_prompt": "people"},
            "/fal-ai/fast-sdxl",
            {"negative_prompt": "people", "format": "png"},
        ),
        (
            "google/nano-banana-2.1",
            {},
            "/google/nano-banana-2.1",
            {"aspect_ratio": "1:1", "num_images": 1},
        ),
        (
            "google/nano-banana-2.1",
            {"images": (reference(), reference())},
            "/google/nano-banana-2.1/edit",
            {"image_urls": ["data:image/png;base64"] * 2, "aspect_ratio": "1:1"},
        ),
        (
            "somebody/a-model",
            {},
            "/somebody/a-model",
            {"aspect_ratio": "1:1", "image_size": {"width": 1024, "height": 1024}},
        ),
    ],
)
def test_models_get_the_inputs_that_they_read(
    model: str, changes: dict[str, Any], path: str, expected: dict[str, Any]
) -> None:
    server = Server()
    draw(backend_for(server, model), request_of(**changes))
    body = server.body()
    if "image_url" in body:
        body["image_url"] = body["image_url"].partition(",")[0]
        assert "image_size" not in body
    if "image_urls" in body:
        body["image_urls"] = [url.partition(",")[0] for url in body["image_urls"]]
    assert server.asked()[0] == f"POST {path}"
    assert {name: body.get(name) for name in expected} == expected
    assert body["prompt"] == "a red fox"


@pytest.mark.parametrize(
    ("model", "honoured"),
    [
        (SCHNELL, {"seed", "num_inference_steps"}),
        (
            "fal-ai/flux/dev",
            {"seed", "num_inference_steps", "guidance_scale", "strength", "max_images"},
        ),
        ("fal-ai/flux-pro/v1.1", {"seed"}),
        (
            "fal-ai/qwen-image",
            {"seed", "num_inference_steps", "guidance_scale", "negative_prompt"},
        ),
        ("google/nano-banana-2.1", {"max_images"}),
        ("somebody/a-model", set()),
    ],
)
def test_capabilities_are_those_of_the_model(model: str, honoured: set[str]) -> None:
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
    assert can.paid


def test_every_size_is_about_the_shape_that_it_is_called() -> None:
    for family in KNOWN.values():
        if isinstance(family.sizes, ListedSizes):
            for width, height, shape in family.sizes.sizes:
                wide, high = map(int, shape.split(":"))
                assert abs(width * high / (height * wide) - 1) < 0.04, (width, height, shape)


@pytest.mark.parametrize(
    ("ended", "error", "message"),
    [
        (
            result(has_nsfw_concepts=[True]),
            RefusedError,
            "fal withheld the picture: its filter found nudity or violence in it" + END,
        ),
        (
            result(images=[], description="I cannot draw that."),
            RefusedError,
            "fal sent words instead of a picture: “I cannot draw that.”" + END,
        ),
        ({"images": []}, RefusedError, "fal sent no picture and no reason" + END),
        (
            httpx.Response(
                422,
                json={"detail": [{"loc": ["body", "prompt"], "msg": "too long", "type": "length"}]},
            ),
            JobFailedError,
            f"The job {JOB} failed at fal (“body.prompt: too long”); check the options for this "
            "model, try again, or choose another model (--model).",
        ),
    ],
    ids=["nsfw", "words", "nothing", "rejected"],
)
def test_a_job_without_a_picture_is_an_error(
    ended: dict[str, Any] | httpx.Response, error: type[ImagineError], message: str
) -> None:
    with pytest.raises(error) as caught:
        draw(backend_for(Server(result=ended)))
    assert str(caught.value) == message


def test_a_violated_policy_is_a_refusal() -> None:
    detail = {"loc": ["body"], "msg": "The content is flagged.", "type": "content_policy_violation"}
    server = Server(result=httpx.Response(422, json={"detail": [detail]}))
    with pytest.raises(RefusedError, match=r"The content is flagged"):
        draw(backend_for(server))


def test_a_picture_within_the_answer_is_read() -> None:
    data = f"data:image/png;base64,{b64encode(picture_bytes()).decode()}"
    made = draw(backend_for(Server(result=result(images=[{"url": data}]))))
    assert made.received is not None
    assert made.received.data == picture_bytes()


def test_a_single_picture_is_read() -> None:
    assert draw(backend_for(Server(result={"image": {"url": FILE}}))).size == (1024, 1024)


def test_a_poll_that_cannot_be_read_is_repeated() -> None:
    server = Server(httpx.Response(200, text="<html>busy</html>"), {"status": "COMPLETED"})
    assert draw(backend_for(server)).size == (1024, 1024)
    assert sum(asked.startswith("POST") for asked in server.asked()) == 1


@pytest.mark.parametrize(
    "server",
    [Server(httpx.Response(503)), Server(result=httpx.Response(503))],
    ids=["state", "answer"],
)
def test_a_job_that_is_lost_sight_of_is_named_and_not_submitted_again(server: Server) -> None:
    with pytest.raises(LostAnswerError) as caught:
        draw(backend_for(server))
    assert str(caught.value) == (
        f"fal holds the job {JOB}, which may be billed, but it was lost sight of (fal failed "
        "(503); try again later, or use another model or provider); look for its picture at "
        f"{PAGE}."
    )
    assert sum(asked.startswith("POST") for asked in server.asked()) == 1


def test_a_lost_submission_is_not_repeated() -> None:
    asked: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request.method)
        raise httpx.ReadTimeout("too slow", request=request)

    with pytest.raises(LostAnswerError):
        draw(backend_for(answer, patience=60.0))
    assert asked == ["POST"]


def test_ctrl_c_cancels_the_job(monkeypatch: pytest.MonkeyPatch) -> None:
    server = Server({"status": "IN_PROGRESS"})
    told: list[str] = []

    def interrupt(seconds: float) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(job, "sleep", interrupt)
    with pytest.raises(KeyboardInterrupt):
        draw(backend_for(server, tell=told.append))
    assert server.asked()[-1] == f"PUT {ROOT}/cancel"
    assert server.requests[-1].headers["authorization"] == f"Key {KEY}"
    assert told == [f"fal was asked to stop the job {JOB}."]


def test_a_job_that_is_over_already_cannot_be_cancelled(monkeypatch: pytest.MonkeyPatch) -> None:
    server = Server({"status": "IN_PROGRESS"})
    told: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        if request.method == "PUT":
            return httpx.Response(400, json={"status": "ALREADY_COMPLETED"})
        return server(request)

    def interrupt(seconds: float) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(job, "sleep", interrupt)
    with pytest.raises(KeyboardInterrupt):
        draw(backend_for(answer, tell=told.append))
    assert told == [
        f"fal could not be asked to stop the job {JOB}, which may be billed; see {PAGE}."
    ]


@pytest.mark.parametrize(
    ("model", "changes", "message"),
    [
        (
            "fal-ai/flux/dev",
            {"images": (reference(1200, 900),)},
            "fal with fal-ai/flux/dev draws in the shape of the reference picture, 1200x900, and "
            "1024x1024 was asked for; ask for its shape (--ar 4:3), or crop it.",
        ),
        (
            "fal-ai/flux/dev",
            {"images": (reference(1024, 1024),), "num_inference_steps": 4},
            "--steps 4 is out of range: fal with fal-ai/flux/dev reads 10 to 50 beside a picture; "
            "choose one of these.",
        ),
        (
            SCHNELL,
            {"num_inference_steps": 30},
            "--steps 30 is out of range: fal with fal-ai/flux/schnell reads 1 to 12; choose one of "
            "these.",
        ),
        (
            "somebody/a-model",
            {"width": 1000, "height": 1000},
            "fal with somebody/a-model cannot draw 1000x1000; its nearest size is 1024x1024, and "
            "its shapes are 1:1, 16:9, 9:16, 3:2, 2:3, 4:3, 3:4, 5:4, 4:5, 21:9, 9:21 (--ar).",
        ),
    ],
)
def test_what_the_model_would_not_honour_is_refused_before_anything_is_sent(
    model: str, changes: dict[str, Any], message: str
) -> None:
    server = Server()
    with pytest.raises(UsageError) as caught:
        draw(backend_for(server, model), request_of(**changes))
    assert str(caught.value) == message
    assert server.asked() == []


@pytest.mark.parametrize("model", ["flux", "../../x", "fal-ai//x", "a/b?c", ""])
def test_what_cannot_be_a_model_is_refused(model: str) -> None:
    with pytest.raises(UsageError) as caught:
        backend_for(Server(), model)
    assert str(caught.value) == (
        f"'{model}' is no model of fal, whose names look like fal-ai/flux/schnell; write it so."
    )


def test_the_name_of_starting_from_a_picture_is_no_model_here() -> None:
    with pytest.raises(UsageError) as caught:
        FalBackend(connection=connect("fal"), model="fal-ai/flux/dev/image-to-image")
    assert str(caught.value) == (
        "fal starts from a picture with fal-ai/flux/dev, too: name that model and give --image."
    )
