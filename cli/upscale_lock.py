"""One run at a time: directories go in; while they are held, no other run pays for results there.

Two runs that begin at once would both ask a provider for the same pictures.
"""

import os
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, closing, contextmanager
from hashlib import sha256
from pathlib import Path

from imagine.cli.settings import cache_directory
from imagine.stages.errors import BusyError, quoted_path

# Files that are held open at a time; beyond that what they have in common is held.
_MOST = 100


@contextmanager
def alone_in(directories: Iterable[Path], *, busy: str = "") -> Iterator[None]:
    """Keep the other runs of this user, on this machine, from paying for results there.

    However this process ends, nothing is held any more.

    Args:
        busy: the sentence for whoever comes second; "" for that of `imagine upscale`.

    Raises:
        BusyError: another one does.
    """
    places = sorted({os.path.realpath(directory) for directory in directories})
    if len(places) > _MOST:
        places = [os.path.commonpath(places)]
    with ExitStack() as held:
        for place in places:
            connection = _held(place, busy)
            if connection is not None:
                held.enter_context(closing(connection))
        yield


def _held(place: str, busy: str) -> sqlite3.Connection | None:
    """A lock, as SQLite has one on every system; None where no file can be made for it."""
    locks = cache_directory() / "locks"
    try:
        locks.mkdir(parents=True, exist_ok=True)
        name = sha256(os.fsencode(place)).hexdigest()[:32]
        connection = sqlite3.connect(locks / f"{name}.db", timeout=0, isolation_level=None)
    except (OSError, sqlite3.Error):
        return None
    try:
        connection.execute("BEGIN EXCLUSIVE")
    except sqlite3.OperationalError as error:
        connection.close()
        if not getattr(error, "sqlite_errorname", "").startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
            return None
        raise BusyError(
            busy
            or f"Another run of imagine enlarges into {quoted_path(place)}; wait for it, or choose "
            "another directory with --output."
        ) from error
    return connection
