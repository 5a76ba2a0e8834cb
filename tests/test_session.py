import base64
import re
import shutil
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from fakes import serve as serve_fake
from patience import LONG, PATIENT, Limit, until

from imagine.stages.errors import (
    ConfigError,
    ImagineError,
    LostAnswerError,
    ProviderError,
    RefusedError,
    StoppedError,
    UnusableAnswerError,
)
from imagine.stages.network.gate import Gate
from imagine.stages.network.providers import Connection, Secret, connect
from imagine.stages.network.reply import Problem, Reply
from imagine.stages.network.session import Session
from imagine.stages.network.wire import Request

KEY = "sk-very-secret"
OK = b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 8\r\n\r\n{"a": 1}'
BUSY = b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 4\r\n\r\nbusy"

Answer = bytes | Callable[[socket.socket], None]


class Server:
    """A server on loopback that reads a request and answers the next of `answers`, byte by byte.

    The last answer is repeated; each connection is closed after its answer.
    """

    def __init__(self, *answers: Answer) -> None:
        self.answers = list(answers)
        self.requests: list[bytes] = []
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.socket.getsockname()[1]}/v1"
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    def serve(self) -> None:
        while True:
            try:
                client, _ = self.socket.accept()
            except OSError:
                return
            with client:
                request = self.read(client)
                if not request:
                    continue
                self.requests.append(request)
                answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
                if isinstance(answer, bytes):
                    client.sendall(answer)
                else:
                    answer(client)

    def read(self, client: socket.socket) -> bytes:
        data = b""
        while b"\r\n\r\n" not in data:
            if not (part := client.recv(65536)):
                return b""
            data += part
        head, _, body = data.partition(b"\r\n\r\n")
        lines = head.lower().split(b"\r\n")
        length = next((int(x[15:]) for x in lines if x.startswith(b"content-length:")), 0)
        while len(body) < length:
            body += client.recv(65536)
        return head + b"\r\n\r\n" + body

    def close(self) -> None:
        self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()
        self.thread.join()


Serve = Callable[..., Server]


@pytest.fixture(autouse=True)
def kept_alive(monkeypatch: pytest.MonkeyPatch) -> None:
    """A slow machine may take long to come back to a connection."""
    monkeypatch.setattr("imagine.stages.network.wire.KEEP_ALIVE", LONG)


@pytest.fixture
def serve() -> Iterator[Serve]:
    servers: list[Server] = []

    def start(*answers: Answer) -> Server:
        servers.append(Server(*answers))
        return servers[-1]

    yield start
    for server in servers:
        server.close()


class Heard:
    """A session whose waits, messages and log are kept."""

    def __init__(self, base_url: str = "https://api.openai.com/v1", **changes: object) -> None:
        self.slept: list[float] = []
        self.told: list[str] = []
        self.log: list[str] = []
        timeout = changes.pop("wait", PATIENT)
        translate = changes.pop("translate", None)
        self.connection: Connection = connect(
            "openai",
            base_url=base_url,
            key=Secret(KEY),
            tell=self.told.append,
            log=self.log.append,
            **changes,
        )
        self.session = Session(
            self.connection,
            headers={"authorization": f"Bearer {KEY}"},
            timeout=timeout,  # type: ignore[arg-type]
            translate=translate,  # type: ignore[arg-type]
            sleep=self.slept.append,
        )

    def __enter__(self) -> "Heard":
        return self

    def __exit__(self, *_: object) -> None:
        self.session.close()
        assert KEY not in "".join(self.told + self.log)


def mocked(handler: Callable[[httpx.Request], httpx.Response], **changes: object) -> Heard:
    return Heard(transport=httpx.MockTransport(handler), **changes)


def reset(client: socket.socket) -> None:
    """Close so that the other side gets ECONNRESET."""
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")


def cut(client: socket.socket) -> None:
    client.sendall(OK[:-4])


def silent(client: socket.socket) -> None:
    client.recv(1)


def dripping(begin: bytes, drop: bytes = b"x") -> Callable[[socket.socket], None]:
    """An answer that comes drop by drop, for much longer than anybody waits for it."""

    def drip(client: socket.socket) -> None:
        end = time.monotonic() + LONG
        try:
            client.sendall(begin)
            while time.monotonic() < end:
                client.sendall(drop)
                time.sleep(0.01)
        except OSError:
            return

    return drip


def test_json_goes_out_and_comes_in(serve: Serve) -> None:
    server = serve(OK)
    with Heard(server.url) as heard:
        reply = heard.session.post("/images", json={"prompt": "füchsin\ud800"}, paid=True)
    assert reply.json() == {"a": 1}
    assert (reply.status, reply.headers["content-type"]) == (200, "application/json")
    assert reply.url == f"{server.url}/images"
    head, _, body = server.requests[0].partition(b"\r\n\r\n")
    assert head.startswith(b"POST /v1/images HTTP/1.1")
    assert b"content-type: application/json" in head.lower()
    assert f"authorization: Bearer {KEY}".encode() in head
    assert body == '{"prompt": "füchsin?"}'.encode()
    (line,) = heard.log
    assert re.fullmatch(rf"POST {server.url}/images: 200, 8 bytes, \d+\.\d\d s", line)


def test_a_form_goes_out_with_its_files(serve: Serve) -> None:
    server = serve(OK)
    with Heard(server.url) as heard:
        files = [("image[]", ("a.png", b"\x89PNG", "image/png"))]
        heard.session.post("edits", fields={"prompt": "fox"}, files=files, paid=True)
    head, _, body = server.requests[0].partition(b"\r\n\r\n")
    assert b"content-type: multipart/form-data; boundary=" in head.lower()
    assert b'name="prompt"\r\n\r\nfox\r\n' in body
    assert b'name="image[]"; filename="a.png"\r\nContent-Type: image/png\r\n\r\n\x89PNG' in body


def test_headers_of_one_request_go_out_with_it(serve: Serve) -> None:
    server = serve(OK)
    with Heard(server.url) as heard:
        heard.session.post("x", json={}, headers={"Prefer": "wait=60"}, paid=True)
    assert b"prefer: wait=60" in server.requests[0].lower()


def test_a_connection_serves_several_requests() -> None:
    seen: list[str] = []

    def handler(request: httpx.Request) -> httpx.Response:
        seen.append(f"{request.method} {request.url}")
        return httpx.Response(200, json={})

    with mocked(handler) as heard:
        heard.session.get("models?limit=3")
        heard.session.get("https://api.openai.com/v1/jobs/7")
        heard.session.put("https://api.openai.com/v1/jobs/7/cancel")
    assert seen == [
        "GET https://api.openai.com/v1/models?limit=3",
        "GET https://api.openai.com/v1/jobs/7",
        "PUT https://api.openai.com/v1/jobs/7/cancel",
    ]
    assert heard.log[0].startswith("GET https://api.openai.com/v1/models: 200, 2 bytes")


def test_what_is_paid_never_meets_a_connection_that_just_closes(serve: Serve) -> None:
    """The server closes each connection after its answer, without saying so."""
    server = serve(OK)
    with Heard(server.url) as heard:
        for _ in range(50):
            heard.session.post("x", json={}, paid=True)
    assert len(server.requests) == 50


def test_what_is_free_shares_a_connection() -> None:
    with serve_fake("gemini") as fake, Heard(f"{fake.url}/v1beta") as heard:
        for paid in (False, True, False, True, False):
            with pytest.raises(ConfigError):
                heard.session.post("models/none:generateContent", json={}, paid=paid)
        free, first, again, second, still = (entry.connection for entry in fake.entries)
    assert free == again == still
    assert len({free, first, second}) == 3


def test_an_address_in_a_query_is_no_address(serve: Serve) -> None:
    server = serve(OK)
    with Heard(server.url) as heard:
        heard.session.get("x?of=https://evil.example/")
    assert server.requests[0].startswith(b"GET /v1/x?of=https://evil.example/ HTTP/1.1")


def test_a_request_shows_no_key() -> None:
    request = Request("POST", "https://box/", {"authorization": KEY}, {"content": KEY}, 9)
    assert repr(request) == "Request(method='POST', url='https://box/', limit=9, fresh=False)"


def test_the_key_goes_nowhere_else() -> None:
    with (
        mocked(lambda request: httpx.Response(200)) as heard,
        pytest.raises(UnusableAnswerError) as caught,
    ):
        heard.session.get("https://evil.example/jobs/7")
    assert str(caught.value) == (
        "OpenAI points to 'evil.example', which is not api.openai.com, so the key is not sent "
        "there; check openai_base_url."
    )
    assert heard.log == []


def test_a_busy_server_is_asked_again(serve: Serve) -> None:
    limited = b"HTTP/1.1 429 Too Many\r\nRetry-After: 2\r\nContent-Length: 0\r\n\r\n"
    server = serve(BUSY, limited, OK)
    with Heard(server.url) as heard:
        assert heard.session.post("x", json={}, paid=True).json() == {"a": 1}
    assert len(server.requests) == 3
    assert heard.slept[0] <= 1
    assert 2 <= heard.slept[1] <= 3
    assert heard.told[0].startswith("OpenAI failed (503): waiting ")
    assert heard.told[1].startswith("OpenAI is busy (429): waiting ")


def test_a_server_that_stays_down_is_given_up(serve: Serve) -> None:
    server = serve(BUSY)
    with Heard(server.url, attempts=3) as heard, pytest.raises(ProviderError) as caught:
        heard.session.post("x", json={}, paid=True)
    assert str(caught.value) == (
        "OpenAI failed (503) (after 3 tries): busy; "
        "try again later, or use another model or provider."
    )
    assert len(server.requests) == 3


LOST = (
    "; the request may be billed all the same, so it was not sent again: "
    "look at your usage there before you repeat it."
)
WHOLE = "closed the connection before its answer was whole"
FAULTS: list[tuple[Callable[[socket.socket], None], str]] = [
    (reset, WHOLE),
    (lambda client: None, WHOLE),
    (lambda client: client.sendall(b"HTTP/1.1 200 O"), WHOLE),
    (lambda client: client.sendall(b"nonsense\r\n\r\n"), WHOLE),
    (cut, WHOLE),
    (
        lambda client: client.sendall(
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{"
        ),
        WHOLE,
    ),
    (silent, "sent nothing for 0.3 s"),
    (
        lambda client: client.sendall(
            b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\nnope"
        ),
        "sent an answer that cannot be unpacked",
    ),
]
IDS = ["reset", "closed", "half a line", "no http", "cut", "cut chunk", "silent", "no gzip"]


@pytest.mark.usefixtures("only_silence_counts")
@pytest.mark.parametrize(("fault", "what"), FAULTS, ids=IDS)
def test_a_paid_request_is_sent_once(
    serve: Serve, fault: Callable[[socket.socket], None], what: str
) -> None:
    server = serve(fault, OK)
    wait = 0.3 if fault is silent else PATIENT
    with Heard(server.url, wait=wait) as heard, pytest.raises(LostAnswerError) as caught:
        heard.session.post("x", json={}, paid=True)
    assert str(caught.value) == f"OpenAI {what}{LOST}"
    until(lambda: server.requests)
    assert len(server.requests) == 1
    assert heard.slept == []


@pytest.mark.usefixtures("only_silence_counts")
@pytest.mark.parametrize(("fault", "what"), FAULTS, ids=IDS)
def test_what_is_free_is_sent_again(
    serve: Serve, fault: Callable[[socket.socket], None], what: str
) -> None:
    server = serve(fault, OK)
    wait = 0.3 if fault is silent else PATIENT
    with Heard(server.url, wait=wait) as heard:
        assert heard.session.post("x", json={}, paid=False).json() == {"a": 1}
    assert len(server.requests) == 2
    assert heard.told[0].startswith(f"OpenAI {what}: waiting ")


@pytest.mark.usefixtures("minutes_in_a_moment")
def test_a_slow_body_ends(serve: Serve) -> None:
    server = serve(dripping(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n"))
    with (
        Limit(),
        Heard(server.url, wait=PATIENT) as heard,
        pytest.raises(LostAnswerError) as caught,
    ):
        heard.session.post("x", json={}, paid=True)
    assert str(caught.value).startswith("OpenAI answers too slowly (")


@pytest.mark.usefixtures("minutes_in_a_moment")
@pytest.mark.parametrize(
    "head", [b"HTTP/1.1 200 OK\r\nx: ", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;"]
)
def test_an_answer_that_drips_before_it_says_anything_ends(serve: Serve, head: bytes) -> None:
    server = serve(dripping(head))
    with (
        Limit(),
        Heard(server.url, wait=PATIENT) as heard,
        pytest.raises(LostAnswerError) as caught,
    ):
        heard.session.post("x", json={}, paid=True)
    said = rf"OpenAI answers too slowly \(\d+ bytes in \d\d+ s\){re.escape(LOST)}"
    assert re.fullmatch(said, str(caught.value))


@pytest.mark.usefixtures("minutes_in_a_moment")
def test_early_hints_without_end_end(serve: Serve) -> None:
    hint = b"HTTP/1.1 103 Early Hints\r\nlink: %s\r\n\r\n" % (b"x" * 2000)
    # In each hundredth of a second more than the clock of this test allows a body.
    server = serve(dripping(hint, hint * 20))
    with (
        Limit(),
        Heard(server.url, wait=PATIENT) as heard,
        pytest.raises(LostAnswerError) as caught,
    ):
        heard.session.post("x", json={}, paid=True)
    assert str(caught.value).startswith("OpenAI answers too slowly (")


@pytest.mark.usefixtures("minutes_in_a_moment")
def test_a_connection_that_is_used_again_is_bounded_too(serve: Serve) -> None:
    def twice(client: socket.socket) -> None:
        client.sendall(OK)
        client.recv(65536)
        dripping(b"HTTP/1.1 200 OK\r\nx: ")(client)

    server = serve(twice)
    with Limit(), Heard(server.url, wait=PATIENT, attempts=1) as heard:
        assert heard.session.get("x").json() == {"a": 1}
        with pytest.raises(ProviderError) as caught:
            heard.session.get("x")
    assert len(server.requests) == 1
    assert str(caught.value).startswith("OpenAI answers too slowly (")


def test_an_error_answer_counts_although_its_body_is_cut(serve: Serve) -> None:
    server = serve(BUSY[:-2], OK)
    with Heard(server.url) as heard:
        assert heard.session.post("x", json={}, paid=True).json() == {"a": 1}
    assert heard.told[0].startswith("OpenAI failed (503): waiting ")


@pytest.mark.usefixtures("only_silence_counts")
def test_the_connections_timeout_wins(serve: Serve) -> None:
    server = serve(silent)
    with Heard(server.url, wait=60, timeout=0.2) as heard, pytest.raises(LostAnswerError) as caught:
        heard.session.post("x", json={}, paid=True)
    assert str(caught.value) == f"OpenAI sent nothing for 0.2 s{LOST}"


def test_a_request_that_did_not_go_out_whole_is_sent_again(serve: Serve) -> None:
    """Nobody can work on half a picture, so it is no paid request yet."""

    class Hasty(Server):
        def read(self, client: socket.socket) -> bytes:
            if self.requests:
                return super().read(client)
            reset(client)
            return client.recv(10)

    server = Hasty(lambda client: None, OK)
    try:
        with Heard(server.url) as heard:
            files = [("image", ("a.png", bytes(20_000_000), "image/png"))]
            assert heard.session.post("x", files=files, paid=True).json() == {"a": 1}
    finally:
        server.close()
    assert len(server.requests) == 2


SIZED = b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n" + b"x" * 5000
UNSIZED = b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 5000


@pytest.mark.parametrize("answer", [SIZED, UNSIZED])
def test_an_answer_has_a_largest_size(serve: Serve, answer: bytes) -> None:
    server = serve(answer)
    with Heard(server.url) as heard, pytest.raises(UnusableAnswerError) as caught:
        heard.session.post("x", json={}, paid=True, limit=2**12)
    assert str(caught.value) == (
        "The answer of OpenAI is larger than 0.00390625 MB, more than any good answer has; "
        "try again, or use another model."
    )
    assert len(server.requests) == 1


def test_packed_answers_are_measured_unpacked() -> None:
    import gzip

    packed = gzip.compress(bytes(2**20))

    def handler(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, content=packed, headers={"content-encoding": "gzip"})

    with mocked(handler) as heard, pytest.raises(UnusableAnswerError):
        heard.session.get("x", limit=2**16)


def test_an_endless_error_is_cut(serve: Serve) -> None:
    def endless(client: socket.socket) -> None:
        try:
            client.sendall(b"HTTP/1.1 400 Bad\r\n\r\n")
            while True:
                client.sendall(b"no " * 10_000)
        except OSError:
            return

    server = serve(endless)
    with Heard(server.url) as heard, pytest.raises(ProviderError) as caught:
        heard.session.post("x", json={}, paid=True)
    assert str(caught.value).startswith("OpenAI rejected the request (400): no no no")
    assert len(str(caught.value)) < 500


def test_a_provider_translates_its_own_errors() -> None:
    seen: list[Problem] = []

    def translate(reply: Reply, problem: Problem) -> ImagineError | None:
        seen.append(problem)
        return ConfigError("gone") if reply.status == 404 else None

    answers = iter([httpx.Response(503), httpx.Response(404, json={"error": f"no {KEY}"})])
    with (
        mocked(lambda request: next(answers), translate=translate) as heard,
        pytest.raises(ConfigError, match=r"^gone$"),
    ):
        heard.session.post("x", json={}, paid=True)
    assert seen == [Problem(""), Problem("no [key]")]


def test_moderation_is_a_refusal() -> None:
    error = {"error": {"message": "Not that.", "code": "moderation_blocked"}}
    with (
        mocked(lambda request: httpx.Response(400, json=error)) as heard,
        pytest.raises(RefusedError) as caught,
    ):
        heard.session.post("x", json={}, paid=True)
    assert str(caught.value) == 'OpenAI refused the prompt ("Not that"); reword it.'


def test_no_message_repeats_the_key() -> None:
    echo = {"error": {"message": f"Incorrect API key provided: {KEY}.", "code": "invalid_api_key"}}
    with (
        mocked(lambda request: httpx.Response(401, json=echo)) as heard,
        pytest.raises(ConfigError) as caught,
    ):
        heard.session.post("x", json={}, paid=True)
    error: BaseException | None = caught.value
    while error is not None:
        assert KEY not in str(error)
        error = error.__cause__ or error.__context__


LEAKS = [
    # what a server sends, and what is told of it
    (
        httpx.Response(200, text=f"{KEY} is no key"),
        "The answer of api.openai.com is no JSON but begins '[key] is no key'; "
        "try again, or check that its address is right.",
    ),
    (
        httpx.Response(200, text="x" * 30 + KEY),
        f"The answer of api.openai.com is no JSON but begins '{'x' * 30}[key]'; "
        "try again, or check that its address is right.",
    ),
    (
        httpx.Response(200, html=f"<title>Bad key {KEY.upper()}</title>"),
        "The answer of api.openai.com is a web page ('Bad key [key]') instead of JSON; "
        "try again, or check that its address is right.",
    ),
    (
        httpx.Response(400, json={"error": {"code": KEY}}),
        "OpenAI rejected the request (400); check the model and the options that you gave.",
    ),
    (
        httpx.Response(400, headers={"x-fal-error-type": KEY}),
        "OpenAI rejected the request (400 [KEY]); check the model and the options that you gave.",
    ),
    (
        httpx.Response(307, headers={"location": f"https://{KEY}.example/"}),
        "api.openai.com sends on to 'https://[key].example/' (307), where the key is not sent; "
        "set openai_base_url to the address that is meant.",
    ),
    (
        httpx.Response(400, text="x" * 290 + KEY),
        f"OpenAI rejected the request (400): {'x' * 290}[key]; "
        "check the model and the options that you gave.",
    ),
]


@pytest.mark.parametrize(("answer", "message"), LEAKS)
def test_nothing_that_repeats_the_key_is_told_as_it_is(
    answer: httpx.Response, message: str
) -> None:
    with mocked(lambda request: answer) as heard, pytest.raises(ImagineError) as caught:
        heard.session.get("x").json()
    assert str(caught.value) == message


def test_an_answer_holds_no_key() -> None:
    answer = {"model": KEY, "choices": [{"text": f"so: {KEY.title()}"}, 7, None], KEY: True}
    headers = {"x-served-by": KEY}
    with mocked(lambda request: httpx.Response(200, json=answer, headers=headers)) as heard:
        reply = heard.session.get("x")
    assert reply.json() == {
        "model": "[key]",
        "choices": [{"text": "so: [key]"}, 7, None],
        "[key]": True,
    }
    assert reply.headers["x-served-by"] == "[key]"
    assert KEY not in repr(reply)


@pytest.mark.parametrize("url", [f"https://{KEY}.example/a", f"ftp://{KEY}.example/a"])
def test_an_address_with_the_key_in_it_is_not_told_as_it_is(url: str) -> None:
    with (
        mocked(lambda request: httpx.Response(404)) as heard,
        pytest.raises(ProviderError) as caught,
    ):
        heard.session.download(url)
    assert KEY not in str(caught.value)
    assert "[key].example" in str(caught.value)


def test_a_redirect_is_not_followed() -> None:
    moved = httpx.Response(307, headers={"location": "https://evil.example/v1/x"})
    with mocked(lambda request: moved) as heard, pytest.raises(ConfigError) as caught:
        heard.session.post("x", json={}, paid=True)
    assert "sends on to 'evil.example' (307)" in str(caught.value)
    assert len(heard.log) == 1


def test_nothing_listens() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with Heard(f"http://127.0.0.1:{port}/v1") as heard, pytest.raises(ProviderError) as caught:
        heard.session.post("x", json={}, paid=True)
    assert str(caught.value) == (
        f"OpenAI is not running at 127.0.0.1:{port}: nothing listens there; "
        "start it, or set IMAGINE_OPENAI_BASE_URL."
    )


def test_an_unknown_host_is_asked_for_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    with Heard("https://nowhere.example/v1") as heard, pytest.raises(ProviderError) as caught:
        heard.session.post("x", json={}, paid=True)
    assert str(caught.value) == (
        "OpenAI cannot be reached: the name nowhere.example is not known (DNS) (after 2 tries); "
        "check the network and openai_base_url."
    )


TRANSPORT_FAULTS = [
    (
        httpx.ConnectTimeout("timed out"),
        "OpenAI cannot be reached: api.openai.com takes no connection (after 2 tries); "
        "check the network and any proxy.",
    ),
    (
        httpx.ProxyError("407 Proxy Authentication Required"),
        "OpenAI cannot be reached: the proxy fails (407 Proxy Authentication Required) "
        "(after 2 tries); check HTTPS_PROXY and NO_PROXY.",
    ),
    (
        httpx.ConnectError("[Errno 101] Network is unreachable"),
        "OpenAI cannot be reached: api.openai.com fails ([Errno 101] Network is unreachable) "
        "(after 2 tries); check the network and any proxy.",
    ),
    (
        httpx.WriteTimeout("timed out"),
        "OpenAI closed the connection before it had the request (after 5 tries); try again later.",
    ),
]


@pytest.mark.parametrize(("fault", "message"), TRANSPORT_FAULTS)
def test_before_anything_is_sent_even_paid_requests_are_repeated(
    fault: httpx.HTTPError, message: str
) -> None:
    def handler(request: httpx.Request) -> httpx.Response:
        raise fault

    with mocked(handler) as heard, pytest.raises(ProviderError) as caught:
        heard.session.post("x", json={}, paid=True)
    assert str(caught.value) == message


def test_an_interruption_goes_through() -> None:
    def handler(request: httpx.Request) -> httpx.Response:
        raise KeyboardInterrupt

    with mocked(handler) as heard, pytest.raises(KeyboardInterrupt):
        heard.session.post("x", json={}, paid=True)


BAD_ADDRESSES = [
    ("", "is not set"),
    ("api.openai.com", "'api.openai.com' is none"),
    ("ftp://api.openai.com", "'ftp://api.openai.com' is none"),
    ("https://", "'https://' is none"),
    ("http://[::1", "'http://[::1' is none"),
    ("http://box:port", "'http://box:port' is none"),
]


@pytest.mark.parametrize(("base_url", "told"), BAD_ADDRESSES)
def test_an_address_that_is_none_is_refused(base_url: str, told: str) -> None:
    with pytest.raises(ConfigError) as caught:
        Session(connect("openai", base_url=base_url), headers={}, timeout=5)
    assert str(caught.value) == (
        f"The address of OpenAI {told}; "
        "set openai_base_url to one such as http://127.0.0.1:8000/v1."
    )


@pytest.mark.parametrize("key", ["sk-ключ", "sk-a\nb", "sk-\x00"])
def test_a_key_that_cannot_be_one_is_refused(key: str) -> None:
    with pytest.raises(ConfigError) as caught:
        Session(connect("openai"), headers={"authorization": f"Bearer {key}"}, timeout=5)
    assert str(caught.value) == (
        "The key for OpenAI has characters in it that no key has; "
        "copy it into OPENAI_API_KEY again."
    )


def test_an_address_that_no_request_can_have_is_refused() -> None:
    with mocked(lambda request: httpx.Response(200)) as heard, pytest.raises(ConfigError) as caught:
        heard.session.get("models/a\x00b")
    assert str(caught.value).startswith(
        "OpenAI cannot be asked at 'https://api.openai.com/v1/models/a\\u0000b': "
    )


def test_loopback_is_reached_without_a_proxy(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    server, proxy = serve(OK), serve(BUSY)
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, proxy.url.removesuffix("/v1"))
    with Heard(server.url) as heard:
        assert heard.session.get("x").json() == {"a": 1}
    assert proxy.requests == []


def test_others_are_reached_through_the_proxy(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    proxy = serve(OK)
    monkeypatch.setenv("http_proxy", proxy.url.removesuffix("/v1"))
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    with Heard("http://box.example/v1") as heard:
        assert heard.session.get("x").json() == {"a": 1}
    assert proxy.requests[0].startswith(b"GET http://box.example/v1/x HTTP/1.1")


@pytest.mark.parametrize("proxy", ["foo://me:secret@proxy:1", "socks5://proxy:1", "http://[::1"])
def test_a_proxy_that_cannot_be_used_is_named(monkeypatch: pytest.MonkeyPatch, proxy: str) -> None:
    monkeypatch.setitem(sys.modules, "socksio", None)
    monkeypatch.setenv("ALL_PROXY", proxy)
    with Heard() as heard, pytest.raises(ConfigError) as caught:
        heard.session.get("x")
    assert str(caught.value) == (
        "The proxy that HTTPS_PROXY, HTTP_PROXY or ALL_PROXY names cannot be used here; "
        "give one as http://HOST:PORT (SOCKS needs `pip install httpx[socks]`), or unset it."
    )


def test_certificates_that_are_not_there_are_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "none.pem"))
    with Heard() as heard, pytest.raises(ConfigError) as caught:
        heard.session.get("x")
    assert str(caught.value) == (
        "The certificates that SSL_CERT_FILE or SSL_CERT_DIR names cannot be read "
        "(No such file or directory); correct it, or unset it."
    )


@pytest.mark.parametrize("host", ["a..example", "a" * 70 + ".example"])
def test_a_host_that_no_name_can_be_is_refused(host: str) -> None:
    with Heard(f"https://{host}/v1") as heard, pytest.raises(ConfigError) as caught:
        heard.session.get("x")
    assert str(caught.value).startswith(f"OpenAI cannot be asked at 'https://{host[:60]}")


@pytest.fixture
def untrusted(tmp_path: Path) -> ssl.SSLContext:
    """For a server that nobody vouches for."""
    program = shutil.which("openssl")
    if program is None:
        pytest.skip("openssl, which makes the certificate, is not installed")
    files = ["-keyout", tmp_path / "key.pem", "-out", tmp_path / "certificate.pem"]
    kind = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    subject = ["-subj", "/CN=x", "-addext", "subjectAltName=IP:127.0.0.1"]
    subprocess.run(
        [program, "req", "-x509", *kind, *subject, *files], check=True, capture_output=True
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "certificate.pem", tmp_path / "key.pem")
    return context


class TLSServer(Server):
    """A server that speaks TLS with `context`."""

    def __init__(self, context: ssl.SSLContext, *answers: Answer) -> None:
        self.context = context
        super().__init__(*answers)

    def read(self, client: socket.socket) -> bytes:
        try:
            with self.context.wrap_socket(client.dup(), server_side=True) as secure:
                request = super().read(secure)
                if request:
                    secure.sendall(OK)
        except OSError:
            pass
        return b""


def test_an_untrusted_certificate_is_named(untrusted: ssl.SSLContext) -> None:
    server = TLSServer(untrusted, OK)
    url = server.url.replace("http:", "https:")
    try:
        with Heard(url) as heard, pytest.raises(ProviderError) as caught:
            heard.session.get("x")
    finally:
        server.close()
    host = url.removeprefix("https://").removesuffix("/v1")
    assert str(caught.value) == (
        f"The certificate of {host} is not trusted (self-signed certificate); check this "
        "machine's clock and, behind a proxy that reads along, name its certificate in "
        "SSL_CERT_FILE."
    )


def test_a_certificate_that_the_user_vouches_for_is_trusted(
    untrusted: ssl.SSLContext, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "certificate.pem"))
    server = TLSServer(untrusted, OK)
    try:
        with Heard(server.url.replace("http:", "https:")) as heard:
            assert heard.session.get("x").json() == {"a": 1}
    finally:
        server.close()


def test_a_server_without_tls_is_named() -> None:
    class Plain(Server):
        def read(self, client: socket.socket) -> bytes:
            return client.recv(65536)

    server = Plain(BUSY)
    url = server.url.replace("http:", "https:")
    try:
        with Heard(url) as heard, pytest.raises(ProviderError) as caught:
            heard.session.get("x")
    finally:
        server.close()
    host = url.removeprefix("https://").removesuffix("/v1")
    assert str(caught.value).startswith(f"OpenAI cannot be reached at {host}: its TLS failed (")
    assert str(caught.value).endswith("(after 2 tries); check any proxy and openai_base_url.")


PNG = b"\x89PNG\r\n\x1a\n"


def picture_at(places: dict[str, httpx.Response]) -> tuple[Heard, list[httpx.Request]]:
    """A provider at api.openai.com, and what else is in the network."""
    asked: list[httpx.Request] = []

    def handler(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return places.get(str(request.url), httpx.Response(404))

    return mocked(handler), asked


def test_a_picture_elsewhere_is_fetched_without_the_key() -> None:
    url = "https://files.example/a.png?signature=x"
    heard, asked = picture_at({url: httpx.Response(200, content=PNG)})
    with heard:
        reply = heard.session.download(url)
    assert reply.body == PNG
    assert "authorization" not in asked[0].headers
    assert heard.log[0].startswith("GET https://files.example/a.png: 200, 8 bytes")


@pytest.mark.parametrize("url", ["https://api.openai.com/files/a.png", "/files/a.png"])
def test_a_picture_at_the_provider_is_fetched_with_the_key(url: str) -> None:
    heard, asked = picture_at(
        {"https://api.openai.com/files/a.png": httpx.Response(200, content=PNG)}
    )
    with heard:
        assert heard.session.download(url).body == PNG
    assert asked[0].headers["authorization"] == f"Bearer {KEY}"


def test_a_picture_is_followed_to_where_it_moved() -> None:
    heard, asked = picture_at(
        {
            "https://api.openai.com/a": httpx.Response(302, headers={"location": "/b"}),
            "https://api.openai.com/b": httpx.Response(
                302, headers={"location": "https://files.example/c"}
            ),
            "https://files.example/c": httpx.Response(200, content=PNG),
        }
    )
    with heard:
        assert heard.session.download("/a").body == PNG
    assert ["authorization" in request.headers for request in asked] == [True, True, False]


def test_a_picture_that_moves_on_and_on_is_given_up() -> None:
    loop = {"https://files.example/a": httpx.Response(302, headers={"location": "/a"})}
    heard, asked = picture_at(loop)
    with heard, pytest.raises(UnusableAnswerError) as caught:
        heard.session.download("https://files.example/a")
    assert len(asked) == 4
    assert str(caught.value) == (
        "The picture of OpenAI is sent on more than 3 times; try again later."
    )


OBJECTIONS = [
    ("http://files.example/a", "'files.example' without encryption"),
    ("http://api.openai.com/a", "'api.openai.com' without encryption"),
    ("https://127.1/a", "'127.1', a private address"),
    ("https://100.64.1.1/a", "'100.64.1.1', a private address"),
    ("https://files/a", "'files', a private address"),
    ("https://127.0.0.1/a", "'127.0.0.1', a private address"),
    ("https://localhost/a", "'localhost', a private address"),
    ("https://10.0.0.7/a", "'10.0.0.7', a private address"),
    ("https://169.254.169.254/latest/meta-data", "'169.254.169.254', a private address"),
    ("https://[::1]/a", "'::1', a private address"),
    ("https://[::ffff:10.0.0.7]/a", "'::ffff:10.0.0.7', a private address"),
    ("https://metadata.google.internal/a", "'metadata.google.internal', a private address"),
    ("file:///etc/passwd", "'file:///etc/passwd', which is no web address,"),
    ("https://[::1/a", "'https://[::1/a', which is no web address,"),
]


@pytest.mark.parametrize(("url", "objection"), OBJECTIONS)
def test_no_answer_makes_us_ask_at_odd_places(url: str, objection: str) -> None:
    heard, asked = picture_at({})
    with heard, pytest.raises(UnusableAnswerError) as caught:
        heard.session.download(url)
    assert asked == []
    assert str(caught.value) == (
        f"OpenAI points to {objection} for its picture, which is not asked; check openai_base_url."
    )


def test_a_redirect_to_an_odd_place_is_not_followed() -> None:
    heard, asked = picture_at(
        {"https://files.example/a": httpx.Response(302, headers={"location": "https://10.0.0.7/"})}
    )
    with heard, pytest.raises(UnusableAnswerError, match="a private address"):
        heard.session.download("https://files.example/a")
    assert len(asked) == 1


def test_a_name_that_leads_to_a_private_address_is_not_asked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def lookup(host: str, port: object) -> list[object]:
        number = "10.0.0.7" if host == "rebound.example" else "93.184.216.34"
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (number, 0))]

    monkeypatch.setattr(socket, "getaddrinfo", lookup)
    with Heard() as heard, pytest.raises(UnusableAnswerError, match="a private address"):
        heard.session.download("https://rebound.example/a.png")


def test_a_server_of_ones_own_may_point_to_its_neighbour(serve: Serve) -> None:
    files = serve(b"HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\n" + PNG)
    own = serve(OK)
    with Heard(own.url) as heard:
        assert heard.session.download(f"{files.url}/a.png").body == PNG
    assert KEY.encode() not in files.requests[0]


@pytest.mark.parametrize("host", ["169.254.169.254", "[::ffff:169.254.169.254]", "metadata"])
@pytest.mark.parametrize("base_url", ["http://127.0.0.1:8000/v1", "http://169.254.169.254/v1"])
def test_a_link_local_address_is_never_asked_for_a_picture(
    host: str, base_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Clouds tell a machine's own credentials there."""
    found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("169.254.169.254", 0))]
    monkeypatch.setattr(socket, "getaddrinfo", lambda host, port: found)
    with Heard(base_url) as heard, pytest.raises(UnusableAnswerError) as caught:
        heard.session.download(f"http://{host}/latest/meta-data")
    assert str(caught.value) == (
        f"OpenAI points to '{host.strip('[]')}', a private address for its picture, "
        "which is not asked; check openai_base_url."
    )
    assert heard.log == []


def test_a_picture_is_asked_for_again_when_it_is_cut(serve: Serve) -> None:
    server = serve(cut, OK)
    with Heard(server.url) as heard:
        assert heard.session.download(f"{server.url}/a.png").body == b'{"a": 1}'
    assert len(server.requests) == 2
    assert heard.told[0].startswith("127.0.0.1 closed the connection")


def test_a_picture_that_cannot_be_fetched_may_be_billed() -> None:
    heard, asked = picture_at({})
    with heard, pytest.raises(LostAnswerError) as caught:
        heard.session.download("https://files.example/a.png")
    assert len(asked) == 1
    assert str(caught.value) == (
        "OpenAI made the picture, which may be billed, but it cannot be fetched: "
        "files.example does not give it out (404); it may have expired."
    )


def test_a_picture_has_a_largest_size() -> None:
    url = "https://files.example/a.png"
    heard, _ = picture_at({url: httpx.Response(200, content=bytes(5000))})
    with heard, pytest.raises(UnusableAnswerError) as caught:
        heard.session.download(url, limit=4096)
    assert str(caught.value).startswith("The answer of files.example is larger than 0.00390625 MB")


DATA_URLS = [
    (f"data:image/png;base64,{base64.b64encode(PNG).decode()}", PNG, "image/png"),
    ("DATA:image/png;charset=x;base64,iVBO\nRw0K%47gA=", b"\x89PNG\r\n\x1a\x00", "image/png"),
    ("data:,plain%20text", b"plain text", ""),
]


@pytest.mark.parametrize(("url", "body", "media_type"), DATA_URLS)
def test_a_data_url_holds_its_picture(url: str, body: bytes, media_type: str) -> None:
    with mocked(lambda request: httpx.Response(500)) as heard:
        reply = heard.session.download(url)
    assert (reply.status, reply.body, reply.headers["content-type"]) == (200, body, media_type)
    assert heard.log == []


BAD_DATA_URLS = [
    (
        "data:image/png;base64,not~base64",
        "The picture in the answer's data: URL is damaged (no base64); try again.",
    ),
    ("data:image/png;base64", "The answer's data: URL holds no picture; try again."),
    (
        "data:image/png;base64," + "A" * 8000,
        "The picture in the answer is larger than 0.00390625 MB; try again, or use another model.",
    ),
]


@pytest.mark.parametrize(("url", "message"), BAD_DATA_URLS)
def test_a_bad_data_url_is_named(url: str, message: str) -> None:
    with (
        mocked(lambda request: httpx.Response(500)) as heard,
        pytest.raises(UnusableAnswerError) as caught,
    ):
        heard.session.download(url, limit=4096)
    assert str(caught.value) == message


def test_what_asks_for_work_takes_its_turn_and_nothing_else_does() -> None:
    gate = Gate(most=1)
    under_way: list[int] = []

    def answer(request: httpx.Request) -> httpx.Response:
        under_way.append(gate.in_flight)
        return httpx.Response(200, json={})

    with mocked(answer, gate=gate) as heard:
        heard.session.post("/images", json={}, paid=True)
        heard.session.get("/job")
        heard.session.put("/job/cancel")
        heard.session.download("https://api.openai.com/v1/fox.png")
    assert under_way == [1, 0, 0, 0]
    assert gate.in_flight == 0


def test_a_turn_ends_whatever_comes_of_it() -> None:
    gate = Gate(most=1)
    answers = iter([httpx.Response(400), httpx.Response(200, text="x" * 99), httpx.Response(503)])

    with mocked(lambda request: next(answers), gate=gate, attempts=1) as heard:
        for kind in (ProviderError, UnusableAnswerError, ProviderError):
            with pytest.raises(kind):
                heard.session.post("/images", json={}, paid=True, limit=10)
            assert (gate.in_flight, gate.limit) == (0, 1)


def test_a_gate_that_is_closed_lets_nothing_out() -> None:
    gate = Gate(most=1)
    gate.close()
    with mocked(lambda request: httpx.Response(200), gate=gate) as heard:
        with pytest.raises(StoppedError):
            heard.session.post("/images", json={}, paid=True)
        assert heard.session.get("/job").status == 200


def test_a_day_of_waiting_is_an_error_that_stops_nobody_else() -> None:
    gate = Gate(most=4)
    busy = httpx.Response(429, headers={"retry-after": "86400"}, json={"detail": "tomorrow"})
    with mocked(lambda request: busy, gate=gate) as heard:
        with pytest.raises(ProviderError) as caught:
            heard.session.post("/images", json={}, paid=True)
        assert gate.resting == 0.0
    assert str(caught.value) == (
        "OpenAI is busy (429) and asks to wait 24 h: tomorrow; try again then."
    )
