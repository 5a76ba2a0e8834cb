"""A registry: names to import strings, and entry points for names it does not know."""

from collections.abc import Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast

from imagine.stages.errors import ConfigError, shown, unknown_name

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint, EntryPoints

T = TypeVar("T")


class Registry(Generic[T]):
    """Finds classes by name without importing the ones that nobody asked for.

    Args:
        kind: what the classes are, for messages: "backend".
        group: the entry-point group where other distributions add theirs.
        built_in: name to "module:Class".
        summaries: name to one line for listings; the same names as `built_in`.
    """

    def __init__(
        self, *, kind: str, group: str, built_in: Mapping[str, str], summaries: Mapping[str, str]
    ) -> None:
        self.kind = kind
        self.group = group
        self.built_in = dict(built_in)
        self.summaries = dict(summaries)

    def names(self) -> list[str]:
        """Every known name, built-in ones first."""
        plugins = {point.name for point in self._entry_points()}
        return [*self.built_in, *sorted(plugins - set(self.built_in))]

    def create(self, name: str, **arguments: Any) -> T:
        """Import the class called `name` and make an instance with `arguments`.

        Raises:
            UsageError: nothing is registered under that name.
            ConfigError: a plugin is registered under it, and cannot be imported.
        """
        if name in self.built_in:
            module, _, attribute = self.built_in[name].partition(":")
            factory = getattr(import_module(module), attribute)
        else:
            factory = self._plugin(name)
        return cast(T, factory(**arguments))

    def check(self, name: str) -> None:
        """Refuse a name that nothing is registered under, without importing anything.

        Raises:
            UsageError: as `create` does.
        """
        if name not in self.built_in:
            self._entry_point(name)

    def _plugin(self, name: str) -> Any:
        point = self._entry_point(name)
        try:
            return point.load()
        except (ImportError, AttributeError) as error:
            raise ConfigError(
                f"The {self.kind} '{name}' of {point.value} cannot be imported: "
                f"{shown(error, limit=200)}; "
                "reinstall the package that provides it."
            ) from error

    def _entry_point(self, name: str) -> "EntryPoint":
        for point in self._entry_points():
            if point.name == name:
                return point
        raise unknown_name(self.kind, name, self.names())

    def _entry_points(self) -> "EntryPoints":
        # Costs as much as all of typer, so only names that are not built in pay for it.
        from importlib.metadata import entry_points

        return entry_points(group=self.group)
