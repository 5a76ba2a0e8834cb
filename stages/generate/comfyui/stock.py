"""What a ComfyUI server has: names as users type them go in, those that it knows come out."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from threading import Lock
from typing import Any

from imagine.stages.errors import ConfigError, UsageError, shown
from imagine.stages.generate.comfyui.workflow import Workflow
from imagine.stages.generate.local.schedulers import find_scheduler
from imagine.stages.network.comfyui import choices

# Endings of files of weights, which a user need not type.
_ENDINGS = (".safetensors", ".sft", ".ckpt", ".pt", ".pth", ".gguf", ".bin")
# As many as a message lists.
_MOST = 12


class Stock:
    """What kinds of nodes may take on one server, asked for once."""

    def __init__(self, title: str, ask: Callable[[str], Any]) -> None:
        """Nothing is asked yet.

        Args:
            title: of the server, for messages.
            ask: the answer to GET /object_info/KIND for a kind of node.
        """
        self._title = title
        self._ask = ask
        self._choices: dict[tuple[str, str], tuple[str, ...]] = {}
        self._told = False
        self._one_at_a_time = Lock()

    def listed(self, kind: str, name: str) -> tuple[str, ...]:
        """What an input of a kind of node may be on the server; nothing when it has no such."""
        with self._one_at_a_time:
            if (kind, name) not in self._choices:
                self._choices[kind, name] = choices(self._ask(kind), kind, name)
            return self._choices[kind, name]

    def checkpoint(
        self, workflow: Workflow, model: str, *, tell: Callable[[str], None]
    ) -> str | None:
        """The model to put into a workflow; None for the one that it names.

        Args:
            model: as the user named it; "" for the one that the workflow names, else the first.
            tell: takes which one is the first, the first time.

        Raises:
            UsageError: the server does not have it.
            ConfigError: it has none at all.
        """
        place = workflow.model_place()
        if place is None or (workflow.own and not model):
            return None
        kind = workflow.graph.kind(place.node)
        known = self.listed(kind, place.input)
        if model:
            return self._known(model, known, "model", "--model")
        if not known:
            raise ConfigError(
                f"{self._title} has no checkpoint; put one into its folder models/checkpoints, or "
                "set comfyui_workflow to a workflow that loads what it has."
            )
        with self._one_at_a_time:
            is_news, self._told = not self._told, True
        if is_news and len(known) > 1:
            tell(
                f"{self._title} draws with {shown(known[0])}, the first of its {len(known)} "
                "checkpoints; --model names another."
            )
        return known[0]

    def lora(self, name: str) -> str:
        """A LoRA as the server calls it.

        Raises:
            UsageError: it does not have it.
        """
        known = self.listed("LoraLoader", "lora_name")
        return self._known(name, known, "LoRA", "--lora")

    def sampling(self, scheduler: str, workflow: Workflow) -> tuple[str, str | None]:
        """Sampler and schedule as the server calls them; None for the workflow's own schedule.

        Raises:
            UsageError: it has none of that name, or the workflow has no place for it.
        """
        sampler, schedule = pair_of(scheduler)
        # It stands where no schedule was named; a workflow of the user's own has a better one.
        if schedule == "normal" and workflow.own and "/" not in scheduler:
            schedule = None
        if schedule is not None and not workflow.slots.has("scheduler"):
            raise UsageError(
                f"{workflow.file} takes a sampler and no schedule, so --scheduler "
                f"'{shown(scheduler)}' cannot be; leave '{shown(schedule)}' out."
            )
        known = self.listed("KSampler", "sampler_name")
        sampler = self._known(sampler, known, "sampler", "--scheduler")
        if schedule is not None:
            known = self.listed("KSampler", "scheduler")
            schedule = self._known(schedule, known, "schedule", "--scheduler")
        return sampler, schedule

    def _known(self, name: str, known: Sequence[str], what: str, flag: str) -> str:
        """The one of `known` that is meant, whose folder and ending need not be typed.

        Raises:
            UsageError: none is, or more than one.
        """
        if name in known:
            return name
        ones: dict[str, dict[str, None]] = {}
        for one in known:
            for spelling in spellings_of(one):
                ones.setdefault(spelling, {})[one] = None
        found = list(ones.get(name.replace("\\", "/").lower(), ()))
        if len(found) == 1:
            return found[0]
        if found:
            raise UsageError(
                f"{flag} '{shown(name)}' could be {' or '.join(map(shown, found))}; write it whole."
            )
        hint = near(name, {spelling: next(iter(found)) for spelling, found in ones.items()})
        raise UsageError(
            f"{self._title} has no {what} '{shown(name)}'{hint} ({flag}; it has: {some_of(known)})."
        )


def pair_of(scheduler: str) -> tuple[str, str | None]:
    """Sampler and schedule that a user means; None for the workflow's own schedule.

    Raises:
        UsageError: ComfyUI has nothing like it.
    """
    # As recipes keep it: the server's own two words.
    if "/" in scheduler:
        sampler, _, schedule = scheduler.partition("/")
        return sampler.strip(), schedule.strip()
    found = find_scheduler(scheduler)
    if found is None:
        return scheduler, None
    if found.comfyui is None:
        raise UsageError(
            f"ComfyUI has no scheduler like '{shown(scheduler)}'; leave --scheduler out, or name "
            "another."
        )
    return found.comfyui


def spellings_of(name: str) -> Iterator[str]:
    """How a file may be typed: whole, without folder, without ending."""
    whole = name.replace("\\", "/").lower()
    for spelling in (whole, whole.rpartition("/")[2]):
        yield spelling
        for ending in _ENDINGS:
            if spelling.endswith(ending):
                yield spelling.removesuffix(ending)


def some_of(known: Sequence[str]) -> str:
    """The names as a message lists them, which may be hundreds."""
    listed = ", ".join(map(shown, known[:_MOST])) or "none"
    return f"{listed}, and {len(known) - _MOST} more" if len(known) > _MOST else listed


def near(name: str, known: Mapping[str, str]) -> str:
    """`; did you mean 'x'?` for what the server has, or an empty string."""
    from difflib import get_close_matches

    found = get_close_matches(name[:80].lower(), known, n=1, cutoff=0.6)
    return f"; did you mean '{shown(known[found[0]])}'?" if found else ""
