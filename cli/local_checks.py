"""What `imagine doctor` says of drawing here: what is installed, has a name, and runs."""

from typing import Literal
from urllib.parse import urlsplit

from imagine.stages.errors import ConfigError
from imagine.stages.network.address import place_of
from imagine.stages.network.providers import PROVIDERS, Connection


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


def servers(*, online: bool) -> list[tuple[str, str]]:
    """The servers of one's own that run at their usual or set addresses: name, what it offers.

    Those on this machine are always asked, since nothing there refuses at once; others with
    `online` alone.

    Raises:
        ConfigError: the settings cannot be read.
    """
    from imagine.cli.settings import load_settings
    from imagine.cli.trust import check_trust
    from imagine.stages.network.servers import ADDRESSES, TITLES, find_servers

    settings = load_settings()
    addresses, headers = {}, {}
    for name, usual in ADDRESSES.items():
        provider = PROVIDERS.get(name)
        address = settings.text(f"{name}_base_url") or "" if provider else usual
        if online or place_of(urlsplit(address).hostname) == "here":
            addresses[name] = address
        if provider:
            try:
                check_trust(settings, name, address)
            except ConfigError:
                # A file of the directory names the address: it gets no key of the user's.
                continue
            key = settings.secret(f"{name}_api_key")
            headers[name] = Connection(provider, address, key).headers()
    found = find_servers(addresses, headers=headers)
    if not found:
        looked_for = ", ".join(TITLES[name] for name in addresses)
        return [("servers", f"none runs here (looked for {looked_for})")]
    return [(server.kind, server.told()) for server in found]
