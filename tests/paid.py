"""Enhancers and backends that cost money, for tests that only reckon; and the prices of one day."""

import datetime
from collections.abc import Iterator
from dataclasses import dataclass, field

from imagine.stages.enhance import Enhancement, ModelEnhancer, Question
from imagine.stages.enhance.chat.enhancer import ChatEnhancer
from imagine.stages.enhance.gemini.enhancer import GeminiEnhancer
from imagine.stages.generate import Capabilities
from imagine.stages.image import GeneratedImage, ImageRequest, Progress
from imagine.stages.intent import Intent
from imagine.stages.money.prices import load_prices
from imagine.stages.network.providers import Connection, connect
from imagine.stages.sizes import FreeSizes

PRICES = load_prices(today=datetime.date(2026, 11, 22))
PAID = Capabilities(
    profile="natural",
    negative_prompt=False,
    seed=False,
    sizes=FreeSizes(64, 4096, 4096 * 4096),
    trained=True,
    paid=True,
)


@dataclass
class Model:
    """An enhancer with a model behind it that is never asked here, where no real one will do."""

    name: str = "gemini"
    model: str = "gemini-3.5-flash-lite"
    connection: Connection = field(default_factory=lambda: connect("gemini"))
    template_hash: str = "0123456789abcdef"
    sees_images: bool = True

    def ask(self, question: Question) -> Enhancement:
        raise AssertionError("nobody is asked here")

    def enhance(self, intent: Intent, *, seed: int) -> Enhancement:
        raise AssertionError("nobody is asked here")


@dataclass
class Hosted:
    """A paid backend that is never asked here."""

    name: str
    model: str
    connection: Connection = field(default_factory=lambda: connect("gemini"))
    capabilities: Capabilities = PAID

    def generate(self, request: ImageRequest) -> Iterator[Progress | GeneratedImage]:
        raise AssertionError("nothing is drawn here")


def chat(base_url: str, model: str = "m") -> ChatEnhancer:
    """A real enhancer for some chat server."""
    return ChatEnhancer(connect("chat", base_url=base_url), model)


LITE: ModelEnhancer = GeminiEnhancer(connect("gemini"))
BANANA = Hosted("gemini", "gemini-nano-banana-2.1")
CORE = Hosted("stability", "core", connect("stability"))
UNKNOWN = Hosted("huggingface", "black-forest-labs/FLUX.1-schnell", connect("huggingface"))
