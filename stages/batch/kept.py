"""Kept pictures: what a provider sent, as a file and plain values, until it is finished and saved.

Pictures whose finishing takes long are kept, so that none is paid for twice.
"""

import json
import secrets
import sqlite3
from contextlib import suppress
from dataclasses import asdict
from hashlib import sha256

from imagine.stages.batch.database import Database
from imagine.stages.batch.roll import HASH
from imagine.stages.disk import write_new_file
from imagine.stages.image import GeneratedImage, ReceivedImage
from imagine.stages.money.usage import Usage
from imagine.stages.save import write_error

FOLDER = ".imagine-batch"


class KeptPictures:
    """The kept pictures of a directory."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._folder = database.directory / FOLDER

    def add(self, key: str, n: int, image: GeneratedImage, *, seed: int) -> None:
        """Keep a picture; one that was drawn here is not kept.

        Raises:
            SaveError: it cannot be written.
        """
        if image.received is None:
            return
        data = image.received.data
        values = {
            "key": key,
            "n": n,
            "file": f"{secrets.token_hex(8)}.part",
            "sha256": sha256(data).hexdigest(),
            "seed": seed,
            "image": image_to_json(image),
        }
        # The row comes first: whenever the file is whole, it is found again.
        with self._database.transaction() as connection:
            connection.execute(
                f"INSERT OR REPLACE INTO kept VALUES (:key, :n, {HASH}, :file, :sha256, :seed, "
                ":image)",
                values,
            )
        try:
            # Pictures are nobody else's to see before they are saved.
            self._folder.mkdir(mode=0o700, exist_ok=True)
            write_new_file(self._folder / str(values["file"]), data)
        except OSError as error:
            raise write_error("The picture", self._folder, error) from error

    def of(self, key: str) -> dict[int, tuple[GeneratedImage, int]]:
        """The kept pictures of an item and their seeds, by number."""
        query = (
            "SELECT n, file, sha256, seed, image FROM kept "
            f"WHERE key = :key AND hash IS {HASH} ORDER BY n"
        )
        with self._database.statements() as connection:
            rows = connection.execute(query, {"key": key}).fetchall()
        found = {}
        for n, name, digest, seed, image in rows:
            data = self._read(name, digest)
            if data is not None:
                found[n] = image_from_json(image, data), seed
        return found

    def numbers(self) -> dict[str, int]:
        """How many are kept of each item that is still to be done, by key; none is read."""
        query = (
            "SELECT kept.key, count(*) FROM kept JOIN listed USING (key) JOIN todo USING (position)"
            " WHERE kept.hash IS todo.hash GROUP BY kept.key"
        )
        with self._database.statements() as connection:
            return dict(connection.execute(query).fetchall())

    def _read(self, name: str, digest: str) -> bytes | None:
        """The bytes that were kept; None when the file is gone or was not written to its end."""
        try:
            data = (self._folder / name).read_bytes()
        except OSError:
            return None
        return data if sha256(data).hexdigest() == digest else None

    def forget(self, connection: sqlite3.Connection, key: str, n: int | None = None) -> list[str]:
        """Take one picture of an item, or all, out of the journal; what `remove` is given then."""
        those = "FROM kept WHERE key = ? AND n = ifnull(?, n)"
        files = connection.execute(f"SELECT file {those}", (key, n)).fetchall()
        if files:
            connection.execute(f"DELETE {those}", (key, n))
        return [name for (name,) in files]

    def remove(self, names: list[str]) -> None:
        """Remove files; the folder stays, since another thread may be about to write into it."""
        for name in names:
            with suppress(OSError):
                (self._folder / name).unlink()

    def close(self) -> None:
        """Remove the folder when it is empty."""
        with suppress(OSError):
            self._folder.rmdir()

    def remove_others(self) -> None:
        """Remove the files that the journal does not know of any more, and an empty folder."""
        with self._database.statements() as connection:
            known = {name for (name,) in connection.execute("SELECT file FROM kept")}
        if self._folder.is_dir():
            found = [path.name for path in self._folder.glob("*.part")]
            self.remove([name for name in found if name not in known])
            self.close()


def image_to_json(image: GeneratedImage) -> str:
    """A received picture but for its bytes."""
    received = image.received
    assert received is not None  # noqa: S101  # others are not kept
    values = {
        "model": image.model,
        "notes": image.notes,
        "parameters": image.parameters,
        "finish_reason": image.finish_reason,
        "usage": asdict(image.usage),
        "received": {
            "format": received.format,
            "width": received.width,
            "height": received.height,
            "signed": received.signed,
        },
    }
    return json.dumps(values)


def image_from_json(text: str, data: bytes) -> GeneratedImage:
    """The picture behind `image_to_json`."""
    values = json.loads(text)
    return GeneratedImage(
        model=values["model"],
        received=ReceivedImage(data=data, **values["received"]),
        notes=tuple(values["notes"]),
        parameters=tuple((name, value) for name, value in values["parameters"]),
        finish_reason=values["finish_reason"],
        usage=Usage(**values["usage"]),
    )
