"""`imagine backends`: what can describe and what can draw, with what each honours."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from imagine.cli import options
from imagine.cli.console import Console

if TYPE_CHECKING:
    from imagine.cli.services import Services
    from imagine.stages.generate import Capabilities

WIDTH = 13


def backends(json: options.Json = False) -> None:
    """List what can describe and what can draw.

    What a hosted one honours is that of its default model; name another with NAME/MODEL.
    """
    from imagine.cli.services import Services
    from imagine.cli.settings import load_settings
    from imagine.stages.enhance import ENHANCERS
    from imagine.stages.generate import BACKENDS

    console = Console(json=json)
    services = Services(load_settings(), console, dry_run=True)
    if json:
        for name in BACKENDS.names():
            backend = services.backend(name)[0]
            row = {"kind": "backend", "name": name, "model": backend.model}
            console.result_json(row | {"ready": services.ready(name), **_values(backend)})
        for name in ENHANCERS.names():
            row = {"kind": "enhancer", "name": name, "model": services.text_model(name)}
            console.result_json(row | {"ready": services.ready(name)})
        return
    console.result("Backends (--backend)")
    for name in BACKENDS.names():
        backend = services.backend(name)[0]
        summary = BACKENDS.summaries.get(name, "a plugin")
        console.result(_line(name, summary, backend.model, services))
        console.result(f"  {'':<{WIDTH}}{_told(backend.capabilities)}")
    console.result("Enhancers (--enhancer)")
    for name in ENHANCERS.names():
        summary = ENHANCERS.summaries.get(name, "a plugin")
        console.result(_line(name, summary, services.text_model(name), services))


def _line(name: str, summary: str, model: str, services: "Services") -> str:
    told = f"{summary}; default {model}" if model else summary
    missing = "" if services.ready(name) else f" (not set up: {services.missing(name)})"
    return f"  {name:<{WIDTH}}{told}{missing}"


def _values(backend: Any) -> dict[str, Any]:
    values = asdict(backend.capabilities)
    return values | {"sizes": backend.capabilities.sizes.told()}


def _told(can: "Capabilities") -> str:
    honoured = {
        "seed": can.seed,
        "negative prompt": can.negative_prompt,
        "--steps": can.num_inference_steps,
        "--guidance": can.guidance_scale,
        "--strength": can.strength,
    }
    parts = [name for name, honours in honoured.items() if honours]
    if can.max_images:
        parts.append("--image" if can.max_images == 1 else f"up to {can.max_images} --image")
    honours = f"; honours {', '.join(parts)}" if parts else ""
    return f"{can.sizes.told()}{honours}"
