from dataclasses import replace

import pytest

from imagine.stages.errors import ConfigError
from imagine.stages.network.providers import PROVIDERS, Secret, connect, is_own_host

KEY = "sk-Proj-0123456789"

HEADERS = {
    "gemini": ("x-goog-api-key", KEY),
    "imagen": ("x-goog-api-key", KEY),
    "openai": ("authorization", f"Bearer {KEY}"),
    "stability": ("authorization", f"Bearer {KEY}"),
    "huggingface": ("authorization", f"Bearer {KEY}"),
    "replicate": ("authorization", f"Bearer {KEY}"),
    "fal": ("authorization", f"Key {KEY}"),
    "ollama": ("authorization", f"Bearer {KEY}"),
    "lmstudio": ("authorization", f"Bearer {KEY}"),
    "llamacpp": ("authorization", f"Bearer {KEY}"),
    "vllm": ("authorization", f"Bearer {KEY}"),
    "chat": ("authorization", f"Bearer {KEY}"),
    # HTTP Basic: USER:PASSWORD in base64.
    "sdapi": ("authorization", "Basic c2stUHJvai0wMTIzNDU2Nzg5"),
    "comfyui": ("authorization", f"Bearer {KEY}"),
    "localai": ("authorization", f"Bearer {KEY}"),
}


@pytest.mark.parametrize("name", PROVIDERS)
def test_a_key_goes_out_in_its_providers_header(name: str) -> None:
    assert list(connect(name, key=Secret(KEY)).headers().items()) == [HEADERS[name]]


OWN = [
    # provider, base URL, whether it is the provider's own
    ("openai", "https://api.openai.com/v1", True),
    ("openai", "https://API.openai.com:443/v2/", True),
    ("openai", "https://eu.api.openai.com/v1", True),
    ("openai", "https://us.api.openai.com/v1", True),
    ("openai", "https://au.api.openai.com/v1", True),
    ("openai", "https://in.api.openai.com/v1", True),
    ("openai", "https://jp.api.openai.com/v1", True),
    ("openai", "https://ae.api.openai.com/v1", True),
    ("openai", "https://xx.api.openai.com/v1", False),
    ("openai", "https://api.openai.com.example/v1", False),
    ("openai", "http://127.0.0.1:8000/v1", False),
    ("openai", "https://api.openai.com:8443/v1", False),
    ("openai", "http://[::1", False),
    ("gemini", "https://generativelanguage.googleapis.com", True),
    ("gemini", "https://eu.generativelanguage.googleapis.com", False),
    ("huggingface", "https://router.huggingface.co/fal-ai", True),
    ("ollama", "http://127.0.0.1:11434/v1", True),
    ("chat", "", False),
    ("chat", "http://box/v1", False),
]


@pytest.mark.parametrize(("name", "base_url", "own"), OWN)
def test_a_host_is_the_providers_own_or_somebody_elses(name: str, base_url: str, own: bool) -> None:
    assert is_own_host(PROVIDERS[name], base_url) is own
    needed = own and name != "ollama"
    connection = connect(name, base_url=base_url)
    assert connection.needs_key is needed
    if needed:
        with pytest.raises(ConfigError) as caught:
            connection.headers()
        provider = PROVIDERS[name]
        assert str(caught.value) == (
            f"There is no key for {provider.title}: set {provider.key_variables[0]} in the "
            f"environment or in .env ({provider.key_page}), or work without one: "
            "--enhancer offline --backend sketch."
        )
    else:
        assert connection.headers() == {}


TEXTS = [
    # key, text, text without it
    (KEY, f"bad {KEY}, {KEY.lower()}, {KEY.upper()}!", "bad [key], [key], [key]!"),
    ("a.b*c(d[e+f?g", "is a.b*c(d[e+f?g", "is [key]"),
    ("a.b.c.d.e.f.g", "is aXbXcXdXeXfXg", "is aXbXcXdXeXfXg"),
    ("SecretOf12plus", "a secretof12PLUS-x", "a [key]-x"),
    ("SecretOf12plus", "a secret of 12 plus", "a secret of 12 plus"),
    ("secret-of-12", "the secret-of-12", "the [key]"),
    ("secret-of-1", "the secret-of-1", "the secret-of-1"),
    ("x", "xyz and exit", "xyz and exit"),
    ("ollama", "ollama pull llama3", "ollama pull llama3"),
    ("", "text", "text"),
]


@pytest.mark.parametrize(("key", "text", "redacted"), TEXTS)
def test_a_key_is_taken_out_of_texts_but_a_stand_in_is_not(
    key: str, text: str, redacted: str
) -> None:
    assert connect("ollama", key=Secret(key)).redact(text) == redacted


def test_a_password_is_taken_out_of_texts_as_it_was_given_and_as_it_was_sent() -> None:
    connection = connect("sdapi", key=Secret("fox:a-password"))
    sent = connection.headers()["authorization"].removeprefix("Basic ")
    assert sent == "Zm94OmEtcGFzc3dvcmQ="
    assert connection.redact(f"no fox:a-password, no {sent}!") == "no [key], no [key]!"
    short = connect("sdapi", key=Secret("me:pw"))
    assert short.redact("no me:pw, no bWU6cHc=!") == "no [key], no [key]!"


def test_programs_that_people_run_themselves_are_known() -> None:
    own = {name for name, provider in PROVIDERS.items() if provider.is_ones_own}
    assert own == {"ollama", "lmstudio", "llamacpp", "vllm", "sdapi", "comfyui", "localai"}


def test_without_a_key_the_options_that_do_without_are_told() -> None:
    with pytest.raises(ConfigError) as caught:
        connect("stability").require_key(instead="--upscaler auto")
    assert str(caught.value) == (
        "There is no key for Stability AI: set STABILITY_API_KEY in the environment or in .env "
        "(https://platform.stability.ai/account/keys), or work without one: --upscaler auto."
    )


def test_without_a_key_texts_stay_as_they_are() -> None:
    assert connect("ollama").redact("text") == "text"


@pytest.mark.parametrize("key", [KEY, "x"])
def test_no_key_is_shown(key: str) -> None:
    connection = connect("openai", key=Secret(key))
    assert "key=Secret(...)" in repr(connection)
    assert (str(connection.key), repr(connection.key)) == ("Secret(...)", "Secret(...)")


@pytest.mark.parametrize(("setting", "timeout"), [(None, 10.0), (600.0, 10.0), (3.0, 3.0)])
def test_a_question_on_the_side_is_short(setting: float | None, timeout: float) -> None:
    connection = connect("openai", key=Secret(KEY), timeout=setting)
    assert connection.hasty(10.0) == replace(connection, timeout=timeout, attempts=1, patience=0.0)


def test_replicates_address_goes_by_both_its_names() -> None:
    assert PROVIDERS["replicate"].url_variables == ("REPLICATE_API_BASE_URL", "REPLICATE_BASE_URL")
