import httpx
import pytest

from imagine.stages.errors import ConfigError, ProviderError
from imagine.stages.network.probe import probe
from imagine.stages.network.providers import Secret, connect

KEY = "sk-very-secret"

QUESTIONS = [
    ("gemini", "https://generativelanguage.googleapis.com/v1beta/models?pageSize=1"),
    ("imagen", "https://generativelanguage.googleapis.com/v1beta/models?pageSize=1"),
    ("openai", "https://api.openai.com/v1/models"),
    ("stability", "https://api.stability.ai/v1/user/balance"),
    ("replicate", "https://api.replicate.com/v1/account"),
    ("ollama", "http://127.0.0.1:11434/v1/models"),
    ("lmstudio", "http://127.0.0.1:1234/v1/models"),
    ("llamacpp", "http://127.0.0.1:8080/v1/models"),
    ("vllm", "http://127.0.0.1:8000/v1/models"),
    ("sdapi", "http://127.0.0.1:7860/sdapi/v1/options"),
    ("comfyui", "http://127.0.0.1:8188/system_stats"),
]


@pytest.mark.parametrize(("name", "url"), QUESTIONS)
def test_a_provider_is_asked_what_is_free(name: str, url: str) -> None:
    asked: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return httpx.Response(200, json={})

    connection = connect(name, key=Secret(KEY), transport=httpx.MockTransport(answer))
    assert probe(connection) == "reachable, and takes the key"
    (request,) = asked
    assert str(request.url) == url
    header, value = next(iter(connection.headers().items()))
    assert request.headers[header] == value


def test_a_server_without_key_is_reachable() -> None:
    transport = httpx.MockTransport(lambda request: httpx.Response(200, json={}))
    assert probe(connect("ollama", transport=transport)) == "reachable"


@pytest.mark.parametrize("name", ["huggingface", "fal"])
def test_who_has_no_free_question_is_not_asked(name: str) -> None:
    assert probe(connect(name)) == "not asked: it answers no question that is free"


def test_a_key_that_is_missing_is_asked_for_before_anything_is_sent() -> None:
    with pytest.raises(ConfigError, match=r"^There is no key for OpenAI: set OPENAI_API_KEY"):
        probe(connect("openai"))


def test_a_provider_that_is_down_is_asked_once() -> None:
    asked: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return httpx.Response(503, text="down")

    transport = httpx.MockTransport(answer)
    with pytest.raises(ProviderError) as caught:
        probe(connect("openai", key=Secret(KEY), transport=transport, patience=60.0))
    assert len(asked) == 1
    assert str(caught.value) == (
        "OpenAI failed (503): down; try again later, or use another model or provider."
    )
