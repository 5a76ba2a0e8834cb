"""Batches as people run them: the command in a process of its own, killed at will, and measured."""

import os
import resource
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from fakes import Fake

# A dry run of very many prompts prints more than anybody reads here.
PRINTED = 200_000
IMAGINE = str(Path(sys.executable).with_name("imagine"))


@dataclass(frozen=True)
class Ran:
    """One command that ended.

    Attributes:
        code: exit status; minus the signal's number for a killed process.
        started, ended: seconds since 1970.
        cpu: seconds of processor time, of children that it waited for too.
        memory: bytes that it took at most.
        out, err: the end of what it printed.
        signalled: seconds since 1970 when the signal was sent; None when the end came first.
    """

    code: int
    started: float
    ended: float
    cpu: float
    memory: int
    out: str
    err: str
    signalled: float | None = None

    @property
    def wall(self) -> float:
        return self.ended - self.started


def run(
    command: list[str],
    *,
    cwd: Path,
    environment: Mapping[str, str],
    stop_after: float | None = None,
    stop_with: int = signal.SIGKILL,
    stop_since: Callable[[], bool] = lambda: True,
    patience: float = 600.0,
) -> Ran:
    """Run a command to its end.

    Args:
        cwd: also takes what it prints, as files.
        stop_after: send `stop_with` after so many seconds, unless it has ended.
        stop_since: the seconds count from when this says yes.
        patience: kill it after so many seconds in any case.
    """
    out, err = cwd / ".stdout", cwd / ".stderr"
    signalled: list[float] = []
    with out.open("wb") as to_out, err.open("wb") as to_err:
        started = time.time()
        process = subprocess.Popen(command, cwd=cwd, env=environment, stdout=to_out, stderr=to_err)

        def stop(number: int) -> None:
            # Before the signal: what is answered between the two is in flight.
            moment = time.time()
            if process.returncode is None:
                process.send_signal(number)
                signalled.append(moment)

        def stop_then(seconds: float) -> None:
            while process.returncode is None and not stop_since():
                time.sleep(0.01)
            time.sleep(seconds)
            stop(stop_with)

        timer = threading.Timer(patience, stop, [signal.SIGKILL])
        timer.start()
        stopper = threading.Thread(target=stop_then, args=[stop_after])
        if stop_after is not None:
            stopper.start()
        _, status, used = os.wait4(process.pid, 0)
        ended = time.time()
        process.returncode = os.waitstatus_to_exitcode(status)
        timer.cancel()
        timer.join()
        if stop_after is not None:
            stopper.join()
    return Ran(
        code=process.returncode,
        started=started,
        ended=ended,
        cpu=used.ru_utime + used.ru_stime,
        memory=_bytes(used),
        out=_end_of(out),
        err=_end_of(err),
        signalled=signalled[0] if signalled else None,
    )


def _end_of(file: Path) -> str:
    with file.open("rb") as printed:
        printed.seek(max(0, file.stat().st_size - PRINTED))
        return printed.read().decode("utf-8", "replace")


def _bytes(used: resource.struct_rusage) -> int:
    return used.ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def environment_for(home: Path, *, url: str, key: str, **more: str) -> dict[str, str]:
    """What a command needs to find a fake Gemini, and nothing of this machine's settings."""
    return {
        "PATH": os.environ.get("PATH", ""),
        "HOME": str(home),
        "XDG_CONFIG_HOME": str(home / "config"),
        "XDG_CACHE_HOME": str(home / "cache"),
        "XDG_STATE_HOME": str(home / "state"),
        "GEMINI_API_KEY": key,
        "IMAGINE_GEMINI_BASE_URL": url,
        **more,
    }


def environment_of(fake: Fake, home: Path, **more: str) -> dict[str, str]:
    """The same for a fake of this process."""
    return environment_for(home, url=fake.url, key=fake.key or "", **more)


def batch_command(file: Path, out: Path, *options: str) -> list[str]:
    return [IMAGINE, "batch", str(file), "-o", str(out), "-y", "--no-cache", "-q", *options]


ANIMALS = ("fox", "owl", "cat", "hare", "bear", "toad", "crow", "goat")
PLACES = ("a velvet sofa", "a wooden boat", "a mossy rock", "a red bicycle", "a snowy roof")


def numbered_prompts(count: int) -> list[str]:
    """Prompts that stay recognisable when described and rendered, by the words in quotes."""
    return [
        f"a {ANIMALS[n % len(ANIMALS)]} on {PLACES[n % len(PLACES)]} beside a sign that says "
        f'"K{n:05}"'
        for n in range(count)
    ]
