"""CPU seconds that the command takes, as the median of several runs.

    python benchmarks/startup.py [--runs 20]

Prints each command's user and system time, children included, and its ratio to `python -c pass`
of the same run; the goals are those of the first-picture issue.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median

IMAGINE = str(Path(sys.executable).with_name("imagine"))
BARE = [sys.executable, "-c", "pass"]
# Command, goal in CPU seconds, whether the goal is over bare Python.
CASES = {
    "imagine --help": ([IMAGINE, "--help"], 0.12, False),
    "imagine --version": ([IMAGINE, "--version"], 0.03, True),
    "imagine 'a fox' --dry-run": ([IMAGINE, "a fox", "--dry-run"], 0.35, False),
    "imagine 'a fox' (sketch, 1024x1024)": ([IMAGINE, "a fox", "--seed", "1"], 1.2, False),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=20)
    runs = parser.parse_args().runs
    with tempfile.TemporaryDirectory() as directory:
        bare = cpu_seconds(BARE, runs, directory)
        print(f"{'python -c pass':<38}{bare:7.3f} s")
        for name, (command, goal, over_bare) in CASES.items():
            seconds = cpu_seconds(command, runs, directory)
            compared = seconds - bare if over_bare else seconds
            verdict = "met" if compared <= goal else "MISSED"
            what = "over bare Python" if over_bare else "in all"
            print(
                f"{name:<38}{seconds:7.3f} s  {seconds / bare:5.1f}x bare  "
                f"goal {goal:.2f} {what}: {verdict}"
            )


def cpu_seconds(command: list[str], runs: int, directory: str) -> float:
    """Median CPU time of one command, run `runs` times after one run that warms the cache."""
    times = []
    for _ in range(runs + 1):
        before = os.times()
        subprocess.run(command, cwd=directory, check=True, capture_output=True)
        after = os.times()
        user = after.children_user - before.children_user
        times.append(user + after.children_system - before.children_system)
    return median(times[1:])


if __name__ == "__main__":
    main()
