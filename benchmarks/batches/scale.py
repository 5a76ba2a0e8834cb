"""Memory and processor time of very long batches: dry, drawn by a backend for nothing, resumed."""

import itertools
from collections.abc import Callable
from pathlib import Path

from batch_runs import IMAGINE, Ran, environment_for, run
from batches.nothing import install
from batches.report import Report
from batches.speed import real_prompts

SIZE = "64x64"


def scale(*counts: int) -> Callable[[Report, Path], None]:
    """A scenario of batches of these lengths, the shortest first."""

    def scenario(report: Report, directory: Path) -> None:
        report.title(f"scale: {', '.join(f'{count:,}' for count in counts)} lines")
        for kind, more in (
            ("dry run", ("--dry-run", "-b", "sketch")),
            ("nothing", ("-b", "nothing", "--no-enhance")),
        ):
            found = {count: _ran(report, directory, kind, count, more) for count in counts}
            _compare(report, kind, found)
            if kind == "nothing":
                _resume(report, directory, max(counts), more)

    return scenario


def _ran(report: Report, directory: Path, kind: str, count: int, more: tuple[str, ...]) -> Ran:
    place = directory / f"{kind.replace(' ', '-')}-{count}"
    place.mkdir(exist_ok=True)
    file = directory / f"{count}.txt"
    if not file.exists():
        _write(file, count)
    ran = run(
        [IMAGINE, "batch", str(file), "-o", str(place / "out"), "-q", "-y", "--size", SIZE, *more],
        cwd=place,
        environment=environment_for(directory / "home", url="http://127.0.0.1:9", key="none")
        | {"PYTHONPATH": str(install(directory / "plugin"))},
        patience=3000,
    )
    report.line(
        f"{kind}, {count:,}",
        wall=ran.wall,
        cpu=ran.cpu,
        ms_each=ran.cpu / count * 1000,
        MB=ran.memory / 2**20,
        exit=ran.code,
    )
    if ran.code:
        print(ran.err[-1000:])
    return ran


def _write(file: Path, count: int) -> None:
    prompts = real_prompts(1000)
    with file.open("w", encoding="utf-8") as lines:
        for number, prompt in zip(range(count), itertools.cycle(prompts), strict=False):
            lines.write(f"{prompt}, picture {number}\n")


def _compare(report: Report, kind: str, found: dict[int, Ran]) -> None:
    (few, short), *_, (many, long) = found.items()
    memory = long.memory / short.memory
    each = (long.cpu - short.cpu) / (many - few) * 1000
    done = not (short.code or long.code)
    report.goal(f"{kind}: memory {memory:.2f} times, at most 1.3", done and memory <= 1.3)
    report.line(f"{kind}, each further item", ms_of_cpu=each)
    if kind == "nothing":
        report.goal(f"{kind}: {each:.2f} ms of CPU an item, below 2", done and each < 2)


def _resume(report: Report, directory: Path, count: int, more: tuple[str, ...]) -> None:
    ran = _ran(report, directory, "nothing", count, more)
    report.goal(
        f"resumed {count:,} finished items in {ran.wall:.2f} s, below 3",
        not ran.code and ran.wall < 3,
    )
