"""`imagine backends`: what can describe, draw and enlarge, with what each honours."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from imagine.cli import options
from imagine.cli.connections import missing_setting
from imagine.cli.console import Console
from imagine.cli.local import LOCAL
from imagine.stages.errors import ImagineError, unknown_name

if TYPE_CHECKING:
    from imagine.cli.services import Services
    from imagine.stages.generate import Backend, Capabilities
    from imagine.stages.upscale import UpscaleCapabilities

WIDTH = 13


def backends(
    name: Annotated[
        str | None,
        typer.Argument(
            metavar="NAME", help="Show this one alone, with models whose price is known."
        ),
    ] = None,
    json: options.Json = False,
) -> None:
    """List what can describe, draw and enlarge.

    What a hosted one honours is that of its default model; name another with NAME/MODEL.
    """
    from imagine.cli.enhancers import text_model
    from imagine.cli.services import Services
    from imagine.cli.settings import load_settings
    from imagine.stages.enhance import ENHANCERS
    from imagine.stages.generate import BACKENDS
    from imagine.stages.upscale import UPSCALERS

    console = Console(json=json)
    painters, describers, enlargers = BACKENDS.names(), ENHANCERS.names(), UPSCALERS.names()
    if name is not None:
        known = [*dict.fromkeys(painters + describers + enlargers)]
        if name not in known:
            raise unknown_name("backend, enhancer or upscaler", name, known)
        painters, describers, enlargers = (
            [one for one in names if one == name] for names in (painters, describers, enlargers)
        )
    with Services(load_settings(), console, dry_run=True) as services:
        if json:
            _print_json(painters, describers, services, console)
            _print_upscalers_json(enlargers, services, console)
            return
        if painters:
            console.result("Backends (--backend)")
        for painter in painters:
            if painter in LOCAL:
                _print_local(painter, services, console)
                continue
            _print_painter(painter, services, console)
        if describers:
            console.result("Enhancers (--enhancer)")
        for describer in describers:
            summary = ENHANCERS.summaries.get(describer, "a plugin")
            model = text_model(services.settings, describer)
            console.result(_line(describer, summary, model, services))
        if enlargers:
            console.result("Upscalers (--upscaler)")
        for enlarger in enlargers:
            _print_upscaler(enlarger, services, console)
    if name is not None:
        _print_models(name, console)


def _print_json(
    painters: list[str], describers: list[str], services: "Services", console: Console
) -> None:
    from imagine.cli.enhancers import text_model

    for name in painters:
        if name in LOCAL:
            console.result_json(_local_row(name, services))
            continue
        backend, problem = _made(name, services)
        row = {"kind": "backend", "name": name, "model": backend.model if backend else ""}
        if backend is None:
            console.result_json(row | {"ready": False, "missing": problem})
            continue
        ready = not missing_setting(services.settings, name)
        console.result_json(row | {"ready": ready, **_values(backend)})
    for name in describers:
        row = {"kind": "enhancer", "name": name, "model": text_model(services.settings, name)}
        console.result_json(row | {"ready": not missing_setting(services.settings, name)})


def _print_painter(name: str, services: "Services", console: Console) -> None:
    from imagine.stages.generate import BACKENDS

    summary = BACKENDS.summaries.get(name, "a plugin")
    backend, problem = _made(name, services)
    if backend is None:
        console.result(f"  {name:<{WIDTH}}{summary}")
        console.result(f"  {'':<{WIDTH}}not set up: {problem}")
        return
    console.result(_line(name, summary, backend.model, services))
    console.result(f"  {'':<{WIDTH}}{_told(backend.capabilities)}")


def _made(name: str, services: "Services") -> "tuple[Backend | None, str]":
    """A backend, or why its settings make none."""
    try:
        return services.backend(name)[0], ""
    except ImagineError as error:
        return None, str(error)


def _print_local(name: str, services: "Services", console: Console) -> None:
    """One that draws on this machine, with the user's models."""
    from imagine.cli.engines import missing_extra
    from imagine.stages.generate import BACKENDS

    backend, problem = _with_its_model(name, services)
    told = f"{BACKENDS.summaries[name]}{f'; default {backend.model}' if backend else ''}"
    console.result(f"  {name:<{WIDTH}}{told}")
    if backend:
        console.result(f"  {'':<{WIDTH}}{_told(backend.capabilities)}")
    missing = missing_extra(name)
    for lacking in (missing and f"not installed: {missing}", problem):
        if lacking:
            console.result(f"  {'':<{WIDTH}}{lacking}")
    models = ", ".join(_models_of(name, services)) or "none yet; see `imagine models --help`"
    console.result(f"  {'':<{WIDTH}}models: {models}")


def _local_row(name: str, services: "Services") -> dict[str, Any]:
    from imagine.cli.engines import missing_extra

    backend, problem = _with_its_model(name, services)
    models, missing = _models_of(name, services), missing_extra(name)
    row = {
        "kind": "backend",
        "name": name,
        "model": backend.model if backend else "",
        "ready": not (missing or problem) and bool(models or backend),
        "missing": missing or problem,
        "models": models,
    }
    return row | (_values(backend) if backend else {})


def _with_its_model(name: str, services: "Services") -> "tuple[Backend | None, str]":
    """A local backend with the model of its setting, and why it has none although it is set."""
    if not services.settings.text(f"{name}_model"):
        return None, ""
    return _made(name, services)


def _models_of(name: str, services: "Services") -> list[str]:
    """The models on this machine that a local backend can draw with."""
    from imagine.cli.local import shelf_of
    from imagine.stages.generate.local.stock import stock_of

    stocks = map(stock_of, shelf_of(services.settings).models())
    return [stock.place.name for stock in stocks if name in stock.kinds and not stock.problem]


def _print_upscaler(name: str, services: "Services", console: Console) -> None:
    from imagine.stages.upscale import UPSCALERS

    summary = UPSCALERS.summaries.get(name, "a plugin")
    can, model, missing = _upscaler(name, services)
    told = f"{summary}; default {model}" if model else summary
    if can is None:
        # It takes a sentence to say what to do.
        console.result(f"  {name:<{WIDTH}}{told}")
        console.result(f"  {'':<{WIDTH}}not set up: {missing}")
        return
    console.result(f"  {name:<{WIDTH}}{told}" + (f" (not set up: {missing})" if missing else ""))
    if honours := _told_of_upscaler(can):
        console.result(f"  {'':<{WIDTH}}{honours}")


def _upscaler(name: str, services: "Services") -> "tuple[UpscaleCapabilities | None, str, str]":
    """What an upscaler can do, where that is known; its model; and what it lacks, or ""."""
    try:
        upscaler = services.upscaler(name)[0]
        return upscaler.capabilities, upscaler.model, missing_setting(services.settings, name)
    except ImagineError as error:
        return None, "", str(error)


def _print_upscalers_json(names: list[str], services: "Services", console: Console) -> None:
    for name in names:
        can, model, missing = _upscaler(name, services)
        row = {"kind": "upscaler", "name": name, "model": model, "ready": not missing}
        console.result_json(row | ({"missing": missing} if can is None else asdict(can)))


def _print_models(name: str, console: Console) -> None:
    """The models of a provider whose price is known; others are passed on as they are named."""
    from imagine.cli.settings import config_directory
    from imagine.stages.money.prices import load_prices

    listed = load_prices(config_directory() / "prices.toml").prices
    # Of several prices the first is in force; a later one begins when that ends.
    first = {price.model: price for price in reversed(listed) if price.provider == name}
    known = [*first.values()][::-1]
    if known:
        console.result(f"Models with a known price (any other can be named too: {name}/MODEL)")
    width = max((len(price.model) for price in known), default=0) + 2
    for price in known:
        console.result(f"  {price.model:<{width}}{price.told()}")


def _line(name: str, summary: str, model: str, services: "Services") -> str:
    told = f"{summary}; default {model}" if model else summary
    lacking = missing_setting(services.settings, name)
    return f"  {name:<{WIDTH}}{told}" + (f" (not set up: {lacking})" if lacking else "")


def _values(backend: "Backend") -> dict[str, Any]:
    values = asdict(backend.capabilities)
    return values | {"sizes": backend.capabilities.sizes.told()}


def _told_of_upscaler(can: "UpscaleCapabilities") -> str:
    """ "4x in a pass; honours --denoise -1 to 3, seed"; "" where there is nothing to say."""
    honoured = {
        f"--denoise {can.denoise[0]} to {can.denoise[1]}" if can.denoise else "": bool(can.denoise),
        "prompt": can.prompt,
        "seed": can.seed,
    }
    parts = [name for name, honours in honoured.items() if honours]
    factors = ", ".join(f"{factor}x" for factor in can.factors)
    told = [f"{factors} in a pass"] if factors else []
    told += [f"honours {', '.join(parts)}"] if parts else []
    return "; ".join(told)


def _told(can: "Capabilities") -> str:
    honoured = {
        "seed": can.seed,
        "negative prompt": can.negative_prompt,
        "--steps": can.num_inference_steps,
        "--guidance": can.guidance_scale,
        "--strength": can.strength,
        "--mask": can.mask,
        "--lora": bool(can.max_loras),
        "--scheduler": can.scheduler,
        "--refine": can.hires_fix,
    }
    parts = [name for name, honours in honoured.items() if honours]
    if can.max_images:
        parts.append("--image" if can.max_images == 1 else f"up to {can.max_images} --image")
    honours = f"; honours {', '.join(parts)}" if parts else ""
    return f"{can.sizes.told()}{honours}"
