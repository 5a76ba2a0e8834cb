"""The fakes as served by hand, from a command line."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from fakes.client import (
    IMAGE,
    TEXT,
    USER,
    inline,
)
from fakes.desk import service_class
from fakes.pictures import size_of, type_of
from patience import PATIENT

ROOT = Path(__file__).resolve().parents[1]


@contextmanager
def by_hand(*arguments: str) -> Iterator["subprocess.Popen[str]"]:
    script = ROOT / "tests" / "fakes" / "serve.py"
    with subprocess.Popen(
        [sys.executable, str(script), *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={"PATH": os.environ.get("PATH", "")},
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def test_serving_by_hand_tells_what_to_export() -> None:
    with by_hand("gemini", "--latency", "text=0.1", "--faults", "429:0.0", "-v") as process:
        assert process.stdout is not None
        lines = [process.stdout.readline().strip() for _ in range(2)]
        found = re.fullmatch(r"export IMAGINE_GEMINI_BASE_URL=(http://127\.0\.0\.1:\d+)", lines[0])
        assert found is not None
        assert lines[1] == "export GEMINI_API_KEY=test-key-gemini"
        headers = {"x-goog-api-key": "test-key-gemini"}
        url = f"{found[1]}/v1beta/models/{TEXT}:generateContent"
        reply = httpx.post(
            url, json={"contents": [USER]}, headers=headers, trust_env=False, timeout=PATIENT
        )
        assert reply.status_code == 200
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=PATIENT)
    assert process.returncode == 0
    # The request is written down by a thread, the sum by another.
    last, first = sorted(errors.splitlines())
    assert re.fullmatch(r"gemini text 200 ok \d+\.\d{3} s paid 0 'a fox'", first), first
    assert last == "1 requests, 0 pictures paid."


def test_the_format_of_pictures_is_chosen_by_hand() -> None:
    with by_hand("gemini", "--format", "jpeg") as process:
        assert process.stdout is not None
        root = process.stdout.readline().strip().partition("=")[2]
        headers = {"x-goog-api-key": "test-key-gemini"}
        url = f"{root}/v1beta/models/{IMAGE}:generateContent"
        reply = httpx.post(
            url, json={"contents": [USER]}, headers=headers, trust_env=False, timeout=PATIENT
        )
        assert type_of(inline(reply)) == "image/jpeg"


def test_limits_may_differ_by_step_by_hand() -> None:
    arguments = ("--limit", "text=32,image=16", "--per-minute", "image=1", "--minute", "3600")
    with by_hand("gemini", *arguments, "--tiny") as process:
        assert process.stdout is not None
        root = process.stdout.readline().strip().partition("=")[2]
        headers = {"x-goog-api-key": "test-key-gemini"}
        url = f"{root}/v1beta/models/{IMAGE}:generateContent"
        replies = [
            httpx.post(
                url, json={"contents": [USER]}, headers=headers, trust_env=False, timeout=PATIENT
            )
            for _ in range(2)
        ]
        assert [reply.status_code for reply in replies] == [200, 429]
        assert len(inline(replies[0])) < 6_000


def test_limits_of_an_unknown_step_are_refused_by_hand() -> None:
    with by_hand("gemini", "--limit", "texts=32") as process:
        _, errors = process.communicate(timeout=PATIENT)
    assert "the steps of 'texts=32' are not among text, image" in errors


def test_all_providers_are_served_on_one_port() -> None:
    with by_hand("all") as process:
        assert process.stdout is not None
        exports = {}
        while "FAL_KEY" not in exports:
            line = process.stdout.readline()
            assert line.startswith("export ")
            name, _, value = line.removeprefix("export ").partition("=")
            exports[name] = value.strip()
        root = exports["IMAGINE_GEMINI_BASE_URL"].removesuffix("/gemini")
        assert exports["IMAGINE_OPENAI_BASE_URL"] == f"{root}/openai/v1"
        assert exports["IMAGINE_HUGGINGFACE_BASE_URL"] == f"{root}/huggingface/hf-inference"
        headers = {"Authorization": f"Key {exports['FAL_KEY']}"}
        with httpx.Client(headers=headers, trust_env=False, timeout=PATIENT) as http:
            queued = http.post(f"{root}/fal/fal-ai/flux/schnell", json={"prompt": "a fox"}).json()
            assert queued["status_url"].startswith(f"{root}/fal/fal-ai/flux/requests/")
            result = http.get(queued["response_url"]).json()
            assert size_of(http.get(result["images"][0]["url"]).content) == (1024, 768)
            assert http.get(f"{root}/elsewhere").status_code == 404
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=PATIENT)


@pytest.mark.parametrize(
    ("arguments", "exports"),
    [
        (
            ["localai"],
            ["IMAGINE_OPENAI_BASE_URL={root}/v1", "IMAGINE_LOCALAI_BASE_URL={root}/v1"],
        ),
        (["sdapi"], ["IMAGINE_SDAPI_BASE_URL={root}"]),
        (["sd-server"], ["IMAGINE_SDAPI_BASE_URL={root}"]),
        (
            ["sdapi", "--key", "fox:password"],
            ["IMAGINE_SDAPI_BASE_URL={root}", "IMAGINE_SDAPI_API_KEY=fox:password"],
        ),
    ],
    ids=["localai", "sdapi", "sd-server", "sdapi with a password"],
)
def test_servers_of_ones_own_tell_their_settings(arguments: list[str], exports: list[str]) -> None:
    with by_hand(*arguments) as process:
        assert process.stdout is not None
        lines = [process.stdout.readline().strip() for _ in exports]
    root = re.sub(r"^export \w+=(http://[^/]+).*", r"\1", lines[0])
    assert lines == [f"export {line.format(root=root)}" for line in exports]


def test_the_faults_are_listed_by_hand() -> None:
    with by_hand("fal", "--faults-known") as process:
        told, _ = process.communicate(timeout=PATIENT)
    for name in service_class("fal").faults():
        assert re.search(rf"^  {re.escape(name)} +\S", told, re.M)
