"""Brings an Answer to the client with the fault that befalls it on the way."""

import asyncio
import gzip
import socket
import struct
import zlib
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from fakes.faults import Fault
from fakes.message import Answer
from fakes.wire import head, send

BOMB = 64 * 2**20


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
    """Brings one answer to the client, with the fault that befalls it on the way.

    Attributes:
        whole: whether the client got all of it, as far as can be told here.
    """

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
        self.whole = False

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
        if self.client_is_gone:
            return False
        goes_on = True
        if self._fault.name in ways:
            goes_on = bool(await ways[self._fault.name]())
        else:
            await send(self._writer, self._answer, close=self._close)
        self.whole = goes_on and not self.client_is_gone
        return goes_on

    @property
    def client_is_gone(self) -> bool:
        return self._reader.at_eof() or self._writer.is_closing()

    async def _slow(self) -> bool:
        body = b"".join(self._answer.body)
        self._writer.write(head(self._answer, len(body), close=self._close))
        step = max(1, -(-len(body) // 20))
        for start in range(0, len(body), step):
            await asyncio.sleep(self._fault.number(0.1))
            self._writer.write(body[start : start + step])
            await self._writer.drain()
        return True

    async def _stall(self) -> bool:
        body = b"".join(self._answer.body)
        self._writer.write(head(self._answer, len(body), close=False) + body[: len(body) // 2])
        await self._reader.read(1)
        return False

    async def _huge(self) -> bool:
        self._answer.headers["Transfer-Encoding"] = "chunked"
        self._writer.write(head(self._answer, None, close=False))
        piece = b"".join(self._answer.body)[:64].ljust(2**20)
        framed = b"%x\r\n%s\r\n" % (len(piece), piece)
        for _ in range(int(self._fault.number(300))):
            self._writer.write(framed)
            await self._writer.drain()
        self._writer.write(b"0\r\n\r\n")
        return True

    async def _huge_declared(self) -> bool:
        self._writer.write(head(self._answer, 10 * 10**9, close=False) + b"{")
        await self._reader.read(1)
        return False

    async def _hang(self) -> bool:
        await self._reader.read(1)
        return False

    async def _cut(self) -> bool:
        body = b"".join(self._answer.body)
        self._writer.write(head(self._answer, len(body), close=False) + body[: len(body) // 2])
        await self._writer.drain()
        return False

    async def _reset(self) -> bool:
        body = b"".join(self._answer.body)
        self._writer.write(head(self._answer, len(body), close=False) + body[: len(body) // 2])
        await self._writer.drain()
        # What is still in the buffers would be thrown away by the reset, headers and all.
        await asyncio.sleep(0.02)
        return await self._reset_at_once()

    async def _reset_at_once(self) -> bool:
        sock = self._writer.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._writer.transport.abort()
        return False
