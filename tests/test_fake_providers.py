"""The fake Imagen, Stability, Hugging Face, Replicate and fal."""

import base64
import io
from typing import Any

import pytest
from fakes.client import (
    PREDICTIONS,
    client,
    form,
)
from fakes.fal_models import MODELS as FAL_MODELS
from fakes.pictures import draw, size_of
from fakes.replicate_models import MODELS as REPLICATE_MODELS
from patience import LONG
from PIL import Image


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
        ("core", {"prompt": "x", "none": ""}, "none: unknown field"),
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
        assert size_of(reply.content) == (1920, 816)
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


@pytest.mark.parametrize(
    ("route", "ratio", "size"),
    [
        ("core", "1:1", (1248, 1248)),
        ("core", "3:2", (1536, 1024)),
        ("ultra", "3:2", (1216, 832)),
        ("sd3", "1:1", (1024, 1024)),
    ],
)
def test_stability_draws_one_megapixel_and_core_half_more(
    route: str, ratio: str, size: tuple[int, int]
) -> None:
    dummy = {"anything": ("a.bin", b"")}
    with client("stability") as stability:
        path = f"/v2beta/stable-image/generate/{route}"
        reply = stability.post(path, data={"prompt": "x", "aspect_ratio": ratio}, files=dummy)
        assert size_of(reply.content) == size


def test_huggingface_has_retired_models_and_black_pictures() -> None:
    with client("huggingface", faults=["ok*2", "black"]) as face:
        gone = face.post("/models/stabilityai/stable-diffusion-xl-base-1.0", {"inputs": "a fox"})
        assert gone.status_code == 410
        assert gone.json() == {
            "error": "The requested model is deprecated and no longer supported by provider "
            "hf-inference."
        }
        body = {"inputs": "a fox", "parameters": {"width": 64, "height": 64}}
        path = "/models/black-forest-labs/FLUX.1-schnell"
        assert colours(face.post(path, body).content) > 1
        assert colours(face.post(path, body).content) == 1


def colours(data: bytes) -> int:
    with Image.open(io.BytesIO(data)) as picture:
        return len(picture.convert("RGB").getcolors(maxcolors=64 * 64) or [])


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
        assert replicate.fake.paid == 1


def test_replicate_tells_how_far_it_is_when_it_need_not_wait() -> None:
    with client("replicate", latency=LONG) as replicate:
        begun = replicate.post(PREDICTIONS, {"input": {"prompt": "a fox"}}).json()
        assert (begun["status"], begun["output"]) == ("starting", None)
        states: list[str] = []
        for _ in range(3):
            states.append(replicate.get(begun["urls"]["get"]).json()["status"])
            replicate.fake.forward(LONG / 2)
        assert states == ["starting", "processing", "succeeded"]
        assert replicate.fake.paid == 1


def test_replicate_cancels_what_is_not_finished() -> None:
    with client("replicate", latency=LONG) as replicate:
        begun = replicate.post(PREDICTIONS, {"input": {"prompt": "a fox"}}).json()
        assert replicate.http.post(begun["urls"]["cancel"]).json()["status"] == "canceled"
        assert replicate.get(begun["urls"]["get"]).json()["status"] == "canceled"
        assert replicate.fake.paid == 0
        assert [entry.step for entry in replicate.fake.entries] == ["image", "cancel", "poll"]


@pytest.mark.parametrize("name", list(REPLICATE_MODELS))
def test_replicate_tells_of_its_models(name: str) -> None:
    with client("replicate") as replicate:
        told = replicate.get(f"/v1/models/{name}").json()
        assert f"{told['owner']}/{told['name']}" == name
        assert told["url"] == f"https://replicate.com/{name}"
        assert (told["visibility"], told["run_count"]) == ("public", 1234567)
        assert told["is_official"] == (name != "stability-ai/sdxl")
        version = told["latest_version"]
        schemas = version["openapi_schema"]["components"]["schemas"]
        assert schemas["Input"]["required"] == ["prompt"]
        assert schemas["Input"]["properties"].keys() == REPLICATE_MODELS[name].inputs.keys()
        path = f"/v1/models/{name}/versions/"
        assert replicate.get(path + version["id"]).json() == version
        assert replicate.get(path + "0" * 64).status_code == 404
        given = {"input": {"prompt": "a fox"}}
        by_name = replicate.post(f"/v1/models/{name}/predictions", given)
        assert by_name.status_code == (201 if told["is_official"] else 404)
        made = replicate.post("/v1/predictions", {**given, "version": version["id"]})
        assert made.json()["version"] == version["id"]
        several = schemas["Output"]["type"] == "array"
        assert isinstance(made.json()["output"], list if several else str)


def test_replicate_describes_inputs_as_cog_does() -> None:
    with client("replicate") as replicate:
        told = replicate.get("/v1/models/black-forest-labs/flux-dev").json()
        schemas = told["latest_version"]["openapi_schema"]["components"]["schemas"]
        inputs = schemas["Input"]["properties"]
        ratio = {"x-order": 1, "allOf": [{"$ref": "#/components/schemas/aspect_ratio"}]}
        assert inputs["aspect_ratio"] == ratio
        assert "16:9" in schemas["aspect_ratio"]["enum"]
        assert {name: inputs["guidance"][name] for name in ("type", "minimum", "maximum")} == {
            "type": "number",
            "minimum": 0,
            "maximum": 10,
        }
        assert inputs["image"]["format"] == "uri"


def test_replicate_draws_other_sizes_where_a_model_reads_them() -> None:
    pro = "/v1/models/black-forest-labs/flux-1.1-pro/predictions"
    with client("replicate") as replicate:
        given = {"prompt": "a fox", "aspect_ratio": "custom", "width": 1440, "height": 256}
        made = replicate.post(
            pro,
            {
                "input": given,
            },
        ).json()
        assert size_of(replicate.get(made["output"]).content) == (1440, 256)
        given["aspect_ratio"] = "1:1"
        made = replicate.post(pro, {"input": given}).json()
        assert size_of(replicate.get(made["output"]).content) == (1024, 1024)
        large = "/v1/models/stability-ai/stable-diffusion-3.5-large/predictions"
        given = {"prompt": "a fox", "negative_prompt": "people"}
        assert replicate.post(large, {"input": given}).status_code == 201


def test_replicate_keeps_files() -> None:
    picture = ("fox.png", draw(64, 64, prompt="a fox").bytes, "image/png")
    with client("replicate") as replicate:
        made = replicate.post("/v1/files", files={"content": picture})
        told = made.json()
        assert (made.status_code, told["name"], told["size"]) == (201, "fox.png", len(picture[1]))
        address = told["urls"]["get"]
        assert replicate.get(address).json() == told
        assert replicate.get("/v1/files").json()["results"] == [told]
        assert replicate.get(f"{address}/download").content == picture[1]
        assert replicate.http.delete(address).status_code == 204
        assert replicate.get(address).status_code == 404
        assert replicate.post("/v1/files", {"content": "x"}).status_code == 400
        assert replicate.post("/v1/files", files={"file": picture}).status_code == 400


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
    with client("fal", latency=LONG) as fal:
        body = {"prompt": "a fox", "image_size": {"width": 640, "height": 384}, "seed": 5}
        queued = fal.post("/fal-ai/flux/schnell", body).json()
        assert queued["status_url"].endswith(f"/fal-ai/flux/requests/{queued['request_id']}/status")
        assert fal.get(queued["response_url"]).status_code == 400
        states: list[str] = []
        for _ in range(3):
            states.append(fal.get(queued["status_url"] + "?logs=1").json()["status"])
            fal.fake.forward(LONG / 2)
        assert states == ["IN_QUEUE", "IN_PROGRESS", "COMPLETED"]
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


@pytest.mark.parametrize("model", list(FAL_MODELS))
def test_fal_draws_with_every_model(model: str) -> None:
    url = "data:image/png;base64," + base64.b64encode(draw(96, 64, prompt="a").bytes).decode()
    pictures = {"image_url": url, "image_urls": [url]}
    given = {name: value for name, value in pictures.items() if name in FAL_MODELS[model]}
    with client("fal") as fal:
        queued = fal.post(f"/{model}", {"prompt": "a fox", **given}).json()
        result = fal.get(queued["response_url"]).json()
        (image,) = result["images"]
        size = size_of(fal.get(image["url"]).content)
        assert size == (image["width"], image["height"])
        assert ("seed" in result) != ("nano-banana" in model)
        assert size == (96, 64) or "image-to-image" not in model


@pytest.mark.parametrize(
    ("model", "given", "field"),
    [
        ("fal-ai/fast-sdxl", {"output_format": "png"}, "output_format"),
        ("fal-ai/flux/dev", {"format": "png"}, "format"),
        ("fal-ai/flux/dev/image-to-image", {"image_size": "square"}, "image_size"),
        ("fal-ai/flux/dev/image-to-image", {"num_inference_steps": 9}, "num_inference_steps"),
        ("fal-ai/flux-1/dev/image-to-image", {"image_url": "data:image/png;base64,%"}, "image_url"),
        ("fal-ai/flux-pro/v1.1", {"num_inference_steps": 20}, "num_inference_steps"),
        ("fal-ai/nano-banana", {"image_size": "square"}, "image_size"),
        ("fal-ai/nano-banana/edit", {"image_urls": []}, "image_urls"),
    ],
)
def test_fal_refuses_a_field(model: str, given: dict[str, Any], field: str) -> None:
    picture = "data:image/png;base64," + base64.b64encode(draw(64, 64, prompt="a").bytes).decode()
    if "image_url" in FAL_MODELS[model]:
        given = {"image_url": picture, **given}
    with client("fal") as fal:
        reply = fal.post(f"/{model}", {"prompt": "a fox", **given})
        assert reply.status_code == 422
        assert reply.json()["detail"][0]["loc"] == ["body", field]


def test_fal_sdxl_reads_its_own_name_for_the_format() -> None:
    with client("fal") as fal:
        queued = fal.post("/fal-ai/fast-sdxl", {"prompt": "a fox", "format": "png"}).json()
        (image,) = fal.get(queued["response_url"]).json()["images"]
        assert (image["content_type"], image["width"]) == ("image/png", 1024)


@pytest.mark.parametrize(
    ("fault", "error", "kind"),
    [
        ("ok", None, None),
        ("failed=Broke.", "Broke.", "downstream_service_error"),
        ("runner-gone", "Runner disconnected", "runner_disconnected"),
        ("detail-text", "Internal Server Error", "internal_error"),
    ],
)
def test_fal_tells_in_its_status_why_a_request_failed(
    fault: str, error: str | None, kind: str | None
) -> None:
    with client("fal", faults=[fault]) as fal:
        queued = fal.post("/fal-ai/flux/dev", {"prompt": "a fox"}).json()
        told = fal.get(queued["status_url"]).json()
        assert told["status"] == "COMPLETED"
        assert (told.get("error"), told.get("error_type")) == (error, kind)


@pytest.mark.parametrize(("query", "there"), [("", False), ("?logs=1", True), ("?logs=true", True)])
def test_fal_tells_its_logs_when_asked(query: str, there: bool) -> None:
    with client("fal") as fal:
        queued = fal.post("/fal-ai/flux/dev", {"prompt": "a fox"}).json()
        assert (fal.get(queued["status_url"] + query).json()["logs"] is not None) == there


def test_fal_refuses() -> None:
    with client("fal") as fal:
        reply = fal.post("/fal-ai/flux/dev", {"prompt": "a fox", "steps": 4})
        assert reply.status_code == 422
        assert reply.json()["detail"][0]["loc"] == ["body", "steps"]
        assert fal.post("/fal-ai/none", {"prompt": "a fox"}).status_code == 404
        bearer = {"Authorization": f"Bearer {fal.fake.key}"}
        assert fal.post("/fal-ai/flux/dev", {"prompt": "a"}, headers=bearer).status_code == 401
