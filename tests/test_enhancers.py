"""Enhancers and backends that are reached over a connection: each tells where."""

from typing import Any

import pytest

from imagine.cli.local import LOCAL
from imagine.stages.enhance import ENHANCERS
from imagine.stages.generate import BACKENDS
from imagine.stages.network.providers import PROVIDERS, address_of, connect
from imagine.stages.registry import Registry

SERVICES = [
    pytest.param(registry, name, id=f"{registry.kind}-{name}")
    for registry in (ENHANCERS, BACKENDS)
    for name in registry.built_in
    # Made with a model of this machine, and reached nowhere.
    if name not in LOCAL
]


@pytest.mark.parametrize(("registry", "name"), SERVICES)
def test_every_service_tells_where_it_is_reached(registry: Registry[Any], name: str) -> None:
    if name not in PROVIDERS:
        assert address_of(registry.create(name)) == ""
        return
    address = "https://gateway.example/v1"
    connection = connect(name, base_url=address)
    model = "a-model" if registry is ENHANCERS else PROVIDERS[name].image_model
    assert address_of(registry.create(name, connection=connection, model=model)) == address
