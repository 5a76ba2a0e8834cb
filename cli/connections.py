"""The user's ways to providers: name and settings in; a connection, or what it lacks, out."""

from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from imagine.cli.console import Console
from imagine.cli.settings import Settings
from imagine.cli.trust import check_trust
from imagine.stages.errors import ConfigError
from imagine.stages.network.providers import PROVIDERS, Connection, silent

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from imagine.stages.network.gate import Gate

# What -vv shows, beyond -v.
EXCHANGES = 2
# Their usual address answers no more: only another server makes them useful.
CLOSED = ("imagen",)


@dataclass(frozen=True, slots=True)
class Connections:
    """Makes the connections of one command line.

    Attributes:
        dry_run: nobody will be asked, so a missing key is no obstacle.
        many: requests to one model that may be under way at a time, where several threads ask;
            None where one does.
        gates: those of the models, where several threads ask.
    """

    settings: Settings
    console: Console
    dry_run: bool = False
    many: int | None = None
    gates: "dict[str, Gate]" = field(default_factory=dict)

    def to(self, name: str, *, instead: str | None = None) -> Connection:
        """The user's way to the provider called `name`.

        Args:
            instead: the options that do without it; None for those of descriptions and pictures.

        Raises:
            ConfigError: its key or address is missing.
        """
        provider = PROVIDERS[name]
        address = self.settings.text(f"{name}_base_url")
        if address is None:
            raise ConfigError(
                f"{name}_base_url is not set; set IMAGINE_{name.upper()}_BASE_URL to the server's "
                "address, such as http://127.0.0.1:8080/v1."
            )
        if name == "gemini":
            # Clients of other makes want the version in the address.
            address = address.removesuffix("/v1beta").removesuffix("/v1")
        check_trust(self.settings, name, address)
        exchanges = self.console.verbose >= EXCHANGES
        connection = Connection(
            provider=provider,
            base_url=address,
            key=self.settings.secret(f"{name}_api_key"),
            timeout=self.settings.number("timeout"),
            patience=self.settings.number("patience") or 0.0,
            tell=self.console.note,
            log=self.console.detail if exchanges else silent,
        )
        if connection.needs_key and not self.dry_run:
            connection.require_key(**({} if instead is None else {"instead": instead}))
        return connection

    def to_model(
        self,
        name: str,
        model: str,
        doing: str,
        *,
        apart: "Callable[[], AbstractContextManager[object]]" = nullcontext,
        instead: str | None = None,
    ) -> Connection:
        """As `to`, with the gate of one model where several threads will ask it.

        Args:
            doing: what it is asked for, as the user is told: "drawing".
            apart: as a Gate takes it.
            instead: as in `to`.

        Raises:
            ConfigError: as `to`.
        """
        connection = self.to(name, instead=instead)
        if self.many is None:
            return connection
        from imagine.stages.network.gate import Gate

        gate = self.gates.setdefault(f"{name}/{model} {doing}", Gate(most=self.many, apart=apart))

        def tell(said: str) -> None:
            self.console.note(f"{said.removesuffix('.')} ({doing}).")

        return replace(connection, tell=tell, gate=gate)


def missing_setting(settings: Settings, name: str) -> str:
    """The variable that is to be set before `name` can be used; "" when it is or none is."""
    provider = PROVIDERS.get(name)
    if provider is None:
        return ""
    address = settings.text(f"{name}_base_url")
    if address is None or (name in CLOSED and address == provider.base_url):
        return f"IMAGINE_{name.upper()}_BASE_URL"
    connection = Connection(provider, address, settings.secret(f"{name}_api_key"))
    if connection.key is None and connection.needs_key:
        return provider.key_variables[0]
    return ""
