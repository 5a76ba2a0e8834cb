"""The rows of a run go in, in blocks; what is still to be done of them comes out, in any order.

They lie in temporary tables on the disk, so that any number of them takes the same memory.
"""

import json
import sqlite3
from collections import Counter
from collections.abc import Iterator, Sequence
from hashlib import sha256
from typing import Any

from imagine.stages.batch.database import Database
from imagine.stages.batch.listing import Again, Duplicate, Item, Listing, Order
from imagine.stages.batch.rows import Row, row_from_json

# What decides the pictures of an item of this run; null for one that could not be read.
HASH = "(SELECT hash FROM listed JOIN todo USING (position) WHERE listed.key = :key)"
# What is known of a row that never ended: key, hash, status, tries.
_NEW = ("", None, "", 0)
# Key, row, and hash of what decides its pictures.
Entry = tuple[str, Row, bytes]
# Why a row is to be done: it is new, it failed before, its content or the options differ from
# what was done, or everything is wanted anew.
TODO = ("new", "failed", "changed", "again")

# listed: all rows, small; todo: the rows themselves, of those that are to be done.
_TABLES = """
CREATE TEMP TABLE listed (
    position INTEGER PRIMARY KEY, key TEXT UNIQUE, line INTEGER, why TEXT, start TEXT
);
CREATE TEMP TABLE todo (position INTEGER PRIMARY KEY, key TEXT, tries INTEGER, hash BLOB, row BLOB);
CREATE TEMP TABLE turns (turn INTEGER PRIMARY KEY, position INTEGER, why TEXT);
CREATE TEMP TABLE repeated (base TEXT PRIMARY KEY, count INTEGER) WITHOUT ROWID;
"""
_ORDERS: dict[Order, str] = {
    "input": "position",
    "reverse": "position DESC",
    "id": "key",
    "prompt": "start, position",
    "shuffle": "chance(key, :seed)",
}
_BLOCK = 1000
# A row may have a megabyte.
_PAGE = 64
_START = 80


class Roll:
    """The rows of one run.

    Args:
        options: what the command line sets, as canonical JSON: part of what decides a picture.
        again: "changed" does new rows, changed ones and what failed, but not what was refused;
            "failed" does what failed or was refused, nothing else; "all" does all.
        order: as the rows come, backwards, by key, by the first 80 characters of the prompt, or
            by chance.
    """

    def __init__(self, database: Database, *, options: str, again: Again, order: Order) -> None:
        self._database = database
        self._why = {
            (status, is_same): _why(again, status, is_same=is_same)
            for status in ("", "done", "failed", "refused")
            for is_same in (True, False)
        }
        self._order = order
        self._options = sha256(options.encode()).digest()[:8]
        self._counts: Counter[str] = Counter()
        self._position = 0
        self._given = 0
        self._is_chosen = False
        with database.statements() as connection:
            for statement in _TABLES.split(";"):
                connection.execute(statement)
            connection.create_function("chance", 2, _chance, deterministic=True)

    @property
    def listing(self) -> Listing:
        """What became of the rows; of those that were chosen, after `choose`."""
        return Listing(**self._counts)

    def enter(self, rows: Sequence[Row]) -> list[Duplicate]:
        """List rows; one whose id is listed already is left out, and returned."""
        found: list[Duplicate] = []
        for start in range(0, len(rows), _BLOCK):
            with self._database.statements() as connection:
                found += self._enter(connection, rows[start : start + _BLOCK])
        return found

    def enter_unread(self, line: int) -> str:
        """List a row that cannot be read, for its place among the others; gives it a key."""
        with self._database.statements() as connection:
            # No id begins with a space: an item called "line-2" may have ended in an earlier run.
            key = self._free_key(connection, f" line-{line}", {}, {})
            self._position += 1
            values = (self._position, key, line, "unread", "")
            connection.execute("INSERT INTO listed VALUES (?, ?, ?, ?, ?)", values)
        self._counts["unread"] += 1
        return key

    def _enter(self, connection: sqlite3.Connection, rows: Sequence[Row]) -> list[Duplicate]:
        entries = []
        for row in rows:
            content = sha256(row.content.encode("utf-8", "surrogatepass"))
            digest = content.digest()
            key = row.id or digest.hex()[:16]
            if row.files:
                content.update(row.files.encode())
                digest = content.digest()
            entries.append((key, row, self._options + digest[:16]))
        bases = {key for key, _, _ in entries}
        # Nearly always all of them are new, which the table itself finds out in half the time.
        if len(bases) == len(entries) and self._list(connection, entries):
            return []
        duplicates, entries = self._numbered(connection, entries)
        self._list(connection, entries)
        return duplicates

    def _numbered(
        self, connection: sqlite3.Connection, entries: Sequence[Entry]
    ) -> tuple[list[Duplicate], list[Entry]]:
        """Rows that repeat an id, and the others with keys of their own."""
        bases = [base for base, _, _ in entries]
        lines = dict(_select(connection, "SELECT key, line FROM listed WHERE key", bases))
        counts = dict(_select(connection, "SELECT base, count FROM repeated WHERE base", bases))
        duplicates, numbered = [], []
        for base, row, digest in entries:
            key = base
            if base in lines:
                if row.id:
                    duplicates.append(Duplicate(row.id, row.line, lines[base]))
                    continue
                key = self._free_key(connection, base, lines, counts)
            lines[key] = row.line
            numbered.append((key, row, digest))
        connection.executemany("INSERT OR REPLACE INTO repeated VALUES (?, ?)", counts.items())
        return duplicates, numbered

    def _free_key(
        self,
        connection: sqlite3.Connection,
        base: str,
        lines: dict[str, int],
        counts: dict[str, int],
    ) -> str:
        """`base`, or with the next number; the user's own ids may look like that, too."""
        key, number = base, counts.get(base, 1)
        while key in lines or _select(connection, "SELECT key FROM listed WHERE key", [key]):
            number += 1
            key = f"{base}-{number}"
        counts[base] = number
        return key

    def _list(self, connection: sqlite3.Connection, entries: Sequence[Entry]) -> bool:
        """Decide what becomes of rows and list them; False, and none listed, if a key is taken."""
        keys = [key for key, _, _ in entries]
        query = "SELECT key, hash, status, tries FROM items WHERE key"
        ended = {found[0]: found for found in _select(connection, query, keys)}
        by_prompt = self._order == "prompt"
        listed, todo = [], []
        for position, (key, row, digest) in enumerate(entries, start=self._position + 1):
            _, before, status, tries = ended.get(key, _NEW)
            why = self._why[status, before == digest]
            start = _storable(row.prompt or "") if by_prompt else None
            listed.append((position, key, row.line, why, start))
            if why in TODO:
                text = row.to_json().encode("utf-8", "surrogatepass")
                todo.append((position, key, tries, digest, text))
        before_all = connection.total_changes
        connection.executemany("INSERT OR IGNORE INTO listed VALUES (?, ?, ?, ?, ?)", listed)
        if connection.total_changes - before_all < len(listed):
            connection.execute("DELETE FROM listed WHERE position > ?", (self._position,))
            return False
        connection.executemany("INSERT INTO todo VALUES (?, ?, ?, ?, ?)", todo)
        self._counts.update([entry[3] for entry in listed])
        self._position += len(entries)
        return True

    def choose(
        self, *, limit: int | None = None, sample: int | None = None, seed: int = 0
    ) -> Listing:
        """Choose among the listed rows, and put them into their order.

        Finished ones are chosen among, too, so that the same command goes on with its choice.

        Args:
            limit: the first so many in the order.
            sample: so many by chance, out of which `limit` chooses.
            seed: decides chance; equal ones decide alike.
        """
        within = "listed"
        if sample is not None:
            within = "(SELECT * FROM listed ORDER BY chance(key, :seed) LIMIT :sample)"
        values = {"seed": seed, "sample": sample, "limit": -1 if limit is None else limit}
        with self._database.statements() as connection:
            connection.execute("DELETE FROM turns")
            connection.execute(
                f"INSERT INTO turns (position, why) SELECT position, why FROM {within} "
                f"WHERE why != 'unread' ORDER BY {_ORDERS[self._order]} LIMIT :limit",
                values,
            )
            counts = connection.execute("SELECT why, count(*) FROM turns GROUP BY why").fetchall()
        self._counts = Counter({**dict(counts), "unread": self._counts["unread"]})
        self._is_chosen, self._given = True, 0
        return self.listing

    def todo(self) -> Iterator[Item]:
        """What is to be done; each item once, so after more rows were entered call it again."""
        while True:
            with self._database.statements() as connection:
                page = self._page(connection)
                saved = _saved(connection, {key: digest for _, _, key, _, digest, _ in page})
            if not page:
                return
            for turn, position, key, tries, _, text in page:
                self._given = turn
                row = row_from_json(text.decode("utf-8", "surrogatepass"))
                pictures = saved.get(key, {})
                there = {n: told for n, told in pictures.items() if self._is_there(told["path"])}
                yield Item(key, row, position, tries, there)

    def _is_there(self, path: str) -> bool:
        return (self._database.directory / path).is_file()

    def _page(self, connection: sqlite3.Connection) -> list[tuple[Any, ...]]:
        columns = "position, key, tries, hash, row"
        query = f"SELECT position, {columns} FROM todo WHERE position > ? ORDER BY position LIMIT ?"
        if self._is_chosen:
            query = (
                f"SELECT turn, {columns} FROM turns JOIN todo USING (position) "
                "WHERE turn > ? ORDER BY turn LIMIT ?"
            )
        return connection.execute(query, (self._given, _PAGE)).fetchall()


def _why(again: Again, status: str, *, is_same: bool) -> str:
    """What becomes of a row that ended before as `status` says, or never: ""."""
    if again == "all":
        return "again"
    if again == "failed":
        return {"failed": "failed", "refused": "again", "done": "done"}.get(status, "left")
    if not status:
        return "new"
    return status if is_same else "changed"


def _select(connection: sqlite3.Connection, query: str, keys: Sequence[str]) -> list[Any]:
    """The rows of a query for some of `keys`."""
    found: list[Any] = []
    most = connection.getlimit(sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER)
    for start in range(0, len(keys), most):
        some = keys[start : start + most]
        marks = ",".join("?" * len(some))
        found += connection.execute(f"{query} IN ({marks})", some).fetchall()
    return found


def _saved(
    connection: sqlite3.Connection, hashes: dict[str, bytes]
) -> dict[str, dict[int, dict[str, Any]]]:
    """Records of saved pictures of the same hash, by key and number."""
    query = "SELECT key, n, hash, path, record FROM pictures WHERE is_saved AND key"
    found: dict[str, dict[int, dict[str, Any]]] = {}
    for key, n, digest, path, record in _select(connection, query, list(hashes)):
        if digest == hashes[key]:
            found.setdefault(key, {})[n] = {**json.loads(record), "path": path}
    return found


def _storable(prompt: str) -> str:
    """The beginning of a prompt, to sort by; half a surrogate pair cannot be stored."""
    return prompt[:_START].encode("utf-8", "replace").decode()


def _chance(key: str, seed: int) -> bytes:
    return sha256(f"{seed} {key}".encode()).digest()[:8]
