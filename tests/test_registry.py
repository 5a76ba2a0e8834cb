"""Registries: built-in names, plugins, and names that nobody knows."""

from importlib.metadata import EntryPoint

import pytest

from imagine.stages.errors import ConfigError, UsageError
from imagine.stages.registry import Registry


class Thing:
    def __init__(self, size: int = 1) -> None:
        self.size = size


@pytest.fixture
def things(monkeypatch: pytest.MonkeyPatch) -> Registry[Thing]:
    points = [
        EntryPoint("plugin", f"{__name__}:Thing", "imagine.things"),
        EntryPoint("broken", "imagine.no_such_module:Thing", "imagine.things"),
    ]
    monkeypatch.setattr("importlib.metadata.entry_points", lambda group: points)
    return Registry(
        kind="thing",
        group="imagine.things",
        built_in={"thing": f"{__name__}:Thing"},
        summaries={"thing": "a thing"},
    )


def test_a_built_in_name_is_imported_and_made(things: Registry[Thing]) -> None:
    assert things.create("thing", size=3).size == 3


def test_a_plugin_is_found_by_its_entry_point(things: Registry[Thing]) -> None:
    assert things.create("plugin").size == 1
    assert things.names() == ["thing", "broken", "plugin"]


def test_an_unknown_name_is_refused_with_the_nearest(things: Registry[Thing]) -> None:
    with pytest.raises(UsageError) as caught:
        things.create("thnig")
    assert str(caught.value) == (
        "There is no thing 'thnig'; did you mean 'thing'? (known: thing, broken, plugin)."
    )


def test_a_long_or_hostile_name_is_cut_and_spelt_out(things: Registry[Thing]) -> None:
    with pytest.raises(UsageError) as caught:
        things.create("\x1b" + "x" * 10_000)
    assert str(caught.value) == (
        f"There is no thing '\\u001b{'x' * 78}…' (known: thing, broken, plugin)."
    )


def test_a_plugin_that_cannot_be_imported_is_a_broken_configuration(
    things: Registry[Thing],
) -> None:
    with pytest.raises(ConfigError, match="reinstall the package that provides it"):
        things.create("broken")
