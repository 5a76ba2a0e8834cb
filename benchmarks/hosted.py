"""Wall time of one hosted picture, from a fresh interpreter, beside the bare interpreter.

    python benchmarks/hosted.py [--runs 15]

A fake Gemini on loopback without latency describes and draws (tests/fakes). Prints the median
over the bare interpreter of the same run, its goal, and the CPU time; noise of other programs goes
into wall time, so run it on a quiet machine.
"""

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from fakes import serve

IMAGINE = str(Path(sys.executable).with_name("imagine"))
PROMPT = "fluffy corgi wearing a tiny crown, sitting on a velvet cushion"
GOALS = {"httpx": 0.45, "sdk": 1.3}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=15)
    runs = parser.parse_args().runs
    with serve("gemini") as fake, tempfile.TemporaryDirectory() as directory:
        settings = {"GEMINI_API_KEY": str(fake.key), "IMAGINE_GEMINI_BASE_URL": fake.url}
        report(runs, directory, settings)


def report(runs: int, directory: str, settings: dict[str, str]) -> None:
    bare, bare_cpu = timed([sys.executable, "-c", "pass"], {}, runs, directory)
    print(f"{'bare interpreter':<34}{bare:7.3f} s wall {bare_cpu:7.3f} s CPU")
    command = [IMAGINE, PROMPT, "--no-cache", "-q"]
    for transport, goal in GOALS.items():
        wall, cpu = timed(
            command, settings | {"IMAGINE_GEMINI_TRANSPORT": transport}, runs, directory
        )
        verdict = "met" if wall - bare <= goal else "MISSED"
        print(
            f"{'one picture, ' + transport:<34}{wall:7.3f} s wall {cpu:7.3f} s CPU  "
            f"{wall - bare:.3f} over bare, goal {goal:.2f}: {verdict}"
        )


def timed(
    command: list[str], settings: dict[str, str], runs: int, directory: str
) -> tuple[float, float]:
    """Median wall and CPU seconds of one command, after one run that warms the cache."""
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": directory,
        **settings,
    }
    walls, cpus = [], []
    for _ in range(runs + 1):
        before, start = children(), time.perf_counter()
        subprocess.run(command, cwd=directory, env=environment, check=True, capture_output=True)
        walls.append(time.perf_counter() - start)
        cpus.append(children() - before)
    return median(walls[1:]), median(cpus[1:])


def children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    main()
