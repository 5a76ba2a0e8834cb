"""`imagine enhance`: descriptions in every format, one or many, and nothing drawn."""

import json
from pathlib import Path

import pytest
from conftest import Command

from imagine.stages.spec import SpecFormat, parse_spec


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
