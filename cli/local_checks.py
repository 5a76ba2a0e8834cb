"""What `imagine doctor` says of drawing here: what is installed, has a name, and runs."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Literal
from urllib.parse import urlsplit

from imagine.stages.errors import ConfigError
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
