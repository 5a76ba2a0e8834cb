"""How near a batch comes to what the server allows, beside a hand-written asyncio script."""

import json
import math
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from batch_results import is_whole, pictures_in
from batch_runs import Ran, batch_command, numbered_prompts, run
from batches.report import Report
from batches.server import Traffic, serving, traffic_in

PARTI = Path(__file__).resolve().parents[3] / "shared" / "eval" / "prompts" / "partiprompts.jsonl"
RIVAL = Path(__file__).resolve().parents[1] / "rival_asyncio.py"
ITEMS = 96
TEXT_SECONDS, IMAGE_SECONDS = 0.8, 2.0
MEGABYTES = "1.9"  # as noise, which makes a PNG of 2.0 MB


@dataclass(frozen=True)
class Measured:
    ran: Ran
    traffic: Traffic
    pictures: int
    broken: int


def real_prompts(count: int) -> list[str]:
    """Different prompts of PartiPrompts, or made-up ones where that set is not beside us."""
    if not PARTI.exists():
        return numbered_prompts(count)
    with PARTI.open(encoding="utf-8") as lines:
        prompts = [json.loads(line)["prompt"] for line in lines]
    # Spread over the set, whose beginning is single words; a line may not begin as a comment.
    kept = [prompt for prompt in prompts if prompt[0].isalpha() and " -" not in prompt]
    return kept[:: len(kept) // count][:count]


def clients(directory: Path, at_once: int) -> Iterator[tuple[str, list[str], dict[str, str]]]:
    """Name, command and settings of everybody who is measured; outputs go to directory/NAME."""
    prompts = directory / "prompts.txt"
    for transport in ("httpx", "sdk"):
        name = f"imagine-{transport}"
        command = batch_command(prompts, directory / name / "out")
        yield name, command, {"IMAGINE_GEMINI_TRANSPORT": transport}
    name = f"rival-{at_once}"
    out = directory / name / "out"
    command = [sys.executable, str(RIVAL), str(prompts), str(out), "--at-once", str(at_once)]
    yield name, command, {}


def measure(
    directory: Path,
    name: str,
    command: list[str],
    settings: dict[str, str],
    *options: str,
) -> Measured:
    """Run one client against a server of its own."""
    place = directory / name
    place.mkdir(parents=True)
    with serving(place / "log.jsonl", *options) as server:
        ran = run(command, cwd=place, environment=server.environment(place / "home", **settings))
    files = pictures_in(place / "out")
    broken = sum(not is_whole(path.read_bytes()) for path in files)
    return Measured(ran, traffic_in(place / "log.jsonl"), len(files) - broken, broken)


def waves(report: Report, directory: Path, limit: int, goal: float = 1.08) -> None:
    """96 prompts, 0.8 s to describe, 2.0 s to draw 2 MB, `limit` of each at a time."""
    bound = TEXT_SECONDS + math.ceil(ITEMS / limit) * IMAGE_SECONDS
    report.title(f"limit {limit}: {ITEMS} prompts, bound {bound:.1f} s")
    (directory / "prompts.txt").write_text("\n".join(real_prompts(ITEMS)) + "\n", encoding="utf-8")
    latency = f"text={TEXT_SECONDS},image={IMAGE_SECONDS}"
    options = ("--limit", str(limit), "--latency", latency, "--megabytes", MEGABYTES)
    walls = {}
    for name, command, settings in clients(directory, limit):
        found = measure(directory, name, command, settings, *options)
        _tell(report, name, found, bound)
        walls[name] = found.ran.wall if found.pictures == ITEMS else math.inf
        if name.startswith("imagine"):
            report.goal(
                f"{name}: wall / bound {found.ran.wall / bound:.3f}, at most {goal}",
                found.ran.wall / bound <= goal and found.pictures == ITEMS,
            )
    ours, rival = walls["imagine-httpx"], walls[f"rival-{limit}"]
    report.goal(f"faster than the hand-written script: {ours:.2f} s, {rival:.2f} s", ours < rival)


def _tell(report: Report, name: str, found: Measured, bound: float) -> None:
    ran, traffic = found.ran, found.traffic
    report.line(
        name,
        wall=ran.wall,
        bound=bound,
        ratio=ran.wall / bound,
        cpu=ran.cpu,
        MB=ran.memory // 2**20,
        exit=ran.code,
        pictures=found.pictures,
        of_429=traffic.limited,
        lost=ITEMS - found.pictures,
        broken=found.broken,
        paid_twice=traffic.pictures - found.pictures,
        busiest=traffic.busiest,
        until_first=traffic.first - ran.started,
        idle=1 - traffic.busy / (traffic.last - traffic.first) / max(1, traffic.busiest),
        after_last=ran.ended - traffic.last,
    )


def too_eager(report: Report, directory: Path, tried: int) -> None:
    """A server that allows 8 while `tried` are tried: 96 pictures of 1 s."""
    limit, seconds = 8, 1.0
    bound = ITEMS / limit * seconds
    report.title(f"eager: the server allows {limit}, {tried} are tried; bound {bound:.1f} s")
    (directory / "prompts.txt").write_text("\n".join(real_prompts(ITEMS)) + "\n", encoding="utf-8")
    options = ("--limit", f"image={limit}", "--latency", f"image={seconds}", "--megabytes", "1.4")
    for name, command, settings in clients(directory, tried):
        if name == "imagine-sdk":
            continue
        ours = name.startswith("imagine")
        more = ["--concurrency", str(tried)] if ours else []
        found = measure(directory, name, [*command, *more], settings, *options)
        _tell(report, name, found, bound)
        if ours:
            reached = bound / found.ran.wall
            report.goal(
                f"{name}: bound / wall {reached:.3f}, at least 0.85; "
                f"lost {ITEMS - found.pictures}, none allowed",
                reached >= 0.85 and found.pictures == ITEMS,
            )


def per_picture(report: Report, directory: Path, items: int = 200) -> None:
    """Processor time of the client for each received picture of 2 MB, without any latency."""
    report.title(f"cpu: {items} pictures of 2 MB as fast as they come")
    for count, place in ((items // 10, directory / "few"), (items, directory / "many")):
        place.mkdir(parents=True)
        text = "\n".join(numbered_prompts(count)) + "\n"
        (place / "prompts.txt").write_text(text, encoding="utf-8")
    for transport in ("httpx", "sdk"):
        cpu = {}
        for count, place in ((items // 10, directory / "few"), (items, directory / "many")):
            for kind, more in (("all", ["--no-enhance"]), ("dry", ["--no-enhance", "--dry-run"])):
                name = f"{kind}-{transport}"
                command = batch_command(place / "prompts.txt", place / name / "out", *more)
                settings = {"IMAGINE_GEMINI_TRANSPORT": transport}
                limits = ("--megabytes", MEGABYTES, "--limit", "image=16", "--queue")
                found = measure(place, name, command, settings, *limits)
                cpu[count, kind] = found.ran.cpu
        more_items = items - items // 10
        each = (cpu[items, "all"] - cpu[items // 10, "all"]) / more_items * 1000
        planning = (cpu[items, "dry"] - cpu[items // 10, "dry"]) / more_items * 1000
        report.line(
            transport,
            cpu_of_all=cpu[items, "all"],
            ms_each=each,
            ms_each_to_plan=planning,
            ms_each_with_start=cpu[items, "all"] / items * 1000,
        )
        report.goal(f"{transport}: {each:.1f} ms a picture, at most 15", each <= 15)
