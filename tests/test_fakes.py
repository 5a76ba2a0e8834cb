"""The fake servers: what they answer, what they refuse, how they fail, and what they log."""

import base64
import io
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from fakes import SERVICES, Fake, serve
from fakes.describe import describe_prompt
from fakes.desk import service_class
from fakes.faults import DELIVERY
from fakes.pictures import draw, prompt_mark, size_of, type_of
from PIL import Image

ROOT = Path(__file__).resolve().parents[1]

GOOGLE_SCHEMA = {
    "type": "OBJECT",
    "properties": {
        "subjects": {
            "type": "ARRAY",
            "minItems": 1,
            "maxItems": 6,
            "items": {
                "type": "OBJECT",
                "properties": {
                    "name": {"type": "STRING"},
                    "count": {"type": "INTEGER", "nullable": True},
                },
                "required": ["name", "count"],
            },
        },
        "medium": {"type": "STRING", "enum": ["photograph", "painting"]},
        "mood": {"type": "STRING", "nullable": True},
    },
    "required": ["subjects", "medium", "mood"],
}
JSON_SCHEMA = {
    "type": "object",
    "properties": {
        "subjects": {"type": "array", "items": {"$ref": "#/$defs/subject"}},
        "mood": {"anyOf": [{"type": "string"}, {"type": "null"}]},
    },
    "required": ["subjects", "mood"],
    "additionalProperties": False,
    "$defs": {
        "subject": {
            "type": "object",
            "properties": {"name": {"type": "string"}, "count": {"type": ["integer", "null"]}},
            "required": ["name", "count"],
            "additionalProperties": False,
        }
    },
}


class Client:
    """Sends to one fake with its right key."""

    def __init__(self, fake: Fake, http: httpx.Client) -> None:
        self.fake = fake
        self.http = http

    def post(self, path: str, body: Any = None, **more: Any) -> httpx.Response:
        if body is not None:
            more["json"] = body
        return self.http.post(self.fake.url + path, **more)

    def get(self, path: str) -> httpx.Response:
        return self.http.get(path if path.startswith("http") else self.fake.url + path)

    def text(self, prompt: str = "a fox", model: str = "gemini-3.5-flash-lite", **config: Any):  # type: ignore[no-untyped-def]
        config = {"responseMimeType": "application/json", "responseSchema": GOOGLE_SCHEMA} | config
        contents = [{"role": "user", "parts": [{"text": f"Expand: <prompt>{prompt}</prompt>"}]}]
        body = {"contents": contents, "generationConfig": config}
        return self.post(f"/v1beta/models/{model}:generateContent", body)

    def picture(self, prompt: str = "a fox", model: str = "gemini-nano-banana-2.1", **image: str):  # type: ignore[no-untyped-def]
        config = {"responseModalities": ["TEXT", "IMAGE"], "imageConfig": image}
        body = {"contents": [{"parts": [{"text": prompt}]}], "generationConfig": config}
        return self.post(f"/v1beta/models/{model}:generateContent", body)


@contextmanager
def client(name: str, **options: Any) -> Iterator[Client]:
    with serve(name, **options) as fake:
        if name in ("gemini", "imagen"):
            headers = {"x-goog-api-key": fake.key or ""}
        else:
            scheme = "Key" if name == "fal" else "Bearer"
            headers = {"Authorization": f"{scheme} {fake.key}"}
        with httpx.Client(headers=headers, timeout=5, trust_env=False) as http:
            yield Client(fake, http)


def inline(reply: httpx.Response) -> bytes:
    """The picture in a generateContent reply."""
    parts = reply.json()["candidates"][0]["content"]["parts"]
    return base64.b64decode(parts[-1]["inlineData"]["data"])


# Pictures


@pytest.mark.parametrize("kind", ["png", "jpeg", "webp"])
@pytest.mark.parametrize("signed", [False, True])
def test_a_picture_decodes_to_the_size_asked_for(kind: str, signed: bool) -> None:
    picture = draw(96, 64, prompt="a fox", kind=kind, signed=signed)  # type: ignore[arg-type]
    with Image.open(io.BytesIO(picture.bytes)) as image:
        image.load()
        assert image.size == (96, 64) == size_of(picture.bytes)
        assert Image.MIME[image.format or ""] == picture.mime == type_of(picture.bytes)
    assert base64.b64decode(b"".join(picture.base64)) == picture.bytes
    if kind != "webp":
        assert (b"c2pa" in picture.bytes) == signed
        assert prompt_mark("a fox").encode() in picture.bytes


def test_pictures_differ_with_prompt_and_number_and_repeat_otherwise() -> None:
    one = draw(64, 64, prompt="a fox").bytes
    assert draw(64, 64, prompt="a fox").bytes == one
    assert draw(64, 64, prompt="a cat").bytes != one
    assert draw(64, 64, prompt="a fox", number=1).bytes != one


def test_noise_gives_a_picture_its_realistic_size() -> None:
    assert len(draw(1024, 1024, prompt="a fox", megabytes=2).bytes) > 2 * 2**20
    assert len(draw(1024, 1024, prompt="a fox").bytes) < 100_000


# Descriptions


@pytest.mark.parametrize("schema", [GOOGLE_SCHEMA, JSON_SCHEMA])
def test_a_description_fits_its_schema(schema: Any) -> None:
    told = describe_prompt("three red foxes on a sofa", schema)
    assert [subject["name"] for subject in told["subjects"]] == ["foxes", "sofa"]
    assert told["subjects"][0]["count"] == 3
    assert set(schema["required"]) <= set(told)
    assert told.get("medium", "photograph") in ("photograph", "painting")


def test_a_description_depends_on_seed_and_wording_and_nothing_else() -> None:
    told = {
        json.dumps(describe_prompt("a fox", GOOGLE_SCHEMA, seed=seed, wording=wording))
        for seed in range(6)
        for wording in ("short", "long")
    }
    assert len(told) > 1
    assert describe_prompt("a fox", GOOGLE_SCHEMA) == describe_prompt("a fox", GOOGLE_SCHEMA)


@pytest.mark.parametrize(
    "prompt", ["", "的狐狸，坐在沙发上", "no people", '"OPEN"', "the a of", "🦊"]
)
def test_any_prompt_gets_a_subject(prompt: str) -> None:
    assert describe_prompt(prompt, GOOGLE_SCHEMA)["subjects"][0]["name"]


# Gemini


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


def test_gemini_follows_the_shape_of_the_last_reference() -> None:
    data = base64.b64encode(draw(320, 180, prompt="a fox").bytes).decode()
    part = {"inline_data": {"mime_type": "image/png", "data": data}}
    with client("gemini") as gemini:
        body = {"contents": [{"parts": [{"text": "make it blue"}, part]}]}
        path = "/v1/models/gemini-nano-banana-2.1:generateContent"
        assert size_of(inline(gemini.post(path, body))) == (1376, 768)
        logged = gemini.fake.entries[0].body["contents"][0]["parts"][1]["inline_data"]["data"]
        assert re.fullmatch(r"<\d+ characters of base64, sha256 [0-9a-f]{16}>", logged)


def config(**fields: Any) -> dict[str, Any]:
    return {"contents": [{"parts": [{"text": "a fox"}]}], "generationConfig": fields}


TEXT, IMAGE = "gemini-3.5-flash-lite", "gemini-nano-banana-2.1"
USER = {"role": "user", "parts": [{"text": "a fox"}]}
JSON = "application/json"


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


def candidate(reply: httpx.Response) -> dict[str, Any]:
    found: dict[str, Any] = reply.json()["candidates"][0]
    return found


def joined(reply: httpx.Response) -> str:
    parts = candidate(reply)["content"]["parts"]
    return "".join(part.get("text", "") for part in parts if not part.get("thought"))


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


# Faults, limits and the log


def test_a_script_is_consumed_in_order_by_the_steps_it_names() -> None:
    faults = ["image/blocked", "503*2", "text/429", "models/500"]
    with client("gemini", faults=faults) as gemini:
        assert gemini.text().status_code == 503
        assert "promptFeedback" in gemini.picture().json()
        assert gemini.picture().status_code == 503
        assert gemini.picture().status_code == 200
        assert gemini.text().status_code == 429
        assert gemini.text().status_code == 200
        assert gemini.get("/v1beta/models").status_code == 500
        assert gemini.fake.faults_left == []


def test_a_fault_for_ever_never_ends() -> None:
    with client("gemini", faults=["503*"]) as gemini:
        assert [gemini.text().status_code for _ in range(5)] == [503] * 5


def test_a_fault_befalls_only_where_it_can() -> None:
    with client("gemini", faults=["half-png", "fenced"]) as gemini:
        assert "```json" in joined(gemini.text())
        assert len(inline(gemini.picture())) < len(inline(gemini.picture()))
    never = pytest.raises(ValueError, match="'text/half-png' cannot be, 'half-png' befalls image")
    with never, serve("gemini", faults=["text/half-png"]):
        pass


@pytest.mark.parametrize("faults", [["429", "no-such"], {"reset": 0.5, "no-such": 0.1}])
def test_an_unknown_fault_is_an_error_at_once(faults: Any) -> None:
    with (
        pytest.raises(ValueError, match="no such fault here: 'no-such'"),
        serve("gemini", faults=faults),
    ):
        pass


def drawn_outcomes(order: list[int], *, threads: int) -> dict[str, list[int]]:
    """Statuses by prompt of three attempts each, sent in some order by some threads."""
    statuses: dict[str, list[int]] = {}
    with client("gemini", faults={"429": 0.3, "503": 0.2}, seed=7) as gemini:

        def send(numbers: list[int]) -> None:
            for number in numbers:
                prompt = f"fox {number}"
                statuses[prompt] = [gemini.picture(prompt).status_code for _ in range(3)]

        workers = [
            threading.Thread(target=send, args=(order[start::threads],)) for start in range(threads)
        ]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
    return statuses


def test_rates_give_the_same_outcomes_in_any_order() -> None:
    alone = drawn_outcomes(list(range(30)), threads=1)
    assert drawn_outcomes(list(reversed(range(30))), threads=4) == alone
    assert {status for statuses in alone.values() for status in statuses} == {200, 429, 503}


def test_only_so_many_at_a_time() -> None:
    def load(**limits: Any) -> list[int]:
        with client("gemini", latency=0.2, concurrency=2, **limits) as gemini:
            statuses: list[int] = []
            threads = [
                threading.Thread(target=lambda: statuses.append(gemini.picture().status_code))
                for _ in range(4)
            ]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            return sorted(statuses)

    assert load() == [200, 200, 429, 429]
    assert load(queue=True) == [200] * 4


def test_only_so_many_a_minute() -> None:
    with client("gemini", per_minute=2, minute=0.3) as gemini:
        assert [gemini.text().status_code for _ in range(3)] == [200, 200, 429]
        assert gemini.fake.entries[-1].outcome == "limited"
        time.sleep(0.35)
        assert gemini.text().status_code == 200


@pytest.mark.parametrize(
    ("fault", "error", "paid"),
    [
        ("reset-before", httpx.TransportError, 0),
        ("lost", httpx.TransportError, 1),
        ("reset", httpx.TransportError, 1),
        ("cut", httpx.RemoteProtocolError, 1),
        ("hang", httpx.ReadTimeout, 1),
        ("stall", httpx.ReadTimeout, 1),
    ],
)
def test_a_picture_is_paid_when_it_was_drawn_received_or_not(
    fault: str, error: type[Exception], paid: int
) -> None:
    with client("gemini", faults=[fault]) as gemini:
        gemini.http.timeout = httpx.Timeout(0.5)
        with pytest.raises(error):
            gemini.picture()
        assert gemini.fake.paid == paid
        assert gemini.fake.entries[0].outcome == fault
        assert gemini.picture().status_code == 200
        assert gemini.fake.log.paid_by_prompt == {"a fox": paid + 1}


@pytest.mark.parametrize(
    ("fault", "status", "start"),
    [
        ("html", 200, b"<!DOCTYPE html>"),
        ("html-502", 502, b"<!DOCTYPE html>"),
        ("not-json", 200, b"upstream"),
        ("empty", 200, b""),
        ("gzip", 200, b'{"candidates"'),
        ("redirect", 302, b""),
    ],
)
def test_something_else_answers(fault: str, status: int, start: bytes) -> None:
    with client("gemini", faults=[fault]) as gemini:
        reply = gemini.text()
        assert reply.status_code == status == gemini.fake.entries[0].status
        assert reply.content.startswith(start)
        assert fault == "gzip" or len(reply.content) < 200


def test_a_truncated_body_is_a_whole_http_answer() -> None:
    with client("gemini", faults=["truncated-json"]) as gemini:
        with pytest.raises(ValueError, match="Unterminated string"):
            gemini.picture().json()
        assert gemini.fake.paid == 1


def test_bodies_too_large_are_sent_piece_by_piece() -> None:
    with client("gemini", faults=["huge=3", "bomb", "huge-declared"]) as gemini:
        assert len(gemini.text().content) == 3 * 2**20
        assert len(gemini.text().content) > 64 * 2**20
        url = f"{gemini.fake.url}/v1beta/models/{TEXT}:generateContent"
        with gemini.http.stream("POST", url, json={"contents": [USER]}) as reply:
            assert reply.headers["content-length"] == "10000000000"


def test_a_slow_body_comes_in_pieces() -> None:
    with client("gemini", faults=["slow=0.01"]) as gemini:
        begun = time.monotonic()
        assert gemini.text().status_code == 200
        assert time.monotonic() - begun > 0.19


def test_latency_may_differ_by_step() -> None:
    with client("gemini", latency={"image": (0.2, 0.3)}) as gemini:
        begun = time.monotonic()
        gemini.text()
        between = time.monotonic()
        gemini.picture()
        assert between - begun < 0.2 <= time.monotonic() - between


def test_the_log_tells_where_a_key_does_not_belong(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    with serve("gemini", log=path) as fake:
        url = f"{fake.url}/v1beta/models/{TEXT}:generateContent?key={fake.key}"
        body = {"contents": [{"parts": [{"text": f"my key is {fake.key}"}]}]}
        httpx.post(url, json=body, headers={"X-More": f"{fake.key}"}, trust_env=False)
        (entry,) = fake.entries
        assert entry.key == "?key"
        assert entry.query == {"key": "[key]"}
        assert entry.leaks == ("query", "body", "header x-more")
    (line,) = path.read_text().splitlines()
    assert json.loads(line)["outcome"] == "ok"


def test_a_request_may_come_in_chunks_and_after_100_continue() -> None:
    body = json.dumps({"contents": [USER]}).encode()

    def pieces() -> Iterator[bytes]:
        for start in range(0, len(body), 7):
            yield body[start : start + 7]

    with client("gemini") as gemini:
        for headers in ({}, {"Expect": "100-continue"}):
            path = f"/v1beta/models/{TEXT}:generateContent"
            assert gemini.post(path, content=pieces(), headers=headers).status_code == 200
        assert {entry.connection for entry in gemini.fake.entries} == {1}


def test_answers_of_ones_own_come_in_turn() -> None:
    with client("gemini", answers=[{"a": 1}, "no JSON", []]) as gemini:
        assert [joined(gemini.text()) for _ in range(3)] == ['{"a": 1}', "no JSON", "[]"]
        assert json.loads(joined(gemini.text()))["subjects"]


def test_a_fake_that_crashes_fails_the_test() -> None:
    with (
        pytest.raises(AssertionError, match="the fake server crashed"),
        client("gemini", answers=[{1, 2}]) as gemini,
    ):
        assert gemini.text().status_code == 500


def test_starting_is_quick() -> None:
    with serve("gemini"):
        pass  # the modules are loaded now
    begun = time.perf_counter()
    for _ in range(10):
        with serve("gemini"):
            pass
    assert (time.perf_counter() - begun) / 10 < 0.05


# OpenAI and its likes


def image(**fields: Any) -> dict[str, Any]:
    return {"model": "gpt-image-2.5-flare", "prompt": "a fox", **fields}


def test_openai_draws_and_counts() -> None:
    with client("openai") as openai:
        reply = openai.post("/images/generations", image(size="1536x864", n=2)).json()
        pictures = [base64.b64decode(item["b64_json"]) for item in reply["data"]]
        assert [size_of(picture) for picture in pictures] == [(1536, 864)] * 2
        assert pictures == [picture.bytes for picture in openai.fake.pictures]
        assert pictures[0] != pictures[1]
        assert reply["size"] == "1536x864"
        assert reply["usage"]["output_tokens"] == 2 * round(1056 * 1536 * 864 / 2**20)


@pytest.mark.parametrize(
    ("body", "status", "message"),
    [
        (image(response_format="b64_json"), 400, "Unknown parameter: 'response_format'."),
        (image(seed=1), 400, "Unknown parameter: 'seed'."),
        ({"prompt": "a fox"}, 400, "Missing required parameter: 'model'."),
        (
            image(size="1000x1000"),
            400,
            "Invalid size '1000x1000'. Width and height must be divisible by 16.",
        ),
        (
            image(size="3200x1024"),
            400,
            "Invalid size '3200x1024'. The aspect ratio must be between 1:3 and 3:1.",
        ),
        (
            image(model="gpt-image-1.5", size="1536x864"),
            400,
            "Invalid size '1536x864'. Supported sizes are 1024x1024, 1536x1024, 1024x1536, and "
            "auto.",
        ),
        (image(n=11), 400, "Invalid 'n': expected a number from 1 to 10, got 11 instead."),
        (
            image(output_compression=50),
            400,
            "output_compression is only supported for jpeg and webp.",
        ),
        (
            image(model="dall-e-3"),
            404,
            "The model 'dall-e-3' does not exist or you do not have access to it.",
        ),
    ],
)
def test_openai_refuses(body: dict[str, Any], status: int, message: str) -> None:
    with client("openai") as openai:
        reply = openai.post("/images/generations", body)
        assert (reply.status_code, reply.json()["error"]["message"]) == (status, message)
        assert openai.fake.paid == 0


def test_openai_repeats_the_ends_of_a_wrong_key() -> None:
    with serve("openai") as fake:
        headers = {"Authorization": "Bearer sk-proj-abcdefghijklmnop"}
        reply = httpx.post(
            fake.url + "/images/generations", json=image(), headers=headers, trust_env=False
        )
        assert reply.status_code == 401
        assert reply.json()["error"]["message"].startswith(
            "Incorrect API key provided: sk-proj-************mnop."
        )


def test_openai_edits_the_files_of_a_form() -> None:
    picture = ("fox.png", draw(64, 64, prompt="a fox").bytes, "image/png")
    with client("openai") as openai:
        reply = openai.post(
            "/images/edits", data=image(size="1024x1024"), files=[("image[]", picture)] * 2
        )
        assert size_of(base64.b64decode(reply.json()["data"][0]["b64_json"])) == (1024, 1024)
        assert reply.json()["usage"]["input_tokens_details"]["image_tokens"] == 646
        assert openai.fake.entries[0].body[0] == ["model", "gpt-image-2.5-flare"]
        reply = openai.post("/images/edits", data=image(), files=[("image", ("a", b"GIF89a.."))])
        assert reply.json()["error"]["code"] == "unsupported_file_mimetype"
        assert openai.post("/images/edits", data=image()).status_code == 400


def test_the_addresses_of_pictures_can_be_downloaded() -> None:
    with client("openai", faults=["url", "url-missing", "download/503"]) as openai:
        address = openai.post("/images/generations", image()).json()["data"][0]["url"]
        assert openai.get(address).status_code == 503
        assert openai.get(address).content == openai.fake.pictures[0].bytes
        address = openai.post("/images/generations", image()).json()["data"][0]["url"]
        assert openai.get(address).status_code == 404


@pytest.mark.parametrize(
    ("name", "body", "status", "told"),
    [
        ("localai", image(model="flux.1-dev"), 200, "url"),
        ("localai", image(model="flux.1-dev", response_format="b64_json"), 200, "b64_json"),
        ("localai", {"prompt": "a fox"}, 400, "no model specified"),
        ("vllm-omni", {"prompt": "a fox", "seed": 4}, 200, "b64_json"),
        ("vllm-omni", image(), 400, "Model mismatch"),
        ("vllm-omni", {"prompt": "a fox", "response_format": "url"}, 400, "Only response_format"),
        ("vllm-omni", {"prompt": "a fox", "num_inference_steps": 900}, 422, "between 1 and 200"),
        ("sglang", {"prompt": "a fox"}, 400, "response_format='url'"),
        ("sglang", {"prompt": "a fox", "response_format": "b64_json"}, 200, "b64_json"),
        ("sdcpp", {"prompt": "a fox", "size": "big"}, 400, '{"error": "invalid size format'),
        (
            "sdcpp",
            {"prompt": 'a fox<sd_cpp_extra_args>{"seed": 3}</sd_cpp_extra_args>'},
            200,
            "b64",
        ),
    ],
)
def test_servers_of_ones_own_have_habits(
    name: str, body: dict[str, Any], status: int, told: str
) -> None:
    with client(name) as server:
        reply = server.post("/images/generations", body)
        assert reply.status_code == status
        assert told in reply.text
        assert status != 200 or server.fake.entries[0].prompt == "a fox"


def chat(model: str, wanted: Any = None, **fields: Any) -> dict[str, Any]:
    messages = [
        {"role": "system", "content": "Answer in JSON."},
        {"role": "user", "content": "<prompt>two foxes</prompt>"},
    ]
    body = {"model": model, "messages": messages, **fields}
    return body if wanted is None else body | {"response_format": wanted}


STRICT = {
    "type": "json_schema",
    "json_schema": {"name": "prompt", "strict": True, "schema": JSON_SCHEMA},
}
CHATS = [
    ("openai", "gpt-5.4-mini"),
    ("ollama", "llama3.2"),
    ("lmstudio", "qwen2.5-7b-instruct"),
    ("llamacpp", "whatever"),
    ("vllm", "Qwen/Qwen3-8B"),
    ("sglang", "Qwen/Qwen3-8B"),
    ("localai", "llama-3.2-3b"),
]


@pytest.mark.parametrize(("name", "model"), CHATS)
def test_chat_servers_fill_a_schema(name: str, model: str) -> None:
    with client(name) as server:
        reply = server.post("/chat/completions", chat(model, STRICT))
        content = json.loads(reply.json()["choices"][0]["message"]["content"])
        assert content["subjects"] == [{"name": "foxes", "count": 2}]
        assert server.fake.entries[0].prompt == "two foxes"
        assert model in [one["id"] for one in server.get("/models").json()["data"]] + ["whatever"]


@pytest.mark.parametrize(
    ("name", "body", "status", "told"),
    [
        ("lmstudio", chat("qwen2.5-7b-instruct", {"type": "json_object"}), 400,
         "\"'response_format.type' must be 'json_schema' or 'text'\""),
        ("ollama", chat("llama9"), 404, "model 'llama9' not found"),
        ("vllm", chat("gpt-4"), 404, "The model `gpt-4` does not exist."),
        ("openai", chat("gpt-5.4-mini", max_tokens=9), 400, "Use 'max_completion_tokens' instead."),
        ("openai", chat("gpt-5.4-mini", temperature=0.2), 400, "Only the default (1) value"),
        ("openai", chat("gpt-4.1", num_ctx=9), 400, "Unknown parameter: 'num_ctx'."),
        ("openai", chat("gpt-4.1", {"type": "json_schema", "schema": JSON_SCHEMA}), 400,
         "Missing required parameter: 'response_format.json_schema'."),
        ("openai", chat("gpt-4.1", {"type": "json_schema", "json_schema": {
            "name": "x", "strict": True, "schema": {"type": "object", "properties": {}}}}), 400,
         "'additionalProperties' is required to be supplied and to be false."),
    ],
)  # fmt: skip
def test_chat_servers_refuse(name: str, body: dict[str, Any], status: int, told: str) -> None:
    with client(name) as server:
        reply = server.post("/chat/completions", body)
        assert reply.status_code == status
        assert told in reply.text


def test_llama_cpp_does_not_read_a_flat_schema() -> None:
    with client("llamacpp") as server:
        flat = {"type": "json_schema", "schema": JSON_SCHEMA}
        body = chat("any", flat) | {"messages": [{"role": "user", "content": "a fox"}]}
        reply = server.post("/chat/completions", body).json()
        assert reply["choices"][0]["message"]["content"] == "Certainly! Here is a picture of a fox."


@pytest.mark.parametrize(
    ("fault", "content"),
    [
        ("fenced", r"(?s)Here is .*```json\n\{.*\}\n```"),
        ("think-tags", r"(?s)<think>\n.*\{.*\}.*</think>\n\n\{.*\}"),
        ("prose-around", r"(?s)Sure! \{.*\}\n\nI hope this \{helps\}\."),
        ("refused-in-words=No.", r"No\."),
    ],
)
def test_small_models_wrap_their_answers(fault: str, content: str) -> None:
    with client("ollama", faults=[fault]) as server:
        choice = server.post("/chat/completions", chat("llama3.2", STRICT)).json()["choices"][0]
        assert re.fullmatch(content, choice["message"]["content"])


# The other providers


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


def form(**fields: str) -> dict[str, Any]:
    """A multipart body without a file, as Stability wants it."""
    return {"data": fields, "files": {"none": ("", b"")}}


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


PREDICTIONS = "/v1/models/black-forest-labs/flux-schnell/predictions"


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


# Every fault of every service: the fake answers, logs, and does not crash


REQUESTS: dict[str, tuple[str, Any]] = {
    "gemini": (f"/v1beta/models/{IMAGE}:generateContent", {"contents": [USER]}),
    "imagen": (
        "/v1beta/models/imagen-4.0-generate-001:predict",
        {"instances": [{"prompt": "a fox"}], "parameters": {"sampleCount": 2}},
    ),
    "openai": ("/images/generations", image(n=2)),
    "stability": ("/v2beta/stable-image/generate/core", None),
    "huggingface": ("/models/black-forest-labs/FLUX.1-dev", {"inputs": "a fox"}),
    "replicate": (PREDICTIONS, {"input": {"prompt": "a fox", "num_outputs": 2}}),
    "fal": ("/fal-ai/flux/schnell", {"prompt": "a fox", "num_images": 2}),
}


def every_fault(step: str) -> list[tuple[str, str]]:
    return [
        (name, fault)
        for name in REQUESTS
        for fault, steps in service_class(name).faults().items()
        if step in steps and fault not in DELIVERY
    ]


def test_every_service_has_a_request_here() -> None:
    assert {service_class(name).name for name in SERVICES} == set(REQUESTS)


@pytest.mark.parametrize(("name", "fault"), every_fault("image"))
def test_every_fault_befalls_one_request(name: str, fault: str) -> None:
    path, body = REQUESTS[name]
    with client(name, faults=[fault]) as server:
        more = {"json": body} if body is not None else form(prompt="a fox")
        failed = server.post(path, **more)
        if name == "fal" and failed.status_code == 200 and "response_url" in failed.json():
            server.get(failed.json()["response_url"])
        assert server.fake.entries[0].outcome == fault
        assert server.fake.faults_left == []
        assert server.fake.entries[0].leaks == ()
        if fault in service_class(name).errors:
            assert failed.status_code >= 400
            assert server.fake.paid == 0
        if "echo" not in fault:
            assert (server.fake.key or "no key") not in failed.text
        assert server.post(path, **more).is_success


TEXT_REQUESTS: dict[str, tuple[str, Any]] = {
    "gemini": (f"/v1beta/models/{TEXT}:generateContent", config(
        responseMimeType=JSON, responseSchema=GOOGLE_SCHEMA)),
    "openai": ("/chat/completions", chat("gpt-5.4-mini", STRICT)),
}  # fmt: skip


@pytest.mark.parametrize(
    ("name", "fault"), [pair for pair in every_fault("text") if pair[0] in TEXT_REQUESTS]
)
def test_every_fault_befalls_a_text_request(name: str, fault: str) -> None:
    path, body = TEXT_REQUESTS[name]
    with client(name, faults=[f"text/{fault}"]) as server:
        server.post(path, body)
        assert server.fake.entries[0].outcome == fault
        assert server.fake.paid == 0
        assert server.post(path, body).is_success


# By hand


@contextmanager
def by_hand(*arguments: str) -> Iterator["subprocess.Popen[str]"]:
    script = ROOT / "tests" / "fakes" / "serve.py"
    with subprocess.Popen(
        [sys.executable, str(script), *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={"PATH": os.environ.get("PATH", "")},
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def test_serving_by_hand_tells_what_to_export() -> None:
    with by_hand("gemini", "--latency", "text=0.1", "--faults", "429:0.0", "-v") as process:
        assert process.stdout is not None
        lines = [process.stdout.readline().strip() for _ in range(2)]
        found = re.fullmatch(r"export IMAGINE_GEMINI_BASE_URL=(http://127\.0\.0\.1:\d+)", lines[0])
        assert found is not None
        assert lines[1] == "export GEMINI_API_KEY=test-key-gemini"
        headers = {"x-goog-api-key": "test-key-gemini"}
        url = f"{found[1]}/v1beta/models/{TEXT}:generateContent"
        reply = httpx.post(url, json={"contents": [USER]}, headers=headers, trust_env=False)
        assert reply.status_code == 200
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=10)
    assert process.returncode == 0
    first, last = errors.splitlines()
    assert re.fullmatch(r"gemini text 200 ok 0\.1\d\d s paid 0 'a fox'", first)
    assert last == "1 requests, 0 pictures paid."


def test_all_providers_are_served_on_one_port() -> None:
    with by_hand("all") as process:
        assert process.stdout is not None
        exports = {}
        while "FAL_KEY" not in exports:
            line = process.stdout.readline()
            assert line.startswith("export ")
            name, _, value = line.removeprefix("export ").partition("=")
            exports[name] = value.strip()
        root = exports["IMAGINE_GEMINI_BASE_URL"].removesuffix("/gemini")
        assert exports["IMAGINE_OPENAI_BASE_URL"] == f"{root}/openai/v1"
        assert exports["IMAGINE_HUGGINGFACE_BASE_URL"] == f"{root}/huggingface/hf-inference"
        headers = {"Authorization": f"Key {exports['FAL_KEY']}"}
        with httpx.Client(headers=headers, trust_env=False) as http:
            queued = http.post(f"{root}/fal/fal-ai/flux/schnell", json={"prompt": "a fox"}).json()
            assert queued["status_url"].startswith(f"{root}/fal/fal-ai/flux/requests/")
            result = http.get(queued["response_url"]).json()
            assert size_of(http.get(result["images"][0]["url"]).content) == (1024, 768)
            assert http.get(f"{root}/elsewhere").status_code == 404
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=10)


def test_the_faults_are_listed_by_hand() -> None:
    with by_hand("fal", "--faults-known") as process:
        told, _ = process.communicate(timeout=10)
    for name in service_class("fal").faults():
        assert re.search(rf"^  {re.escape(name)} +\S", told, re.M)
