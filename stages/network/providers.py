"""Providers: where each is reached, which names its key goes by, what it serves by default.

A Provider is a fact about a service; a Connection is one user's way to it, made by the command
line from the settings.
"""

import re
from base64 import b64encode
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from imagine.stages.errors import ConfigError
from imagine.stages.network.address import origin_of

if TYPE_CHECKING:
    import httpx

    from imagine.stages.network.gate import Gate

# A shorter key is a stand-in for servers that ask for none ("ollama", "x"), and a common word.
SHORTEST_KEY = 12
# USER:PASSWORD of a server of one's own may be as short; no other text has that form by chance.
SHORTEST_LOGIN = 5


class Secret:
    """A key, which no message, log or file ever shows."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """The key itself, for a request header only."""
        return self._text

    def __repr__(self) -> str:
        return "Secret(...)"

    __str__ = __repr__


@dataclass(frozen=True, slots=True)
class Provider:
    """A service that describes, draws or enlarges.

    Attributes:
        name: as in settings: "gemini" has `gemini_api_key` and `gemini_base_url`.
        title: as people call it.
        base_url: without a slash at its end; "" when only the user can know it.
        key_variables: environment variables that its key usually stands in; the first one wins.
        key_header: the header that its key goes in, and what stands before it there.
        basic: its key is USER:PASSWORD, and goes out as HTTP Basic wants it (RFC 7617).
        url_variables: those of its base URL; the first one wins.
        regions: hosts of its own beside that of `base_url` are called REGION.HOST.
        key_page: where a key is made; "" for servers of one's own.
        text_model, image_model, upscale_model: what is asked for by default; "" when the user has
            to say, or the server chooses.
        start: what to do where it does not run.
        describes, draws, upscales: what it is good for here.
    """

    name: str
    title: str
    base_url: str
    key_variables: tuple[str, ...] = ()
    key_header: tuple[str, str] = ("authorization", "Bearer ")
    basic: bool = False
    url_variables: tuple[str, ...] = ()
    regions: tuple[str, ...] = ()
    key_page: str = ""
    text_model: str = ""
    image_model: str = ""
    upscale_model: str = ""
    start: str = "start it"
    describes: bool = False
    draws: bool = False
    upscales: bool = False

    @property
    def is_ones_own(self) -> bool:
        """Whether it is a program that people run themselves: nothing that it does is billed."""
        return self.base_url.startswith("http://127.0.0.1:")

    @property
    def needs_key(self) -> bool:
        """Servers of one's own work without; a compatible server of another's may not."""
        return bool(self.key_page)


# Facts of November 2026; base URLs and models are settings, so that none of them is the last word.
_ALL = (
    Provider(
        name="gemini",
        describes=True,
        draws=True,
        title="Google Gemini",
        base_url="https://generativelanguage.googleapis.com",
        key_variables=("GEMINI_API_KEY", "GOOGLE_API_KEY"),
        key_header=("x-goog-api-key", ""),
        url_variables=("GOOGLE_GEMINI_BASE_URL",),
        key_page="https://aistudio.google.com/apikey",
        text_model="gemini-3.5-flash-lite",
        image_model="gemini-nano-banana-2.1",
    ),
    Provider(
        name="imagen",
        draws=True,
        title="Imagen",
        base_url="https://generativelanguage.googleapis.com",
        key_variables=("GEMINI_API_KEY", "GOOGLE_API_KEY"),
        key_header=("x-goog-api-key", ""),
        key_page="https://aistudio.google.com/apikey",
        image_model="imagen-4.0-generate-001",
    ),
    Provider(
        name="openai",
        describes=True,
        draws=True,
        title="OpenAI",
        base_url="https://api.openai.com/v1",
        key_variables=("OPENAI_API_KEY",),
        url_variables=("OPENAI_BASE_URL",),
        regions=("eu", "us", "au", "in", "jp", "ae"),
        key_page="https://platform.openai.com/api-keys",
        text_model="gpt-5.4-nano",
        image_model="gpt-image-2.5-flare",
    ),
    Provider(
        name="stability",
        draws=True,
        upscales=True,
        title="Stability AI",
        base_url="https://api.stability.ai",
        key_variables=("STABILITY_API_KEY",),
        key_page="https://platform.stability.ai/account/keys",
        image_model="core",
        upscale_model="fast",
    ),
    Provider(
        name="huggingface",
        draws=True,
        title="Hugging Face",
        base_url="https://router.huggingface.co/hf-inference",
        key_variables=("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN"),
        key_page="https://huggingface.co/settings/tokens",
        image_model="black-forest-labs/FLUX.1-schnell",
    ),
    Provider(
        name="replicate",
        draws=True,
        title="Replicate",
        base_url="https://api.replicate.com",
        key_variables=("REPLICATE_API_TOKEN",),
        url_variables=("REPLICATE_API_BASE_URL", "REPLICATE_BASE_URL"),
        key_page="https://replicate.com/account/api-tokens",
        image_model="black-forest-labs/flux-schnell",
    ),
    Provider(
        name="fal",
        draws=True,
        title="fal",
        base_url="https://queue.fal.run",
        key_variables=("FAL_KEY",),
        key_header=("authorization", "Key "),
        key_page="https://fal.ai/dashboard/keys",
        image_model="fal-ai/flux/schnell",
    ),
    Provider(
        name="ollama",
        describes=True,
        title="Ollama",
        base_url="http://127.0.0.1:11434/v1",
        key_variables=("OLLAMA_API_KEY",),
    ),
    Provider(
        name="lmstudio", title="LM Studio", base_url="http://127.0.0.1:1234/v1", describes=True
    ),
    Provider(
        name="llamacpp",
        describes=True,
        title="llama.cpp",
        base_url="http://127.0.0.1:8080/v1",
        key_variables=("LLAMA_API_KEY",),
        text_model="default",
    ),
    Provider(
        name="vllm",
        describes=True,
        title="vLLM",
        base_url="http://127.0.0.1:8000/v1",
        key_variables=("VLLM_API_KEY",),
    ),
    Provider(name="chat", title="the chat server", base_url="", describes=True),
    Provider(
        name="sdapi",
        draws=True,
        upscales=True,
        title="Stable Diffusion WebUI",
        base_url="http://127.0.0.1:7860",
        key_header=("authorization", "Basic "),
        basic=True,
        start="start it with --api",
    ),
    Provider(
        name="comfyui",
        draws=True,
        title="ComfyUI",
        base_url="http://127.0.0.1:8188",
    ),
    Provider(
        name="localai",
        upscales=True,
        title="LocalAI",
        base_url="http://127.0.0.1:8080",
        key_variables=("LOCALAI_API_KEY",),
    ),
)
PROVIDERS: dict[str, Provider] = {provider.name: provider for provider in _ALL}

# An enhancer answers in seconds; a picture takes 15 to 40 s, at 4K minutes.
TEXT_TIMEOUT = 60.0
IMAGE_TIMEOUT = 300.0


def silent(text: str) -> None:
    """For who does not listen."""


@dataclass(frozen=True, slots=True)
class Connection:
    """One user's way to a provider.

    Attributes:
        provider: who is reached.
        base_url: without a slash at its end.
        key: None for servers without one.
        timeout: seconds that an answer may keep silent, or None for TEXT_TIMEOUT or IMAGE_TIMEOUT.
        patience: seconds that may be spent in all on waiting before attempts after the first.
        attempts: times that one request is sent at most; a busy server (429) does not count.
        tell: takes what the user should know at once, a sentence: "waiting 12 s: ...".
        log: takes a line about each exchange: method, address, status, seconds, bytes.
        transport: stands in for the network; for tests.
        gate: lets so many requests through at a time as the service takes; None for all.
    """

    provider: Provider
    base_url: str
    key: Secret | None = None
    timeout: float | None = None
    patience: float = 60.0
    attempts: int = 5
    tell: Callable[[str], None] = field(default=silent, compare=False)
    log: Callable[[str], None] = field(default=silent, compare=False)
    transport: "httpx.BaseTransport | None" = None
    gate: "Gate | None" = field(default=None, compare=False)

    @property
    def needs_key(self) -> bool:
        """Whether nothing can be asked without a key: a gateway of the user's own may have it."""
        return self.provider.needs_key and is_own_host(self.provider, self.base_url)

    def require_key(self, *, instead: str = "--enhancer offline --backend sketch") -> str:
        """The key, for a request header.

        Args:
            instead: the options that do without.

        Raises:
            ConfigError: there is none.
        """
        if self.key is None:
            variable = (*self.provider.key_variables, "its key setting")[0]
            raise ConfigError(
                f"There is no key for {self.provider.title}: set {variable} in the environment or "
                f"in .env ({self.provider.key_page}), or work without one: {instead}."
            )
        return self.key.reveal()

    def headers(self) -> dict[str, str]:
        """The key as the provider wants it sent; never in an address, which servers write down.

        Raises:
            ConfigError: there is no key, and one is needed.
        """
        if self.key is None and not self.needs_key:
            return {}
        name, prefix = self.provider.key_header
        key = self.require_key()
        return {name: prefix + (_in_base64(key) if self.provider.basic else key)}

    def redact(self, text: str) -> str:
        """`text` without the key, in whatever case a server repeats it."""
        key = self.key.reveal() if self.key is not None else ""
        if len(key) < (SHORTEST_LOGIN if self.provider.basic else SHORTEST_KEY):
            return text
        for form in (key, _in_base64(key)) if self.provider.basic else (key,):
            text = _without(form, text)
        return text

    def hasty(self, timeout: float) -> "Connection":
        """A connection for a question on the side: one attempt of at most `timeout` seconds."""
        timeout = min(timeout, self.timeout or timeout)
        return replace(self, timeout=timeout, attempts=1, patience=0.0)


def _in_base64(key: str) -> str:
    return b64encode(key.encode("utf-8")).decode("ascii")


def _without(key: str, text: str) -> str:
    # Base64 has no "-" or "_", as nearly every key has: a look for it takes a hundredth of the
    # search in lower case, which for the 40 MB of a picture would be felt.
    odd = next((char for char in key if not char.isalnum()), "")
    if odd not in text or key.lower() not in text.lower():
        return text
    return re.sub(re.escape(key), "[key]", text, flags=re.IGNORECASE)


def is_own_host(provider: Provider, base_url: str) -> bool:
    """Whether an address is the provider's own, in any of its regions; not a gateway or a fake."""
    _, own, own_port = origin_of(provider.base_url)
    _, host, port = origin_of(base_url)
    return (
        own != ""
        and host in (own, *(f"{region}.{own}" for region in provider.regions))
        and (port == own_port)
    )


def connect(name: str, **changes: object) -> Connection:
    """A connection to the provider called `name` at its usual address, with `changes`."""
    provider = PROVIDERS[name]
    values: dict[str, object] = {"base_url": provider.base_url, **changes}
    return Connection(provider, **values)  # type: ignore[arg-type]


def address_of(service: object) -> str:
    """Where an enhancer or backend is reached; "" for one that works without a connection."""
    connection = getattr(service, "connection", None)
    return connection.base_url if isinstance(connection, Connection) else ""
