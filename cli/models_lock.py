"""One run at a time with a model of the hub's cache: its id and folder go in."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from imagine.cli.upscale_lock import alone_in


@contextmanager
def alone_with(model: str, folder: Path) -> Iterator[None]:
    """Keep the other runs of this user from downloading or deleting the model meanwhile.

    Raises:
        BusyError: another one does.
    """
    busy = f"Another run of imagine downloads or deletes {model}; wait for it."
    with alone_in([folder], busy=busy):
        yield
