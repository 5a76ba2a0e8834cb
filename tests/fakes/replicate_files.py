"""Replicate's files API: what was uploaded is told of, given back, and deleted."""

import hashlib
import re
from dataclasses import dataclass, field

from fakes.message import Answer, Part, Request, reply
from fakes.replicate_models import problem
from fakes.service import Work, refuse

_PATH = re.compile(r"/v1/files(?:/(\w+)(/download)?)?")


@dataclass
class Files:
    """What clients uploaded, by id."""

    parts: dict[str, Part] = field(default_factory=dict)

    def accept(self, request: Request) -> Work:
        """POST and GET /v1/files, GET and DELETE /v1/files/ID, GET /v1/files/ID/download.

        Raises:
            RefusedRequest: there is no such file, or no file in the request.
        """
        found = _PATH.fullmatch(request.path)
        name, download = (found[1], found[2]) if found else (None, None)
        if name is None and request.method == "POST":
            part = _content(request)
            name = "f" + hashlib.sha256(part.data).hexdigest()[:25]
            self.parts[name] = part
            return lambda fault: reply(self._told(name, request), status=201)
        if name is None and request.method == "GET":
            told = [self._told(one, request) for one in self.parts]
            return lambda fault: reply({"next": None, "previous": None, "results": told})
        if name not in self.parts or request.method not in ("GET", "DELETE"):
            raise refuse(problem(404, "", "The requested resource could not be found."))
        part = self.parts[name]
        if request.method == "DELETE":
            del self.parts[name]
            return lambda fault: Answer(204)
        if download:
            return lambda fault: Answer(200, [part.data], part.type)
        return lambda fault: reply(self._told(name, request))

    def _told(self, name: str, request: Request) -> dict[str, object]:
        part = self.parts[name]
        digest = hashlib.sha256(part.data).hexdigest()
        return {
            "id": name,
            "name": part.filename,
            "content_type": part.type,
            "size": len(part.data),
            "etag": digest[:32],
            "checksums": {"sha256": digest},
            "metadata": {},
            "created_at": "2026-11-22T04:00:00.000Z",
            "expires_at": "2026-11-23T04:00:00.000Z",
            "urls": {"get": f"{request.root}/v1/files/{name}"},
        }


def _content(request: Request) -> Part:
    """The part of the form that is the file."""
    parts = [one for one in request.form or [] if one.name == "content" and one.filename]
    if not parts:
        raise refuse(problem(400, "Bad request", "Missing content"))
    return parts[0]
