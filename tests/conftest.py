"""Fixtures for every test: a clean environment, no network but loopback, the evaluation sets."""

import io
import json
import os
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from fakes import Fake, serve
from hypothesis import HealthCheck, settings
from patience import PATIENT

if TYPE_CHECKING:
    from scripted_upscaler import Prepare

# The folder of a tiny model by its name in tests/extras/tiny_models.py.
Tiny = Callable[[str], Path]
# What a machine is slow at is no fault of what is tested on it.
settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")
EVAL = Path(__file__).resolve().parents[2] / "shared" / "eval"


@pytest.fixture(autouse=True)
def clean_environment(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """No key, no setting and no config file of the machine reaches a test."""
    for name in list(os.environ):
        if name.startswith("IMAGINE_") or name.endswith(
            ("_API_KEY", "_TOKEN", "_BASE_URL", "FAL_KEY")
        ):
            monkeypatch.delenv(name)
    for name in ("NO_COLOR", "FORCE_COLOR", "TERM", "TERM_PROGRAM", "EDITOR", "VISUAL", "COLUMNS"):
        monkeypatch.delenv(name, raising=False)
    if request.path.parent.name == "extras":
        # Libraries of models would ask their hub for news.
        monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    else:
        monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.fixture(autouse=True)
def loopback_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """A connection to anything but this machine fails the test."""
    connect = socket.socket.connect

    def guarded(self: socket.socket, address: Any) -> None:
        if self.family != socket.AF_UNIX and address[0] not in ("127.0.0.1", "::1", "localhost"):
            raise AssertionError(f"a test tried to reach {address}")
        connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", guarded)


@pytest.fixture(scope="session")
def read_eval() -> Callable[[str], Iterator[dict[str, Any]]]:
    """Rows of an evaluation set, as in `read_eval("prompts/geneval")`; skips where it is absent.

    The sets lie beside the checkout (see CONTRIBUTING.md) and are no part of the project.
    """

    def read(name: str) -> Iterator[dict[str, Any]]:
        path = EVAL / f"{name}.jsonl"
        if not path.exists():
            pytest.skip(f"the evaluation set {name} is not beside this checkout")
        with path.open(encoding="utf-8") as lines:
            yield from (json.loads(line) for line in lines)

    return read


@dataclass(frozen=True)
class Done:
    """What one command line did."""

    code: int
    out: str
    err: str

    @property
    def lines(self) -> list[str]:
        return self.out.splitlines()

    @property
    def json(self) -> dict[str, Any]:
        """The only JSON object on stdout."""
        value: dict[str, Any] = json.loads(self.out)
        return value


Command = Callable[..., Done]


@pytest.fixture
def imagine(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> Command:
    """Run a command line in an empty working directory: `imagine("a fox", "--seed", "1")`."""
    from imagine.cli.main import run

    workplace = tmp_path / "work"
    workplace.mkdir()
    monkeypatch.chdir(workplace)

    def command(*arguments: str, stdin: bytes | None = None) -> Done:
        stream = io.TextIOWrapper(io.BytesIO(stdin or b""))
        if stdin is None:
            monkeypatch.setattr(stream, "isatty", lambda: True)
        monkeypatch.setattr("sys.stdin", stream)
        code = run(list(arguments))
        captured = capsys.readouterr()
        return Done(code, captured.out, captured.err)

    return command


Start = Callable[..., Fake]


@pytest.fixture
def prepared(monkeypatch: pytest.MonkeyPatch) -> "Prepare":
    """Prepare the upscaler called "scripted": `prepared(error, None, model="m1")`."""
    from scripted_upscaler import MADE, ScriptedUpscaler

    from imagine.stages.upscale import UPSCALERS

    monkeypatch.setitem(UPSCALERS.built_in, "scripted", "scripted_upscaler:scripted")

    def prepare(*script: BaseException | None, **options: Any) -> ScriptedUpscaler:
        MADE.append(ScriptedUpscaler(script, **options))
        return MADE[-1]

    return prepare


@pytest.fixture
def gemini(monkeypatch: pytest.MonkeyPatch) -> Iterator[Start]:
    """Starts a fake Gemini that the settings point at: `gemini(["429"], transport="sdk")`."""
    running = []

    def start(faults: Any = (), *, transport: str = "httpx", **options: Any) -> Fake:
        context = serve("gemini", faults=list(faults), **options)
        fake = context.__enter__()
        running.append(context)
        monkeypatch.setenv("GEMINI_API_KEY", fake.key or "")
        monkeypatch.setenv("GOOGLE_GEMINI_BASE_URL", fake.url)
        monkeypatch.setenv("IMAGINE_GEMINI_TRANSPORT", transport)
        return fake

    yield start
    for context in reversed(running):
        context.__exit__(None, None, None)


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test waits for a busy server."""
    monkeypatch.setenv("IMAGINE_PATIENCE", "0.01")


@pytest.fixture
def no_time_goes_by(monkeypatch: pytest.MonkeyPatch) -> None:
    """No answer takes long and no job keeps its state for long: their clocks stand still."""
    monkeypatch.setattr("imagine.stages.network.wire.time", SimpleNamespace(monotonic=lambda: 0.0))
    monkeypatch.setattr("imagine.stages.generate.job.monotonic", lambda: 0.0)


@pytest.fixture
def only_silence_counts(monkeypatch: pytest.MonkeyPatch, no_time_goes_by: None) -> None:
    """A short timeout ends what a server never answers, and nothing that this machine is slow at.

    That is the first request for work; whatever is asked after it is waited for.
    """
    import httpx

    stream, ended = httpx.Client.stream, []

    @contextmanager
    def waiting(
        client: httpx.Client, method: str, url: str, **options: Any
    ) -> Iterator[httpx.Response]:
        if method == "GET" or ended:
            options["timeout"] = PATIENT
        try:
            with stream(client, method, url, **options) as response:
                yield response
        except httpx.ReadTimeout:
            ended.append(url)
            raise

    monkeypatch.setattr(httpx.Client, "stream", waiting)


@pytest.fixture
def minutes_in_a_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    """What measures how long an answer takes sees a hundred times as much go by."""
    faster = SimpleNamespace(monotonic=lambda: 100 * time.monotonic())
    monkeypatch.setattr("imagine.stages.network.wire.time", faster)


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Tiny:
    """The folder of a tiny model, each built once and to be read only: `tiny("sdxl")`.

    For tests in tests/extras, where its packages are there.
    """
    import warnings

    root = tmp_path_factory.mktemp("tiny")
    built: dict[str, Path] = {}

    def folder(name: str) -> Path:
        if name not in built:
            # What the libraries warn of among themselves is no concern of ours.
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                from tiny_models import MODELS

                built[name] = MODELS[name](root / name)
        return built[name]

    return folder
