"""Batches against fake servers in processes of their own: wall, CPU, losses, payments, memory.

    python benchmarks/batch.py [--only NAME ...] [--keep DIR]

Walls need a quiet machine; the load stands beside every title. Ends with 1 when a goal is missed.
"""

import argparse
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from batches import faults, kill, quota, scale, speed
from batches.report import Report

Scenario = Callable[[Report, Path], None]
SCENARIOS: dict[str, Scenario] = {
    "limit4": lambda report, place: speed.waves(report, place, 4),
    "limit16": lambda report, place: speed.waves(report, place, 16),
    "limit64": lambda report, place: speed.waves(report, place, 64),
    "eager16": lambda report, place: speed.too_eager(report, place, 16),
    "eager64": lambda report, place: speed.too_eager(report, place, 64),
    "cpu": speed.per_picture,
    "faults": faults.faults,
    "kill": kill.kills,
    "sigint": kill.interruptions,
    "disk": kill.full_disk,
    "scale": scale.scale(2_000, 20_000),
    "quota": quota.minute(240, 60.0),
}
# Asked for by name: the first shortens the minute, which clients take for 60 s; the second takes
# more than ten minutes.
MORE: dict[str, Scenario] = {
    "quota10": quota.minute(240, 10.0),
    "scale200": scale.scale(2_000, 200_000),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", action="append", choices=[*SCENARIOS, *MORE], help="repeatable")
    parser.add_argument("--keep", type=Path, help="work here, and leave everything there")
    options = parser.parse_args()
    report = Report()
    with tempfile.TemporaryDirectory(prefix="imagine-batch-") as directory:
        for name in options.only or SCENARIOS:
            place = (options.keep or Path(directory)).resolve() / name
            place.mkdir(parents=True)
            (SCENARIOS | MORE)[name](report, place)
    print(f"\n{report.measured - report.missed} of {report.measured} goals met.")
    sys.exit(1 if report.missed else 0)


if __name__ == "__main__":
    main()
