"""The fake OpenAI and the servers like it: pictures, edits, chat, and their habits."""

import base64
import json
import re
from typing import Any

import httpx
import pytest
from fakes import serve
from fakes.client import (
    JSON_SCHEMA,
    STRICT,
    chat,
    client,
    image,
)
from fakes.pictures import draw, size_of


def test_openai_draws_and_counts() -> None:
    with client("openai") as openai:
        reply = openai.post("/images/generations", image(size="1536x864", n=2)).json()
        pictures = [base64.b64decode(item["b64_json"]) for item in reply["data"]]
        assert [size_of(picture) for picture in pictures] == [(1536, 864)] * 2
        assert pictures == [picture.bytes for picture in openai.fake.pictures]
        assert pictures[0] != pictures[1]
        assert reply["size"] == "1536x864"
        assert reply["quality"] == "high"
        assert reply["usage"]["output_tokens"] == 2 * round(1756 * 1536 * 864 / 2**20)


@pytest.mark.parametrize(
    ("fields", "tokens"),
    [
        ({"quality": "low"}, 196),
        ({"quality": "medium"}, 439),
        ({"quality": "high", "safety_identifier": "a-hash"}, 1756),
        ({"model": "gpt-image-2.5-sunburst-2026-09-08", "quality": "xhigh"}, 2634),
        ({"model": "gpt-image-2.6-flare", "quality": "max"}, 3512),
        ({"model": "gpt-image-1.5", "quality": "low"}, 272),
        ({"size": "2880x2880"}, 13890),
        ({"size": "1280x512"}, 1098),
    ],
)
def test_openai_takes_and_counts(fields: dict[str, Any], tokens: int) -> None:
    with client("openai") as openai:
        reply = openai.post("/images/generations", image(**{"size": "1024x1024", **fields}))
        assert reply.json()["usage"]["output_tokens"] == tokens


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
            image(size="3856x1600"),
            400,
            "Invalid size '3856x1600'. The longest side must be at most 3840 pixels.",
        ),
        (
            image(size="2896x2880"),
            400,
            "Invalid size '2896x2880'. The number of pixels must be between 655360 and 8294400.",
        ),
        (
            image(size="800x800"),
            400,
            "Invalid size '800x800'. The number of pixels must be between 655360 and 8294400.",
        ),
        (
            image(model="gpt-image-2", quality="max"),
            400,
            "Invalid value: 'max'. Supported values are: 'low', 'medium', 'high', 'auto'.",
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


@pytest.mark.parametrize(
    ("fault", "status", "told"),
    [
        ("echo-key-title", 502, "<title>No upstream for test-key-openai</title>"),
        ("echo-key-code", 400, '"code": "no_test-key-openai"'),
        ("echo-key-model", 200, '"model": "model-test-key-openai"'),
        ("echo-key-answer", 200, '\\"mood\\": \\"calm, test-key-openai\\"'),
    ],
)
def test_openai_repeats_the_key_in_many_places(fault: str, status: int, told: str) -> None:
    with client("openai", faults=[fault]) as openai:
        replies = [openai.post("/chat/completions", chat("gpt-4.1", STRICT)) for _ in range(2)]
        assert (replies[0].status_code, told in replies[0].text) == (status, True)
        assert "test-key" not in replies[1].text
