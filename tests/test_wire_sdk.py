"""google-generativeai over our own Wire: what a broken network is called, and what is read."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from patience import LONG, PATIENT, Limit

from imagine.stages.enhance.gemini.call import ModelCall
from imagine.stages.enhance.gemini.sdk import Carrier
from imagine.stages.errors import ConfigError, ImagineError, ProviderError, UnusableAnswerError
from imagine.stages.network.providers import Secret, connect

KEY = "AIza-very-secret"
CALL = ModelCall("gemini-x", "system", "user", (), {"type": "OBJECT"}, 7, None)
TEXT = '{"a": 1}'
GOOD = {
    "candidates": [{"content": {"parts": [{"text": TEXT}]}, "finishReason": "STOP"}],
    "modelVersion": "gemini-x-001",
}


def carrier(**changes: object) -> Carrier:
    connection = connect("gemini", key=Secret(KEY), patience=0.0, **changes)
    return Carrier(connection, lambda reply, problem: None)


def mocked(handler: Callable[[httpx.Request], httpx.Response]) -> Carrier:
    return carrier(transport=httpx.MockTransport(handler))


@pytest.fixture
def listening() -> Iterator[Callable[[Callable[[socket.socket], None]], str]]:
    """Starts a server that does one thing with each connection; its host and port come out."""
    servers: list[socket.socket] = []

    def start(act: Callable[[socket.socket], None]) -> str:
        server = socket.create_server(("127.0.0.1", 0))
        servers.append(server)

        def serve() -> None:
            while True:
                try:
                    client, _ = server.accept()
                except OSError:
                    return
                with client:
                    client.recv(65536)
                    act(client)

        threading.Thread(target=serve, daemon=True).start()
        return f"127.0.0.1:{server.getsockname()[1]}"

    yield start
    for server in servers:
        server.shutdown(socket.SHUT_RDWR)
        server.close()


Listening = Callable[[Callable[[socket.socket], None]], str]


def told(sender: Carrier, kind: type[ImagineError]) -> str:
    with pytest.raises(kind) as caught:
        sender.send(CALL)
    sender.close()
    return str(caught.value)


def test_a_tls_handshake_that_fails_is_told_as_such(listening: Listening) -> None:
    host = listening(lambda client: client.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n"))
    message = told(carrier(base_url=f"https://{host}"), ProviderError)
    assert message.startswith(f"Google Gemini cannot be reached at {host}: its TLS failed (")
    assert message.endswith("); check any proxy and gemini_base_url.")


def test_a_network_that_is_not_there_is_told_as_such(monkeypatch: pytest.MonkeyPatch) -> None:
    def unreachable(*_: object, **__: object) -> None:
        raise OSError(101, "Network is unreachable")

    monkeypatch.setattr(socket, "create_connection", unreachable)
    assert told(carrier(), ProviderError) == (
        "Google Gemini cannot be reached: generativelanguage.googleapis.com fails "
        "([Errno 101] Network is unreachable); check the network and any proxy."
    )


@pytest.mark.usefixtures("minutes_in_a_moment")
def test_headers_that_drip_end(listening: Listening) -> None:
    def drip(client: socket.socket) -> None:
        end = time.monotonic() + LONG
        try:
            client.sendall(b"HTTP/1.1 200 OK\r\nx: ")
            while time.monotonic() < end:
                client.sendall(b"x")
                time.sleep(0.01)
        except OSError:
            return

    with Limit():
        base_url = f"http://{listening(drip)}"
        message = told(carrier(base_url=base_url, timeout=PATIENT), ProviderError)
    assert message.startswith("Google Gemini answers too slowly (")
    assert message.endswith(" s); try again later, or raise the timeout.")


def test_a_long_error_is_read_in_part() -> None:
    """A good answer of that size is none, but an error is an error."""
    sender = mocked(lambda request: httpx.Response(400, text="no " * 2**22))
    message = told(sender, ProviderError)
    assert message.startswith("Google Gemini rejected the request (400): no no no")
    assert len(message) < 500


def test_an_answer_has_a_largest_size() -> None:
    sender = mocked(lambda request: httpx.Response(200, text=" " * (2**23 + 1)))
    assert told(sender, UnusableAnswerError) == (
        "The answer of Google Gemini is larger than 8 MB, more than any good answer has; "
        "try again, or use another model."
    )


LEAKS = [
    (
        httpx.Response(200, text=f"{KEY} is no key"),
        UnusableAnswerError,
        "The answer of generativelanguage.googleapis.com is no JSON but begins '[key] is no key'; "
        "try again, or check that its address is right.",
    ),
    (
        httpx.Response(400, json={"error": {"status": KEY.upper()}}),
        ProviderError,
        "Google Gemini rejected the request (400); check the model and the options that you gave.",
    ),
    (
        httpx.Response(302, headers={"location": f"https://{KEY}.example"}),
        ConfigError,
        "generativelanguage.googleapis.com sends on to 'https://[key].example' (302), where the "
        "key is not sent; set gemini_base_url to the address that is meant.",
    ),
]


@pytest.mark.parametrize(("answer", "kind", "message"), LEAKS)
def test_nothing_that_repeats_the_key_is_told_as_it_is(
    answer: httpx.Response, kind: type[ImagineError], message: str
) -> None:
    assert told(mocked(lambda request: answer), kind) == message


def test_an_answer_holds_neither_thoughts_nor_the_key() -> None:
    parts = [{"text": "I think", "thought": True}, {"text": f"so: {KEY}"}]
    answer = {**GOOD, "candidates": [{"content": {"parts": parts}}], "modelVersion": KEY}
    sender = mocked(lambda request: httpx.Response(200, json=answer))
    reply = sender.send(CALL)
    sender.close()
    assert (reply.text, reply.model) == ("so: [key]", "[key]")


def test_the_key_goes_out_in_its_header_alone(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """requests would send what ~/.netrc holds for the host too."""
    netrc = tmp_path / "netrc"
    netrc.write_text("machine generativelanguage.googleapis.com login me password secret\n")
    monkeypatch.setenv("NETRC", str(netrc))
    asked: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return httpx.Response(200, json=GOOD)

    sender = mocked(answer)
    assert sender.send(CALL).text == TEXT
    sender.close()
    (request,) = asked
    assert request.headers["x-goog-api-key"] == KEY
    assert "authorization" not in request.headers
    assert KEY not in str(request.url)
    assert request.url.path == "/v1beta/models/gemini-x:generateContent"
