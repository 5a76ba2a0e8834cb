"""A model gets a name: its path goes in, is looked at, and stands in the catalog."""

import re
from datetime import UTC, datetime
from pathlib import Path

from imagine.cli.local import shelf_of
from imagine.cli.models_rows import Row, existing, lora_row, model_row
from imagine.cli.settings import load_settings
from imagine.stages.errors import LocalBackendError, UsageError, shown
from imagine.stages.generate.local.catalog import Entry, Table, add_entry, load_catalog
from imagine.stages.generate.local.hub_cache import is_id
from imagine.stages.generate.local.shelf import Place, Shelf
from imagine.stages.generate.local.stock import is_lora, stock_of
from imagine.stages.paths import is_there

# What a name may hold, so that it is no path, hub id or weight of a LoRA.
_NAME = r"[A-Za-z0-9][\w.-]{0,99}"


def added(text: str, *, name: str | None, config: str | None) -> Row:
    """Write a model, LoRA or tiny VAE into the catalog.

    Args:
        text: its path.
        name: else the last part of the path.
        config: path of the folder that describes a single file's pipeline, or its id on the hub.

    Raises:
        UsageError: nothing is there, or the name is another's or none.
        LocalBackendError: it cannot be drawn with.
        ConfigError: the catalog cannot be read or written.
    """
    path = existing(text, "model")
    shelf = shelf_of(load_settings())
    folder = _config(path, config, shelf)
    table: Table = "loras" if is_lora(path) else "models"
    own = path.stem if path.is_file() else path.name
    name = _checked(own if name is None else name)
    catalog = shelf.catalog
    taken = load_catalog(catalog).table(table).get(name)
    if taken is not None and taken.path != path:
        raise UsageError(
            f"The name '{name}' is that of '{shown(taken.path)}'; choose another with --name, or "
            f"run `imagine models remove {name}` first."
        )
    today = datetime.now(UTC).date().isoformat()
    place = Place(name, path, folder)
    if table == "loras":
        add_entry(catalog, table, name, Entry(path, added=today))
        return lora_row(place)
    stock = stock_of(place)
    if stock.problem:
        raise LocalBackendError(stock.problem)
    kind = stock.kinds[0] if stock.kinds else ""
    family = stock.family.title if stock.family else ""
    add_entry(catalog, table, name, Entry(path, kind, family, folder, today))
    return model_row(stock)


def _config(path: Path, config: str | None, shelf: Shelf) -> Path | None:
    """The folder of --config, which may be a model of the hub's cache, by its id."""
    if config is None:
        return None
    on_hub = is_id(config) and not is_there(Path(config))
    folder = shelf.model(config).path if on_hub else existing(config, "configuration")
    if path.is_dir() or not folder.is_dir():
        raise UsageError(
            "--config names the folder that describes a single file's pipeline; leave it out, or "
            "name a folder."
        )
    return folder


def _checked(name: str) -> str:
    if re.fullmatch(_NAME, name) is None:
        raise UsageError(
            f"The name '{shown(name)}' is none that a model can have; give one of up to 100 "
            "letters, digits, '.', '-' and '_' with --name."
        )
    return name
