"""The request log: one Entry for every request, in memory and as JSON Lines."""

import hashlib
import json
import re
import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fakes.message import Request
from fakes.pictures import Picture

_BASE64 = re.compile(r"(?:data:[\w/+.-]+;base64,)?[A-Za-z0-9+/_-]{200,}={0,2}")


@dataclass
class Entry:
    """One request and what became of it.

    Attributes:
        time: seconds since 1970.
        step: "text" and "image" are work; "models", "poll", "result", "download", "cancel", ...
        key: where a key stood: "x-goog-api-key", "authorization", "?key", or "".
        key_is_right: whether it was this service's key.
        leaks: where else the key stood: "path", "query", "body", other headers.
        headers: as sent, without the key.
        prompt: what was to be drawn or described, where the service found it.
        model: which model was asked for.
        outcome: "ok", a fault's name, "refused" for a request that the service did not accept.
        pictures: what was drawn, and is paid for, on this request.
        connection: number of the connection it came over.
        finished: seconds since 1970 when the answer was ready to be sent; 0.0 before.
        written: seconds since 1970 when all of it was handed to the network, for a client that was
            still there; 0.0 before, and for ever when a fault or the client's end prevented it.
        gone: seconds since 1970 when the client was found to have gone before that; else 0.0.
    """

    number: int
    time: float
    provider: str
    step: str
    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    parsed: Any = field(repr=False)
    connection: int = 0
    key: str = ""
    key_is_right: bool = False
    leaks: tuple[str, ...] = ()
    prompt: str = ""
    model: str = ""
    status: int = 0
    outcome: str = ""
    pictures: tuple[Picture, ...] = field(default=(), repr=False)
    finished: float = 0.0
    written: float = 0.0
    gone: float = 0.0

    @property
    def paid(self) -> int:
        """How many pictures were drawn and are paid for, received or not."""
        return len(self.pictures)

    @property
    def body(self) -> Any:
        """What was sent; long base64 and files appear as type, length and hash."""
        return shortened(self.parsed)

    def to_dict(self) -> dict[str, Any]:
        names = ("number", "time", "provider", "step", "method", "path", "query", "connection")
        more = ("key", "key_is_right", "leaks", "prompt", "model", "status", "outcome")
        times = ("finished", "written", "gone")
        return {name: getattr(self, name) for name in (*names, *more, *times)} | {
            "paid": self.paid,
            "pictures": [picture.sha256 for picture in self.pictures],
            "body": self.body,
        }


class Log:
    """Entries in the order in which requests came; may be read while the server works."""

    def __init__(
        self, path: Path | None = None, *, tell: Callable[[Entry], None] | None = None
    ) -> None:
        self.entries: list[Entry] = []
        self._tell = tell
        self._lock = threading.Lock()
        self._file = path.open("a", encoding="utf-8") if path else None
        # The hash of a large picture would hold up the answers to others.
        self._writer = ThreadPoolExecutor(1)
        self._written: list[Future[None]] = []

    def begin(
        self, request: Request, *, provider: str, step: str, key: str | None, connection: int
    ) -> Entry:
        place, sent = _find_key(request)
        headers = dict(request.headers)
        if place in headers:
            headers[place] = headers[place].replace(sent, "[key]")
        right = bool(key) and sent == key
        with self._lock:
            entry = Entry(
                number=len(self.entries),
                time=time.time(),
                provider=provider,
                step=step,
                method=request.method,
                path=request.path,
                query={n: "[key]" if n == "key" else v for n, v in request.query.items()},
                headers=headers,
                parsed=request.parsed,
                connection=connection,
                key=place,
                key_is_right=right,
                leaks=_leaks(request, key, headers) if key else (),
            )
            self.entries.append(entry)
        return entry

    def end(self, entry: Entry) -> None:
        """Nothing more happens to this request: its line is written."""
        if self._file is not None:
            self._written.append(self._writer.submit(self._write, entry))
        if self._tell is not None:
            self._tell(entry)

    def _write(self, entry: Entry) -> None:
        assert self._file is not None
        self._file.write(json.dumps(entry.to_dict(), ensure_ascii=False) + "\n")
        self._file.flush()

    def close(self) -> None:
        """The file is complete when this returns."""
        for written in self._written:
            written.result()
        self._writer.shutdown()
        if self._file is not None:
            self._file.close()

    def of(self, *steps: str) -> list[Entry]:
        """The entries of these steps."""
        return [entry for entry in list(self.entries) if entry.step in steps]

    @property
    def paid(self) -> int:
        return sum(entry.paid for entry in list(self.entries))

    @property
    def paid_by_prompt(self) -> Counter[str]:
        """Pictures paid for each prompt, received or not."""
        counted: Counter[str] = Counter()
        for entry in list(self.entries):
            if entry.paid:
                counted[entry.prompt] += entry.paid
        return counted

    @property
    def pictures(self) -> list[Picture]:
        """All pictures that were drawn, in order."""
        return [picture for entry in list(self.entries) for picture in entry.pictures]


def shortened(value: Any) -> Any:
    """`value` with every file and every long base64 text as its length and hash."""
    if isinstance(value, bytes):
        return f"<{len(value)} bytes, sha256 {hashlib.sha256(value).hexdigest()[:16]}>"
    if isinstance(value, str):
        return _BASE64.sub(_hash_shown, value) if len(value) >= 200 else value
    if isinstance(value, dict):
        return {name: shortened(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [shortened(item) for item in value]
    return value


def _hash_shown(found: re.Match[str]) -> str:
    digest = hashlib.sha256(found[0].encode()).hexdigest()[:16]
    return f"<{len(found[0])} characters of base64, sha256 {digest}>"


def _find_key(request: Request) -> tuple[str, str]:
    for place in ("x-goog-api-key", "authorization", "x-api-key"):
        value = request.headers.get(place)
        if value:
            return place, value.rpartition(" ")[2]
    return ("?key", request.query["key"]) if "key" in request.query else ("", "")


def _leaks(request: Request, key: str, headers: dict[str, str]) -> tuple[str, ...]:
    """Where the key stands beside its header."""
    places = {
        "path": key in request.path,
        "query": any(key in value for value in request.query.values()),
        "body": key.encode() in request.body,
    }
    return tuple(
        [place for place, found in places.items() if found]
        + [f"header {name}" for name, value in headers.items() if key in value]
    )
