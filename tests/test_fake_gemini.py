"""The fake Gemini: what it answers, what it refuses, and how it fails."""

import base64
import json
import re
from typing import Any

import httpx
import pytest
from fakes import serve
from fakes.client import (
    IMAGE,
    JSON,
    TEXT,
    USER,
    Client,
    candidate,
    client,
    config,
    inline,
    joined,
)
from fakes.pictures import draw, size_of, type_of


def test_gemini_describes_the_tagged_prompt() -> None:
    with client("gemini") as gemini:
        reply = gemini.text("two cats").json()
        (candidate,) = reply["candidates"]
        assert candidate["finishReason"] == "STOP"
        told = json.loads(candidate["content"]["parts"][0]["text"])
        assert told["subjects"] == [{"name": "cats", "count": 2}]
        assert reply["modelVersion"] == "gemini-3.5-flash-lite"
        assert reply["usageMetadata"]["thoughtsTokenCount"] == 128
        (entry,) = gemini.fake.entries
        assert (entry.step, entry.prompt, entry.outcome, entry.paid) == (
            "text",
            "two cats",
            "ok",
            0,
        )
        assert (entry.key, entry.key_is_right, entry.leaks) == ("x-goog-api-key", True, ())
        assert entry.headers["x-goog-api-key"] == "[key]"


def test_gemini_answers_enums_as_integers_when_asked_to() -> None:
    body = {"contents": [{"parts": [{"text": "a fox"}]}]}
    with client("gemini") as gemini:
        path = "/v1beta/models/gemini-3.5-flash-lite:generateContent"
        query = "?%24alt=json%3Benum-encoding%3Dint"
        reply = gemini.post(path + query, body).json()
        assert reply["candidates"][0]["finishReason"] == 1
        assert reply["usageMetadata"]["promptTokensDetails"][0]["modality"] == 1


@pytest.mark.parametrize(
    ("ratio", "size", "pixels", "tokens"),
    [
        ("1:1", "1K", (1024, 1024), 1120),
        ("16:9", "1K", (1376, 768), 1120),
        ("9:16", "2K", (1536, 2752), 1680),
        ("8:1", "1K", (2928, 352), 1120),
        ("1:1", "4K", (4096, 4096), 3780),
    ],
)
def test_gemini_draws_the_size_asked_for(
    ratio: str, size: str, pixels: tuple[int, int], tokens: int
) -> None:
    with client("gemini") as gemini:
        reply = gemini.picture(aspectRatio=ratio, imageSize=size)
        data = inline(reply)
        assert size_of(data) == pixels
        assert data == gemini.fake.pictures[0].bytes
        assert b"caBX" in data
        details = reply.json()["usageMetadata"]["candidatesTokensDetails"]
        assert details == [{"modality": "IMAGE", "tokenCount": tokens}]
        assert gemini.fake.log.paid_by_prompt == {"a fox": 1}


@pytest.mark.parametrize(
    ("model", "options", "mime"),
    [
        (IMAGE, {}, "image/png"),
        (IMAGE, {"format": "jpeg"}, "image/jpeg"),
        ("gemini-3-pro-image", {"format": "jpeg"}, "image/jpeg"),
        ("gemini-2.5-flash-image", {"format": "jpeg"}, "image/png"),
    ],
)
def test_gemini_3_can_answer_jpeg(model: str, options: dict[str, Any], mime: str) -> None:
    with client("gemini", **options) as gemini:
        reply = gemini.picture(model=model)
        (part,) = candidate(reply)["content"]["parts"]
        data = inline(reply)
        assert part["inlineData"]["mimeType"] == type_of(data) == mime
        assert b"c2pa" in data


def test_gemini_follows_the_shape_of_the_last_reference() -> None:
    data = base64.b64encode(draw(320, 180, prompt="a fox").bytes).decode()
    part = {"inline_data": {"mime_type": "image/png", "data": data}}
    with client("gemini") as gemini:
        body = {"contents": [{"parts": [{"text": "make it blue"}, part]}]}
        path = "/v1/models/gemini-nano-banana-2.1:generateContent"
        assert size_of(inline(gemini.post(path, body))) == (1376, 768)
        logged = gemini.fake.entries[0].body["contents"][0]["parts"][1]["inline_data"]["data"]
        assert re.fullmatch(r"<\d+ characters of base64, sha256 [0-9a-f]{16}>", logged)


@pytest.mark.parametrize(
    ("model", "body", "message"),
    [
        (TEXT, {}, "* GenerateContentRequest.contents: contents is not specified\n"),
        (
            TEXT,
            {"contents": [USER], "prompt": "a fox"},
            'Invalid JSON payload received. Unknown name "prompt": Cannot find field.',
        ),
        (
            TEXT,
            config(imageSize="1K"),
            "Invalid JSON payload received. Unknown name \"imageSize\" at 'generation_config': "
            "Cannot find field.",
        ),
        (
            TEXT,
            config(maxOutputTokens="many"),
            "Invalid value at 'generation_config.max_output_tokens' (TYPE_INT32), \"many\"",
        ),
        (
            TEXT,
            config(seed=2**31),
            "Invalid value at 'generation_config.seed' (TYPE_INT32), 2147483648",
        ),
        (
            TEXT,
            {"contents": [USER, {"role": "model", "parts": [{"text": "{"}]}]},
            "Requests ending with a model turn are not supported.",
        ),
        (
            TEXT,
            {"contents": [{"role": "assistant", "parts": [{"text": "a fox"}]}]},
            "Please use a valid role: user, model.",
        ),
        (
            TEXT,
            {"contents": [{"parts": [{"inlineData": {"mimeType": "image/gif", "data": "R0lG"}}]}]},
            "Unsupported MIME type: image/gif",
        ),
        (
            TEXT,
            {"contents": [{"parts": [{"inlineData": {"mimeType": "image/png", "data": "%"}}]}]},
            "Invalid value at 'contents[0].parts[0].inline_data.data' (TYPE_BYTES), Base64 "
            'decoding failed for "%"',
        ),
        (
            TEXT,
            config(responseMimeType=JSON, responseSchema={"type": "OBJECT", "properties": {}}),
            "* GenerateContentRequest.generation_config.response_schema.properties: should be "
            "non-empty for OBJECT type\n",
        ),
        (
            TEXT,
            config(
                responseMimeType=JSON,
                responseSchema={"type": "STRING", "additionalProperties": False},
            ),
            'Invalid JSON payload received. Unknown name "additionalProperties" at '
            "'generation_config.response_schema': Cannot find field.",
        ),
        (
            TEXT,
            config(responseMimeType=JSON, responseJsonSchema={"type": "string", "pattern": "x"}),
            "Invalid value at 'generation_config.response_json_schema': unsupported keyword "
            '"pattern"',
        ),
        (
            TEXT,
            config(
                responseMimeType=JSON,
                responseJsonSchema={"type": "string"},
                responseSchema={"type": "STRING"},
            ),
            "Only one of response_schema and response_json_schema may be set.",
        ),
        (TEXT, config(temperature=0.2), "temperature is not supported for gemini-3.5-flash-lite."),
        (TEXT, config(candidateCount=2), "Multiple candidates is not enabled for this model"),
        (
            TEXT,
            config(thinkingConfig={"thinkingBudget": 0}),
            "Thinking budget is not supported for this model.",
        ),
        (
            "gemini-3.8-flash",
            config(thinkingConfig={"thinkingLevel": "minimal"}),
            "Thinking level MINIMAL is not supported for this model.",
        ),
        (
            "gemini-2.5-flash",
            config(thinkingConfig={"thinkingLevel": "low"}),
            "Thinking level is not supported for this model.",
        ),
        (
            TEXT,
            config(responseModalities=["TEXT", "IMAGE"]),
            "The requested combination of response modalities (TEXT, IMAGE) is not supported by "
            "the model. gemini-3.5-flash-lite",
        ),
        (
            IMAGE,
            config(imageConfig={"imageSize": "1k"}),
            "image_size must be one of '1K', '2K', '4K', got '1k'.",
        ),
        (
            IMAGE,
            config(imageConfig={"negativePrompt": "dogs"}),
            'Invalid JSON payload received. Unknown name "negativePrompt" at '
            "'generation_config.image_config': Cannot find field.",
        ),
        (
            "gemini-3.1-flash-lite-image",
            config(imageConfig={"aspectRatio": "8:1"}),
            "aspect_ratio must be one of '1:1', '2:3', '3:2', '3:4', '4:3', '4:5', '5:4', '9:16', "
            "'16:9', '21:9', got '8:1'.",
        ),
        (
            "gemini-2.5-flash-image",
            config(imageConfig={"imageSize": "1K"}),
            "Image size is not supported for this model.",
        ),
        (IMAGE, config(responseMimeType=JSON), "JSON mode is not enabled for this model"),
    ],
)
def test_gemini_refuses(model: str, body: dict[str, Any], message: str) -> None:
    with client("gemini") as gemini:
        reply = gemini.post(f"/v1beta/models/{model}:generateContent", body)
        error = reply.json()["error"]
        assert reply.status_code == 400
        assert (error["status"], error["message"]) == ("INVALID_ARGUMENT", message)
        assert gemini.fake.entries[0].outcome == "refused"
        assert gemini.fake.paid == 0


@pytest.mark.parametrize(
    ("headers", "status", "reason"),
    [
        ({}, 403, "PERMISSION_DENIED"),
        ({"x-goog-api-key": "wrong"}, 400, "API_KEY_INVALID"),
        ({"Authorization": "Bearer test-key-gemini"}, 401, "UNAUTHENTICATED"),
    ],
)
def test_gemini_knows_its_key(headers: dict[str, str], status: int, reason: str) -> None:
    with serve("gemini") as fake:
        url = f"{fake.url}/v1beta/models/{TEXT}:generateContent"
        reply = httpx.post(url, json={"contents": [USER]}, headers=headers, trust_env=False)
        assert reply.status_code == status
        assert reason in reply.text


def test_gemini_has_retired_models_and_aliases_of_v1beta_only() -> None:
    with client("gemini") as gemini:
        for model in ("gemini-2.0-flash", "gemini-3.1-flash-image", "imagen-4.0-generate-001"):
            reply = gemini.text(model=model)
            assert reply.status_code == 404
            assert reply.json()["error"]["message"].startswith(f"models/{model} is not found")
        assert gemini.text(model="gemini-flash-latest").json()["modelVersion"] == "gemini-3.8-flash"
        path = "/v1/models/gemini-flash-latest:generateContent"
        assert gemini.post(path, {"contents": [USER]}).status_code == 404


def test_gemini_lists_its_models_in_pages() -> None:
    with client("gemini") as gemini:
        first = gemini.get("/v1beta/models?pageSize=10").json()
        rest = gemini.get(f"/v1beta/models?pageSize=99&pageToken={first['nextPageToken']}").json()
        names = [model["name"] for model in first["models"] + rest["models"]]
        assert len(names) == len(set(names))
        assert {f"models/{TEXT}", f"models/{IMAGE}", "models/gemini-flash-latest"} <= set(names)
        assert "nextPageToken" not in rest
        assert gemini.get(f"/v1/models/{IMAGE}").json()["name"] == f"models/{IMAGE}"


def test_gemini_answers_as_a_thinking_model_does() -> None:
    faults = ["split-parts", "thought-parts", "signature-only", "ok"]
    with client("gemini", faults=faults) as gemini:
        answers = [gemini.text() for _ in faults]
        assert len({joined(answer) for answer in answers}) == 1
        assert len(candidate(answers[0])["content"]["parts"]) == 3
        assert "text" not in candidate(answers[2])["content"]["parts"][-1]
        assert gemini.fake.faults_left == []


@pytest.mark.parametrize(
    ("fault", "reason", "text"),
    [
        ("refused", "STOP", "I can't help with describing that picture."),
        ("refused=Never.", "STOP", "Never."),
        ("words=[]", "STOP", "[]"),
        ("empty-text", "STOP", ""),
    ],
)
def test_gemini_says_other_words(fault: str, reason: str, text: str) -> None:
    with client("gemini", faults=[fault]) as gemini:
        reply = gemini.text()
        assert (candidate(reply)["finishReason"], joined(reply)) == (reason, text)


def test_gemini_leaves_descriptions_unfinished_or_unfit() -> None:
    with client("gemini", faults=["max-tokens", "cut-json", "schema-mismatch"]) as gemini:
        cut = [gemini.text() for _ in range(2)]
        assert [candidate(reply)["finishReason"] for reply in cut] == ["MAX_TOKENS", "STOP"]
        for reply in cut:
            with pytest.raises(ValueError, match="line 1"):
                json.loads(joined(reply))
        assert "subjects" not in json.loads(joined(gemini.text()))


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        ("blocked=SAFETY", {"promptFeedback": {"blockReason": "SAFETY"}}),
        ("no-candidates", {}),
        ("empty-candidates", {"candidates": []}),
        ("RECITATION", {"candidates": [{"finishReason": "RECITATION", "index": 0}]}),
        ("finish=TIRED", {"candidates": [{"finishReason": "TIRED", "index": 0}]}),
        (
            "max-tokens-no-parts",
            {
                "candidates": [
                    {"content": {"role": "model"}, "finishReason": "MAX_TOKENS", "index": 0}
                ]
            },
        ),
    ],
)
@pytest.mark.parametrize("ask", [Client.text, Client.picture])
def test_gemini_answers_nothing_in_many_ways(ask: Any, fault: str, expected: Any) -> None:
    with client("gemini", faults=[fault]) as gemini:
        reply = ask(gemini)
        assert reply.status_code == 200
        told = reply.json()
        assert {name: told[name] for name in ("candidates", "promptFeedback") if name in told} == (
            expected
        )
        assert gemini.fake.paid == 0
        assert gemini.fake.entries[0].outcome == fault.partition("=")[0]


def test_gemini_refuses_pictures_with_and_without_words() -> None:
    faults = ["refused=No.", "refused-silently", "text-only", "draft-only", "thought-parts"]
    with client("gemini", faults=faults) as gemini:
        refused = candidate(gemini.picture())
        assert refused["finishReason"] == "IMAGE_SAFETY"
        assert refused["content"]["parts"] == [{"text": "No."}]
        assert candidate(gemini.picture()) == {"finishReason": "IMAGE_SAFETY", "index": 0}
        assert candidate(gemini.picture())["finishReason"] == "STOP"
        assert [part["thought"] for part in candidate(gemini.picture())["content"]["parts"]] == [
            True
        ]
        parts = candidate(gemini.picture())["content"]["parts"]
        assert [part.get("thought", False) for part in parts] == [True, True, False]
        assert parts[1]["inlineData"]["data"] != parts[2]["inlineData"]["data"]


@pytest.mark.parametrize(
    ("fault", "delay", "quota"),
    [
        ("429=2.5", "2.5s", "GenerateRequestsPerMinutePerProjectPerModel-FreeTier"),
        ("429-day=7", "7s", "GenerateRequestsPerDayPerProjectPerModel-FreeTier"),
    ],
)
def test_gemini_tells_which_quota_and_how_long(fault: str, delay: str, quota: str) -> None:
    with client("gemini", faults=[fault]) as gemini:
        reply = gemini.text()
        assert reply.status_code == 429
        failure, _, info = reply.json()["error"]["details"]
        assert failure["violations"][0]["quotaId"] == quota
        assert info == {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": delay}


@pytest.mark.parametrize(
    ("fault", "status", "told"),
    [
        ("echo-key", 400, '"message": "API key test-key-gemini is not valid'),
        ("echo-key-title", 502, "<title>No upstream for test-key-gemini</title>"),
        ("echo-key-code", 400, '"status": "KEY_test-key-gemini"'),
        ("echo-key-model", 200, '"modelVersion": "gemini-test-key-gemini"'),
        ("echo-key-answer", 200, '\\"mood\\": \\"calm, test-key-gemini\\"'),
    ],
)
def test_gemini_repeats_the_key_in_many_places(fault: str, status: int, told: str) -> None:
    with client("gemini", faults=[fault]) as gemini:
        reply = gemini.text()
        assert (reply.status_code, told in reply.text) == (status, True)
        assert "test-key" not in gemini.text().text
