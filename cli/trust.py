"""Trust: settings and an address in; refused is what would send the user's key somewhere else."""

from typing import TYPE_CHECKING

from imagine.stages.errors import ConfigError
from imagine.stages.network.address import origin_of, place_of
from imagine.stages.network.providers import PROVIDERS

if TYPE_CHECKING:
    from imagine.cli.settings import Settings

# Files that whoever made the working directory may have put there.
HERE = (".env", "imagine.toml")


def check_trust(settings: "Settings", name: str, address: str) -> None:
    """Keep a file that lies in a directory from sending the user's own key elsewhere.

    Args:
        name: of the provider.
        address: where it is asked.

    Raises:
        ConfigError: the address comes from a file of the working directory, and the key does not.
    """
    leads = leads_away(settings, address=f"{name}_base_url", key=f"{name}_api_key")
    if leads and place_of(origin_of(address)[1]) != "here":
        origin = settings.origins[f"{name}_base_url"]
        raise ConfigError(
            f"'{origin}' of this directory would send your {PROVIDERS[name].title} key to "
            f"{address}; if that is meant, set IMAGINE_{name.upper()}_BASE_URL in the "
            "environment, or put the key beside it."
        )


def leads_away(settings: "Settings", *, address: str, key: str) -> bool:
    """Whether a file of the working directory says where the user's own key would go.

    Args:
        address, key: the settings with the two.
    """
    own_key = settings.origins[key] not in (*HERE, "default")
    return settings.origins[address] in HERE and own_key
