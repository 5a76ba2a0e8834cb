"""The fake Imagen, Stability, Hugging Face, Replicate and fal."""

import base64
import time
from typing import Any

import pytest
from fakes.client import (
    PREDICTIONS,
    client,
    form,
)
from fakes.pictures import size_of


def test_imagen_predicts_four_pictures_unless_told() -> None:
    path = "/v1beta/models/imagen-4.0-generate-001:predict"
    with client("imagen", faults=["ok", "refused=Filtered.", "gone"]) as imagen:
        body: dict[str, Any] = {"instances": [{"prompt": "a fox"}]}
        predictions = imagen.post(path, body).json()["predictions"]
        assert len(predictions) == 4
        body["parameters"] = {"sampleCount": 1, "aspectRatio": "16:9", "sampleImageSize": "2K"}
        filtered = imagen.post(path, body).json()["predictions"]
        assert filtered == [{"raiFilteredReason": "Filtered."}]
        assert imagen.post(path, body).status_code == 404
        (made,) = imagen.post(path, body).json()["predictions"]
        assert size_of(base64.b64decode(made["bytesBase64Encoded"])) == (2816, 1536)
        body["parameters"] = {"sampleCount": 5}
        reply = imagen.post(path, body)
        assert reply.json()["error"]["message"] == "sampleCount must be between 1 and 4, got 5."
        body["parameters"] = {"negativePrompt": "dogs"}
        assert imagen.post(path, body).status_code == 400
        assert imagen.fake.paid == 5


@pytest.mark.parametrize(
    ("route", "fields", "message"),
    [
        ("core", {}, "prompt: is required"),
        ("core", {"prompt": "x", "steps": "4"}, "steps: unknown field"),
        ("core", {"prompt": "x", "seed": "4294967295"},
         "seed: must be a number between 0 and 4294967294, got '4294967295'"),
        ("core", {"prompt": "x", "output_format": "gif"},
         "output_format: must be one of 'png', 'jpeg', 'webp', got 'gif'"),
        ("core", {"prompt": "x", "model": "sd3.5-large"}, "model: unknown field"),
        ("ultra", {"prompt": "x", "strength": "0.5"}, "strength: requires image"),
        ("sd3", {"prompt": "x", "mode": "image-to-image"},
         "image: is required when mode is image-to-image"),
        ("sd3", {"prompt": "x", "cfg_scale": "11"},
         "cfg_scale: must be a number between 1 and 10, got '11'"),
    ],
)  # fmt: skip
def test_stability_refuses(route: str, fields: dict[str, str], message: str) -> None:
    with client("stability") as stability:
        reply = stability.post(f"/v2beta/stable-image/generate/{route}", **form(**fields))
        assert reply.status_code == 400
        assert reply.json()["errors"] == [message]
        assert reply.json()["name"] == "bad_request"


def test_stability_answers_bytes_or_json() -> None:
    path = "/v2beta/stable-image/generate/core"
    faults = ["ok", "ok", "refused", "refused", "moderation=Not this."]
    with client("stability", faults=faults) as stability:
        fields = form(prompt="a fox", aspect_ratio="21:9", seed="7", output_format="webp")
        reply = stability.post(path, headers={"Accept": "image/*"}, **fields)
        assert size_of(reply.content) == (1536, 640)
        assert reply.headers["content-type"] == "image/webp"
        assert (reply.headers["seed"], reply.headers["finish-reason"]) == ("7", "SUCCESS")
        in_json = stability.post(path, headers={"Accept": "application/json"}, **fields).json()
        assert base64.b64decode(in_json["image"]) == reply.content
        assert stability.fake.paid == 2
        filtered = stability.post(path, headers={"Accept": "image/*"}, **fields)
        assert filtered.headers["finish-reason"] == "CONTENT_FILTERED"
        in_json = stability.post(path, headers={"Accept": "application/json"}, **fields).json()
        assert in_json["finish_reason"] == "CONTENT_FILTERED"
        flagged = stability.post(path, **fields)
        assert (flagged.status_code, flagged.json()["errors"]) == (403, ["Not this."])
        assert stability.post(path, json={"prompt": "x"}).status_code == 400
        assert stability.fake.paid == 2


def test_huggingface_answers_the_type_accepted() -> None:
    path = "/models/black-forest-labs/FLUX.1-schnell"
    body = {"inputs": "a fox", "parameters": {"width": 512, "height": 256, "seed": 3}}
    with client("huggingface", faults=["ok", "503=2", "error-in-200"]) as face:
        reply = face.post(path, body, headers={"Accept": "image/png"})
        assert (reply.headers["content-type"], size_of(reply.content)) == ("image/png", (512, 256))
        loading = face.post(path, body)
        assert (loading.status_code, loading.json()["estimated_time"]) == (503, 2.0)
        assert face.post(path, body).json() == {"error": "Internal error while sampling"}
        assert face.post(path, body).headers["content-type"] == "image/jpeg"
        body["parameters"] = {"width": 500}
        assert face.post(path, body).status_code == 400
        body["parameters"] = {"steps": 4}
        reply = face.post(path, body)
        assert reply.json()["error"] == "pipeline got an unexpected keyword argument 'steps'"
        assert face.post("/models/no/such", body).status_code == 404


def test_replicate_waits_when_it_is_asked_to() -> None:
    with client("replicate", latency=0.2) as replicate:
        given = {"input": {"prompt": "a fox", "aspect_ratio": "16:9", "output_format": "png"}}
        done = replicate.post(PREDICTIONS, given, headers={"Prefer": "wait=5"})
        assert (done.status_code, done.json()["status"]) == (201, "succeeded")
        picture = replicate.get(done.json()["output"][0])
        assert size_of(picture.content) == (1344, 768)
        assert picture.content == replicate.fake.pictures[0].bytes
        begun = replicate.post(PREDICTIONS, given).json()
        assert (begun["status"], begun["output"]) == ("starting", None)
        states = []
        while not states or states[-1] not in ("succeeded", "failed"):
            states.append(replicate.get(begun["urls"]["get"]).json()["status"])
            time.sleep(0.02)
        assert list(dict.fromkeys(states)) == ["starting", "processing", "succeeded"]
        assert replicate.fake.paid == 2


def test_replicate_cancels_what_is_not_finished() -> None:
    with client("replicate", latency=5) as replicate:
        begun = replicate.post(PREDICTIONS, {"input": {"prompt": "a fox"}}).json()
        assert replicate.http.post(begun["urls"]["cancel"]).json()["status"] == "canceled"
        assert replicate.get(begun["urls"]["get"]).json()["status"] == "canceled"
        assert replicate.fake.paid == 0
        assert [entry.step for entry in replicate.fake.entries] == ["image", "cancel", "poll"]


def test_replicate_refuses() -> None:
    with client("replicate") as replicate:
        given = {"input": {"prompt": "a fox", "width": 512, "num_outputs": 9}}
        reply = replicate.post(PREDICTIONS, given)
        assert reply.status_code == 422
        assert reply.json()["detail"] == (
            "- input: Additional property width is not allowed\n"
            "- input.num_outputs: Must be between 1 and 4\n"
        )
        assert replicate.post("/v1/models/no/such/predictions", given).status_code == 404
        assert replicate.post("/v1/predictions", given | {"version": "0" * 64}).status_code == 422
        prefer = {"Prefer": "wait=99"}
        assert replicate.post(PREDICTIONS, given, headers=prefer).status_code == 422


@pytest.mark.parametrize(
    ("fault", "status", "error", "output"),
    [
        ("failed=Broke.", "failed", "Broke.", None),
        ("output-null", "succeeded", None, None),
        ("output-empty", "succeeded", None, []),
        ("output-text=Words.", "succeeded", None, "Words."),
        ("unknown-enum", "contemplating", None, None),
    ],
)
def test_replicate_fails(fault: str, status: str, error: str | None, output: Any) -> None:
    with client("replicate", faults=[fault]) as replicate:
        told = replicate.post(PREDICTIONS, {"input": {"prompt": "a fox"}}).json()
        assert (told["status"], told["error"], told["output"]) == (status, error, output)
        assert replicate.fake.paid == 0


def test_fal_queues_draws_and_keeps_the_file() -> None:
    with client("fal", latency=0.2) as fal:
        body = {"prompt": "a fox", "image_size": {"width": 640, "height": 384}, "seed": 5}
        queued = fal.post("/fal-ai/flux/schnell", body).json()
        assert queued["status_url"].endswith(f"/fal-ai/flux/requests/{queued['request_id']}/status")
        assert fal.get(queued["response_url"]).status_code == 400
        states = []
        while not states or states[-1] != "COMPLETED":
            states.append(fal.get(queued["status_url"] + "?logs=1").json()["status"])
            time.sleep(0.02)
        assert list(dict.fromkeys(states)) == ["IN_QUEUE", "IN_PROGRESS", "COMPLETED"]
        result = fal.get(queued["response_url"]).json()
        picture = fal.get(result["images"][0]["url"])
        assert size_of(picture.content) == (640, 384)
        assert picture.headers["content-type"] == "image/jpeg"
        assert (result["seed"], result["has_nsfw_concepts"]) == (5, [False])
        done = fal.http.put(queued["cancel_url"])
        assert (done.status_code, done.json()["status"]) == (400, "ALREADY_COMPLETED")
        assert fal.fake.paid == 1


@pytest.mark.parametrize(
    ("fault", "status", "told"),
    [
        ("refused=Flagged.", 422, '"msg": "Flagged.", "type": "content_policy_violation"'),
        ("failed", 500, "downstream_service_error"),
        ("runner-gone", 503, "Runner disconnected"),
        ("nsfw", 200, '"has_nsfw_concepts": [true]'),
        ("no-images", 200, '"images": []'),
    ],
)
def test_fal_fails_in_its_result(fault: str, status: int, told: str) -> None:
    with client("fal", faults=[fault]) as fal:
        queued = fal.post("/fal-ai/flux/dev", {"prompt": "a fox"}).json()
        assert fal.get(queued["status_url"]).json()["status"] == "COMPLETED"
        reply = fal.get(queued["response_url"])
        assert reply.status_code == status
        assert told in reply.text
        assert fal.fake.paid == 0


def test_fal_refuses() -> None:
    with client("fal") as fal:
        reply = fal.post("/fal-ai/flux/dev", {"prompt": "a fox", "steps": 4})
        assert reply.status_code == 422
        assert reply.json()["detail"][0]["loc"] == ["body", "steps"]
        assert fal.post("/fal-ai/none", {"prompt": "a fox"}).status_code == 404
        bearer = {"Authorization": f"Bearer {fal.fake.key}"}
        assert fal.post("/fal-ai/flux/dev", {"prompt": "a"}, headers=bearer).status_code == 401
