"""The fake servers: faults, limits, what is paid, the log, and every fault of every service."""

import json
import sys
import threading
import time
from base64 import b64encode
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from pathlib import Path
from typing import Any

import httpx
import pytest
from comfyui_workflows import named
from fakes import SERVICES, Fake, serve
from fakes.audit import read_log
from fakes.client import (
    GOOGLE_SCHEMA,
    IMAGE,
    JSON,
    PREDICTIONS,
    STRICT,
    TEXT,
    USER,
    chat,
    client,
    config,
    form,
    image,
    inline,
    joined,
)
from fakes.desk import service_class
from fakes.faults import DELIVERY
from fakes.pictures import draw
from patience import LONG, Limit, until


def test_a_script_is_consumed_in_order_by_the_steps_it_names() -> None:
    faults = ["image/blocked", "503*2", "text/429", "models/500"]
    with client("gemini", faults=faults) as gemini:
        assert gemini.text().status_code == 503
        assert "promptFeedback" in gemini.picture().json()
        assert gemini.picture().status_code == 503
        assert gemini.picture().status_code == 200
        assert gemini.text().status_code == 429
        assert gemini.text().status_code == 200
        assert gemini.get("/v1beta/models").status_code == 500
        assert gemini.fake.faults_left == []


def test_a_fault_for_ever_never_ends() -> None:
    with client("gemini", faults=["503*"]) as gemini:
        assert [gemini.text().status_code for _ in range(5)] == [503] * 5


def test_a_fault_befalls_only_where_it_can() -> None:
    with client("gemini", faults=["half-png", "fenced"]) as gemini:
        assert "```json" in joined(gemini.text())
        assert len(inline(gemini.picture())) < len(inline(gemini.picture()))
    never = pytest.raises(ValueError, match="'text/half-png' cannot be, 'half-png' befalls image")
    with never, serve("gemini", faults=["text/half-png"]):
        pass


@pytest.mark.parametrize("faults", [["429", "no-such"], {"reset": 0.5, "no-such": 0.1}])
def test_an_unknown_fault_is_an_error_at_once(faults: Any) -> None:
    with (
        pytest.raises(ValueError, match="no such fault here: 'no-such'"),
        serve("gemini", faults=faults),
    ):
        pass


def drawn_outcomes(order: list[int], *, threads: int) -> dict[str, list[int]]:
    """Statuses by prompt of three attempts each, sent in some order by some threads."""
    statuses: dict[str, list[int]] = {}
    with client("gemini", faults={"429": 0.3, "503": 0.2}, seed=7) as gemini:

        def send(numbers: list[int]) -> None:
            for number in numbers:
                prompt = f"fox {number}"
                statuses[prompt] = [gemini.picture(prompt).status_code for _ in range(3)]

        workers = [
            threading.Thread(target=send, args=(order[start::threads],)) for start in range(threads)
        ]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
    return statuses


def test_rates_give_the_same_outcomes_in_any_order() -> None:
    alone = drawn_outcomes(list(range(30)), threads=1)
    assert drawn_outcomes(list(reversed(range(30))), threads=4) == alone
    assert {status for statuses in alone.values() for status in statuses} == {200, 429, 503}


def hurried(fake: Fake, call: Callable[[], object]) -> None:
    """What takes long at a fake, without waiting for it."""
    with ThreadPoolExecutor(1) as pool:
        calling = pool.submit(call)
        while not wait([calling], 0.01).done:
            fake.forward(LONG)
    calling.result()


def test_only_so_many_at_a_time() -> None:
    def load(**limits: Any) -> list[int]:
        with client("gemini", latency=LONG, concurrency=2, **limits) as gemini:
            statuses: list[int] = []
            threads = [
                threading.Thread(target=lambda: statuses.append(gemini.picture().status_code))
                for _ in range(4)
            ]
            for thread in threads:
                thread.start()
            until(lambda: len(gemini.fake.log.of("image")) == 4)
            for thread in threads:
                hurried(gemini.fake, thread.join)
            return sorted(statuses)

    assert load() == [200, 200, 429, 429]
    assert load(queue=True) == [200] * 4


def test_only_so_many_a_minute() -> None:
    with client("gemini", per_minute=2, minute=LONG) as gemini:
        assert [gemini.text().status_code for _ in range(3)] == [200, 200, 429]
        assert gemini.fake.entries[-1].outcome == "limited"
        gemini.fake.forward(LONG)
        assert gemini.text().status_code == 200


def test_texts_and_pictures_are_limited_apart() -> None:
    with client("gemini", per_minute=1) as gemini:
        assert [gemini.text().status_code for _ in range(2)] == [200, 429]
        assert [gemini.picture().status_code for _ in range(2)] == [200, 429]
    with client("gemini", per_minute={"image": 1}) as gemini:
        assert [gemini.picture().status_code for _ in range(2)] == [200, 429]
        assert [gemini.text().status_code for _ in range(4)] == [200] * 4


def test_google_names_the_quota_of_a_minute_and_none_of_requests_at_a_time() -> None:
    with client("gemini", per_minute={"image": 1}, minute=3600.0) as gemini:
        gemini.picture()
        quota, _, wait = gemini.picture().json()["error"]["details"]
        assert quota["violations"][0]["quotaValue"] == "1"
        assert 3500.0 < float(wait["retryDelay"].rstrip("s")) <= 3600.0
    with client("gemini", concurrency={"image": 1}, latency=LONG) as gemini:
        waiting = threading.Thread(target=gemini.picture)
        waiting.start()
        until(lambda: gemini.fake.entries)
        (wait,) = gemini.picture().json()["error"]["details"]
        assert wait == {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "1s"}
        hurried(gemini.fake, waiting.join)


def test_the_log_tells_when_an_answer_was_written_and_when_nobody_took_it(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    with client("gemini", faults=["ok", "cut"], latency=LONG, log=path) as gemini:
        hurried(gemini.fake, lambda: gemini.picture("a fox"))
        with pytest.raises(httpx.RemoteProtocolError):
            hurried(gemini.fake, lambda: gemini.picture("a cat"))
        gemini.http.timeout = httpx.Timeout(LONG, read=0.05)
        with pytest.raises(httpx.ReadTimeout):
            gemini.picture("a dog")
        hurried(gemini.fake, lambda: until(lambda: len(read_log(path)) == 3))
    took, cut, left = read_log(path)
    assert took["finished"] <= took["written"]
    assert (took["gone"], cut["gone"]) == (0.0, 0.0)
    assert (cut["written"], left["written"]) == (0.0, 0.0)
    assert left["gone"] >= left["finished"]
    assert [entry["paid"] for entry in (took, cut, left)] == [1, 1, 1]


@pytest.mark.parametrize(
    ("fault", "error", "paid"),
    [
        ("reset-before", httpx.TransportError, 0),
        ("lost", httpx.TransportError, 1),
        ("reset", httpx.TransportError, 1),
        ("cut", httpx.RemoteProtocolError, 1),
        ("hang", httpx.ReadTimeout, 1),
        ("stall", httpx.ReadTimeout, 1),
    ],
)
def test_a_picture_is_paid_when_it_was_drawn_received_or_not(
    fault: str, error: type[Exception], paid: int
) -> None:
    with client("gemini", faults=[fault]) as gemini:
        gemini.http.timeout = httpx.Timeout(0.5)
        with pytest.raises(error):
            gemini.picture()
        assert gemini.fake.paid == paid
        assert gemini.fake.entries[0].outcome == fault
        assert gemini.picture().status_code == 200
        assert gemini.fake.log.paid_by_prompt == {"a fox": paid + 1}


@pytest.mark.parametrize(
    ("fault", "status", "start"),
    [
        ("html", 200, b"<!DOCTYPE html>"),
        ("html-502", 502, b"<!DOCTYPE html>"),
        ("not-json", 200, b"upstream"),
        ("empty", 200, b""),
        ("gzip", 200, b'{"candidates"'),
        ("redirect", 302, b""),
    ],
)
def test_something_else_answers(fault: str, status: int, start: bytes) -> None:
    with client("gemini", faults=[fault]) as gemini:
        reply = gemini.text()
        assert reply.status_code == status == gemini.fake.entries[0].status
        assert reply.content.startswith(start)
        assert fault == "gzip" or len(reply.content) < 200


def test_a_truncated_body_is_a_whole_http_answer() -> None:
    with client("gemini", faults=["truncated-json"]) as gemini:
        with pytest.raises(ValueError, match="Unterminated string"):
            gemini.picture().json()
        assert gemini.fake.paid == 1


def test_bodies_too_large_are_sent_piece_by_piece() -> None:
    with client("gemini", faults=["huge=3", "bomb", "huge-declared"]) as gemini:
        assert len(gemini.text().content) == 3 * 2**20
        assert len(gemini.text().content) > 64 * 2**20
        url = f"{gemini.fake.url}/v1beta/models/{TEXT}:generateContent"
        with gemini.http.stream("POST", url, json={"contents": [USER]}) as reply:
            assert reply.headers["content-length"] == "10000000000"


def test_a_slow_body_comes_in_pieces() -> None:
    with client("gemini", faults=["slow=0.01"]) as gemini:
        begun = time.monotonic()
        assert gemini.text().status_code == 200
        assert time.monotonic() - begun > 0.19


def test_latency_may_differ_by_step() -> None:
    with client("gemini", latency={"image": (0.2, 0.3)}) as gemini:
        begun = time.monotonic()
        gemini.picture()
        assert time.monotonic() - begun >= 0.2
    with client("gemini", latency={"image": LONG}) as gemini, Limit():
        gemini.text()


def test_the_log_tells_where_a_key_does_not_belong(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    with serve("gemini", log=path) as fake:
        url = f"{fake.url}/v1beta/models/{TEXT}:generateContent?key={fake.key}"
        body = {"contents": [{"parts": [{"text": f"my key is {fake.key}"}]}]}
        httpx.post(url, json=body, headers={"X-More": f"{fake.key}"}, trust_env=False)
        (entry,) = fake.entries
        assert entry.key == "?key"
        assert entry.query == {"key": "[key]"}
        assert entry.leaks == ("query", "body", "header x-more")
    (logged,) = read_log(path)
    assert logged["outcome"] == "ok"


def test_a_request_may_come_in_chunks_and_after_100_continue() -> None:
    body = json.dumps({"contents": [USER]}).encode()

    def pieces() -> Iterator[bytes]:
        for start in range(0, len(body), 7):
            yield body[start : start + 7]

    with client("gemini") as gemini:
        for headers in ({}, {"Expect": "100-continue"}):
            path = f"/v1beta/models/{TEXT}:generateContent"
            assert gemini.post(path, content=pieces(), headers=headers).status_code == 200
        assert {entry.connection for entry in gemini.fake.entries} == {1}


def test_answers_of_ones_own_come_in_turn() -> None:
    with client("gemini", answers=[{"a": 1}, "no JSON", []]) as gemini:
        assert [joined(gemini.text()) for _ in range(3)] == ['{"a": 1}', "no JSON", "[]"]
        assert json.loads(joined(gemini.text()))["subjects"]


def test_a_fake_that_crashes_fails_the_test() -> None:
    with (
        pytest.raises(AssertionError, match="the fake server crashed"),
        client("gemini", answers=[{1, 2}]) as gemini,
    ):
        assert gemini.text().status_code == 500


def test_starting_is_quick() -> None:
    with serve("gemini"):
        pass  # the modules are loaded now
    loaded = set(sys.modules)
    with Limit():
        # Were each to wait for something, if only a tenth of a second, it would take too long.
        for _ in range(200):
            with serve("gemini"):
                pass
    assert set(sys.modules) == loaded


REQUESTS: dict[str, tuple[str, Any]] = {
    "gemini": (f"/v1beta/models/{IMAGE}:generateContent", {"contents": [USER]}),
    "imagen": (
        "/v1beta/models/imagen-4.0-generate-001:predict",
        {"instances": [{"prompt": "a fox"}], "parameters": {"sampleCount": 2}},
    ),
    "openai": ("/images/generations", image(n=2)),
    "stability": ("/v2beta/stable-image/generate/core", None),
    "huggingface": ("/models/black-forest-labs/FLUX.1-dev", {"inputs": "a fox"}),
    "replicate": (PREDICTIONS, {"input": {"prompt": "a fox", "num_outputs": 2}}),
    "fal": ("/fal-ai/flux/schnell", {"prompt": "a fox", "num_images": 2}),
    "comfyui": ("/prompt", {"prompt": named("dreamshaper_8.safetensors")}),
    "sdapi": (
        "/sdapi/v1/extra-single-image",
        {
            "image": b64encode(draw(32, 32, prompt="a fox").bytes).decode(),
            "upscaler_1": "R-ESRGAN 4x+",
        },
    ),
}


def every_fault(step: str) -> list[tuple[str, str]]:
    return [
        (name, fault)
        for name in REQUESTS
        for fault, steps in service_class(name).faults().items()
        if step in steps and fault not in DELIVERY
    ]


def test_every_service_has_a_request_here() -> None:
    assert {service_class(name).name for name in SERVICES} == set(REQUESTS)


@pytest.mark.parametrize(("name", "fault"), every_fault("image"))
def test_every_fault_befalls_one_request(name: str, fault: str) -> None:
    path, body = REQUESTS[name]
    with client(name, faults=[fault]) as server:
        more = {"json": body} if body is not None else form(prompt="a fox")
        failed = server.post(path, **more)
        if name == "fal" and failed.status_code == 200 and "response_url" in failed.json():
            server.get(failed.json()["response_url"])
        assert server.fake.entries[0].outcome == fault
        assert server.fake.faults_left == []
        assert server.fake.entries[0].leaks == ()
        if fault in service_class(name).errors:
            assert failed.status_code >= 400
            assert server.fake.paid == 0
        if "echo" not in fault:
            assert (server.fake.key or "no key") not in failed.text
        assert server.post(path, **more).is_success


TEXT_REQUESTS: dict[str, tuple[str, Any]] = {
    "gemini": (f"/v1beta/models/{TEXT}:generateContent", config(
        responseMimeType=JSON, responseSchema=GOOGLE_SCHEMA)),
    "openai": ("/chat/completions", chat("gpt-5.4-mini", STRICT)),
}  # fmt: skip


@pytest.mark.parametrize(
    ("name", "fault"), [pair for pair in every_fault("text") if pair[0] in TEXT_REQUESTS]
)
def test_every_fault_befalls_a_text_request(name: str, fault: str) -> None:
    path, body = TEXT_REQUESTS[name]
    with client(name, faults=[f"text/{fault}"]) as server:
        server.post(path, body)
        assert server.fake.entries[0].outcome == fault
        assert server.fake.paid == 0
        assert server.post(path, body).is_success
