"""The Hugging Face hub as far as models are downloaded from it: lists of files, files, ranges.

Large files lead on to a store under another name (localhost), which takes no token.
"""

import contextlib
import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

from fakes.desk import Desk
from fakes.faults import DELIVERY, STEPS, Fault, Faults
from fakes.limits import Excess, Limits
from fakes.log import Entry, Log
from fakes.message import Answer, Request, reply
from fakes.server import Fake
from fakes.service import Options, Service, Work, refuse

# What git keeps elsewhere, as .gitattributes of the hub's repositories say.
_LARGE = (".safetensors", ".bin", ".gguf", ".ckpt", ".onnx", ".pt", ".msgpack")
KEY = "hf_test_key_of_the_hub"


@dataclass
class Repository:
    """A model on the hub.

    Attributes:
        files: content by name.
        gated: whether only those may have it who accepted its licence.
        private: whether only its owner sees it.
        card: what its README says of it.
    """

    files: dict[str, bytes]
    gated: bool = False
    private: bool = False
    card: dict[str, Any] = field(default_factory=lambda: {"license": "openrail++"})

    @property
    def commit(self) -> str:
        digest = hashlib.sha1(usedforsecurity=False)
        for name, data in sorted(self.files.items()):
            digest.update(f"{name}\0{git_name(data)}\n".encode())
        return digest.hexdigest()


class Hub(Service):
    """Its token is right for everything; without one, what is gated or private is kept back."""

    name = "hub"
    errors: ClassVar[Mapping[str, str]] = {
        "401": "the token is unknown",
        "429": "too many requests",
        "500": "an error of the hub's own",
        "503": "unavailable",
    }
    file_faults: ClassVar[Mapping[str, str]] = {
        "damaged": "one byte of the file is another",
        "no-ranges": "the whole file, though a part was asked for",
        "more": "a byte more than the file has",
    }

    def __init__(self, options: Options) -> None:
        super().__init__(options)
        self.repositories: dict[str, Repository] = {}

    @classmethod
    def faults(cls) -> dict[str, tuple[str, ...]]:
        known: dict[str, tuple[str, ...]] = dict.fromkeys([*DELIVERY, *cls.errors], STEPS)
        return known | dict.fromkeys(cls.file_faults, ("download",))

    def step(self, request: Request) -> str:
        if request.path.startswith("/api/models/"):
            return "models"
        return "download" if "/resolve/" in request.path or "/store/" in request.path else "unknown"

    def accept(self, request: Request, entry: Entry) -> Work:
        keyed = request.headers.get("authorization") == f"Bearer {self.options.key}"
        if found := re.fullmatch(r"/store/([0-9a-f]{64})", request.path):
            if "authorization" in request.headers:
                raise refuse(Answer(400, [b"Only one auth mechanism allowed"], "text/plain"))
            return lambda fault: self._stored(found[1], request, fault)
        if found := re.fullmatch(r"/api/models/([^/]+/[^/]+)/revision/(.+)", request.path):
            repository = self._repository(found[1], keyed=keyed)
            self._commit(repository, found[2])
            blobs = request.query.get("blobs") == "true"
            return lambda fault: reply(self._listed(found[1], repository, blobs=blobs))
        if found := re.fullmatch(r"/([^/]+/[^/]+)/resolve/([^/]+)/(.+)", request.path):
            repository = self._repository(found[1], keyed=keyed)
            commit = self._commit(repository, found[2])
            if repository.gated and not keyed:
                raise refuse(_error(401, "GatedRepo", f"Access to model {found[1]} is restricted."))
            data = repository.files.get(found[3])
            if data is None:
                raise refuse(_error(404, "EntryNotFound", "Entry not found"))
            return lambda fault: self._file(request, commit, found[3], data, fault)
        raise refuse(_error(404, "", "Not Found"))

    def reject(self, fault: Fault, model: str = "") -> Answer:
        return _error(int(fault.name), "", "Invalid credentials" if fault == "401" else "Sorry")

    def limited(self, excess: Excess) -> Answer:
        return self.reject(Fault("429"))

    def _repository(self, model: str, *, keyed: bool) -> Repository:
        """Who may not see a model is not told that there is one."""
        repository = self.repositories.get(model)
        if repository is None or (repository.private and not keyed):
            status = 404 if keyed else 401
            raise refuse(_error(status, "RepoNotFound", "Repository not found"))
        return repository

    def _commit(self, repository: Repository, revision: str) -> str:
        if revision not in ("main", repository.commit):
            raise refuse(_error(404, "RevisionNotFound", f"Invalid rev id: {revision}"))
        return repository.commit

    def _listed(self, model: str, repository: Repository, *, blobs: bool) -> dict[str, Any]:
        return {
            "id": model,
            "modelId": model,
            "private": repository.private,
            "gated": "auto" if repository.gated else False,
            "sha": repository.commit,
            "tags": [f"license:{repository.card.get('license', 'other')}", "region:us"],
            "cardData": repository.card,
            "siblings": [
                _sibling(name, data, blobs=blobs) for name, data in repository.files.items()
            ],
        }

    def _file(self, request: Request, commit: str, name: str, data: bytes, fault: Fault) -> Answer:
        headers = {"X-Repo-Commit": commit, "Accept-Ranges": "bytes"}
        if not name.endswith(_LARGE):
            headers["ETag"] = f'"{git_name(data)}"'
            return _ranged(request, data, fault, headers)
        digest = hashlib.sha256(data).hexdigest()
        headers |= {
            "X-Linked-Size": str(len(data)),
            "X-Linked-Etag": f'"{digest}"',
            "Location": f"{request.root.replace('127.0.0.1', 'localhost')}/store/{digest}",
        }
        return Answer(302, [b"Found"], "text/plain", headers)

    def _stored(self, digest: str, request: Request, fault: Fault) -> Answer:
        for repository in self.repositories.values():
            for data in repository.files.values():
                if hashlib.sha256(data).hexdigest() == digest:
                    return _ranged(request, data, fault, {"ETag": f'"{digest}"'})
        return Answer(404, [b"NoSuchKey"], "application/xml")


def git_name(data: bytes) -> str:
    return hashlib.sha1(b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest()


@contextlib.contextmanager
def serve_hub(
    repositories: Mapping[str, Repository], *, faults: Sequence[str] = ()
) -> Iterator[Fake]:
    """Run a hub with these models while the `with` block runs; its right token is KEY."""
    service = Hub(Options(key=KEY))
    service.repositories.update(repositories)
    book = Log(None)
    desk = Desk(
        service,
        faults=Faults(faults, known=Hub.faults(), seed=0),
        limits=Limits(),
        latency=0.0,
        log=book,
    )
    fake = Fake({"": desk}, book)
    fake.start()
    try:
        yield fake
    finally:
        fake.stop()
    if fake.crashes:
        raise AssertionError("the fake hub crashed:\n" + "\n".join(fake.crashes))


def _sibling(name: str, data: bytes, *, blobs: bool) -> dict[str, Any]:
    told: dict[str, Any] = {"rfilename": name}
    if blobs:
        told |= {"blobId": git_name(data), "size": len(data)}
        if name.endswith(_LARGE):
            # Git itself holds a pointer to it.
            digest = hashlib.sha256(data).hexdigest()
            pointer = f"version https://git-lfs.github.com/spec/v1\noid sha256:{digest}\n"
            pointer += f"size {len(data)}\n"
            told["blobId"] = git_name(pointer.encode())
            told["lfs"] = {"sha256": digest, "size": len(data), "pointerSize": len(pointer)}
    return told


def _ranged(request: Request, data: bytes, fault: Fault, headers: dict[str, str]) -> Answer:
    if fault == "damaged":
        data = bytes([data[0] ^ 1]) + data[1:]
    if fault == "more":
        data += b"!"
    found = re.fullmatch(r"bytes=(\d+)-", request.headers.get("range", ""))
    if found is None or fault == "no-ranges":
        return Answer(200, [data], "application/octet-stream", headers)
    begin = int(found[1])
    if begin >= len(data):
        return Answer(416, [], "text/plain", headers | {"Content-Range": f"bytes */{len(data)}"})
    headers["Content-Range"] = f"bytes {begin}-{len(data) - 1}/{len(data)}"
    return Answer(206, [data[begin:]], "application/octet-stream", headers)


def _error(status: int, code: str, message: str) -> Answer:
    headers = {"X-Error-Code": code, "X-Error-Message": message} if code else {}
    return reply({"error": message}, status=status, headers=headers)
