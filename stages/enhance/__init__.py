"""Enhancers: from what a prompt demands to a filled PromptSpec.

Built-in ones stand in ENHANCERS as import strings; other distributions add theirs in the
entry-point group `imagine.enhancers`.
"""

from dataclasses import dataclass
from typing import Protocol

from imagine.stages.intent import Intent
from imagine.stages.registry import Registry
from imagine.stages.spec import PromptSpec


@dataclass(frozen=True, slots=True)
class Enhancement:
    """What an enhancer made.

    Attributes:
        spec: the description; the guard has not seen it yet.
        model: what served the request, as the enhancer names it.
        notes: what the user should know of it, a sentence each.
    """

    spec: PromptSpec
    model: str
    notes: tuple[str, ...] = ()


class Enhancer(Protocol):
    """Fills a PromptSpec.

    `enhance` gets the parsed prompt and a seed (0 to 2**32 - 1) that picks among equally good
    descriptions. It only adds: the guard restores whatever it loses.
    """

    name: str

    def enhance(self, intent: Intent, *, seed: int) -> Enhancement: ...


ENHANCERS: Registry[Enhancer] = Registry(
    kind="enhancer",
    group="imagine.enhancers",
    built_in={
        "offline": "imagine.stages.enhance.offline:OfflineEnhancer",
        "none": "imagine.stages.enhance.literal:LiteralEnhancer",
    },
    summaries={
        "offline": "fills what the prompt leaves open; deterministic, no key, no download",
        "none": "adds nothing: the prompt goes out as it is",
    },
)
