"""The Hugging Face hub: a model's id goes in; its list of files, and then the files, come out.

The protocol in three requests: the list is at /api/models/ID/revision/REVISION?blobs=true, a file
at /ID/resolve/COMMIT/FILE, which leads on to wherever large ones are stored, and `Range` goes on
where a download stopped. What arrives is checked against the digest in the list.
"""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import quote, urlsplit

from imagine.stages.errors import (
    ConfigError,
    ImagineError,
    LocalBackendError,
    ProviderError,
    quoted_path,
    shown,
    unwritable,
)
from imagine.stages.generate.local.hub_failure import TransientError, failure_of
from imagine.stages.generate.local.hub_files import Digest, RemoteFile, is_whole
from imagine.stages.network.address import place_of
from imagine.stages.network.providers import Secret

if TYPE_CHECKING:
    import httpx

ADDRESS = "https://huggingface.co"
TIMEOUT = 30.0
# Attempts in a row that bring nothing, and seconds before each but the first.
ATTEMPTS = 5
PAUSES = (1.0, 2.0, 4.0, 8.0)
# Lists of files have been seen of 2 MB, indexes of pipelines of 1 kB.
_MAX_LIST = 16 * 2**20
_MAX_TEXT = 2**20
_PIECE = 2**20


@dataclass(frozen=True, slots=True)
class Repository:
    """A model on the hub at one commit.

    Attributes:
        model: its id, "org/name".
        commit: 40 hexadecimal digits.
        files: all of them, in the hub's order.
        licence: as the hub calls it: "openrail++"; "" where nobody said.
    """

    model: str
    commit: str
    files: tuple[RemoteFile, ...]
    licence: str


class Hub:
    """Asks the hub; close it, or use it in a `with` statement.

    Args:
        address: without a slash at its end.
        key: sent to that address alone, never to the places that it leads on to.
        transport: stands in for the network; for tests.
        sleep: waits before another attempt, seconds.

    Raises:
        ConfigError: the environment names a proxy or certificates that cannot be used.
    """

    def __init__(
        self,
        *,
        address: str = ADDRESS,
        key: Secret | None = None,
        transport: "httpx.BaseTransport | None" = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        import httpx

        headers = {"user-agent": "imagine-cli", "accept-encoding": "identity"}
        if key is not None:
            headers["authorization"] = f"Bearer {key.reveal()}"
        self.address = address
        self.host = urlsplit(address).hostname or address
        self._keyed = key is not None
        self._sleep = sleep
        try:
            # httpx keeps the key to itself when an answer leads to another host.
            self._client = httpx.Client(
                headers=headers,
                follow_redirects=True,
                timeout=TIMEOUT,
                transport=transport,
                trust_env=place_of(self.host) != "here",
            )
        except (ImportError, OSError, ValueError, httpx.InvalidURL) as error:
            # The library's words may hold the proxy's password.
            raise ConfigError(
                "The proxy of HTTPS_PROXY or ALL_PROXY, or the certificates of SSL_CERT_FILE, "
                "cannot be used; correct or unset them (SOCKS needs `pip install httpx[socks]`)."
            ) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def repository(self, model: str, revision: str = "main") -> Repository:
        """What a model consists of.

        Raises:
            UsageError: there is no such model or revision.
            ConfigError: its licence is to be accepted first, or the key is rejected.
            ProviderError: the hub cannot be reached, or fails.
        """
        path = f"/api/models/{model}/revision/{quote(revision, safe='')}?blobs=true"
        try:
            value = json.loads(self._small(path, model, limit=_MAX_LIST))
            files = tuple(_remote_file(sibling) for sibling in value["siblings"])
            commit = str(value["sha"])
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise ProviderError(
                f"{self.host} does not list the files of {model} as the hub does; check hub_url, "
                "or try again later."
            ) from error
        return Repository(model, commit, files, _licence(value))

    def index(self, repository: Repository, name: str) -> dict[str, Any]:
        """A small JSON file.

        Raises:
            ProviderError: as `repository`, or it arrived damaged, or is no JSON object.
        """
        text = self._small(_path(repository, name), repository.model, limit=_MAX_TEXT)
        if any(not is_whole(text, file) for file in repository.files if file.name == name):
            raise ProviderError(
                f"The {name} of {repository.model} arrived damaged; run it again, later."
            )
        try:
            value = json.loads(text)
        except (ValueError, RecursionError):
            value = None
        if not isinstance(value, dict):
            raise ProviderError(f"The {name} of {repository.model} is no JSON; tell its authors.")
        return value

    def fetch(
        self, repository: Repository, file: RemoteFile, target: Path, tell: Callable[[int], None]
    ) -> None:
        """Download a file, or the rest of it; it is whole and checked when this returns.

        Args:
            target: where it goes; what is there already is its beginning.
            tell: takes how many bytes of it are there, whenever that changes.

        Raises:
            LocalBackendError: it cannot be written.
            ProviderError: the hub fails, or what came is damaged; what is good of it stays.
        """
        digest = Digest(file)
        try:
            with target.open("ab+") as out:
                out.seek(0)
                while piece := out.read(_PIECE):
                    digest.update(piece)
                failures = 0
                while out.tell() < file.size:
                    tell(out.tell())
                    before = out.tell()
                    problem = self._go_on(repository, file, out, digest, tell)
                    failures = failures + 1 if out.tell() == before else 0
                    if problem is not None and failures == ATTEMPTS:
                        raise problem
                    if failures:
                        self._sleep(PAUSES[min(failures, len(PAUSES)) - 1])
        except OSError as error:
            again = "run it again: it goes on where it stopped"
            raise LocalBackendError(unwritable(quoted_path(target), error, again)) from error
        if not digest.is_right():
            target.unlink(missing_ok=True)
            raise ProviderError(
                f"The file '{shown(file.name)}' of {repository.model} arrived damaged; run it "
                "again."
            )
        tell(file.size)

    def _go_on(
        self,
        repository: Repository,
        file: RemoteFile,
        out: Any,
        digest: "Digest",
        tell: Callable[[int], None],
    ) -> ImagineError | None:
        """One attempt to fetch the rest; what went wrong on the way, if another may help."""
        headers = {"range": f"bytes={out.tell()}-"} if out.tell() else {}
        try:
            with self._ask(_path(repository, file.name), repository.model, headers) as response:
                if out.tell() and response.status_code == HTTPStatus.OK:
                    # A server that knows no ranges begins again.
                    out.seek(0)
                    out.truncate()
                    digest.begin()
                for piece in response.iter_bytes():
                    if out.tell() + len(piece) > file.size:
                        break
                    out.write(piece)
                    digest.update(piece)
                    tell(out.tell())
        except TransientError as error:
            return error.told
        if out.tell() < file.size:
            return ProviderError(
                f"{self.host} sent '{shown(file.name)}' in part only; run it again later: it goes "
                "on where it stopped."
            )
        return None

    def _small(self, path: str, model: str, *, limit: int) -> bytes:
        """The whole of a small answer."""
        for attempt in range(ATTEMPTS):
            try:
                with self._ask(path, model, {}) as response:
                    body = bytearray()
                    for piece in response.iter_bytes():
                        body += piece
                        if len(body) > limit:
                            raise ProviderError(
                                f"{self.host} sent more than {limit / 2**20:g} MB about {model}, "
                                "which is no list of its files; check hub_url."
                            )
                    return bytes(body)
            except TransientError as error:
                if attempt == ATTEMPTS - 1:
                    raise error.told from error
                self._sleep(PAUSES[attempt])
        raise AssertionError("the last attempt returns or raises")

    @contextmanager
    def _ask(self, path: str, model: str, headers: dict[str, str]) -> "Iterator[httpx.Response]":
        """A good answer whose body is still to be read."""
        import httpx

        try:
            with self._client.stream("GET", self.address + path, headers=headers) as response:
                if not response.is_success:
                    raise failure_of(response, model, address=self.address, keyed=self._keyed)
                yield response
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise TransientError(
                ProviderError(
                    f"{self.host} cannot be reached ({type(error).__name__}); check the network "
                    "and any proxy, and run it again: it goes on where it stopped."
                )
            ) from error


def _remote_file(sibling: dict[str, Any]) -> RemoteFile:
    name, large = sibling["rfilename"], sibling.get("lfs")
    digest = str(large["sha256"] if large else sibling["blobId"])
    # They become paths of this machine.
    safe = isinstance(name, str) and not name.startswith("/") and "\\" not in name
    safe = safe and ".." not in name.split("/") and "\0" not in name and digest.isalnum()
    if not safe:
        raise ValueError("a file name that leads elsewhere")
    return RemoteFile(name, int(sibling["size"]), digest)


def _licence(value: dict[str, Any]) -> str:
    """The licence in words: of the model's card, else of its tags."""
    card = value.get("cardData")
    told = card.get("license_name") or card.get("license") if isinstance(card, dict) else None
    if isinstance(told, list):
        told = ", ".join(map(str, told))
    tags = value.get("tags") or []
    found = [str(tag).removeprefix("license:") for tag in tags if str(tag).startswith("license:")]
    return shown(told or ", ".join(found))


def _path(repository: Repository, name: str) -> str:
    return f"/{repository.model}/resolve/{repository.commit}/{quote(name)}"
