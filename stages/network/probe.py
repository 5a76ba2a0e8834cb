"""A question to a provider that costs nothing; whether it answered and took the key comes out."""

from imagine.stages.network.providers import Connection
from imagine.stages.network.session import Session

TIMEOUT = 15.0
_BEARER = ("authorization", "Bearer ")
_GOOGLE = ("x-goog-api-key", "")
# Provider -> what is asked, and how its key is sent. Hugging Face and fal have no such question.
_QUESTIONS = {
    "gemini": ("/v1beta/models?pageSize=1", _GOOGLE),
    "imagen": ("/v1beta/models?pageSize=1", _GOOGLE),
    "openai": ("/models", _BEARER),
    "stability": ("/v1/user/balance", _BEARER),
    "replicate": ("/v1/account", _BEARER),
    "ollama": ("/models", _BEARER),
    "lmstudio": ("/models", _BEARER),
    "llamacpp": ("/models", _BEARER),
    "vllm": ("/models", _BEARER),
    "chat": ("/models", _BEARER),
}


def probe(connection: Connection) -> str:
    """What the provider says, in words: "reachable, and takes the key".

    Raises:
        ConfigError: it rejects the key.
        ProviderError: it cannot be reached, or fails.
    """
    if connection.provider.name not in _QUESTIONS:
        return "not asked: it answers no question that is free"
    path, (header, prefix) = _QUESTIONS[connection.provider.name]
    headers = {}
    if connection.key is not None:
        headers[header] = prefix + connection.key.reveal()
    with Session(connection, headers=headers, timeout=TIMEOUT) as session:
        session.get(path)
    return "reachable" + (", and takes the key" if headers else "")
