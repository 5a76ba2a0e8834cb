"""Schedulers: a name that users know goes in, what each program calls that scheduler comes out."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from types import MappingProxyType
from typing import Any

from imagine.stages.errors import UsageError, did_you_mean, shown

DATA = "schedulers.toml"
# What the WebUI calls a schedule that it chooses itself; ComfyUI has no such word.
_OWN = {"a1111": "Automatic", "comfyui": "normal", "sdcpp": ""}


@dataclass(frozen=True, slots=True)
class SchedulerName:
    """One scheduler, as each program calls it; None where a program has none like it.

    Attributes:
        name: ours, as recipes keep it: "dpm++_2m_karras".
        diffusers: name of the class.
        options: what the class is made with, beside what the model's own scheduler says.
        needs: a package that the class imports beyond what diffusers needs; "" for none.
        a1111: sampler and schedule for servers of the WebUI's protocol.
        comfyui: `sampler_name` and `scheduler` of a KSampler.
        sdcpp: method and schedule of stable-diffusion.cpp; the schedule is "" for the model's own.
        flow: it leads flow-matching models in diffusers; the others lead those that predict noise.
    """

    name: str
    diffusers: str | None = None
    options: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    needs: str = ""
    a1111: tuple[str, str] | None = None
    comfyui: tuple[str, str] | None = None
    sdcpp: tuple[str, str] | None = None
    flow: bool = False


def scheduler_named(text: str) -> SchedulerName:
    """The scheduler that a user means; case, spaces, "_", "-" and "+" make no difference.

    Raises:
        UsageError: there is none of that name; the message has the nearest.
    """
    found = find_scheduler(text)
    if found is None:
        known = [named.name for named in schedulers()]
        raise UsageError(
            f"There is no scheduler '{shown(text)}'{did_you_mean(text, known)} (known to "
            f"--scheduler: {', '.join(_data()['samplers'])}; most of them also with "
            f"{', '.join('_' + schedule for schedule in _data()['schedules'])})."
        )
    return found


def find_scheduler(text: str) -> SchedulerName | None:
    """As `scheduler_named`, None for an unknown name: a server may have one that is its own."""
    return _by_key().get(_key(text))


@cache
def schedulers() -> tuple[SchedulerName, ...]:
    """Every sampler, alone and with each schedule, as far as any program has the two."""
    data = _data()
    alone = [_alone(name, sampler) for name, sampler in data["samplers"].items()]
    paired = [
        _paired(name, sampler, word, schedule)
        for name, sampler in data["samplers"].items()
        for word, schedule in data["schedules"].items()
    ]
    return tuple(
        named
        for named in (*alone, *paired)
        if named.diffusers or named.a1111 or named.comfyui or named.sdcpp
    )


def _alone(name: str, sampler: Mapping[str, Any]) -> SchedulerName:
    own = _OWN | sampler.get("own", {})
    programs = {program: (sampler[program], own[program]) for program in _OWN if program in sampler}
    return SchedulerName(
        name=name,
        diffusers=sampler.get("class"),
        options=MappingProxyType(dict(sampler.get("options", {}))),
        needs=sampler.get("needs", ""),
        flow=sampler.get("flow", False),
        **programs,
    )


def _paired(
    name: str, sampler: Mapping[str, Any], word: str, schedule: Mapping[str, Any]
) -> SchedulerName:
    """A sampler with a schedule that the user named."""
    knows = word in sampler.get("schedules", ())
    programs = {
        program: (sampler[program], schedule[program])
        for program in _OWN
        if program in sampler and program in schedule
    }
    return SchedulerName(
        name=f"{name}_{word}",
        diffusers=sampler["class"] if knows else None,
        options=MappingProxyType({**sampler.get("options", {}), **schedule["diffusers"]}),
        needs=sampler.get("needs") or schedule.get("needs", ""),
        flow=sampler.get("flow", False),
        **programs,
    )


@cache
def _by_key() -> dict[str, SchedulerName]:
    """Every spelling, folded; where two schedulers share one, the first in the table has it."""
    data, found = _data(), {named.name: named for named in schedulers()}
    by_key: dict[str, SchedulerName] = {}
    for name, sampler in data["samplers"].items():
        spellings = [name, *sampler.get("aliases", ())]
        for word, schedule in data["schedules"].items():
            words = [word, *schedule.get("aliases", ())]
            if named := found.get(f"{name}_{word}"):
                by_key |= {_key(f"{one}_{two}"): named for one in spellings for two in words}
        by_key |= {_key(spelling): found[name] for spelling in spellings}
    for name, sampler in data["samplers"].items():
        if "class" in sampler:
            by_key.setdefault(_key(sampler["class"]), found[name])
    return by_key


def _key(text: str) -> str:
    """Letters and digits alone; "pp" is how ComfyUI writes "++"."""
    return re.sub(r"[^a-z0-9]", "", text.lower().replace("dpmpp", "dpm"))


@cache
def _data() -> dict[str, Any]:
    import tomllib
    from importlib.resources import files

    text = (files("imagine.stages.generate.local") / DATA).read_text(encoding="utf-8")
    return tomllib.loads(text)
