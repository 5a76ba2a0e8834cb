"""Enhancers: from what a prompt demands to a filled PromptSpec.

Built-in ones stand in ENHANCERS as import strings; other distributions add theirs in the
entry-point group `imagine.enhancers`.
"""

from dataclasses import dataclass
from typing import Protocol, TypeGuard, runtime_checkable

from imagine.stages.image import ReferenceImage
from imagine.stages.intent import Intent
from imagine.stages.money.usage import NOTHING, Usage
from imagine.stages.network.providers import Connection
from imagine.stages.registry import Registry
from imagine.stages.spec import PromptSpec


@dataclass(frozen=True, slots=True)
class Enhancement:
    """What an enhancer made.

    Attributes:
        spec: the description; the guard has not seen it yet.
        model: what served the request, as the enhancer names it.
        notes: what the user should know of it, a sentence each.
        usage: what the provider counted.
        answer: the model's own answer, as it can be sent back to it; "" without a model.
    """

    spec: PromptSpec
    model: str
    notes: tuple[str, ...] = ()
    usage: Usage = NOTHING
    answer: str = ""


class Enhancer(Protocol):
    """Fills a PromptSpec.

    `enhance` gets the parsed prompt and a seed (0 to 2**32 - 1) that picks among equally good
    descriptions. It only adds: the guard restores whatever it loses.
    """

    name: str

    def enhance(self, intent: Intent, *, seed: int) -> Enhancement: ...


@dataclass(frozen=True, slots=True)
class Correction:
    """Why a model is asked once more.

    Attributes:
        answer: its first answer.
        problems: what is wrong with it, a sentence each.
    """

    answer: str
    problems: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Revision:
    """A description that is to be changed.

    Attributes:
        spec: as it is.
        instruction: what the user wants changed, in the user's words.
    """

    spec: PromptSpec
    instruction: str


@dataclass(frozen=True, slots=True)
class Question:
    """What a language model is asked.

    Attributes:
        intent: the parsed prompt.
        seed: 0 to 2**32 - 1, sent where the model takes one.
        images: reference pictures to look at.
        variant, variants: this is answer `variant` (from 1) of `variants` that are to differ.
        correction: set when this is the second, last attempt.
        revision: set when an existing description is to be changed.
    """

    intent: Intent
    seed: int = 0
    images: tuple[ReferenceImage, ...] = ()
    variant: int = 1
    variants: int = 1
    correction: Correction | None = None
    revision: Revision | None = None


@runtime_checkable
class ModelEnhancer(Enhancer, Protocol):
    """An enhancer that asks a language model; `enhance` asks with everything at its default.

    `ask` makes one call (retries of the transport aside) and raises UnusableAnswerError for an
    answer that is no description: whoever called may ask once more with a Correction.
    """

    model: str
    """What the request will name."""

    @property
    def connection(self) -> Connection | None:
        """The way to the model; None for one that is asked without a network."""

    template_hash: str
    """Of everything that is sent beside the question: sha256, first 16 hexadecimal digits."""
    sees_images: bool

    def ask(self, question: Question) -> Enhancement: ...


# Looking at a protocol's every member takes longer than parsing a short prompt.
_KINDS: dict[type, bool] = {}


def asks_model(enhancer: Enhancer) -> TypeGuard[ModelEnhancer]:
    """Whether an enhancer is a ModelEnhancer, which all of its class are or none."""
    kind = type(enhancer)
    if kind not in _KINDS:
        _KINDS[kind] = isinstance(enhancer, ModelEnhancer)
    return _KINDS[kind]


ENHANCERS: Registry[Enhancer] = Registry(
    kind="enhancer",
    group="imagine.enhancers",
    built_in={
        "offline": "imagine.stages.enhance.offline:OfflineEnhancer",
        "none": "imagine.stages.enhance.literal:LiteralEnhancer",
        "gemini": "imagine.stages.enhance.gemini.enhancer:GeminiEnhancer",
        "openai": "imagine.stages.enhance.chat.enhancer:ChatEnhancer",
        "ollama": "imagine.stages.enhance.chat.enhancer:ChatEnhancer",
        "lmstudio": "imagine.stages.enhance.chat.enhancer:ChatEnhancer",
        "llamacpp": "imagine.stages.enhance.chat.enhancer:ChatEnhancer",
        "vllm": "imagine.stages.enhance.chat.enhancer:ChatEnhancer",
        "chat": "imagine.stages.enhance.chat.enhancer:ChatEnhancer",
    },
    summaries={
        "offline": "fills what the prompt leaves open; deterministic, no key, no download",
        "none": "adds nothing: the prompt goes out as it is",
        "gemini": "Google's Gemini",
        "openai": "OpenAI's chat models",
        "ollama": "a model of your Ollama, as ollama/llama3.2",
        "lmstudio": "a model of your LM Studio",
        "llamacpp": "your llama.cpp server",
        "vllm": "a model of your vLLM server",
        "chat": "any other server of OpenAI's chat protocol, at chat_base_url",
    },
)
