"""The journal's database: a directory goes in; an SQLite connection that excludes all others out.

Write-ahead logging with synchronous=NORMAL: what a killed process had committed is there again,
at 17 us a transaction. Where the directory lies on a network file system, whose locks and caches
the log cannot rely on, SQLite's rollback journal is used.
"""

import errno
import os
import re
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock

from imagine.stages.errors import (
    BusyError,
    ConfigError,
    ImagineError,
    StoppedError,
    quoted_path,
)
from imagine.stages.save import write_error

FILE_NAME = ".imagine-batch.sqlite"
SCHEMA_VERSION = 1
# "imgn": tells our files from other programs'.
_APPLICATION = 0x696D676E
# items: what ended, small so that 200,000 are looked up fast; records: its line of the results.
# pictures, answers, kept: what an item that has not ended was given so far.
_SCHEMA = """
CREATE TABLE items (
    key TEXT PRIMARY KEY, hash BLOB, status TEXT NOT NULL, tries INTEGER NOT NULL,
    number INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE records (number INTEGER PRIMARY KEY, line TEXT NOT NULL);
CREATE TABLE pictures (
    key TEXT, n INTEGER, hash BLOB, path TEXT NOT NULL, sha256 TEXT, sidecar TEXT, bytes INTEGER,
    overwrite INTEGER, is_saved INTEGER NOT NULL, record TEXT NOT NULL, PRIMARY KEY (key, n)
) WITHOUT ROWID;
CREATE INDEX coming ON pictures (is_saved) WHERE NOT is_saved;
CREATE TABLE answers (
    key TEXT, digest TEXT, answer TEXT NOT NULL, usage TEXT NOT NULL, PRIMARY KEY (key, digest)
) WITHOUT ROWID;
CREATE TABLE kept (
    key TEXT, n INTEGER, hash BLOB, file TEXT NOT NULL, sha256 TEXT NOT NULL, seed INTEGER NOT NULL,
    image TEXT NOT NULL, PRIMARY KEY (key, n)
) WITHOUT ROWID;
CREATE TABLE notes (name TEXT PRIMARY KEY, value) WITHOUT ROWID;
"""
# Most FUSE systems are a network in disguise; of the others, the rollback journal costs only time.
_NETWORK = frozenset(
    {"nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "virtiofs", "afs", "ceph", "lustre", "glusterfs"}
)
_TRIES = 4


class Database:
    """An open journal, for several threads, one at a time."""

    def __init__(self, directory: Path, connection: sqlite3.Connection) -> None:
        self.directory = directory
        self._connection = connection
        self._lock = Lock()
        self._is_closed = False

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """All that is done within is kept, or after an error nothing of it.

        Raises:
            ConfigError: the file is damaged.
            SaveError: it cannot be written.
            StoppedError: it was closed.
        """
        with self._lock, explained(self.directory):
            self._check_open()
            try:
                # Within: Ctrl-C may come when it has begun and `execute` has not returned yet.
                self._connection.execute("BEGIN")
                yield self._connection
                self._connection.execute("COMMIT")
            except BaseException:
                # A full disk may have ended it already.
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise

    @contextmanager
    def statements(self) -> Iterator[sqlite3.Connection]:
        """For what only reads, or goes into temporary tables: nothing is undone after an error.

        Raises:
            ConfigError: the file is damaged.
            SaveError: there is no room for the tables.
            StoppedError: it was closed.
        """
        with self._lock, explained(self.directory):
            self._check_open()
            try:
                self._connection.execute("BEGIN")
                yield self._connection
            finally:
                if self._connection.in_transaction:
                    self._connection.execute("COMMIT")

    def _check_open(self) -> None:
        """Refuse what a thread that outlived the run still wants."""
        if self._is_closed:
            raise StoppedError("The run was stopped, and its journal is closed; run it again.")

    def close(self) -> None:
        with self._lock, explained(self.directory):
            self._is_closed = True
            self._connection.close()


def open_database(directory: Path) -> Database:
    """Open the journal of a directory, both made when missing, and keep all other processes out.

    Raises:
        BusyError: another run has it open.
        ConfigError: the file is damaged, another program's, or of a newer version.
        SaveError: it cannot be made or written.
    """
    path = directory / FILE_NAME
    try:
        directory.mkdir(parents=True, exist_ok=True)
        # Prompts are nobody else's to read. A file that is there is not opened: closing it would
        # drop the locks that this process may have on it.
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    except FileExistsError as error:
        if not directory.is_dir():
            reason = NotADirectoryError(errno.ENOTDIR, "")
            raise write_error("The journal", path, reason) from error
    except OSError as error:
        raise write_error("The journal", path, error) from error
    with explained(directory):
        return Database(directory, _opened(path))


def _opened(path: Path) -> sqlite3.Connection:
    for attempt in range(_TRIES):
        connection = sqlite3.connect(path, timeout=0, isolation_level=None, check_same_thread=False)
        try:
            _take(connection, path)
        except sqlite3.OperationalError as error:
            connection.close()
            if not _is_busy(error) or attempt == _TRIES - 1:
                raise
            # Two runs that start together hold each other's lock back: let go, each for its own
            # time, and the first to come again has it.
            time.sleep(0.02 + os.getpid() % 16 * 0.01)
        except BaseException:
            connection.close()
            raise
        else:
            return connection
    raise AssertionError("the last attempt returns or raises")


def _take(connection: sqlite3.Connection, path: Path) -> None:
    """Lock the database for as long as it is open, and give it its tables.

    Raises:
        ConfigError: it is another program's, or of a newer version.
    """
    connection.execute("PRAGMA locking_mode=EXCLUSIVE")
    connection.execute("BEGIN EXCLUSIVE")
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    (tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    if application != _APPLICATION and tables:
        raise ConfigError(
            f"{quoted_path(path)} is no journal of imagine; rename it, or choose another "
            "directory with --output."
        )
    if version > SCHEMA_VERSION:
        raise ConfigError(
            f"{quoted_path(path)} was written by a newer imagine; update this one, or choose "
            "another directory with --output."
        )
    if not tables:
        for statement in _SCHEMA.split(";"):
            connection.execute(statement)
        connection.execute(f"PRAGMA application_id={_APPLICATION}")
        connection.execute(f"PRAGMA user_version={SCHEMA_VERSION}")
    connection.execute("COMMIT")
    mode = "DELETE" if is_on_network(path.parent) else "WAL"
    connection.execute(f"PRAGMA journal_mode={mode}")
    connection.execute("PRAGMA synchronous=NORMAL")
    # What is listed may be larger than memory.
    connection.execute("PRAGMA temp_store=FILE")
    connection.execute("PRAGMA temp.cache_size=-4000")
    # To be able to undo would take most of the time: only a full disk can damage what is listed,
    # and that ends the run.
    connection.execute("PRAGMA temp.journal_mode=OFF")


def is_on_network(directory: Path, *, mounts: Path = Path("/proc/self/mountinfo")) -> bool:
    """Whether a directory lies on a network file system, as far as Linux tells.

    Args:
        directory: an existing one.
        mounts: a table as proc_pid_mountinfo(5) describes it.
    """
    try:
        lines = mounts.read_text(errors="surrogateescape").splitlines()
    except OSError:
        return False
    place, found, longest = directory.resolve(), "", -1
    for line in lines:
        fields, _, kind = line.partition(" - ")
        point = Path(
            re.sub(r"\\([0-7]{3})", lambda octal: chr(int(octal[1], 8)), fields.split()[4])
        )
        # Of two mounts on one point, the later hides the earlier.
        if place.is_relative_to(point) and len(point.parts) >= longest:
            found, longest = kind.partition(" ")[0], len(point.parts)
    return found in _NETWORK or found.startswith("fuse.")


@contextmanager
def explained(directory: Path) -> Iterator[None]:
    """Turn what SQLite raises into the errors of `open_database`."""
    try:
        yield
    except sqlite3.Error as error:
        raise _explanation(directory, error) from error


def _explanation(directory: Path, error: sqlite3.Error) -> ImagineError | sqlite3.Error:
    name = getattr(error, "sqlite_errorname", "")
    if _is_busy(error):
        return BusyError(
            f"Another run of imagine works in {quoted_path(directory)}; wait for it, or choose "
            "another directory with --output."
        )
    if name.startswith(("SQLITE_CORRUPT", "SQLITE_NOTADB")):
        return ConfigError(
            f"{quoted_path(directory / FILE_NAME)} is damaged or no journal of imagine; move it "
            "away to begin anew (what is finished would be drawn again)."
        )
    for start, number in _FAILURES.items():
        if name.startswith(start):
            reason = OSError(number, os.strerror(number))
            return write_error("The journal", directory / FILE_NAME, reason)
    # A fault of ours, such as a wrong statement.
    return error


def _is_busy(error: sqlite3.Error) -> bool:
    name = getattr(error, "sqlite_errorname", "")
    return name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED"))


_FAILURES = {
    "SQLITE_FULL": errno.ENOSPC,
    "SQLITE_READONLY": errno.EACCES,
    "SQLITE_CANTOPEN": errno.EACCES,
    "SQLITE_PERM": errno.EACCES,
    "SQLITE_IOERR": errno.EIO,
}
