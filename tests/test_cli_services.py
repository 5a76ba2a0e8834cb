"""Who describes and who draws, as settings say."""

import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import pytest
from fakes import serve
from hosted import draw

from imagine.cli.console import Console
from imagine.cli.services import Services
from imagine.cli.settings import load_settings
from imagine.stages.errors import StoppedError


def test_abandoned_jobs_of_all_providers_are_stopped_and_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with ExitStack() as opened:
        fakes = {
            name: opened.enter_context(serve(name, latency=60)) for name in ("replicate", "fal")
        }
        for name, fake in fakes.items():
            monkeypatch.setenv(f"IMAGINE_{name.upper()}_BASE_URL", fake.url)
            monkeypatch.setenv(f"IMAGINE_{name.upper()}_API_KEY", fake.key or "")
        services = opened.enter_context(Services(load_settings(), Console(), many=4))
        services.backend("sketch")
        backends = [services.backend(name)[0] for name in fakes]
        threads = opened.enter_context(ThreadPoolExecutor(2))
        calls = [threads.submit(draw, backend) for backend in backends]
        deadline = time.monotonic() + 5
        while not all("poll" in [entry.step for entry in fake.entries] for fake in fakes.values()):
            assert time.monotonic() < deadline
            time.sleep(0.01)
        for gate in services.gates.values():
            gate.close()
        told = services.abandon()
        errors = [call.exception(timeout=10) for call in calls]
        assert [fake.paid for fake in fakes.values()] == [0, 0]
    assert [text.partition(" job ")[0] for text in told] == [
        "Replicate was asked to stop the",
        "fal was asked to stop the",
    ]
    assert [(type(error), str(error)) for error in errors] == [
        (StoppedError, text) for text in told
    ]


def test_nothing_is_told_where_nothing_was_asked_for() -> None:
    with Services(load_settings(), Console(), many=4) as services:
        services.backend("sketch")
        assert services.abandon() == []
