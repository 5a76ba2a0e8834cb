"""A question to a provider that costs nothing; whether it answered and took the key comes out."""

from imagine.stages.network.providers import Connection
from imagine.stages.network.session import Session

TIMEOUT = 15.0
# Provider -> what is asked. Hugging Face and fal have no question that is free.
_QUESTIONS = {
    "gemini": "/v1beta/models?pageSize=1",
    "imagen": "/v1beta/models?pageSize=1",
    "openai": "/models",
    "stability": "/v1/user/balance",
    "replicate": "/v1/account",
    "ollama": "/models",
    "lmstudio": "/models",
    "llamacpp": "/models",
    "vllm": "/models",
    "chat": "/models",
    "sdapi": "/sdapi/v1/options",
    "comfyui": "/system_stats",
}


def probe(connection: Connection) -> str:
    """What the provider says, in words: "reachable, and takes the key".

    Raises:
        ConfigError: it needs a key and there is none, or rejects it.
        ProviderError: it cannot be reached, or fails.
    """
    if connection.provider.name not in _QUESTIONS:
        return "not asked: it answers no question that is free"
    headers = connection.headers()
    with Session(connection.hasty(TIMEOUT), headers=headers, timeout=TIMEOUT) as session:
        session.get(_QUESTIONS[connection.provider.name])
    return "reachable" + (", and takes the key" if headers else "")
