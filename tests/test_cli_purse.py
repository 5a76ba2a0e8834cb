"""Money and interruption: what can be refused is never paid for, what was paid for is written."""

import errno
import json
import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from conftest import Command, Start
from fakes import serve
from patience import PATIENT, until
from test_cli_hosted import CORGI, answer, files

from imagine.cli.batch_report import Report
from imagine.cli.console import Console
from imagine.cli.events import Events
from imagine.cli.purse import IN_LEDGER, Purse
from imagine.cli.settings import cache_directory, config_directory
from imagine.stages.batch.listing import Item
from imagine.stages.batch.results import Results
from imagine.stages.batch.rows import Row
from imagine.stages.formats.received import read_received
from imagine.stages.generate import hosted
from imagine.stages.image import ReceivedImage
from imagine.stages.publish import publish


def ledger() -> list[dict[str, Any]]:
    path = config_directory() / "ledger.jsonl"
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


EARLY = [
    ["-n", "0"],
    ["-n", "-3"],
    ["-n", "101", "--yes"],
    ["--seed", "-5"],
    ["--seed", "4294967296"],
    ["-N", "x" * 50],
    ["-N", ",".join(f"thing {number}" for number in range(14))],
    ["--ar", "50:1"],
    ["--ar", "7:1"],
    ["-n", "2", "-o", "v.png", "--overwrite"],
    ["--edit"],
]


@pytest.mark.parametrize("arguments", EARLY, ids=[" ".join(row)[:30] for row in EARLY])
def test_what_can_be_refused_is_refused_before_anybody_is_paid(
    imagine: Command, gemini: Start, arguments: list[str]
) -> None:
    fake = gemini()
    done = imagine("a fox", *arguments)
    assert done.code in (2, 3)
    assert done.err.splitlines()[-1].startswith("Error: ")
    assert "fault of imagine" not in done.err
    assert fake.entries == []
    assert ledger() == []


def test_a_flag_within_the_prompt_is_refused_before_anybody_is_paid(
    imagine: Command, gemini: Start
) -> None:
    fake = gemini()
    assert imagine(f"a fox --no {'x' * 60}").code == 2
    assert imagine("enhance", "a fox", "-N", "x" * 50).code == 2
    assert fake.entries == []


def test_a_plan_that_costs_more_than_the_budget_draws_nothing(
    imagine: Command, gemini: Start
) -> None:
    fake = gemini()
    done = imagine("a fox", "-n", "4", "--budget", "0.10", "--no-enhance")
    assert done.code == 7
    assert fake.log.paid == 0
    assert files() == []


def test_the_alternatives_that_came_are_kept_and_every_call_is_counted(
    imagine: Command, gemini: Start
) -> None:
    fake = gemini(["text/ok", "text/403*2"])
    done = imagine("enhance", "a red fox", "--pick", "3", "--json")
    assert done.code == 0, done.err
    assert len(done.lines) == 1
    assert done.err.count("One of the descriptions is missing: ") == 2
    assert len(fake.log.of("text")) == 3
    assert [row["outcome"] for row in ledger()].count("saved") == 1


def test_when_every_alternative_fails_so_does_the_command(imagine: Command, gemini: Start) -> None:
    gemini(["text/403*"])
    assert imagine("enhance", "a red fox", "--pick", "2").code == 3


def test_a_dry_run_asks_nobody_even_when_the_cache_is_damaged(
    imagine: Command, gemini: Start
) -> None:
    fake = gemini()
    assert imagine("enhance", "a red fox").code == 0
    for path in (cache_directory() / "descriptions").rglob("*.json"):
        path.write_text("{")
    done = imagine("a red fox", "-b", "sketch", "--dry-run")
    assert done.code == 0, done.err
    assert "A dry run asks nobody" in done.err
    assert len(fake.log.of("text")) == 1


def test_finished_pictures_are_told_when_a_later_one_fails(imagine: Command, gemini: Start) -> None:
    gemini(["image/ok", "image/IMAGE_SAFETY"])
    done = imagine(CORGI, "-n", "3", "--json")
    assert done.code == 5
    told = done.json
    assert told["ok"] is False
    # The third was asked for at the same time, most likely.
    assert 1 <= len(told["images"]) <= 2
    assert all(Path(picture["path"]).exists() for picture in told["images"])


def test_the_number_of_paid_pictures_is_told_as_it_is(
    imagine: Command, gemini: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    gemini()
    asked: list[str] = []
    monkeypatch.setattr(Console, "can_ask", lambda self: True)
    monkeypatch.setattr(Console, "ask", lambda self, question: asked.append(question) or "n")
    assert imagine("a fox", "-n", "6").code == 7
    assert imagine("-", stdin=b"a fox\n" * 5).code == 7
    assert imagine("-", stdin=b"a fox\n" * 50).code == 7
    assert [question.split(" paid ")[0] for question in asked] == [
        "Draw 6",
        "Draw 5",
        "Draw 50",
    ]


@pytest.mark.parametrize(("sign", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
@pytest.mark.parametrize("pick", [1, 3])
def test_an_interruption_ends_at_once_and_is_written_down(
    tmp_path: Path, sign: signal.Signals, code: int, pick: int
) -> None:
    with serve("gemini", faults=["text/hang*"]) as fake:
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(tmp_path),
            "GEMINI_API_KEY": str(fake.key),
            "IMAGINE_GEMINI_BASE_URL": fake.url,
            "IMAGINE_GEMINI_TRANSPORT": "httpx",
            "IMAGINE_CONFIG_DIR": str(tmp_path / "config"),
        }
        command = [sys.executable, "-m", "imagine.cli", "enhance", "a fox", "--pick", str(pick)]
        running = subprocess.Popen(
            command, env=environment, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        until(lambda: len(fake.log.of("text")) == pick)
        running.send_signal(sign)
        out, err = running.communicate(timeout=PATIENT)
        assert (running.returncode, out) == (code, b"")
        assert b"Traceback" not in err
        assert b"waiting" not in err
        assert len(fake.log.of("text")) == pick
    rows = (tmp_path / "config" / "ledger.jsonl").read_text().splitlines()
    assert [json.loads(row)["outcome"] for row in rows] == ["lost"] * pick


PIPED = [
    (["--format", "yaml"], 0, ""),
    (["--format", "json"], 0, ""),
    (["--format", "toml"], 0, ""),
    (["--json"], 0, ""),
    (["--pick", "2"], 2, "There are several descriptions on stdin; save one and name its file."),
    (
        ["--format", "json", "--pick", "2"],
        2,
        "There are several descriptions on stdin; save one and name its file.",
    ),
    (
        ["--format", "prompt"],
        2,
        "The text on stdin is no description; pipe `imagine enhance --format",
    ),
]


@pytest.mark.parametrize(
    ("arguments", "code", "told"), PIPED, ids=[" ".join(row[0]) for row in PIPED]
)
def test_what_enhance_prints_can_be_piped_into_generate(
    imagine: Command, arguments: list[str], code: int, told: str
) -> None:
    made = imagine("enhance", "a red fox", *arguments)
    assert made.code == 0, made.err
    drawn = imagine("--spec", "-", "--size", "64x64", stdin=made.out.encode())
    assert drawn.code == code, drawn.err
    assert told in drawn.err


def test_a_file_alone_is_no_prompt(imagine: Command, gemini: Start) -> None:
    fake = gemini()
    Path("fork.png").write_bytes(b"x")
    done = imagine("fork.png")
    assert done.code == 2
    assert done.err == (
        "Error: 'fork.png' is a file: give a picture to `imagine show`, `imagine refine` or "
        "--image, a list of prompts to --file, a description to --spec; or put a space before the "
        "name to mean the words.\n"
    )
    assert imagine("-n", "2", "fork.png").code == 2
    assert imagine("enhance", "fork.png").code == 2
    assert fake.entries == []


def test_a_seed_that_nobody_reads_is_told(imagine: Command, gemini: Start) -> None:
    gemini()
    note = "gemini reads no seed: every picture is a new one."
    assert note in imagine("a fox", "--seed", "4", "-o", "fox.png").err
    assert note in imagine("replay", "fox.png", "--seed", "5").err
    assert note not in imagine("replay", "fox.png").err


def test_a_negative_prompt_that_is_not_sent_is_not_shown(imagine: Command, gemini: Start) -> None:
    gemini(answers=[answer(3)] * 2)
    done = imagine("three foxes", "-s", "watercolor", "--show-prompt")
    assert done.code == 0, done.err
    assert "\nnegative" not in done.err


def test_a_picture_that_was_paid_for_is_kept_when_its_place_cannot_take_it(
    imagine: Command, gemini: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake = gemini()

    def full(files: list[bytes], target: Path, *, overwrite: bool) -> Path:
        if "rescued" not in target.parts:
            raise OSError(errno.ENOSPC, "No space left on device")
        return publish(files, target, overwrite=overwrite)

    monkeypatch.setattr("imagine.stages.publish.publish", full)
    done = imagine("a fox", "--no-enhance")
    assert (done.code, done.out, files()) == (1, "", [])
    kept = Path(done.err.rsplit("'", 2)[1])
    assert kept.read_bytes() == fake.log.pictures[0].bytes
    assert done.err.splitlines()[-1].startswith("Error: The picture cannot be written to ")
    assert ledger()[-1]["outcome"] == "failed"


@pytest.fixture
def damaged(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """Pictures that come whole and damaged inside, in turn, as it says; later ones are good."""
    turns: list[bool] = []

    def read(data: bytes, **options: Any) -> ReceivedImage:
        found = read_received(data, **options)
        if not (turns and turns.pop(0)):
            return found
        return replace(found, data=data[:60] + bytes(len(data) - 60))

    monkeypatch.setattr(hosted, "read_received", read)
    return turns


def test_a_paid_picture_that_cannot_be_decoded_is_kept_as_it_came(
    imagine: Command, gemini: Start, damaged: list[bool]
) -> None:
    fake = gemini()
    damaged.append(True)
    done = imagine("a fox", "--no-enhance", "--format", "jpg")
    assert (done.code, done.out, files()) == (4, "", [])
    message = done.err.splitlines()[-1]
    assert message.startswith("Error: The picture that was received cannot be decoded: ")
    kept = Path(message.rsplit("'", 2)[1])
    assert len(kept.read_bytes()) >= len(fake.log.pictures[0].bytes)
    assert [entry["outcome"] for entry in ledger()] == ["failed"]


def test_a_damaged_picture_ends_its_item_and_no_other(
    imagine: Command, gemini: Start, damaged: list[bool]
) -> None:
    fake = gemini()
    damaged.extend([False, True, False])
    options = ("-e", "offline", "-o", "out", "-y", "--format", "jpg", "-j", "1")
    lines = b"a fox\na cat\na dog\n"
    assert imagine(*options, stdin=lines).code == 8
    assert (fake.paid, len(list(Path("out").glob("*.jpg")))) == (3, 2)
    again = imagine(*options, stdin=lines)
    assert again.code == 0, again.err
    assert (fake.paid, len(list(Path("out").glob("*.jpg")))) == (4, 3)
    # One for each that was paid: they are written down when they come.
    assert [entry["outcome"] for entry in ledger()].count("saved") == 4


def test_pictures_of_a_killed_run_are_written_down(capsys: pytest.CaptureFixture[str]) -> None:
    told: dict[str, Any] = {"width": 8, "seed": 1, "model": "m-1"}
    purse = Purse(Console(), limit=None, yes=True)
    purse.adopted(
        [
            {**told, "backend": "gemini", "cost": {"enhance": 0.001, "generate": 0.0336}},
            {**told, "backend": "gemini", "cost": {"enhance": 0.0, "generate": None}},
            {**told, "backend": "sketch", "cost": {"enhance": 0.001, "generate": 0.0}},
            {**told, "backend": "sketch", "cost": None},
            # What the ledger has already is marked; earlier versions named no backend for it.
            {**told, "backend": "gemini", "cost": {"generate": 0.0336}, "in_ledger": True},
            {**told, "backend": None, "cost": {"generate": 0.0336}},
        ]
    )
    written = [{name: entry[name] for name in entry if name != "time"} for entry in ledger()]
    each = {"kind": "image", "provider": "gemini", "model": "m-1", "outcome": "saved", "usage": {}}
    assert written == [{**each, "dollars": 0.0336}, {**each, "dollars": None}]
    assert capsys.readouterr().err == ""


def test_results_do_not_say_what_the_journal_noted_for_the_ledger(tmp_path: Path) -> None:
    console = Console(quiet=True)
    report = Report(console, Events(console), Results(tmp_path), tmp_path)
    saved = {"path": "fox.png", "backend": "gemini", "notes": []}
    item = Item("fox", Row(1, "a fox"), 1, 0, saved={1: {**saved, IN_LEDGER: True}})
    report.begin(item)
    assert report.record(item, "done", [])["images"] == [saved]


@pytest.mark.usefixtures("impatient")
def test_a_picture_is_not_asked_for_again_where_a_proxy_gave_up(
    imagine: Command, gemini: Start
) -> None:
    fake = gemini(["image/504*"])
    done = imagine("a fox", "--no-enhance")
    assert done.code == 4
    assert "may be billed all the same" in done.err
    assert len(fake.log.of("image")) == 1
    assert ledger()[-1]["outcome"] == "lost"
    assert ledger()[-1]["dollars"] > 0.03


def test_descriptions_whose_answers_were_lost_are_counted(imagine: Command, gemini: Start) -> None:
    fake = gemini(["text/lost*"])
    assert imagine("enhance", "a fox").code == 4
    (row,) = ledger()
    assert row["outcome"] == "lost"
    assert row["dollars"] >= len(fake.log.of("text")) * 0.002


def test_a_description_whose_pictures_are_beyond_the_budget_is_not_paid_for(
    imagine: Command, gemini: Start
) -> None:
    fake = gemini()
    assert imagine("a hen", "-n", "2", "--budget", "0.06").code == 7
    assert fake.entries == []
    assert imagine("a fox", "-o", "fox.png").code == 0
    assert imagine("refine", "fox.png", "make it blue", "-n", "3", "--budget", "0.06").code == 7
    assert len(fake.log.of("text")) == 1


def test_a_dry_run_of_alternatives_tells_the_whole_price_once(
    imagine: Command, gemini: Start
) -> None:
    fake = gemini()
    done = imagine("a fox", "-n", "2", "--pick", "3", "--dry-run", "--json")
    (plan,) = [json.loads(line) for line in done.lines]
    assert {part["what"]: part["count"] for part in plan["estimate"]["parts"]} == {
        "picture": 6,
        "description": 3,
    }
    assert fake.entries == []
