"""What a server of the web UI's protocol has: a user's name for it in, the server's own out."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import PurePath
from typing import Any

from imagine.stages.errors import UsageError, did_you_mean, shown
from imagine.stages.generate.local.schedulers import find_scheduler, scheduler_named
from imagine.stages.image import Lora
from imagine.stages.network.json_values import items, table, tables, text
from imagine.stages.network.webui import NotThereError

# Web UIs name hundreds of options; the servers built on stable-diffusion.cpp two.
_FEW_OPTIONS = 10
_SDCPP_HASH = "8888888888"
# The upscaler of the second pass: the plain one is what the picture keeps its looks with. The
# latent ones blur unless half of the picture is drawn anew.
_PLAIN = ("Lanczos", "Resize Lanczos")
# Names in a message; a server may have hundreds.
_MOST_NAMES = 20
AUTOMATIC = "Automatic"
# SD.Next has no such name: it is what it does without any.
_PLAIN_SCHEDULE = "Normal"


@dataclass(frozen=True, slots=True)
class Sampling:
    """Who leads the steps, as the server spells it.

    Attributes:
        fields: of the request.
        settings: to be overridden, for SD.Next, which has the schedule there.
    """

    fields: dict[str, str] = field(default_factory=dict)
    settings: dict[str, str] = field(default_factory=dict)


class SdapiServer:
    """Asks for each list once, when it is first needed.

    Args:
        title: of the server, for messages.
        get: asks for a path and returns the JSON of the answer. It raises NotThereError where the
            server does not know the path.

    Attributes:
        title: of the server.
    """

    def __init__(self, title: str, get: Callable[[str], Any]) -> None:
        self.title = title
        self._get = get

    @cached_property
    def options(self) -> dict[str, Any]:
        """Its settings; empty where it names none."""
        return table(self._asked("options"))

    @cached_property
    def is_webui(self) -> bool:
        """Whether it is AUTOMATIC1111, Forge or SD.Next, or like one of them."""
        return len(self.options) > _FEW_OPTIONS

    @cached_property
    def is_sdcpp(self) -> bool:
        """Whether it is stable-diffusion.cpp's own server, which gives every model this hash."""
        if self.is_webui:
            return False
        rows = tables(self._asked("sd-models"))
        return any(row.get("hash") == _SDCPP_HASH for row in rows)

    @property
    def loaded(self) -> str:
        """The model that it has loaded; "" where it does not say."""
        return text(self.options.get("sd_model_checkpoint"))

    @property
    def is_forge(self) -> bool:
        """Whether it takes guidance of classifiers and that of FLUX apart."""
        return "forge_preset" in self.options

    @property
    def is_sdnext(self) -> bool:
        """Whether its guidance is that of diffusers, which means to FLUX what FLUX calls so."""
        return "schedulers_sigma" in self.options

    @property
    def is_for_flux(self) -> bool:
        """Whether it is a Forge whose user has turned it to FLUX."""
        return self.options.get("forge_preset") == "flux"

    def checkpoint(self, model: str) -> tuple[str, str]:
        """Title and name of the model that is meant by its title, name, file or hash.

        Raises:
            UsageError: the server does not have it.
        """
        rows = tables(self._asked("sd-models"))
        for row in rows:
            title, name = text(row.get("title")), text(row.get("model_name"))
            file = PurePath(text(row.get("filename")).replace("\\", "/"))
            known = (title, name, PurePath(name).name, file.name, file.stem, text(row.get("hash")))
            if model.lower() in {word.lower() for word in known if word}:
                return title or name, name or title
        names = [text(row.get("model_name")) or text(row.get("title")) for row in rows]
        raise UsageError(
            f"{self.title} has no model '{shown(model)}'{did_you_mean(model, names)} "
            f"({_having(names)}); name another with --model."
        )

    def sampling(self, name: str) -> Sampling:
        """Sampler and schedule for a name of ours, or of the server's own.

        Raises:
            UsageError: the server has none of that name.
        """
        listed = self._asked("samplers")
        if listed is None:
            # Only the names that every web UI has can be known.
            sampler, schedule = scheduler_named(name).a1111 or (name, AUTOMATIC)
            return Sampling({"sampler_name": sampler, "scheduler": schedule})
        samplers, schedules = _spellings(listed), _spellings(self._asked("schedulers"))
        for sampler, schedule in self._readings(name, samplers, schedules):
            if (known := samplers.get(_key(sampler))) is None:
                continue
            if not schedule or schedule == AUTOMATIC:
                return Sampling({"sampler_name": known})
            if (spelt := schedules.get(_key(schedule))) is not None:
                return Sampling({"sampler_name": known, "scheduler": spelt})
            if self.is_sdnext and schedule != _PLAIN_SCHEDULE:
                settings = {"schedulers_sigma": schedule.lower()}
                return Sampling({"sampler_name": known}, settings)
        names = sorted(set(samplers.values()))
        raise UsageError(
            f"{self.title} has no sampler for --scheduler {shown(name)}"
            f"{did_you_mean(name, names)} ({_having(names)}); choose one of these."
        )

    def _readings(
        self, name: str, samplers: dict[str, str], schedules: dict[str, str]
    ) -> Iterable[tuple[str, str]]:
        """Sampler and schedule, in every way that `name` can be read.

        A name just as the server spells it means the server's; else it means what it means
        everywhere, if the server has that.
        """
        if name in samplers.values():
            yield name, ""
        if (named := find_scheduler(name)) is not None:
            pair = named.a1111 if self.is_webui else named.sdcpp
            yield from () if pair is None else (pair,)
        yield name, ""
        key = _key(name)
        for word, schedule in schedules.items():
            if word and key.endswith(word):
                yield key.removesuffix(word), schedule

    def loras(self, asked: tuple[Lora, ...]) -> tuple[tuple[Lora, str], ...]:
        """Each LoRA by the server's name for it, with its path there.

        Raises:
            UsageError: the server does not have it, or does not say which it has.
        """
        if not asked:
            return ()
        listed = self._asked("loras")
        if listed is None:
            raise UsageError(
                f"{self.title} does not say which LoRAs it has, and would pass over one that it "
                "lacks; leave out --lora."
            )
        return tuple(self._lora(lora, tables(listed)) for lora in asked)

    def _lora(self, lora: Lora, rows: list[dict[str, Any]]) -> tuple[Lora, str]:
        wanted = lora.recorded.removesuffix(".safetensors").lower()
        for row in rows:
            name, path = text(row.get("name")), text(row.get("path"))
            stem = PurePath(path.replace("\\", "/")).stem
            if wanted in {word.lower() for word in (name, text(row.get("alias")), stem) if word}:
                return replace(lora, name=name), path
        names = [text(row.get("name")) for row in rows]
        raise UsageError(
            f"{self.title} has no LoRA '{shown(lora.recorded)}'{did_you_mean(wanted, names)} "
            f"({_having(names)}); name another with --lora."
        )

    def hires_upscaler(self) -> str:
        """What enlarges between two passes."""
        names = [text(row.get("name")) for row in tables(self._asked("upscalers"))]
        return next((name for name in _PLAIN if name in names), _PLAIN[0])

    def _asked(self, path: str) -> Any:
        """What the server lists; None where it knows no such list."""
        try:
            return self._lists[path]
        except KeyError:
            pass
        try:
            listed = self._get(f"/sdapi/v1/{path}")
        except NotThereError:
            listed = None
        self._lists[path] = listed
        return listed

    @cached_property
    def _lists(self) -> dict[str, Any]:
        return {}


def _spellings(listed: object) -> dict[str, str]:
    """Folded names, labels and aliases to what requests say."""
    found: dict[str, str] = {}
    for row in tables(listed):
        name = text(row.get("name"))
        for word in (name, text(row.get("label")), *items(row.get("aliases"))):
            if isinstance(word, str) and word:
                found.setdefault(_key(word), name)
    return found


def _key(name: str) -> str:
    """Letters, digits and "+" alone: "DPM++ 2M" and "dpm++_2m" are one."""
    return re.sub(r"[^a-z0-9+]", "", name.lower())


def _having(names: list[str]) -> str:
    told = ", ".join(shown(name) for name in names[:_MOST_NAMES])
    more = f", and {len(names) - _MOST_NAMES} more" if len(names) > _MOST_NAMES else ""
    return f"it has: {told}{more}" if told else "it has none"
