"""HTTP/1.1 on asyncio streams: a RawRequest comes in, an Answer goes out."""

import asyncio
from dataclasses import dataclass
from urllib.parse import parse_qsl, unquote, urlsplit

from fakes.message import Answer

MAX_REQUEST = 256 * 2**20


_REASONS = {200: "OK", 201: "Created", 202: "Accepted", 302: "Found", 400: "Bad Request"}


@dataclass(frozen=True)
class RawRequest:
    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes


async def read_request(
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


async def send(writer: asyncio.StreamWriter, answer: Answer, *, close: bool) -> None:
    length = sum(map(len, answer.body))
    writer.writelines([head(answer, length, close=close), *answer.body])
    await writer.drain()


def head(answer: Answer, length: int | None, *, close: bool) -> bytes:
    lines = [f"HTTP/1.1 {answer.status} {_REASONS.get(answer.status, 'Status')}"]
    if answer.type:
        lines.append(f"Content-Type: {answer.type}")
    if length is not None:
        lines.append(f"Content-Length: {length}")
    if close:
        lines.append("Connection: close")
    lines += [f"{name}: {value}" for name, value in answer.headers.items()]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1", "replace")
