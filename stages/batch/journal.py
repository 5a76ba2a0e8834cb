"""The journal of a batch: what was done goes in, and after a kill at any instant is known again.

A file beside the pictures, which one run at a time may open. What an item was given so far is
kept until the item ends: paid answers, pictures that were received, pictures that are saved. The
picture comes first, then its row; before it gets its name the journal notes what is coming, so
that a picture without a row is found by its hash.

    with Journal.open(directory) as journal:
        journal.begin(options, again="changed")
        journal.enter(rows)
        for item in journal.todo():
            ...
            artifact = save_image(..., on_encoded=lambda coming: journal.coming(key, 1, coming, {}))
            journal.saved(key, 1, artifact.path, record)
            journal.finish(key, "done", record)
"""

import json
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self

from imagine.stages.batch.answers import ItemAnswers
from imagine.stages.batch.database import Database, open_database
from imagine.stages.batch.kept import KeptPictures
from imagine.stages.batch.listing import Again, Duplicate, Item, Listing, Order
from imagine.stages.batch.recovery import Recovery
from imagine.stages.batch.roll import HASH, Roll
from imagine.stages.batch.rows import Row
from imagine.stages.enhance.asking import Cache
from imagine.stages.image import GeneratedImage
from imagine.stages.publish import Coming
from imagine.stages.save import write_error

Status = Literal["done", "failed", "refused"]


class Journal:
    """An open journal. Every method may be called from several threads at once.

    All of them raise SaveError when the disk does not take what they write, and ConfigError when
    the file is damaged.

    Attributes:
        adopted: pictures that a killed run had written, and that are taken for saved now.
        adopted_records: what `coming` was told of them; they stand in no ledger yet.
        removed: temporary files that a killed run had left.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._kept = KeptPictures(database)
        self._roll: Roll | None = None
        self.adopted_records: list[dict[str, Any]] = []
        self.removed = 0

    @classmethod
    def open(cls, directory: Path) -> Self:
        """Open the journal of a directory, made when it is missing, and repair what a kill left.

        Raises:
            BusyError: another run has it open.
            ConfigError: it is damaged, another program's, or of a newer version.
            SaveError: it cannot be written, or a picture that was received not published.
        """
        journal = cls(open_database(directory))
        try:
            journal._recover()
        except BaseException:
            journal.close()
            raise
        return journal

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let others have the directory."""
        # Before: once the journal is closed, another run may keep pictures there.
        self._kept.close()
        self._database.close()

    @property
    def adopted(self) -> int:
        return len(self.adopted_records)

    @property
    def directory(self) -> Path:
        return self._database.directory

    # The rows of this run

    def begin(self, options: str, *, again: Again = "changed", order: Order = "input") -> None:
        """Begin a run, to which rows are then entered.

        Args:
            options: what the command line sets, as canonical JSON: part of what decides a picture.
            again: what is done of that which ended before, as Roll says.
            order: in which the rows are done, as Roll says; one other than that of the input
                takes effect with `choose`.
        """
        with self._database.transaction() as connection:
            # Rows that could not be read are found again, if they are still there.
            unread = "FROM items WHERE hash IS NULL"
            connection.execute(f"DELETE FROM records WHERE number IN (SELECT number {unread})")
            connection.execute(f"DELETE {unread}")
            if again == "all":
                ended = "key IN (SELECT key FROM items)"
                connection.execute(f"DELETE FROM pictures WHERE {ended}")
                connection.execute(f"DELETE FROM kept WHERE {ended}")
        self._roll = Roll(self._database, options=options, again=again, order=order)

    @property
    def _rows(self) -> Roll:
        if self._roll is None:
            raise RuntimeError("begin() comes first")
        return self._roll

    def enter(self, rows: Sequence[Row]) -> list[Duplicate]:
        """List rows, some thousand at a time; those whose ids were there before are returned."""
        return self._rows.enter(rows)

    def enter_unread(self, line: int) -> str:
        """List a row that cannot be read.

        Returns:
            The key under which `finish` may record it as failed: " line-2", which no id can be as
            it begins with a space; without that it is a name for people.
        """
        return self._rows.enter_unread(line)

    def choose(
        self, *, limit: int | None = None, sample: int | None = None, seed: int = 0
    ) -> Listing:
        """Choose among the listed rows, and put them into their order, as Roll says."""
        return self._rows.choose(limit=limit, sample=sample, seed=seed)

    @property
    def listing(self) -> Listing:
        """What becomes of the rows listed, or chosen."""
        return self._rows.listing

    def todo(self) -> Iterator[Item]:
        """What is to be done; each item once, so after more rows were entered call it again."""
        return self._rows.todo()

    # What an item is given until it ends

    def answers(self, key: str, *, behind: Cache | None = None) -> ItemAnswers:
        """The paid descriptions of an item; `behind` is the user's cache."""
        return ItemAnswers(self._database, key, behind)

    def keep(self, key: str, n: int, image: GeneratedImage, *, seed: int) -> None:
        """Keep a received picture until it is saved; one that was drawn here is not kept."""
        self._kept.add(key, n, image, seed=seed)

    def kept(self, key: str) -> dict[int, tuple[GeneratedImage, int]]:
        """The kept pictures of an item and their seeds, by number."""
        return self._kept.of(key)

    def numbers_kept(self) -> dict[str, int]:
        """How many pictures are kept of each item of this run that is to be done, by key."""
        return self._kept.numbers()

    def forget_kept(self, key: str, n: int) -> None:
        """Keep a picture no longer that cannot be finished, so that it is drawn anew."""
        with self._database.transaction() as connection:
            files = self._kept.forget(connection, key, n)
        self._kept.remove(files)

    def coming(self, key: str, n: int, coming: Coming, record: dict[str, Any]) -> None:
        """Announce a picture, right before `publish` writes it; `record` is that of `saved`."""
        values = {
            "key": key,
            "n": n,
            "path": self._relative(coming.target),
            "sha256": coming.sha256,
            "sidecar": coming.sidecar,
            "bytes": coming.bytes,
            "overwrite": coming.overwrite,
            "record": line_of(record),
        }
        with self._database.transaction() as connection:
            connection.execute(
                f"INSERT OR REPLACE INTO pictures VALUES (:key, :n, {HASH}, :path, :sha256, "
                ":sidecar, :bytes, :overwrite, 0, :record)",
                values,
            )

    def saved(self, key: str, n: int, path: Path, record: dict[str, Any]) -> None:
        """The picture has its name; `Item.saved` gives the record back if the item is not ended."""
        values = {
            "key": key,
            "n": n,
            "path": self._relative(path),
            "record": line_of(record),
        }
        with self._database.transaction() as connection:
            connection.execute(
                "INSERT OR REPLACE INTO pictures (key, n, hash, path, is_saved, record) "
                f"VALUES (:key, :n, {HASH}, :path, 1, :record)",
                values,
            )
            files = self._kept.forget(connection, key, n)
        self._kept.remove(files)

    def finish(self, key: str, status: Status, record: dict[str, Any]) -> None:
        """The item ended; what a failed one was given so far is kept for its next try.

        Args:
            record: the item's line of the results.
        """
        files: list[str] = []
        with self._database.transaction() as connection:
            query = "SELECT number, tries FROM items WHERE key = ?"
            number, tries = connection.execute(query, (key,)).fetchone() or (None, 0)
            cursor = connection.execute(
                "INSERT OR REPLACE INTO records VALUES (?, ?)", (number, line_of(record))
            )
            connection.execute(
                f"INSERT OR REPLACE INTO items VALUES (:key, {HASH}, :status, :tries, :number)",
                {"key": key, "status": status, "tries": tries + 1, "number": cursor.lastrowid},
            )
            if status == "done":
                files = self._kept.forget(connection, key)
                for table in ("pictures", "answers"):
                    connection.execute(f"DELETE FROM {table} WHERE key = ?", (key,))
            else:
                connection.execute("DELETE FROM pictures WHERE key = ? AND NOT is_saved", (key,))
            connection.execute("DELETE FROM notes WHERE name = 'results'")
        self._kept.remove(files)

    # The results

    def lines(self) -> Iterator[str]:
        """The record of every item that ever ended here: those of this run in the order of the
        input, then the others in the order in which they ended first."""
        with self._database.statements() as connection:
            connection.execute(
                "CREATE TEMP TABLE IF NOT EXISTS ended (turn INTEGER PRIMARY KEY, number)"
            )
            connection.execute("DELETE FROM ended")
            position = "SELECT NULL AS line, NULL AS position, number FROM items"
            if self._roll is not None:
                position = "SELECT line, position, number FROM items LEFT JOIN listed USING (key)"
            connection.execute(
                f"INSERT INTO ended (number) SELECT number FROM ({position}) "
                "ORDER BY position IS NULL, line, position, number"
            )
        turn = 0
        query = "SELECT turn, line FROM ended JOIN records USING (number) WHERE turn > ? LIMIT 64"
        while True:
            with self._database.statements() as connection:
                page = connection.execute(query, (turn,)).fetchall()
            if not page:
                return
            yield from (line for _, line in page)
            turn = page[-1][0]

    @property
    def results_size(self) -> int | None:
        """Bytes of the results as they were written last; None when items have ended since."""
        with self._database.statements() as connection:
            query = "SELECT value FROM notes WHERE name = 'results'"
            found = connection.execute(query).fetchone()
        return None if found is None else int(found[0])

    def note_results(self, size: int) -> None:
        """The results were written, and took so many bytes."""
        with self._database.transaction() as connection:
            connection.execute("INSERT OR REPLACE INTO notes VALUES ('results', ?)", (size,))

    def note_enlarging(self, wanted: str) -> str | None:
        """How pictures are enlarged from now on; gives what the run before noted, None for none."""
        with self._database.transaction() as connection:
            query = "SELECT value FROM notes WHERE name = 'enlarging'"
            found = connection.execute(query).fetchone()
            connection.execute("INSERT OR REPLACE INTO notes VALUES ('enlarging', ?)", (wanted,))
        return None if found is None else str(found[0])

    # After a kill

    def _recover(self) -> None:
        with self._database.statements() as connection:
            rows = connection.execute(
                "SELECT key, n, record, path, sha256, bytes, sidecar, overwrite FROM pictures "
                "WHERE NOT is_saved"
            ).fetchall()
        recovery = Recovery()
        for key, n, record, *values in rows:
            path, digest, size, sidecar, overwrite = values
            coming = Coming(self.directory / path, digest, size, sidecar, bool(overwrite))
            try:
                found = recovery.settle(coming)
            except OSError as error:
                raise write_error("The picture", coming.target, error) from error
            self._settled(key, n, found)
            if found is not None:
                self.adopted_records.append(json.loads(record))
        self.removed = recovery.clean()
        self._kept.remove_others()

    def _settled(self, key: str, n: int, path: Path | None) -> None:
        with self._database.transaction() as connection:
            if path is None:
                connection.execute("DELETE FROM pictures WHERE key = ? AND n = ?", (key, n))
            else:
                connection.execute(
                    "UPDATE pictures SET is_saved = 1, path = ? WHERE key = ? AND n = ?",
                    (self._relative(path), key, n),
                )

    def _relative(self, path: Path) -> str:
        return Path(os.path.relpath(path, self.directory)).as_posix()


def line_of(record: dict[str, Any]) -> str:
    """A record as one line of JSON; what UTF-8 cannot hold becomes a question mark."""
    return json.dumps(record, ensure_ascii=False).encode("utf-8", "replace").decode()
