"""serve(): a fake service on a port of this machine, on an event loop of its own in a thread."""

import asyncio
import contextlib
import gzip
import importlib
import socket
import struct
import threading
import time
import traceback
import zlib
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from fakes.faults import INSTEAD, WORK, Fault, Faults, fraction
from fakes.log import Entry, Log
from fakes.message import Answer, RefusedRequest, Request
from fakes.pictures import Picture
from fakes.service import Options, Service

# Services and the habits of OpenAI-compatible servers, each under its own name.
SERVICES = {
    "gemini": "gemini:Gemini",
    "imagen": "imagen:Imagen",
    "openai": "openai:OpenAI",
    "localai": "openai:OpenAI",
    "vllm-omni": "openai:OpenAI",
    "sglang": "openai:OpenAI",
    "sdcpp": "openai:OpenAI",
    "ollama": "openai:OpenAI",
    "lmstudio": "openai:OpenAI",
    "llamacpp": "openai:OpenAI",
    "vllm": "openai:OpenAI",
    "together": "openai:OpenAI",
    "stability": "stability:Stability",
    "huggingface": "huggingface:HuggingFace",
    "replicate": "replicate:Replicate",
    "fal": "fal:Fal",
}

Latency = float | tuple[float, float]
BOMB = 64 * 2**20
MAX_REQUEST = 256 * 2**20
_REASONS = {200: "OK", 201: "Created", 202: "Accepted", 302: "Found", 400: "Bad Request"}


def service_class(name: str) -> type[Service]:
    """The class behind a name of SERVICES."""
    module, _, title = SERVICES[name].partition(":")
    found: type[Service] = getattr(importlib.import_module(f"fakes.{module}"), title)
    return found


@dataclass(frozen=True)
class Limits:
    """What a service lets through.

    Attributes:
        concurrency: requests worked on at the same time.
        queue: whether more of them wait, instead of being answered 429.
        per_minute: requests in any `minute` seconds.
        minute: seconds of a minute; shorter ones make tests quick.
    """

    concurrency: int | None = None
    queue: bool = False
    per_minute: int | None = None
    minute: float = 60.0


class Desk:
    """One service with its faults, limits and log, as reached under one prefix."""

    def __init__(
        self,
        service: Service,
        *,
        faults: Faults,
        limits: Limits,
        latency: Latency | Mapping[str, Latency],
        log: Log,
    ) -> None:
        self.service = service
        self.faults = faults
        self.log = log
        self._limits = limits
        self._latency = latency
        self._working = 0
        self._free = asyncio.Semaphore(limits.concurrency or 1)
        self._recent: deque[float] = deque()

    async def answer(self, request: Request, connection: int) -> tuple[Answer, Fault, Entry]:
        """What the service says to a request, and the fault that befalls it."""
        service = self.service
        step = service.step(request)
        entry = self.log.begin(
            request,
            provider=service.name,
            step=step,
            key=service.options.key,
            connection=connection,
        )
        content = _content(request)
        fault = self.faults.draw(step, content)
        if fault == "reset-before":
            return Answer(0, outcome="reset-before"), fault, entry
        try:
            work = service.accept(request, entry)
        except RefusedRequest as refused:
            return refused.answer, Fault(), entry
        if step in WORK:
            late = self._over_the_limit()
            if late is not None:
                answer = service.limited(late)
                answer.outcome = "limited"
                return answer, Fault(), entry
        if fault.name in service.errors:
            answer = service.reject(fault, entry.model)
            answer.outcome = fault.name
            return answer, fault, entry
        if fault.name in INSTEAD:
            answer = changed(Answer(), fault)
            answer.outcome = fault.name
            return answer, fault, entry
        async with self._place(step):
            seconds = service.latency = self._seconds(step, content)
            answer = work(fault)
            if step in WORK and answer.later is None and seconds:
                await asyncio.sleep(seconds)
            elif answer.later is not None:
                await asyncio.sleep(answer.wait)
                answer = answer.later()
        if fault:
            answer.outcome = fault.name
        return changed(answer, fault), fault, entry

    def _over_the_limit(self) -> float | None:
        """Seconds until a request would be let through, or None when this one is."""
        limits = self._limits
        if limits.concurrency and not limits.queue and self._working >= limits.concurrency:
            return 1.0
        if limits.per_minute:
            now = time.monotonic()
            while self._recent and self._recent[0] <= now - limits.minute:
                self._recent.popleft()
            if len(self._recent) >= limits.per_minute:
                return self._recent[0] + limits.minute - now
            self._recent.append(now)
        return None

    @contextlib.asynccontextmanager
    async def _place(self, step: str) -> AsyncIterator[None]:
        if step not in WORK or not self._limits.concurrency:
            yield
            return
        self._working += 1
        try:
            async with self._free:
                yield
        finally:
            self._working -= 1

    def _seconds(self, step: str, content: bytes) -> float:
        latency = self._latency
        if isinstance(latency, Mapping):
            latency = latency.get(step, 0.0)
        if isinstance(latency, tuple):
            low, high = latency
            latency = low + (high - low) * fraction(self.service.options.seed, content)
        return latency


def _content(request: Request) -> bytes:
    """What tells requests apart: a form without its boundary, which is drawn at random."""
    if request.form is not None:
        return b"\n".join(part.name.encode() + b"=" + part.data for part in request.form)
    return request.body or request.path.encode()


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
        try:
            while (raw := await _read_request(reader, writer)) is not None:
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
            await _send(writer, Answer(404, [b"Not Found"], "text/plain"), close=True)
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
            await _send(writer, Answer(500, [b"the fake crashed"], "text/plain"), close=True)
            return False
        entry.status, entry.outcome, entry.pictures = answer.status, answer.outcome, answer.pictures
        close = raw.headers.get("connection", "").lower() == "close"
        delivery = Delivery(reader, writer, answer, fault, close=close)
        self.log.end(entry)
        return await delivery.run() and not close

    def _desk_for(self, path: str) -> tuple[str, Desk] | None:
        for prefix, desk in self.desks.items():
            if path == prefix or path.startswith(prefix + "/"):
                return prefix, desk
        return None


@dataclass(frozen=True)
class RawRequest:
    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes


async def _read_request(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> RawRequest | None:
    """The next request of a connection, or None when the client has closed it."""
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError as error:
        if error.partial:
            raise
        return None
    first, *lines = head.decode("latin-1").rstrip("\r\n").split("\r\n")
    method, target, _ = first.split(" ", 2)
    headers = {}
    for line in lines:
        name, _, value = line.partition(":")
        headers[name.strip().lower()] = value.strip()
    if headers.get("expect", "").lower() == "100-continue":
        writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
    if headers.get("transfer-encoding", "").lower() == "chunked":
        body = await _read_chunks(reader)
    else:
        length = int(headers.get("content-length", "0"))
        if length > MAX_REQUEST:
            raise ConnectionAbortedError("request too large")
        body = await reader.readexactly(length)
    parts = urlsplit(target)
    query = dict(parse_qsl(parts.query, keep_blank_values=True))
    return RawRequest(method, unquote(parts.path), query, headers, body)


async def _read_chunks(reader: asyncio.StreamReader) -> bytes:
    pieces = []
    while True:
        size = int((await reader.readuntil(b"\r\n")).split(b";")[0], 16)
        pieces.append(await reader.readexactly(size))
        if size:
            await reader.readexactly(2)
            continue
        while await reader.readuntil(b"\r\n") != b"\r\n":
            pass  # trailers
        return b"".join(pieces)


def changed(answer: Answer, fault: Fault) -> Answer:
    """The answer as the faults leave it that change its body; other faults leave it as it is."""
    body = b"".join(answer.body)
    page = b"<!DOCTYPE html><html><head><title>%s</title></head><body>%s</body></html>\n"
    match fault.name:
        case "truncated-json":
            answer.body = [body[: len(body) // 2]]
        case "empty":
            answer.body = []
        case "html":
            answer.body, answer.type = [page % (b"Sign in", b"Welcome to the hotel")], "text/html"
        case "html-502":
            answer.status, answer.type = 502, "text/html"
            answer.body = [page % (b"502 Bad Gateway", b"nginx")]
        case "not-json":
            answer.body, answer.type = [b"upstream is happy today\n"], "text/plain"
        case "gzip":
            answer.body = [gzip.compress(body, 1)]
            answer.headers["Content-Encoding"] = "gzip"
        case "bomb":
            answer.body = [_bomb(body)]
            answer.headers["Content-Encoding"] = "gzip"
        case "redirect":
            answer.status, answer.body = 302, []
            answer.headers["Location"] = fault.value or "http://localhost:9/elsewhere"
    return answer


def _bomb(body: bytes) -> bytes:
    """64 MB of spaces and then `body` as one gzip member."""
    packed, checksum = _packed_spaces()
    rest = zlib.compressobj(1, zlib.DEFLATED, -zlib.MAX_WBITS)
    tail = rest.compress(body) + rest.flush()
    ends = zlib.crc32(body, checksum), BOMB + len(body)
    return b"\x1f\x8b\x08\0\0\0\0\0\0\xff" + packed + tail + struct.pack("<II", *ends)


@lru_cache
def _packed_spaces() -> tuple[bytes, int]:
    spaces = b" " * BOMB
    packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    return packer.compress(spaces) + packer.flush(zlib.Z_FULL_FLUSH), zlib.crc32(spaces)


class Delivery:
    """Brings one answer to the client, with the fault that befalls it on the way."""

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        answer: Answer,
        fault: Fault,
        *,
        close: bool,
    ) -> None:
        self._reader = reader
        self._writer = writer
        self._answer = answer
        self._fault = fault
        self._close = close

    async def run(self) -> bool:
        """Send; False when the connection is at its end."""
        ways: dict[str, Callable[[], Any]] = {
            "slow": self._slow,
            "stall": self._stall,
            "huge": self._huge,
            "huge-declared": self._huge_declared,
            "hang": self._hang,
            "cut": self._cut,
            "reset": self._reset,
            "reset-before": self._reset_at_once,
            "lost": self._reset_at_once,
        }
        if self._fault.name in ways:
            return bool(await ways[self._fault.name]())
        await _send(self._writer, self._answer, close=self._close)
        return True

    async def _slow(self) -> bool:
        body = b"".join(self._answer.body)
        self._writer.write(_head(self._answer, len(body), close=self._close))
        step = max(1, -(-len(body) // 20))
        for start in range(0, len(body), step):
            await asyncio.sleep(self._fault.number(0.1))
            self._writer.write(body[start : start + step])
            await self._writer.drain()
        return True

    async def _stall(self) -> bool:
        body = b"".join(self._answer.body)
        self._writer.write(_head(self._answer, len(body), close=False) + body[: len(body) // 2])
        await self._reader.read(1)
        return False

    async def _huge(self) -> bool:
        self._answer.headers["Transfer-Encoding"] = "chunked"
        self._writer.write(_head(self._answer, None, close=False))
        piece = b"".join(self._answer.body)[:64].ljust(2**20)
        framed = b"%x\r\n%s\r\n" % (len(piece), piece)
        for _ in range(int(self._fault.number(300))):
            self._writer.write(framed)
            await self._writer.drain()
        self._writer.write(b"0\r\n\r\n")
        return True

    async def _huge_declared(self) -> bool:
        self._writer.write(_head(self._answer, 10 * 10**9, close=False) + b"{")
        await self._reader.read(1)
        return False

    async def _hang(self) -> bool:
        await self._reader.read(1)
        return False

    async def _cut(self) -> bool:
        body = b"".join(self._answer.body)
        self._writer.write(_head(self._answer, len(body), close=False) + body[: len(body) // 2])
        await self._writer.drain()
        return False

    async def _reset(self) -> bool:
        body = b"".join(self._answer.body)
        self._writer.write(_head(self._answer, len(body), close=False) + body[: len(body) // 2])
        await self._writer.drain()
        # What is still in the buffers would be thrown away by the reset, headers and all.
        await asyncio.sleep(0.02)
        return await self._reset_at_once()

    async def _reset_at_once(self) -> bool:
        sock = self._writer.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._writer.transport.abort()
        return False


async def _send(writer: asyncio.StreamWriter, answer: Answer, *, close: bool) -> None:
    length = sum(map(len, answer.body))
    writer.writelines([_head(answer, length, close=close), *answer.body])
    await writer.drain()


def _head(answer: Answer, length: int | None, *, close: bool) -> bytes:
    lines = [f"HTTP/1.1 {answer.status} {_REASONS.get(answer.status, 'Status')}"]
    if answer.type:
        lines.append(f"Content-Type: {answer.type}")
    if length is not None:
        lines.append(f"Content-Length: {length}")
    if close:
        lines.append("Connection: close")
    lines += [f"{name}: {value}" for name, value in answer.headers.items()]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1", "replace")


def make_desk(
    name: str,
    *,
    faults: Sequence[str] | Mapping[str, float] = (),
    latency: Latency | Mapping[str, Latency] = 0.0,
    limits: Limits | None = None,
    log: Log,
    **options: Any,
) -> Desk:
    """A service of SERVICES behind its desk; `options` are those of `Options`."""
    if name not in SERVICES:
        raise ValueError(f"no such service: {name!r} (known: {', '.join(SERVICES)})")
    kind = service_class(name)
    options.setdefault("habit", name)
    options.setdefault("key", kind.key_for(options["habit"]))
    service = kind(Options(**options))
    return Desk(
        service,
        faults=Faults(faults, known=kind.faults(), seed=service.options.seed),
        limits=limits or Limits(),
        latency=latency,
        log=log,
    )


@contextlib.contextmanager
def serve(
    name: str,
    *,
    faults: Sequence[str] | Mapping[str, float] = (),
    latency: Latency | Mapping[str, Latency] = 0.0,
    concurrency: int | None = None,
    queue: bool = False,
    per_minute: int | None = None,
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
        options: see Options in service.py: key, seed, megabytes, signed, answers, usage, habit.

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
