"""`imagine doctor`: checks of this installation, a line each; fails when something is broken."""

import os
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, requires, version
from typing import TYPE_CHECKING, Annotated, Literal, get_args

import typer

from imagine.cli import options
from imagine.cli.console import Console
from imagine.cli.local_checks import engines, models, settings_for_drawing
from imagine.stages.errors import ImagineError, LocalBackendError
from imagine.stages.network.providers import PROVIDERS, Provider

if TYPE_CHECKING:
    from imagine.cli.settings import Settings

Status = Literal["ok", "warning", "broken"]


@dataclass(frozen=True, slots=True)
class Check:
    name: str
    status: Status
    detail: str


def doctor(
    online: Annotated[
        bool, typer.Option("--online", help="Ask the providers, too; costs nothing.")
    ] = False,
    json: options.Json = False,
) -> None:
    """Check that everything works here.

    Ends with 1 when something is broken, and says what to do about it.
    """

    console = Console(json=json)
    checks = [_run(name, check) for name, check in CHECKS.items()]
    checks += _network(online)
    for check in checks:
        if json:
            console.result_json(asdict(check))
        else:
            console.result(f"{check.status:<9}{check.name:<14}{check.detail}")
    if any(check.status == "broken" for check in checks):
        raise typer.Exit(1)


def _run(name: str, check: Callable[[], tuple[Status, str]]) -> Check:
    try:
        return Check(name, *check())
    except (ImagineError, OSError) as error:
        return Check(name, "broken", str(error))


def _program() -> tuple[Status, str]:
    from imagine.stages import VERSION

    python = ".".join(map(str, sys.version_info[:3]))
    return "ok", f"imagine {VERSION}, Python {python} on {sys.platform}"


def _dependencies() -> tuple[Status, str]:
    """Every distribution that the package declares, with its version."""
    import re

    found, missing = [], []
    for line in requires("imagine-cli") or []:
        if "extra ==" in line:
            continue
        name = re.split(r"[^\w.-]", line, maxsplit=1)[0]
        try:
            found.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            missing.append(name)
    if missing:
        return (
            "broken",
            f"not installed: {', '.join(missing)}; run pip install --upgrade imagine-cli",
        )
    return "ok", ", ".join(found)


def _settings() -> tuple[Status, str]:
    from imagine.cli.settings import config_directory, load_settings

    settings = load_settings()
    origins = sorted(set(settings.origins.values()) - {"default"})
    return "ok", f"from {', '.join(origins) or 'defaults'}; yours go to {config_directory()}"


def _styles() -> tuple[Status, str]:
    from imagine.cli.settings import config_directory
    from imagine.stages.styles import load_styles

    return "ok", f"{len(load_styles(config_directory() / 'styles'))} presets"


def _sketch() -> tuple[Status, str]:
    """The embedded default, end to end but for saving."""
    from time import perf_counter

    from imagine.stages.description import describe
    from imagine.stages.enhance import ENHANCERS
    from imagine.stages.generate import BACKENDS
    from imagine.stages.pipeline import draw
    from imagine.stages.plan import plan_pictures

    start = perf_counter()
    description = describe("a red fox in the snow", enhancer=ENHANCERS.create("offline"))
    backend = BACKENDS.create("sketch")
    plan = plan_pictures(description, backend=backend, seed=1, size=(256, 256))
    draw(plan, plan.requests[0])
    return "ok", f"described and drew a test picture in {perf_counter() - start:.2f} s"


def _upscalers() -> tuple[Status, str]:
    """The embedded networks, on a small picture each, and how long a large one will take."""
    from time import perf_counter

    from PIL import Image

    from imagine.stages.upscale import UPSCALERS
    from imagine.stages.upscale.auto import can_run_networks, check_numpy
    from imagine.stages.upscale.enlarge import enlarge, scaled
    from imagine.stages.upscale.raster import image_of, raster_of

    try:
        check_numpy()
    except LocalBackendError as error:
        return "warning", str(error)
    if not can_run_networks():
        return "warning", "photo and art need ncnn: pip install ncnn; lanczos enlarges without"
    side = 160
    raster = raster_of(Image.effect_noise((side, side), 60).convert("RGB"))
    told = []
    for name in ("photo", "art"):
        upscaler = UPSCALERS.create(name)
        factor = upscaler.capabilities.factors[-1]
        target = scaled(raster.size, factor)
        # The first picture takes longer, as the network is loaded.
        image_of(enlarge(raster_of(Image.new("RGB", (8, 8))), upscaler, scaled((8, 8), 2)).raster)
        times = []
        for _ in range(2):
            start = perf_counter()
            image = image_of(enlarge(raster, upscaler, target).raster)
            times.append(perf_counter() - start)
        if image.size != (target.width, target.height):
            return "broken", f"{name} made {image.size} of {raster.size}; reinstall imagine-cli"
        # Something else may have had the processor once.
        seconds = max(1, round(min(times) * (1024 / side) ** 2))
        told.append(f"{name} {factor}x takes about {seconds} s for 1024x1024")
    return "ok", ", ".join(told)


def _formats() -> tuple[Status, str]:
    from imagine.stages.image import ImageFormat
    from imagine.stages.save import check_format

    names: tuple[ImageFormat, ...] = get_args(ImageFormat)
    for name in names:
        check_format(name, 64, 64)
    return "ok", ", ".join(names)


def _output() -> tuple[Status, str]:
    from imagine.cli.settings import load_settings
    from imagine.stages.save import check_destination, destination_of

    place = load_settings().text("output") or "."
    check_destination(destination_of(place, format=None))
    return "ok", f"'{place}' can be written"


def _terminal() -> tuple[Status, str]:
    from imagine.cli import preview

    if not preview.can_show():
        return "ok", "stderr shows no pictures (no terminal, or NO_COLOR is set)"
    return "ok", f"pictures are shown with {preview.protocol()}"


def _editor() -> tuple[Status, str]:
    command = os.environ.get("VISUAL") or os.environ.get("EDITOR")
    return ("ok", command) if command else ("warning", "none set; --edit needs EDITOR")


def _network(online: bool) -> list[Check]:
    """A line for each provider that is set up and each server of one's own that runs.

    Broken settings have a line already.
    """
    from imagine.cli.local_checks import addresses, servers
    from imagine.cli.settings import load_settings
    from imagine.stages.network.address import origin_of
    from imagine.stages.network.servers import TITLES

    try:
        settings = load_settings()
    except ImagineError:
        return []
    asked = addresses(settings, online=online)
    running = servers(settings, asked)
    at = {origin_of(server.address): server for server in running}
    checks = []
    for provider in PROVIDERS.values():
        if not _is_used(provider, settings):
            continue
        check = _provider(provider, settings, online)
        server = at.get(origin_of(asked.get(provider.name, "")))
        if server in running:
            running.remove(server)
            if check.status == "ok":
                key = check.detail.partition(",")[0]
                more = "" if key == "no key" else f"; {key}"
                check = Check(server.kind, "ok", server.told() + more)
        checks.append(check)
    checks = checks or [Check("providers", "ok", "none is set up; see `imagine backends`")]
    if not at:
        looked_for = ", ".join(TITLES[name] for name in asked)
        return [*checks, Check("servers", "ok", f"none runs here (looked for {looked_for})")]
    return checks + [Check(server.kind, "ok", server.told()) for server in running]


def _is_used(provider: Provider, settings: "Settings") -> bool:
    from imagine.cli.connections import CLOSED

    if settings.origins[f"{provider.name}_base_url"] != "default":
        return True
    keyed = settings.secret(f"{provider.name}_api_key") is not None
    return keyed and provider.name not in CLOSED


def _provider(provider: Provider, settings: "Settings", online: bool) -> Check:
    """What is set for a provider, and with `online` whether it answers and takes the key."""
    from imagine.cli.connections import Connections

    key = f"{provider.name}_api_key"
    keyed = settings.secret(key) is not None
    told = f"key in the {settings.origins[key]}" if keyed else "no key"
    try:
        connection = Connections(settings, Console(quiet=True)).to(provider.name)
        told += f", at {connection.base_url}"
        if online:
            from imagine.stages.network.probe import probe

            told += f": {probe(connection)}"
    except ImagineError as error:
        # A server of one's own need not run.
        return Check(provider.name, "broken" if provider.needs_key else "warning", str(error))
    return Check(provider.name, "ok", told)


CHECKS: dict[str, Callable[[], tuple[Status, str]]] = {
    "program": _program,
    "dependencies": _dependencies,
    "settings": _settings,
    "styles": _styles,
    "sketch": _sketch,
    "upscalers": _upscalers,
    "engines": engines,
    "models": models,
    "drawing": settings_for_drawing,
    "formats": _formats,
    "output": _output,
    "terminal": _terminal,
    "editor": _editor,
}
