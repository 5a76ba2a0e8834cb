"""serve(): a fake service on a port of this machine, on an event loop of its own in a thread."""

import asyncio
import contextlib
import socket
import threading
import time
import traceback
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from fakes.delivery import Delivery
from fakes.desk import Desk, Latency, make_desk
from fakes.limits import ByStep, Limits
from fakes.log import Entry, Log
from fakes.message import Answer, Request
from fakes.pictures import Picture
from fakes.service import Service
from fakes.wire import RawRequest, read_request, send


class Fake:
    """A running fake.

    Attributes:
        root: "http://127.0.0.1:PORT".
        url: the base URL to set for the provider.
        key: its only right key; None when it takes any.
        log: every request.
    """

    def __init__(self, desks: Mapping[str, Desk], log: Log) -> None:
        self.desks = desks
        self.log = log
        self.root = ""
        self.crashes: list[str] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._connections = 0
        self._loop = asyncio.new_event_loop()
        self._stop = asyncio.Event()
        self._thread: threading.Thread | None = None

    @property
    def _only(self) -> Desk:
        (desk,) = self.desks.values()
        return desk

    @property
    def url(self) -> str:
        return self.root + self._only.service.suffix

    @property
    def key(self) -> str | None:
        return self._only.service.options.key

    @property
    def service(self) -> Service:
        return self._only.service

    @property
    def faults_left(self) -> list[str]:
        """What of the script has not happened yet."""
        return [name for desk in self.desks.values() for name in desk.faults.left]

    @property
    def entries(self) -> list[Entry]:
        return list(self.log.entries)

    @property
    def pictures(self) -> list[Picture]:
        return self.log.pictures

    @property
    def paid(self) -> int:
        return self.log.paid

    def forward(self, seconds: float) -> None:
        """Let seconds go by at once: what the fake works on is as much further."""
        self.service.clock.forward(seconds, self._loop)

    def start(self, port: int = 0) -> None:
        """Listen on 127.0.0.1; `root` is set when this returns."""
        listener = socket.create_server(("127.0.0.1", port))
        self.root = f"http://127.0.0.1:{listener.getsockname()[1]}"
        ready = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(listener, ready), daemon=True)
        self._thread.start()
        ready.wait()

    def stop(self) -> None:
        """Close every connection, then the port."""
        self._loop.call_soon_threadsafe(self._stop.set)
        assert self._thread is not None
        self._thread.join()
        self.log.close()

    def _run(self, listener: socket.socket, ready: threading.Event) -> None:
        asyncio.set_event_loop(self._loop)
        try:
            self._loop.run_until_complete(self._listen(listener, ready))
        finally:
            asyncio.set_event_loop(None)
            self._loop.close()

    async def _listen(self, listener: socket.socket, ready: threading.Event) -> None:
        server = await asyncio.start_server(self._begin, sock=listener, limit=2**20)
        ready.set()
        await self._stop.wait()
        server.close()
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        # Transports that were aborted close on the loop's next turns.
        await asyncio.sleep(0)
        await asyncio.sleep(0)

    def _begin(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._connections += 1
        task = self._loop.create_task(self._talk(reader, writer, self._connections))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _talk(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, number: int
    ) -> None:
        writer.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        # What was drained is then with the operating system, and the log can say so.
        writer.transport.set_write_buffer_limits(high=0)
        try:
            while (raw := await read_request(reader, writer)) is not None:
                if not await self._exchange(raw, reader, writer, number):
                    break
        except (ConnectionError, asyncio.IncompleteReadError):
            pass  # the client went away
        finally:
            writer.close()

    async def _exchange(
        self,
        raw: "RawRequest",
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        number: int,
    ) -> bool:
        """One request and its answer; False when the connection is at its end."""
        found = self._desk_for(raw.path)
        if found is None:
            await send(writer, Answer(404, [b"Not Found"], "text/plain"), close=True)
            return False
        prefix, desk = found
        request = Request(
            method=raw.method,
            path=raw.path[len(prefix) :],
            query=raw.query,
            headers=raw.headers,
            body=raw.body,
            root=self.root + prefix,
        )
        try:
            answer, fault, entry = await desk.answer(request, number)
        except Exception:  # noqa: BLE001
            # A fault of the fake itself: the test must not take it for the provider's.
            self.crashes.append(traceback.format_exc())
            await send(writer, Answer(500, [b"the fake crashed"], "text/plain"), close=True)
            return False
        entry.status, entry.outcome, entry.pictures = answer.status, answer.outcome, answer.pictures
        close = raw.headers.get("connection", "").lower() == "close"
        entry.finished = time.time()
        delivery = Delivery(reader, writer, answer, fault, close=close)
        try:
            return await delivery.run() and not close
        finally:
            if delivery.whole:
                entry.written = time.time()
            elif delivery.client_is_gone and not fault:
                entry.gone = time.time()
            self.log.end(entry)

    def _desk_for(self, path: str) -> tuple[str, Desk] | None:
        for prefix, desk in self.desks.items():
            if path == prefix or path.startswith(prefix + "/"):
                return prefix, desk
        return None


@contextlib.contextmanager
def serve(
    name: str,
    *,
    faults: Sequence[str] | Mapping[str, float] = (),
    latency: Latency | Mapping[str, Latency] = 0.0,
    concurrency: ByStep = None,
    queue: bool = False,
    per_minute: ByStep = None,
    minute: float = 60.0,
    port: int = 0,
    log: Path | None = None,
    **options: Any,
) -> Iterator[Fake]:
    """Run a fake service while the `with` block runs.

    Args:
        name: one of SERVICES.
        faults: a script consumed in order, ["429", "image/blocked", "503*"], or shares of the
            requests, {"429": 0.05, "reset": 0.02}; see faults.py for how they are written.
        latency: seconds that work takes: a number, a range, or one of these by step.
        concurrency, queue, per_minute, minute: see Limits.
        port: 0 takes a free one.
        log: a file that takes the requests as JSON Lines.
        options: see Options in service.py: key, seed, megabytes, tiny, signed, format, answers,
            usage, habit.

    Raises:
        ValueError: there is no such service or fault.
        AssertionError: at the end, when the fake itself crashed.
    """
    book = Log(log)
    limits = Limits(concurrency, queue, per_minute, minute)
    desk = make_desk(name, faults=faults, latency=latency, limits=limits, log=book, **options)
    fake = Fake({"": desk}, book)
    fake.start(port)
    try:
        yield fake
    finally:
        fake.stop()
    if fake.crashes:
        raise AssertionError("the fake server crashed:\n" + "\n".join(fake.crashes))
