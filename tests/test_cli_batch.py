"""`imagine batch`, from the command line to the files, the results and the exit code."""

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from conftest import Command, Start
from patience import until
from PIL import Image

SMALL = ("--size", "64x64")


def results(directory: str = "out") -> list[dict[str, Any]]:
    lines = Path(directory, "results.jsonl").read_text("utf-8").splitlines()
    return [json.loads(line) for line in lines]


def pictures(directory: str = "out") -> list[str]:
    return sorted(str(path.relative_to(directory)) for path in Path(directory).rglob("*.png"))


@pytest.fixture
def foxes() -> Path:
    path = Path("foxes.txt")
    path.write_text("a red fox\na blue fox\n\n# no prompt\na green fox --seed 7\n")
    return path


def test_every_line_becomes_a_picture_and_a_result(imagine: Command, foxes: Path) -> None:
    done = imagine("batch", str(foxes), "-o", "out", "--seed", "3", *SMALL)
    names = ["a-red-fox-3.png", "a-blue-fox-3.png", "a-green-fox-3.png"]
    assert done.code == 0
    assert sorted(done.lines) == sorted(f"out/{name}" for name in names)
    told = results()
    assert [(row["line"], row["prompt"]) for row in told] == [
        (1, "a red fox"),
        (2, "a blue fox"),
        (5, "a green fox --seed 7"),
    ]
    assert [row["paths"] for row in told] == [[name] for name in names]
    assert {row["status"] for row in told} == {"done"}
    assert done.err.endswith("; results in 'out/results.jsonl'.\n")


@pytest.mark.parametrize("arguments", [("-f", "foxes.txt"), ("batch", "-f", "foxes.txt")])
def test_a_file_is_a_batch_with_and_without_the_command(
    imagine: Command, foxes: Path, arguments: tuple[str, ...]
) -> None:
    assert imagine(*arguments, "-o", "out", *SMALL).code == 0
    assert len(pictures()) == 3


def test_the_same_command_again_draws_nothing(imagine: Command, foxes: Path) -> None:
    imagine("batch", str(foxes), "-o", "out", *SMALL)
    before = {name: Path("out", name).stat().st_mtime_ns for name in pictures()}
    told = results()
    again = imagine("batch", str(foxes), "-o", "out", *SMALL)
    assert (again.code, again.out) == (0, "")
    assert "There was nothing left to do, 3 were finished before" in again.err
    assert {name: Path("out", name).stat().st_mtime_ns for name in pictures()} == before
    assert results() == told


def test_a_line_that_is_new_or_changed_is_drawn_alone(imagine: Command, foxes: Path) -> None:
    imagine("batch", str(foxes), "-o", "out", *SMALL)
    foxes.write_text("a red fox\na white fox\na green fox --seed 7\na last fox\n")
    again = imagine("batch", str(foxes), "-o", "out", *SMALL)
    assert sorted(line.rpartition("-")[0] for line in again.lines) == [
        "out/a-last-fox",
        "out/a-white-fox",
    ]


def test_other_options_draw_everything_anew_beside_the_old(imagine: Command, foxes: Path) -> None:
    imagine("batch", str(foxes), "-o", "out", "--seed", "1", *SMALL)
    again = imagine("batch", str(foxes), "-o", "out", "--seed", "2", *SMALL)
    assert len(again.lines) == 3
    assert len(pictures()) == 6
    assert len(results()) == 3


def test_force_draws_what_is_finished_too(imagine: Command, foxes: Path) -> None:
    imagine("batch", str(foxes), "-o", "out", "--seed", "1", *SMALL)
    again = imagine("batch", str(foxes), "-o", "out", "--seed", "1", "--force", *SMALL)
    assert len(again.lines) == 3
    assert "a-red-fox-1-2.png" in pictures()


def test_rows_set_options_for_themselves(imagine: Command) -> None:
    Path("foxes.csv").write_text(
        "id,prompt,seed,width,height,n,name,mood\n"
        "one,a red fox,11,64,32,,{id}-{seed},happy\n"
        'two,"a fox,\nasleep",12,32,64,2,,\n'
    )
    done = imagine("batch", "foxes.csv", "-o", "out")
    assert done.code == 0, done.err
    assert pictures() == ["a-fox-asleep-12.png", "a-fox-asleep-13.png", "one-11.png"]
    first, second = results()
    assert (first["id"], first["line"], first["extra"]) == ("one", 2, {"mood": "happy"})
    assert (second["id"], second["line"], len(second["images"])) == ("two", 3, 2)
    with Image.open("out/one-11.png") as picture:
        assert picture.size == (64, 32)


def test_a_row_cannot_ask_for_what_its_backend_ignores(imagine: Command) -> None:
    Path("rows.jsonl").write_text(
        '{"prompt": "a fox", "steps": 30}\n{"prompt": "a cat", "backend": "gemini"}\n'
        '{"prompt": "a dog"}\n'
    )
    done = imagine("batch", "rows.jsonl", "-o", "out", *SMALL)
    assert (done.code, done.out) == (2, "")
    assert (
        "line 1: sketch does not read --steps; name a model with --model (see `imagine models "
        "list`), or leave it out." in done.err
    )
    assert "line 2: There is no key for Google Gemini" in done.err
    assert imagine("batch", "rows.jsonl", "-k", "-o", "out", *SMALL).code == 8
    assert [row["status"] for row in results()] == ["failed", "failed", "done"]


def test_limit_and_sample_choose_the_same_items_again(imagine: Command) -> None:
    lines = b"".join(b"fox number %d\n" % number for number in range(20))
    imagine("--limit", "3", "-o", "out", *SMALL, stdin=lines)
    assert [row["line"] for row in results()] == [1, 2, 3]
    assert imagine("--limit", "3", "-o", "out", *SMALL, stdin=lines).out == ""
    first = imagine("--sample", "4", "-o", "some", *SMALL, stdin=lines)
    assert len(first.lines) == 4
    assert imagine("--sample", "4", "-o", "some", *SMALL, stdin=lines).out == ""
    other = imagine("--sample", "4", "--sample-seed", "9", "-o", "else", *SMALL, stdin=lines)
    assert [row["line"] for row in results("else")] != [row["line"] for row in results("some")]
    assert len(other.lines) == 4


@pytest.mark.parametrize(
    ("order", "lines"), [("reverse", [3, 2, 1]), ("prompt", [2, 3, 1]), ("input", [1, 2, 3])]
)
def test_items_are_done_in_the_order_asked_for(
    imagine: Command, order: str, lines: list[int]
) -> None:
    done = imagine(
        *("--order", order, "-j", "1", "--json", "-o", "out", *SMALL),
        stdin=b"c fox\na fox\nb fox\n",
    )
    events = [json.loads(line) for line in done.lines]
    assert [event["line"] for event in events if event["event"] == "item"] == lines


def test_shards_hold_so_many_items(imagine: Command) -> None:
    lines = b"".join(b"fox %d\n" % number for number in range(5))
    imagine("--shard", "2", "--name", "{id}", "-o", "out", "--seed", "1", *SMALL, stdin=lines)
    assert [name.partition("/")[0] for name in pictures()] == ["0000"] * 2 + ["0001"] * 2 + ["0002"]
    assert imagine("--shard", "2", "-o", "out", "--seed", "1", *SMALL, stdin=lines).out == ""


def test_templates_are_expanded_where_that_is_asked_for(imagine: Command) -> None:
    done = imagine(
        "a {red|blue} fox in {snow|sand}", "--expand", "all", "-o", "out", "--seed", "1", *SMALL
    )
    assert done.code == 0, done.err
    assert len(done.lines) == 4
    assert results()[1]["prompt"] == "a red fox in sand"
    assert results()[1]["template"] == "a {red|blue} fox in {snow|sand}"


def test_wildcards_come_from_a_directory(imagine: Command) -> None:
    Path("lists").mkdir()
    Path("lists/color.txt").write_text("crimson\nteal\n")
    done = imagine(
        *("--expand", "all", "--wildcards", "lists", "--dry-run"), stdin=b"a __color__ fox\n"
    )
    assert [line.split(".")[0] for line in done.lines] == ["a crimson fox", "a teal fox"]
    assert not list(Path().glob("*.jsonl"))


def test_an_explosion_is_refused_before_anything_is_drawn(imagine: Command) -> None:
    done = imagine("{a|b|c|d|e} " * 6 + "fox", "--expand", "all", "-o", "out")
    assert (done.code, done.out) == (2, "")
    assert "15,625" in done.err
    assert not pictures()


def test_a_series_is_shared_by_all_items(imagine: Command) -> None:
    Path("series.yaml").write_text("setting: a snowy forest\npalette: [teal, gold]\n")
    imagine(
        *("--series", "series.yaml", "-o", "out", "--seed", "1", *SMALL), stdin=b"a fox\na cat\n"
    )
    for name in ("a-fox-1.png", "a-cat-1.png"):
        spec = imagine("show", f"out/{name}", "--json").json["spec"]
        assert spec["setting"] == "a snowy forest"
        assert spec["palette"] == ["teal", "gold"]


def test_the_first_document_of_yaml_is_about_all_rows(imagine: Command) -> None:
    Path("set.yaml").write_text(
        "series: {setting: a snowy forest}\ndefaults: {seed: 5, size: 64x64}\n---\n"
        "- a fox\n- {prompt: a cat, seed: 6}\n"
    )
    done = imagine("batch", "set.yaml", "-o", "out")
    assert done.code == 0, done.err
    assert pictures() == ["a-cat-6.png", "a-fox-5.png"]
    assert imagine("show", "out/a-fox-5.png", "--json").json["spec"]["setting"] == "a snowy forest"


def test_descriptions_are_piped_from_enhance(imagine: Command) -> None:
    described = imagine("enhance", stdin=b'{"prompt": "a red fox", "seed": 9, "id": "x"}\na cat\n')
    done = imagine("-o", "out", *SMALL, stdin=described.out.encode())
    assert done.code == 0, done.err
    assert (results()[0]["id"], results()[0]["paths"]) == ("x", ["a-red-fox-9.png"])
    recipe = imagine("show", "out/a-red-fox-9.png", "--json").json
    assert recipe["spec"] == json.loads(described.lines[0])["spec"]


def test_a_dry_run_writes_nothing_and_tells_what_is_finished(imagine: Command, foxes: Path) -> None:
    done = imagine("batch", str(foxes), "-o", "out", "--dry-run", *SMALL)
    assert len(done.lines) == 3
    assert not Path("out").exists()
    imagine("batch", str(foxes), "-o", "out", "--limit", "1", *SMALL)
    again = imagine("batch", str(foxes), "-o", "out", "--dry-run", *SMALL)
    assert "Would draw 2 pictures of 2 prompts with sketch. 1 of 3 are finished." in again.err
    assert len(pictures()) == 1


WRONG: list[tuple[tuple[str, ...], int, str]] = [
    (("batch", "none.txt"), 2, "'none.txt' cannot be read: No such file or directory; check the path."),
    (("batch", "foxes.txt", "-f", "b.txt"), 2, "'foxes.txt' and --file 'b.txt' were both given; give one of them."),
    (("batch", "a.txt", "b.txt"), 2, "There are 2 files; give one, or join them: cat a.txt b.txt | imagine."),
    (("batch", "foxes.txt", "-o", "fox.png"), 2, "The output 'fox.png' is one file, and a batch has many pictures; name a directory."),
    (("batch", "foxes.txt", "--limit", "0"), 2, "--limit 0 is not a number from 1; choose one that is."),
    (("batch", "foxes.txt", "-j", "2000"), 2, "--concurrency 2000 is not between 1 and 1000; choose one that is."),
    (("batch", "foxes.txt", "--order", "inpt"), 2, "There is no --order 'inpt'; did you mean 'input'? (known: input, reverse, id, prompt)."),
    (("batch", "foxes.txt", "--force", "--retry-failed"), 2, "--retry-failed and --force exclude each other; give one of them."),
    (("batch", "foxes.txt", "--expand", "some"), 2, "--expand some is neither 'all' nor a number from 1 to 1,000; give one of them."),
    (("batch", "foxes.txt", "--input-format", "xlsx"), 2, "There is no kind of input 'xlsx' (known: txt, jsonl, csv, tsv, yaml, json)."),
    (("batch", "foxes.txt", "--series-reference"), 2, "sketch takes no reference pictures, so --series-reference is of no use; choose another --backend (see `imagine backends`)."),
    (("-f", "foxes.txt", "--open"), 2, "--open is for one prompt, not for a batch; leave it out."),
    (("batch", "empty.txt"), 2, "There is no prompt in 'empty.txt'; write one on a line."),
]  # fmt: skip


@pytest.mark.parametrize(("arguments", "code", "message"), WRONG)
def test_what_makes_no_sense_is_refused_in_a_line(
    imagine: Command, foxes: Path, arguments: tuple[str, ...], code: int, message: str
) -> None:
    Path("empty.txt").write_text("# nothing\n")
    done = imagine(*arguments)
    assert (done.code, done.out) == (code, "")
    assert done.err.splitlines()[-1] == f"Error: {message}"
    assert sorted(path.name for path in Path().iterdir()) == ["empty.txt", "foxes.txt"]


def test_refusals_are_left_and_other_failures_are_tried_again(
    imagine: Command, gemini: Start, impatient: None
) -> None:
    fake = gemini(faults=["ok", "SAFETY", "bad-base64"])
    lines = b"a fox\na cat\na dog\n"
    options = ("-e", "offline", "-j", "1", "-y", "-o", "out")
    done = imagine(*options, stdin=lines)
    assert done.code == 8
    assert [row["status"] for row in results()] == ["done", "refused", "failed"]
    assert results()[1]["reason"]["exit_code"] == 5
    again = imagine(*options, stdin=lines)
    assert again.code == 8
    assert "1 refused before; --retry-failed asks for it again." in again.err
    assert [row["status"] for row in results()] == ["done", "refused", "done"]
    last = imagine(*options, "--retry-failed", stdin=lines)
    assert last.code == 0, last.err
    assert [row["tries"] for row in results()] == [1, 2, 2]
    assert fake.paid == 4


def test_many_paid_pictures_need_a_yes(imagine: Command, gemini: Start) -> None:
    fake = gemini()
    done = imagine("-e", "offline", "-o", "out", stdin=b"a fox\n" * 6)
    assert done.code == 7
    assert "6 paid pictures, about $" in done.err
    assert fake.paid == 0
    assert imagine("-e", "offline", "-o", "out", "-y", stdin=b"a fox\n" * 6).code == 0
    assert fake.paid == 6


def test_a_budget_stops_the_batch_and_more_money_goes_on(imagine: Command, gemini: Start) -> None:
    fake = gemini()
    options = ("-e", "offline", "-o", "out", "-y")
    lines = b"".join(b"fox %d\n" % number for number in range(12))
    done = imagine(*options, "--budget", "0.2", stdin=lines)
    assert done.code == 7
    assert "of the budget of $0.20 is left" in done.err
    assert 0 < fake.paid < 12
    assert all(row["status"] == "done" for row in results())
    assert imagine(*options, stdin=lines).code == 0
    assert fake.paid == 12


def test_a_rejected_key_stops_the_batch_at_once(
    imagine: Command, gemini: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    gemini()
    monkeypatch.setenv("GEMINI_API_KEY", "not-the-key-that-is-right")
    done = imagine("-e", "offline", "-o", "out", "-y", stdin=b"a fox\n" * 90)
    assert done.code == 3
    assert done.err.count("rejected the key") == 1
    assert results() == []


def test_the_first_picture_is_shown_to_the_rest(imagine: Command, gemini: Start) -> None:
    fake = gemini()
    done = imagine(
        *("-e", "offline", "--series-reference", "-o", "out", "-y"), stdin=b"a fox\na cat\na dog\n"
    )
    assert done.code == 0, done.err
    asked = [entry.parsed["contents"][0]["parts"] for entry in fake.entries]
    assert [sum("inlineData" in part for part in parts) for parts in asked] == [0, 1, 1]


def test_a_description_that_was_paid_is_not_paid_again(
    imagine: Command, gemini: Start, impatient: None
) -> None:
    fake = gemini(faults=["ok", "bad-base64"])
    options = ("-o", "out", "-y", "--no-cache", "-j", "1")
    assert imagine(*options, stdin=b"a fox\n").code == 8
    assert imagine(*options, stdin=b"a fox\n").code == 0
    assert [entry.step for entry in fake.entries].count("text") == 1


def test_events_are_json_lines(imagine: Command, foxes: Path) -> None:
    done = imagine("batch", str(foxes), "-o", "out", "--json", *SMALL)
    events = [json.loads(line) for line in done.lines]
    assert events[0] == {"event": "start", "total": 3, "skipped": 0}
    saved = [event for event in events if event["event"] == "picture"]
    assert [event["backend"] for event in saved] == ["sketch"] * 3
    # One begins where the program runs, the other where the results lie.
    named = [path for event in events if event["event"] == "item" for path in event["paths"]]
    assert sorted(event["path"] for event in saved) == sorted(f"out/{path}" for path in named)
    assert {event["id"] for event in events if event["event"] == "item"} == {
        row["id"] for row in results()
    }
    assert (events[-1]["event"], events[-1]["done"], events[-1]["interrupted"]) == ("end", 3, False)


def test_a_budget_that_runs_out_amid_many_requests_stops_them_all(
    imagine: Command, gemini: Start
) -> None:
    fake = gemini(latency={"image": 0.2})
    lines = b"".join(b"fox %d\n" % number for number in range(40))
    done = imagine("-e", "offline", "-o", "out", "-y", "--budget", "1.0", stdin=lines)
    assert done.code == 7
    assert 20 < fake.paid < 40
    assert len(pictures()) == fake.paid


def test_the_results_are_in_the_order_of_the_input_whatever_cannot_be_read(
    imagine: Command,
) -> None:
    done = imagine("-k", "-o", "out", *SMALL, stdin=b"a fox\na cat\n\xff\na dog\n")
    assert done.code == 8
    assert done.err.endswith(
        "1 of 4 items has no picture; correct the row that is wrong, and run the same command.\n"
    )
    assert [(row["line"], row["status"]) for row in results()] == [
        (1, "done"),
        (2, "done"),
        (3, "failed"),
        (4, "done"),
    ]


def test_a_choice_among_the_lines_holds_for_a_pipe_too(imagine: Command) -> None:
    lines = b"".join(b"fox %d\n" % number for number in range(8))
    assert len(imagine("-k", "--limit", "2", "-o", "out", *SMALL, stdin=lines).lines) == 2


def test_a_name_that_windows_reserves_costs_no_picture(imagine: Command) -> None:
    done = imagine("--name", "{id}", "-o", "out", *SMALL, stdin=b'{"prompt": "fox", "id": "nul.1"}')
    assert done.code == 0, done.err
    assert len(pictures()) == 1


def test_a_style_of_ones_own_that_changed_draws_anew(
    imagine: Command, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("IMAGINE_CONFIG_DIR", str(tmp_path / "config"))
    style = tmp_path / "config/styles/mine.toml"
    style.parent.mkdir(parents=True)
    text = 'title = "Mine"\nfamily = "painting"\ndescription = "x"\nmedium = "painting"\n'
    style.write_text(text + 'detail = "gouache"\n')
    assert len(imagine("-s", "mine", "-o", "out", *SMALL, "-j", "1", stdin=b"a fox\n").lines) == 1
    assert imagine("-s", "mine", "-o", "out", *SMALL, "-j", "1", stdin=b"a fox\n").out == ""
    style.write_text(text + 'detail = "oil on wood"\n')
    assert len(imagine("-s", "mine", "-o", "out", *SMALL, "-j", "1", stdin=b"a fox\n").lines) == 1


def test_the_show_of_each_prompt_is_for_batches_too(imagine: Command, foxes: Path) -> None:
    done = imagine("batch", str(foxes), "-o", "out", "--show-prompt", *SMALL)
    assert done.err.count("line 2:") == 1
    assert "a blue fox" in done.err


def test_rows_whose_backend_takes_no_picture_are_told_before_anything_is_paid(
    imagine: Command, gemini: Start
) -> None:
    fake = gemini()
    rows = b'{"prompt": "a fox"}\n{"prompt": "a cat", "backend": "sketch"}\n'
    done = imagine("--series-reference", "-y", "-o", "out", stdin=rows)
    assert done.code == 2
    assert "line 2: sketch takes no picture of --series-reference" in done.err
    assert fake.entries == []


@pytest.mark.parametrize("replaced", [False, True])
def test_a_place_that_is_removed_meanwhile_is_noticed(
    imagine: Command, gemini: Start, replaced: bool
) -> None:
    fake = gemini(latency={"image": 0.3})
    lines = b"".join(b"fox %d\n" % number for number in range(300))

    def removed() -> bool:
        # More may be put into it meanwhile.
        shutil.rmtree("out", ignore_errors=True)
        if replaced and not Path("out").exists():
            Path("out").write_text("a file")
        return not Path("out").is_dir()

    def remove() -> None:
        until(pictures)
        until(removed)

    remover = Thread(target=remove)
    remover.start()
    done = imagine("-e", "offline", "-y", "-j", "2", "-o", "out", stdin=lines)
    remover.join()
    assert done.code == 1
    assert done.err.splitlines()[-1] == (
        "Error: 'out' was removed or replaced while pictures went there, so nothing more was "
        "drawn; run the same command again."
    )
    assert fake.paid < 300


SIDELESS = [
    ("--wildcards", "."),
    ("--expand-max", "5"),
    ("--expand-seed", "5"),
    ("--sample-seed", "5"),
]


@pytest.mark.parametrize("option", SIDELESS)
def test_options_that_would_do_nothing_are_refused(
    imagine: Command, foxes: Path, option: tuple[str, str]
) -> None:
    done = imagine("batch", str(foxes), *option)
    assert done.code == 2
    assert f"Error: {option[0]} goes with --" in done.err


def test_a_silent_pipe_ends_with_ctrl_c(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "imagine.cli", "batch", "-k", "-o", "out", *SMALL]
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path)}
    with subprocess.Popen(
        command,
        cwd=tmp_path,
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as run:
        assert run.stdin is not None
        assert run.stdout is not None
        run.stdin.write(b"a fox\n")
        run.stdin.flush()
        assert run.stdout.readline().startswith(b"out/a-fox-")
        run.send_signal(signal.SIGINT)
        assert run.wait(timeout=20) == 130
