"""A Desk: one service with its faults, limits and latencies, as reached under one prefix."""

import asyncio
import contextlib
import importlib
from collections.abc import Mapping, Sequence
from typing import Any

from fakes.clock import Clock
from fakes.delivery import changed
from fakes.faults import INSTEAD, WORK, Fault, Faults, fraction
from fakes.limits import Limits, Quota
from fakes.log import Entry, Log
from fakes.message import Answer, RefusedRequest, Request
from fakes.service import Options, Service

# Services and the habits of OpenAI-compatible servers, each under its own name.
SERVICES = {
    "gemini": "gemini:Gemini",
    "imagen": "imagen:Imagen",
    "openai": "openai:OpenAI",
    "localai": "openai:OpenAI",
    "vllm-omni": "openai:OpenAI",
    "sglang": "openai:OpenAI",
    "sdcpp": "openai:OpenAI",
    "ollama": "openai:OpenAI",
    "lmstudio": "openai:OpenAI",
    "llamacpp": "openai:OpenAI",
    "vllm": "openai:OpenAI",
    "together": "openai:OpenAI",
    "stability": "stability:Stability",
    "huggingface": "huggingface:HuggingFace",
    "replicate": "replicate:Replicate",
    "fal": "fal:Fal",
    "sdapi": "sdapi:Sdapi",
    "forge": "sdapi:Sdapi",
    "sdnext": "sdapi:Sdapi",
    "sd-server": "sdapi:Sdapi",
    "comfyui": "comfyui:ComfyUI",
}


# Seconds between two looks whether a wait ends early.
_LOOK = 0.01
Latency = float | tuple[float, float]


def service_class(name: str) -> type[Service]:
    """The class behind a name of SERVICES."""
    module, _, title = SERVICES[name].partition(":")
    found: type[Service] = getattr(importlib.import_module(f"fakes.{module}"), title)
    return found


class Desk:
    """One service with its faults, limits and log, as reached under one prefix."""

    def __init__(
        self,
        service: Service,
        *,
        faults: Faults,
        limits: Limits,
        latency: Latency | Mapping[str, Latency],
        log: Log,
    ) -> None:
        self.service = service
        self.faults = faults
        self.log = log
        self._quotas = {step: Quota(limits, step, service.clock) for step in WORK}
        self._latency = latency

    async def answer(self, request: Request, connection: int) -> tuple[Answer, Fault, Entry]:
        """What the service says to a request, and the fault that befalls it."""
        service = self.service
        step = service.step(request)
        entry = self.log.begin(
            request,
            provider=service.name,
            step=step,
            key=service.options.key,
            connection=connection,
        )
        content = _content(request)
        fault = self.faults.draw(step, content)
        if fault == "reset-before":
            return Answer(0, outcome="reset-before"), fault, entry
        try:
            work = service.accept(request, entry)
        except RefusedRequest as refused:
            return refused.answer, Fault(), entry
        quota = self._quotas.get(step)
        excess = quota.excess() if quota is not None else None
        if excess is not None:
            answer = service.limited(excess)
            answer.outcome = "limited"
            return answer, Fault(), entry
        if fault.name in service.errors:
            answer = service.reject(fault, entry.model)
            answer.outcome = fault.name
            return answer, fault, entry
        if fault.name in INSTEAD:
            answer = changed(Answer(), fault)
            answer.outcome = fault.name
            return answer, fault, entry
        async with contextlib.nullcontext() if quota is None else quota.place():
            seconds = service.latency = self._seconds(step, content)
            answer = work(fault)
            if step in WORK and answer.later is None and seconds:
                await service.clock.sleep(seconds)
            elif answer.later is not None:
                await _wait(answer, service.clock)
                answer = answer.later()
        if fault:
            answer.outcome = fault.name
        return changed(answer, fault), fault, entry

    def _seconds(self, step: str, content: bytes) -> float:
        latency = self._latency
        if isinstance(latency, Mapping):
            latency = latency.get(step, 0.0)
        if isinstance(latency, tuple):
            low, high = latency
            latency = low + (high - low) * fraction(self.service.options.seed, content)
        return latency


async def _wait(answer: Answer, clock: Clock) -> None:
    """As long as a later answer takes, or until it is done with before."""
    if answer.ends_early is None:
        await clock.sleep(answer.wait)
        return
    end = clock.now() + answer.wait
    while (left := end - clock.now()) > 0 and not answer.ends_early():
        await asyncio.sleep(min(left, _LOOK))


def _content(request: Request) -> bytes:
    """What tells requests apart: a form without its boundary, which is drawn at random."""
    if request.form is not None:
        return b"\n".join(part.name.encode() + b"=" + part.data for part in request.form)
    return request.body or request.path.encode()


def make_desk(
    name: str,
    *,
    faults: Sequence[str] | Mapping[str, float] = (),
    latency: Latency | Mapping[str, Latency] = 0.0,
    limits: Limits | None = None,
    log: Log,
    **options: Any,
) -> Desk:
    """A service of SERVICES behind its desk; `options` are those of `Options`."""
    if name not in SERVICES:
        raise ValueError(f"no such service: {name!r} (known: {', '.join(SERVICES)})")
    kind = service_class(name)
    options.setdefault("habit", name)
    options.setdefault("key", kind.key_for(options["habit"]))
    service = kind(Options(**options))
    return Desk(
        service,
        faults=Faults(faults, known=kind.faults(), seed=service.options.seed),
        limits=limits or Limits(),
        latency=latency,
        log=log,
    )
