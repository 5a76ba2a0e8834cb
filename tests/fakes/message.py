"""What goes in and out of a fake service: a Request with its JSON or form, and an Answer."""

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from urllib.parse import unquote

from fakes.pictures import Picture


@dataclass(frozen=True)
class Part:
    """One part of a multipart form; `filename` is None for a plain field."""

    name: str
    data: bytes
    filename: str | None = None
    type: str = ""

    @property
    def text(self) -> str:
        return self.data.decode("utf-8")


@dataclass(frozen=True)
class Request:
    """What a client sent.

    Attributes:
        path: without the prefix under which the service is reached, percent-decoded.
        headers: names in lower case.
        root: address of the service, for the links in its answers.
    """

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes
    root: str

    @cached_property
    def json(self) -> Any:
        """The body as JSON; ValueError when it is none."""
        return json.loads(self.body)

    @cached_property
    def form(self) -> list[Part] | None:
        """The parts of a multipart body, or None when it is no such."""
        kind = self.headers.get("content-type", "")
        found = re.search(r'^multipart/form-data;.*boundary="?([^";]+)"?', kind, re.I)
        return parse_multipart(self.body, found[1]) if found else None

    @property
    def parsed(self) -> Any:
        """The body as the log shows it: JSON, a list of form parts, or text."""
        if self.form is not None:
            return [(part.name, part.data if part.filename else part.text) for part in self.form]
        try:
            return self.json if self.body else None
        except ValueError:
            return self.body


@dataclass
class Answer:
    """What the service says.

    Attributes:
        body: in pieces, so that a picture of megabytes is not copied.
        pictures: what was drawn, and is paid for, on this request.
        outcome: one word for the log; the fault's name when there was one.
        wait, later: after `wait` seconds `later` says the answer that is sent in place of this.
        ends_early: whether that is to be waited for no longer.
    """

    status: int = 200
    body: Sequence[bytes] = ()
    type: str = "application/json; charset=UTF-8"
    headers: dict[str, str] = field(default_factory=dict)
    pictures: tuple[Picture, ...] = ()
    outcome: str = "ok"
    wait: float = 0.0
    later: "Callable[[], Answer] | None" = None
    ends_early: Callable[[], bool] | None = None


class RefusedRequest(Exception):  # noqa: N818  an answer, no error of the fake
    """Raised by a service that does not accept a request; carries the Answer."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.status)
        self.answer = answer


class Inline:
    """Stands for a picture's base64 in a value given to `reply`."""

    def __init__(self, picture: Picture, *, before: str = "") -> None:
        self.picture = picture
        self.before = before


def reply(value: Any, *, status: int = 200, **more: Any) -> Answer:
    """`value` as a JSON answer; an Inline becomes the base64 of its picture."""
    inline: list[Inline] = []

    def mark(item: Any) -> str:
        inline.append(item)
        return f"{item.before}\0{len(inline) - 1}\0"

    text = json.dumps(value, default=mark, ensure_ascii=False)
    pieces: list[bytes] = []
    for number, piece in enumerate(re.split(r"\\u0000(?:\d+)\\u0000", text)):
        pieces.append(piece.encode())
        if number < len(inline):
            pieces.extend(inline[number].picture.base64)
    return Answer(status, pieces, **more)


def html_error(status: int, title: str) -> Answer:
    """A web page, as a proxy sends."""
    page = f"<!DOCTYPE html><html><head><title>{title}</title></head><body>nginx</body></html>\n"
    return Answer(status, [page.encode()], "text/html")


def parse_multipart(body: bytes, boundary: str) -> list[Part]:
    """The parts of a multipart/form-data body (RFC 7578); raises ValueError when it is broken."""
    mark = b"--" + boundary.encode()
    head, *pieces = (b"\r\n" + body).split(b"\r\n" + mark)
    if head or not pieces or not pieces[-1].startswith(b"--"):
        raise ValueError("multipart: the boundaries do not enclose the body")
    parts = []
    for piece in pieces[:-1]:
        raw, found, data = piece.removeprefix(b"\r\n").partition(b"\r\n\r\n")
        if not found:
            raise ValueError("multipart: a part without an empty line after its headers")
        headers = dict(re.findall(r"^([\w-]+):[ \t]*(.*?)\r?$", raw.decode("utf-8"), re.M))
        headers = {name.lower(): value for name, value in headers.items()}
        disposition = headers.get("content-disposition", "")
        name = re.search(r'[; ]name="([^"]*)"', disposition)
        if name is None:
            raise ValueError("multipart: a part without a name")
        filename = re.search(r'filename="([^"]*)"', disposition)
        parts.append(
            Part(
                unquote(name[1]),
                data,
                filename[1] if filename else None,
                headers.get("content-type", ""),
            )
        )
    return parts
