"""Recovery: what a killed run was about to publish goes in; what became of it comes out, repaired.

A picture is announced in the journal before it is written, so after a kill at any instant it is
found by its hash: under its name, or under a temporary one and then published now.
"""

from collections.abc import Iterator
from contextlib import suppress
from hashlib import sha256
from pathlib import Path

from imagine.stages.metadata import sidecar_of
from imagine.stages.publish import Coming, is_abandoned, numbered, publish, temporary_files

# So many free names in a row end the search: some may have been given back since.
_FREE_NAMES = 8


class Recovery:
    """Looks through the directories that announced pictures were to go to, each once."""

    def __init__(self) -> None:
        self._temporary: dict[Path, dict[str, Path]] = {}

    def settle(self, coming: Coming) -> Path | None:
        """The announced picture under its final name; None when it was never written whole.

        Raises:
            OSError: it lies there under a temporary name and cannot be published.
        """
        temporary = self._temporary_in(coming.target.parent)
        for name in _candidates(coming):
            if _has(name, coming.sha256, coming.bytes):
                return name
        files = [temporary.get(coming.sha256)]
        if coming.sidecar is not None:
            files.append(temporary.get(coming.sidecar) or _sidecar(coming, coming.sidecar))
        contents = [path.read_bytes() for path in files if path is not None]
        _clear_away(coming)
        if len(contents) < len(files):
            return None
        return publish(contents, coming.target, overwrite=coming.overwrite)

    def clean(self) -> int:
        """Remove the temporary files of dead processes that were found; how many there were."""
        removed = 0
        for found in self._temporary.values():
            for path in found.values():
                with suppress(OSError):
                    path.unlink()
                    removed += 1
        return removed

    def _temporary_in(self, directory: Path) -> dict[str, Path]:
        """Temporary files of dead processes, by what is in them."""
        if directory not in self._temporary:
            abandoned = [path for path in temporary_files(directory) if is_abandoned(path)]
            self._temporary[directory] = {_digest(path) or path.name: path for path in abandoned}
        return self._temporary[directory]


def _candidates(coming: Coming) -> Iterator[Path]:
    """The names that the picture may have: until some follow each other that nothing takes."""
    if coming.overwrite:
        yield coming.target
        return
    free = 0
    for name in numbered(coming.target):
        yield name
        is_taken = _size(name) is not None or _size(sidecar_of(name)) is not None
        free = 0 if is_taken else free + 1
        if free == _FREE_NAMES:
            return


def _sidecar(coming: Coming, digest: str) -> Path | None:
    """The sidecar under a final name, where it came before the picture."""
    names = (sidecar_of(name) for name in _candidates(coming))
    return next((name for name in names if _has(name, digest)), None)


def _clear_away(coming: Coming) -> None:
    """Remove what stands under names that the picture never got: its sidecar, and empty files.

    The sidecar comes first, perhaps beside another's picture that was there before. An empty file
    holds a name for a moment where there are no hard links.
    """
    for name in _candidates(coming):
        beside = sidecar_of(name)
        if coming.sidecar is not None and _has(beside, coming.sidecar):
            beside.unlink()
        for path in (beside, name):
            if _size(path) == 0:
                path.unlink()


def _has(path: Path, digest: str, size: int | None = None) -> bool:
    found = _size(path)
    return found is not None and found == (size or found) and _digest(path) == digest


def _size(path: Path) -> int | None:
    """Bytes of a regular file; None where there is none."""
    with suppress(OSError):
        if path.is_file():
            return path.stat().st_size
    return None


def _digest(path: Path) -> str | None:
    with suppress(OSError):
        return sha256(path.read_bytes()).hexdigest()
    return None
