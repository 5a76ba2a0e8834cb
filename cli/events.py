"""The events of a batch for programs, with --json: one JSON object a line on stdout."""

from collections.abc import Mapping
from typing import Any

from imagine.cli.console import Console


class Events:
    """Prints what happens in a batch as JSON Lines, at once and in order; nothing without --json.

    Every object begins with the key `event`:

        {"event": "start", "total": 200, "skipped": 17}
        {"event": "picture", "id": "fox", "line": 3, "path": "out/fox.png", ...}
        {"event": "item", "ok": true, "id": "fox", "line": 3, "status": "done", ...}
        {"event": "note", "text": "Gemini allows 60 a minute."}
        {"event": "end", "done": 198, "failed": 2, "skipped": 17, "seconds": 252.1, "cost": 6.63,
         "interrupted": false}

    `start` comes first: `total` items are to be done (null while nobody knows: a pipe is still
    open), `skipped` were finished before. `picture` comes when a picture has its name; its `path`
    begins at the working directory, or is absolute, as without --json. `item` comes when an item
    ended, with all that its line of results.jsonl holds, whose `paths` begin at the directory of
    the results; `ok` tells whether it is done. `note` is for people. `end` comes last: dollars in
    `cost` (null where a price is unknown), and whether the run was interrupted. Readers ignore
    keys and events that they do not know.
    """

    def __init__(self, console: Console) -> None:
        self._console = console

    def start(self, *, total: int | None, skipped: int) -> None:
        self._print("start", {"total": total, "skipped": skipped})

    def picture(self, id: str, line: int, path: str, image: Mapping[str, Any]) -> None:
        """A picture has its name; `image` is what the results tell of it."""
        rest = {name: value for name, value in image.items() if name != "path"}
        self._print("picture", {"id": id, "line": line, "path": path, **rest})

    def item(self, record: Mapping[str, Any]) -> None:
        """An item ended; `record` is its line of results.jsonl."""
        self._print("item", {"ok": record["status"] == "done", **record})

    def note(self, text: str) -> None:
        self._print("note", {"text": text})

    def end(
        self,
        *,
        done: int,
        failed: int,
        skipped: int,
        seconds: float,
        cost: float | None,
        interrupted: bool,
    ) -> None:
        values = {
            "done": done,
            "failed": failed,
            "skipped": skipped,
            "seconds": round(seconds, 3),
            # Adding up cents in binary leaves a trail of digits.
            "cost": None if cost is None else round(cost, 6),
            "interrupted": interrupted,
        }
        self._print("end", values)

    def _print(self, event: str, values: Mapping[str, Any]) -> None:
        if self._console.json:
            self._console.result_json({"event": event, **values})
