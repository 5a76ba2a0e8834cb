"""Away with a model: its name goes in; the entry, and its files in the hub's cache, are gone."""

import shutil
from typing import Any

from imagine.cli.console import Console
from imagine.cli.local import shelf_of
from imagine.cli.models_lock import alone_with
from imagine.cli.models_rows import nothing_called
from imagine.cli.settings import load_settings
from imagine.stages.errors import (
    BudgetError,
    LocalBackendError,
    SaveError,
    UsageError,
    quoted_path,
    shown,
)
from imagine.stages.generate.local.catalog import Table, load_catalog, remove_entry
from imagine.stages.generate.local.hub_cache import folder_of, id_of, is_id
from imagine.stages.generate.local.hub_files import in_words
from imagine.stages.generate.local.shelf import Shelf

_TABLES: tuple[Table, ...] = ("models", "loras")


def removed(
    name: str, *, table: Table | None, delete: bool, yes: bool, console: Console
) -> dict[str, Any]:
    """Forget a name, and with `delete` the files of a model in the cache.

    Args:
        table: of two things with that name, the one that is meant.

    Returns:
        {"name", "deleted", "bytes"}: whether files were deleted, and how many bytes.

    Raises:
        UsageError: nothing has that name, or two things have; or its files are the user's own.
        BusyError: another run downloads it.
        BudgetError: deleting was not agreed to.
        SaveError: they cannot be deleted.
        ConfigError: the catalog cannot be read or written.
    """
    shelf = shelf_of(load_settings())
    known = load_catalog(shelf.catalog)
    tables = [each for each in _TABLES if name in known.table(each) and table in (None, each)]
    if len(tables) > 1:
        raise UsageError(
            f"A model and a LoRA are called '{shown(name)}'; add --model or --lora to say which."
        )
    if not tables and not delete:
        if is_id(name) and folder_of(shelf.hub, name).exists():
            raise UsageError(
                f"The model {name} lies in Hugging Face's cache, which other programs share, and "
                "has no name to forget; add --delete to delete its files."
            )
        raise nothing_called(name)
    lora = tables == ["loras"]
    freed = _delete(_cached(name, shelf, lora), shelf, yes=yes, console=console) if delete else 0
    for each in tables:
        remove_entry(shelf.catalog, each, name)
    return {"name": name, "deleted": delete, "bytes": freed}


def _cached(name: str, shelf: Shelf, lora: bool) -> str:
    """The id of the model in the cache that a name or id means."""
    if is_id(name) and folder_of(shelf.hub, name).is_dir():
        return name
    try:
        path = (shelf.lora(name) if lora else shelf.model(name)).path
    except LocalBackendError as error:
        raise UsageError(str(error)) from error
    found = "/".join(id_of(shelf.hub, path).split("/")[:2]).partition("@")[0]
    if not found:
        raise UsageError(
            f"The files of '{shown(name)}' at {quoted_path(path)} are yours, not those of Hugging "
            "Face's cache; leave out --delete, and delete them yourself."
        )
    return found


def _delete(model: str, shelf: Shelf, *, yes: bool, console: Console) -> int:
    """Bytes that are free now."""
    folder = folder_of(shelf.hub, model)
    # Files of snapshots are links to blobs, which count once.
    files = [path for path in folder.rglob("*") if path.is_file() and not path.is_symlink()]
    size = sum(path.stat().st_size for path in files if path.parent.name != "refs")
    if not yes:
        if not console.can_ask():
            raise BudgetError(
                f"Deleting {in_words(size)} of {model} needs your consent; give --yes."
            )
        answer = console.ask(f"Delete {in_words(size)} at {folder}? [y/N] ")
        if answer.lower() not in ("y", "yes"):
            raise BudgetError("The deletion was not agreed to; nothing was deleted.")
    try:
        with alone_with(model, folder):
            shutil.rmtree(folder)
            shutil.rmtree(shelf.hub / ".locks" / folder.name, ignore_errors=True)
    except OSError as error:
        raise SaveError(
            f"{quoted_path(folder)} cannot be deleted: {error.strerror}; delete it yourself."
        ) from error
    return size
