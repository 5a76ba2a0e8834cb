"""Publishing: bytes become files under their final names, all of them or none."""

import contextlib
import errno
import os
import re
import secrets
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from hashlib import sha256
from pathlib import Path

from imagine.stages.disk import write_new_file
from imagine.stages.errors import SpecError
from imagine.stages.metadata import read_recipe, sidecar_of
from imagine.stages.names import MAX_NAME_BYTES, cut_bytes

# What os.link fails with where the file system has no hard links (FAT, some network shares).
_NO_HARD_LINKS = {errno.EPERM, errno.EOPNOTSUPP, errno.ENOTSUP, errno.ENOSYS, errno.EMLINK}
_MAX_NUMBER = 99_999
# Host, process and chance: what a killed process left can be told from what is being written.
_TEMPORARY = re.compile(r"\.imagine-([0-9a-f]{8})-([0-9]+)-[0-9a-f]{12}\.tmp")


@dataclass(frozen=True, slots=True)
class Coming:
    """What is about to be published.

    Attributes:
        target: the picture's name, unless it is taken.
        sha256: of the picture, in hexadecimal.
        bytes: size of the picture.
        sidecar: sha256 of the file that will lie beside it, or None.
        overwrite: whether a file of that name is replaced.
    """

    target: Path
    sha256: str
    bytes: int
    sidecar: str | None
    overwrite: bool


def publish(files: Sequence[bytes | Iterable[bytes]], target: Path, *, overwrite: bool) -> Path:
    """Write a picture, and its sidecar if there is one, and give them their names.

    The data lies on the disk before it gets its name, and a name is taken in one step that fails
    when another process was first; then "-2", "-3" and so on are tried. A name whose sidecar
    exists is taken too: it would describe the wrong picture. After a failure or interruption
    nothing is left and what `overwrite` replaced is back, or the work was already complete.

    Args:
        files: the picture's bytes, and the sidecar's if it gets one; each whole, or in pieces that
            are made while it is written. What making them raises goes through.
        target: the picture's name; its directory is made.
        overwrite: replace what is there, instead of another name. Of a picture that gets no
            sidecar, the recipe that lay beside the old one is removed.

    Returns:
        The picture's final name.

    Raises:
        OSError: it cannot be written.
    """
    publication = _Publication()
    try:
        publication.make_directory(target.parent)
        temporary = publication.write(files, target.parent)
        if overwrite:
            path = target
            if len(files) == 1 and _is_recipe(sidecar_of(path)):
                publication.remove(sidecar_of(path))
            for source, name in _places(temporary, path):
                publication.replace(source, name)
        else:
            path = publication.take_free_name(temporary, target)
        _sync_directory(path.parent)
        publication.finish()
    except BaseException:
        publication.undo()
        raise
    return path


@dataclass(slots=True)
class _Publication:
    """Files on their way to their final names.

    Each path is noted before it is made, so that `undo` finds it after an interruption at any
    instant; a final name is only removed while the file behind it is the one written here.
    """

    directories: list[Path] = field(default_factory=list)
    temporary: list[Path] = field(default_factory=list)
    published: list[tuple[Path, Path, tuple[int, int]]] = field(default_factory=list)
    backups: list[tuple[Path, Path]] = field(default_factory=list)
    complete: bool = False

    def make_directory(self, directory: Path) -> None:
        missing = [path for path in (directory, *directory.parents) if not path.exists()]
        for path in reversed(missing):
            self.directories.append(path)
            try:
                path.mkdir()
            except FileExistsError:
                # Another process made it just now: then it is not ours to remove.
                self.directories.remove(path)

    def write(self, files: Sequence[bytes | Iterable[bytes]], directory: Path) -> list[Path]:
        """Put every file's bytes on the disk, under temporary names.

        The picture comes last: when a killed process left it, it left the sidecar too.
        """
        names = [self._temporary_name(directory) for _ in files]
        for name, data in reversed(list(zip(names, files, strict=True))):
            write_new_file(name, data)
        return names

    def _temporary_name(self, directory: Path) -> Path:
        path = directory / f".imagine-{host()}-{os.getpid()}-{secrets.token_hex(6)}.tmp"
        self.temporary.append(path)
        return path

    def take_free_name(self, temporary: Sequence[Path], target: Path) -> Path:
        """Publish under the first free name of `target`, `target`-2 and so on."""
        for path in numbered(target):
            if _has_sidecar(path):
                continue
            try:
                for source, name in _places(temporary, path):
                    self._publish(source, name)
            except FileExistsError:
                self._retract()
                continue
            return path
        raise FileExistsError(errno.EEXIST, f"{target.name} and its numbers are all taken")

    def _publish(self, temporary: Path, name: Path) -> None:
        self.published.append((temporary, name, _identity(temporary)))
        try:
            os.link(temporary, name)
        except OSError as error:
            if error.errno not in _NO_HARD_LINKS:
                raise
            _reserve_and_rename(temporary, name)

    def _retract(self) -> None:
        """Take published names back; their data is again under the temporary names alone."""
        for temporary, name, identity in self.published:
            if not _is(name, identity):
                continue
            if temporary.exists():
                name.unlink()
            else:
                name.rename(temporary)
        self.published.clear()

    def replace(self, temporary: Path, name: Path) -> None:
        """Give a temporary file its final name; what was there is kept until `finish`."""
        backup = self._temporary_name(name.parent)
        self.backups.append((backup, name))
        try:
            os.link(name, backup)
        except FileNotFoundError:
            pass
        except OSError as error:
            if error.errno not in _NO_HARD_LINKS:
                raise
        self.published.append((temporary, name, _identity(temporary)))
        temporary.replace(name)

    def remove(self, name: Path) -> None:
        """Take a file away; it is kept until `finish`."""
        backup = self._temporary_name(name.parent)
        self.backups.append((backup, name))
        name.replace(backup)

    def finish(self) -> None:
        """Remove the temporary names; from here on there is no way back."""
        self.complete = True
        self._remove_temporary()

    def undo(self) -> None:
        """Leave what was there before; what is already complete stays."""
        if not self.complete:
            for backup, name in self.backups:
                with contextlib.suppress(OSError):
                    backup.replace(name)
            for _, name, identity in self.published:
                with contextlib.suppress(OSError):
                    if _is(name, identity):
                        name.unlink()
        self._remove_temporary()
        if not self.complete:
            for path in reversed(self.directories):
                with contextlib.suppress(OSError):
                    path.rmdir()

    def _remove_temporary(self) -> None:
        for path in self.temporary:
            with contextlib.suppress(OSError):
                path.unlink()


@cache
def host() -> str:
    """A short name of this machine, for the names of temporary files: 8 hexadecimal digits.

    Containers of one image may share everything but their host names.
    """
    import platform

    return sha256(platform.node().encode()).hexdigest()[:8]


def temporary_files(directory: Path) -> Iterator[Path]:
    """The files in a directory that processes which died, on any host, or live have not named."""
    with contextlib.suppress(OSError), os.scandir(directory) as entries:
        yield from (Path(entry.path) for entry in entries if _TEMPORARY.fullmatch(entry.name))


def is_abandoned(temporary: Path) -> bool:
    """Whether a process of this host made a temporary file, and lives no more.

    This process counts as one that made none.
    """
    found = _TEMPORARY.fullmatch(temporary.name)
    # To ask Windows for a process by `os.kill` would end it.
    if found is None or found[1] != host() or os.name == "nt":
        return False
    process = int(found[2])
    if process == os.getpid():
        return True
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return True
    except (OSError, OverflowError):
        return False
    return _is_dead(process)


def _is_dead(process: int) -> bool:
    """Whether it only waits for its parent to take note, as in a container that nobody reaps in."""
    try:
        told = Path(f"/proc/{process}/stat").read_bytes()
    except OSError:
        # There is no /proc on this system, or the process ended just now.
        return False
    # The number, the name in brackets, which may hold any, then a letter (proc_pid_stat, 5).
    return told.rpartition(b")")[2].split()[:1] in ([b"Z"], [b"X"])


def _places(temporary: Sequence[Path], path: Path) -> list[tuple[Path, Path]]:
    """Temporary and final names, the picture last: whoever sees it sees all."""
    return list(zip(temporary, (path, sidecar_of(path)), strict=False))[::-1]


def numbered(target: Path) -> Iterator[Path]:
    """`target`, then names with a number, their stem cut where the whole would be too long."""
    yield target
    for number in range(2, _MAX_NUMBER + 1):
        ending = f"-{number}{target.suffix}"
        # Room for ".json", too, as the sidecar of the first name may have had none.
        room = MAX_NAME_BYTES - len(sidecar_of(Path(ending)).name.encode())
        yield target.with_name(cut_bytes(target.stem, room) + ending)


def _has_sidecar(path: Path) -> bool:
    try:
        return sidecar_of(path).exists()
    except OSError as error:
        if error.errno != errno.ENAMETOOLONG:
            raise
        return False


def _is_recipe(path: Path) -> bool:
    """Whether a recipe lies there, and no file of the user's that has its name by chance."""
    try:
        read_recipe(path)
    except (SpecError, OSError):
        return False
    return True


def _identity(path: Path) -> tuple[int, int]:
    status = path.lstat()
    return status.st_dev, status.st_ino


def _is(path: Path, identity: tuple[int, int]) -> bool:
    try:
        return _identity(path) == identity
    except FileNotFoundError:
        return False


def _reserve_and_rename(temporary: Path, name: Path) -> None:
    """Take a free name without hard links: an empty file holds it until the data is there.

    Raises:
        FileExistsError: the name is taken.
    """
    try:
        name.touch(exist_ok=False)
        temporary.replace(name)
    except FileExistsError:
        raise
    except BaseException:
        if name.exists() and name.lstat().st_size == 0:
            name.unlink()
        raise


def _sync_directory(directory: Path) -> None:
    """Put the new names themselves on the disk, where that can be done.

    Windows has no such call, and a directory that may be written but not read cannot be opened.
    """
    if os.name == "nt":
        return
    try:
        descriptor = os.open(directory, os.O_RDONLY)
    except PermissionError:
        return
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
