"""What `imagine doctor` says of drawing here: what is installed, has a name, and runs."""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Literal
from urllib.parse import urlsplit

from imagine.cli.local import LOCAL
from imagine.stages.errors import ConfigError, LocalBackendError, UsageError, shown
from imagine.stages.network.address import place_of
from imagine.stages.network.providers import PROVIDERS, Connection

if TYPE_CHECKING:
    from imagine.cli.settings import Settings
    from imagine.stages.network.servers import Server


def engines() -> tuple[Literal["ok"], str]:
    """What draws with models on this machine, and on what; nothing of it is imported."""
    from imagine.cli.engines import DISTRIBUTIONS, device, install, missing_extra, versions

    told = []
    for name in DISTRIBUTIONS:
        found = versions(name)
        if not missing_extra(name):
            told.append(f"{name} ({found})" if found else name)
        elif found:
            told.append(f"{name} in part ({found}; {install(name)})")
    if not told:
        return "ok", f"none for models of yours; for one: {install('diffusers')}"
    return "ok", f"{', '.join(told)}; {device()}"


def models() -> tuple[Literal["ok", "warning"], str]:
    """The models and LoRAs that have a name, and whether they are whole.

    Raises:
        ConfigError: the settings or the catalog cannot be read.
    """
    from imagine.cli.models_rows import catalogued

    rows = catalogued()
    broken = [f"{row.name}: {row.problem}" for row in rows if row.problem]
    if broken:
        return "warning", " ".join(broken)
    names = ", ".join(row.name for row in rows)
    return "ok", names or "none of yours has a name; see `imagine models --help`"


def settings_for_drawing() -> tuple[Literal["ok", "warning"], str]:
    """Whether the models, the tiny VAE and the device that are set are there.

    Raises:
        ConfigError: the settings or the catalog cannot be read.
    """
    from imagine.cli.settings import load_settings

    settings = load_settings()
    named = [f"{kind}_model" for kind in LOCAL] + ["tiny_vae", "device"]
    chosen = [name for name in named if settings.text(name) not in (None, "auto")]
    problems = [*_problems_of_models(settings), *_problems_of_device(settings)]
    if problems:
        return "warning", " ".join(dict.fromkeys(problems))
    told = ", ".join(f"{name} {shown(settings.text(name))}" for name in chosen)
    return "ok", told or "no model of yours and no device is set"


def _problems_of_models(settings: "Settings") -> Iterator[str]:
    from imagine.cli.console import Console
    from imagine.cli.local import options_of, shelf_of
    from imagine.cli.services import Services
    from imagine.stages.generate.diffusers.tiny_vae import tiny_vae_for

    for kind in LOCAL:
        if settings.text(f"{kind}_model"):
            try:
                with Services(settings, Console(quiet=True)) as services:
                    services.backend(kind)
            except LocalBackendError as error:
                yield str(error)
    options, shelf = options_of(settings), shelf_of(settings)
    with suppress(LocalBackendError):
        if options.tiny_vae and shelf.model(options.tiny_vae).path.is_file():
            # One for sdcpp, which reads files.
            return
    try:
        tiny_vae_for(options, shelf)
    except LocalBackendError as error:
        yield str(error)


def _problems_of_device(settings: "Settings") -> list[str]:
    """Why none of the engines that are installed computes on the device that is set; or nothing."""
    from imagine.cli.engines import check_device, missing_extra
    from imagine.cli.local import options_of

    options, problems = options_of(settings), []
    if options.device.lower() == "auto":
        return []
    for name in LOCAL:
        if missing_extra(name):
            continue
        try:
            check_device(name, options)
        except (LocalBackendError, UsageError) as error:
            problems.append(str(error))
        else:
            return []
    return problems[:1]


def addresses(settings: "Settings", *, online: bool) -> dict[str, str]:
    """Where servers of one's own may run, usual or set; by the name of what usually is there.

    Those on this machine are always asked, since nothing there refuses at once; others with
    `online` alone.
    """
    from imagine.stages.network.servers import ADDRESSES

    found = {}
    for name, usual in ADDRESSES.items():
        address = settings.text(f"{name}_base_url") or "" if name in PROVIDERS else usual
        if online or place_of(urlsplit(address).hostname) == "here":
            found[name] = address
    return found


def servers(settings: "Settings", addresses: Mapping[str, str]) -> "list[Server]":
    """Those that run at these addresses."""
    from imagine.cli.trust import check_trust
    from imagine.stages.network.servers import find_servers

    headers = {}
    for name, address in addresses.items():
        if (provider := PROVIDERS.get(name)) is None:
            continue
        key = settings.secret(f"{name}_api_key")
        try:
            check_trust(settings, name, address)
            headers[name] = Connection(provider, address, key).headers()
        except ConfigError:
            # A file of the directory names the address: it gets no key of the user's. Or it wants
            # a key, and there is none; it can be asked whether it runs all the same.
            continue
    return find_servers(addresses, headers=headers)
