"""`imagine enhance`: descriptions in every format, one or many, and nothing drawn."""

import json
import os
import select
import signal
import subprocess
import sys
import time
from pathlib import Path
from threading import Barrier
from typing import TYPE_CHECKING, Any

import pytest
from conftest import Command, Start
from fakes import Fake, serve
from patience import LONG, PATIENT, another_is_in, until

from imagine.cli import enhance_many
from imagine.cli.enhance import answers_of
from imagine.stages.errors import BudgetError, ConfigError, ImagineError
from imagine.stages.spec import SpecFormat, parse_spec

if TYPE_CHECKING:
    from imagine.cli.describing import Answers

STORY = """\
series: {style: watercolor, lighting: soft lamplight}
defaults: {aspect_ratio: "16:9", negative: people, seed: 7}
items:
  - a red fox
  - {prompt: a gray cat, aspect_ratio: "1:1", style: pixel-art}
"""


@pytest.mark.parametrize("format", ["yaml", "json", "toml"])
def test_one_prompt_gives_a_description_that_reads_back(
    imagine: Command, format: SpecFormat
) -> None:
    done = imagine("enhance", "two red foxes", "--format", format, "-q")
    assert (done.code, done.err) == (0, "")
    spec = parse_spec(done.out, format=format)
    assert (spec.subjects[0].name, spec.subjects[0].count) == ("fox", 2)


def test_yaml_is_the_default(imagine: Command) -> None:
    assert imagine("enhance", "a fox").out == imagine("enhance", "a fox", "--format", "yaml").out


def test_json_holds_prompt_spec_every_rendering_and_the_guard(imagine: Command) -> None:
    values = imagine("enhance", "a fox", "--json").json
    assert list(values) == ["prompt", "spec", "rendered", "guard", "notes"]
    assert list(values["rendered"]) == ["natural", "clip75", "json"]
    assert list(values["rendered"]["clip75"]) == ["prompt", "negative_prompt", "tokens", "dropped"]
    assert values["guard"] == {"findings": [], "clean": True}


def test_lines_give_json_lines_with_their_numbers(imagine: Command) -> None:
    done = imagine("enhance", stdin=b"a fox\n\na cat\n")
    rows = [json.loads(line) for line in done.lines]
    assert [(row["line"], row["prompt"]) for row in rows] == [(1, "a fox"), (3, "a cat")]


def test_a_bad_line_is_a_failed_row(imagine: Command) -> None:
    done = imagine("enhance", stdin=b"a fox\n" + b"x" * 4001 + b"\na cat\n")
    rows = [json.loads(line) for line in done.lines]
    assert done.code == 8
    assert [row["prompt"][:5] for row in rows] == ["a fox", "xxxxx", "a cat"]
    assert rows[1]["error"]["message"] == (
        "The prompt has 4001 characters, the limit is 4000; shorten it."
    )


def test_a_file_of_json_lines_is_read(imagine: Command) -> None:
    Path("prompts.jsonl").write_text('{"id": "x", "prompt": "a fox"}\n')
    assert imagine("enhance", "-f", "prompts.jsonl").json["prompt"] == "a fox"


def test_just_the_final_prompt_is_one_line_each(imagine: Command) -> None:
    done = imagine("enhance", "--format", "prompt", stdin=b"a fox\na cat\n")
    assert [line.split(".")[0] for line in done.lines] == ["a fox", "a cat"]
    clip = imagine("enhance", "a fox", "--format", "prompt", "--profile", "clip75")
    assert clip.out.startswith("a fox, ")


def test_documents_of_several_prompts_are_separated(imagine: Command) -> None:
    done = imagine("enhance", "--format", "yaml", stdin=b"a fox\na cat\n")
    assert done.out.count("---\n") == 2


def test_the_same_prompt_and_seed_give_the_same_bytes(imagine: Command) -> None:
    first = imagine("enhance", "a fox", "--json", "--enhance-seed", "5").out
    assert imagine("enhance", "a fox", "--json", "--enhance-seed", "5").out == first
    others = {imagine("enhance", "a fox", "--json", "--enhance-seed", str(n)).out for n in range(6)}
    assert len(others) > 1


def test_text_is_for_reading(imagine: Command) -> None:
    lines = imagine("enhance", 'a sign that says "Open" --no people', "--format", "text").lines
    assert 'text         "Open"' in lines
    assert "avoid        people" in lines


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--format", "xml"], "There is no format 'xml' (known: yaml, json, toml, text, prompt)."),
        (["--json", "--format", "toml"], "--json and --format toml exclude each other; give one."),
        (["--profile", "clip75"], "--profile clip75 goes with --format prompt; add that."),
        (
            ["--format", "prompt", "--profile", "clip"],
            "There is no profile 'clip'; did you mean 'clip75'? (known: natural, clip75, json).",
        ),
    ],
)
def test_bad_options_are_one_line(imagine: Command, arguments: list[str], message: str) -> None:
    done = imagine("enhance", "a fox", "-q", *arguments)
    assert (done.code, done.err) == (2, f"Error: {message}\n")


def test_a_ratio_that_a_description_cannot_hold_is_told(imagine: Command) -> None:
    told = "The description does not hold the aspect ratio 7:5: it keeps only 1:1"
    assert told in imagine("enhance", "a fox", "--ar", "7:5").err
    assert told not in imagine("a fox", "--ar", "7:5", "--dry-run").err
    assert told not in imagine("enhance", "a fox", "--ar", "3:2").err


def test_a_series_and_defaults_before_the_rows_are_heeded(imagine: Command) -> None:
    Path("story.yaml").write_text(STORY)
    done = imagine("enhance", "-f", "story.yaml")
    assert done.code == 0, done.err
    rows = [json.loads(line) for line in done.lines]
    specs = [row["spec"] for row in rows]
    assert [spec["lighting"] for spec in specs] == ["soft lamplight"] * 2
    assert [spec["style"]["preset"] for spec in specs] == ["watercolor", "watercolor + pixel-art"]
    assert [spec["aspect_ratio"] for spec in specs] == ["16:9", "1:1"]
    assert all("people" in spec["exclude"] for spec in specs)
    # For whoever draws them: the lines are no longer below their head.
    assert [row["seed"] for row in rows] == [7, 7]


def test_a_wrong_series_is_refused_before_anybody_is_paid(imagine: Command, gemini: Start) -> None:
    fake = gemini()
    Path("story.yaml").write_text("series: {styles: [no-such-style]}\nitems: [a fox]\n")
    done = imagine("enhance", "-f", "story.yaml", "-q")
    assert (done.code, done.err) == (
        2,
        "Error: There is no style 'no-such-style'; see `imagine styles`.\n",
    )
    assert fake.entries == []


@pytest.mark.parametrize(
    ("error", "code"), [(BudgetError("No more money."), 7), (ConfigError("No such key."), 3)]
)
def test_what_was_paid_for_behind_a_refused_row_is_printed_and_no_more_is_begun(
    imagine: Command,
    gemini: Start,
    monkeypatch: pytest.MonkeyPatch,
    error: ImagineError,
    code: int,
) -> None:
    fake = gemini()
    monkeypatch.setenv("IMAGINE_CONCURRENCY", "2")
    both = Barrier(2)
    asked: list[str] = []

    def answers(prompt: str, *rest: Any) -> "Answers":
        asked.append(prompt)
        both.wait(PATIENT)
        if prompt == "a fox":
            raise error
        # The other one is refused first.
        until(lambda: not another_is_in("answers"))
        time.sleep(0.1)
        return answers_of(prompt, *rest)

    monkeypatch.setattr(enhance_many, "answers_of", answers)
    done = imagine("enhance", "-q", stdin=b"a fox\na cat\n" + b"a dog\n" * 20)
    assert (done.code, done.err) == (code, f"Error: {error}\n")
    assert [json.loads(line)["prompt"] for line in done.lines] == ["a cat"]
    assert sorted(asked) == ["a cat", "a fox"]
    assert len(fake.log.of("text")) == 1


def started(fake: Fake, directory: Path, *arguments: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "imagine.cli", "enhance", *arguments],
        env={
            "PATH": os.environ["PATH"],
            "HOME": str(directory),
            "GEMINI_API_KEY": str(fake.key),
            "IMAGINE_GEMINI_BASE_URL": fake.url,
            "IMAGINE_CONFIG_DIR": str(directory / "config"),
        },
        cwd=directory,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def test_a_description_is_printed_while_the_next_line_is_still_being_typed(tmp_path: Path) -> None:
    with serve("gemini") as fake, started(fake, tmp_path) as running:
        assert running.stdin is not None
        assert running.stdout is not None
        running.stdin.write(b"a fox\n")
        running.stdin.flush()
        came = select.select([running.stdout], [], [], PATIENT)[0]
        out, err = running.communicate(b"a cat\n", timeout=LONG)
    assert came, "nothing was printed before the next line came"
    assert [json.loads(line)["prompt"] for line in out.splitlines()] == ["a fox", "a cat"]
    assert running.returncode == 0, err


@pytest.mark.parametrize(("sign", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_an_interruption_prints_what_came_and_writes_down_what_is_under_way(
    tmp_path: Path, sign: signal.Signals, code: int
) -> None:
    with (
        serve("gemini", faults=["text/ok", "text/hang*"]) as fake,
        started(fake, tmp_path) as running,
    ):
        assert running.stdin is not None
        assert running.stdout is not None
        running.stdin.write(b"a fox\n")
        running.stdin.flush()
        first = running.stdout.readline()
        # The input stays open: whoever types may pause as long as he wants.
        running.stdin.write(b"a cat\na dog\n")
        running.stdin.flush()
        until(lambda: len(fake.log.of("text")) == 3)
        running.send_signal(sign)
        assert running.wait(timeout=PATIENT) == code
        err = running.stderr.read() if running.stderr is not None else b""
    assert json.loads(first)["prompt"] == "a fox"
    told = b"\nInterrupted; what is finished is kept.\n"
    assert err.endswith(told) == (sign == signal.SIGINT)
    assert b"Traceback" not in err
    rows = (tmp_path / "config" / "ledger.jsonl").read_text().splitlines()
    assert [json.loads(row)["outcome"] for row in rows] == ["saved", "lost", "lost"]
