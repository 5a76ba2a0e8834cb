"""The results of a batch: a line for each item at once, all of them in order at the end."""

import json
import os
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from imagine.stages.batch.journal import Journal
from imagine.stages.batch.results import Results
from imagine.stages.batch.rows import Row
from imagine.stages.errors import SaveError


def written(directory: Path) -> list[dict[str, object]]:
    lines = (directory / "results.jsonl").read_text(encoding="utf-8").split("\n")
    assert lines.pop() == ""
    return [json.loads(line) for line in lines]


def finish(directory: Path, *prompts: str, order: str = "input") -> int:
    """A run that ends items in that order; how often the results were written anew."""
    path = directory / "results.jsonl"
    with Journal.open(directory) as journal, Results(directory) as results:
        journal.begin("{}", order=order)  # type: ignore[arg-type]
        journal.enter([Row(line=n, prompt=prompt) for n, prompt in enumerate(prompts, start=1)])
        journal.choose()
        for item in journal.todo():
            record = {"id": item.key, "prompt": item.row.prompt}
            journal.finish(item.key, "done", record)
            results.append(record)
        before = path.stat().st_ino
        results.rewrite(journal)
        return path.stat().st_ino != before


def test_a_line_is_there_as_soon_as_its_item_ends(tmp_path: Path) -> None:
    with Results(tmp_path) as results:
        results.append({"prompt": "größer \ud800\n", "cost": None})
        assert written(tmp_path) == [{"prompt": "größer ?\n", "cost": None}]
        results.append({"n": 2})
        assert len(written(tmp_path)) == 2
    assert "größer" in (tmp_path / "results.jsonl").read_text(encoding="utf-8")


def test_at_the_end_items_stand_in_the_order_of_the_input(tmp_path: Path) -> None:
    assert finish(tmp_path, "c", "a", "b", order="reverse")
    assert [line["prompt"] for line in written(tmp_path)] == ["c", "a", "b"]
    assert finish(tmp_path, "d", "b", "c")
    assert [line["prompt"] for line in written(tmp_path)] == ["d", "b", "c", "a"]


def test_results_in_order_are_left_alone(tmp_path: Path) -> None:
    assert finish(tmp_path, "a", "b")
    assert not finish(tmp_path, "a", "b")
    (tmp_path / "results.jsonl").write_text("{}\n")
    assert finish(tmp_path, "a", "b")
    assert len(written(tmp_path)) == 2


def test_more_lines_than_a_page_are_written(tmp_path: Path) -> None:
    prompts = [str(number) for number in range(1500)]
    finish(tmp_path, *prompts, order="shuffle")
    assert [line["prompt"] for line in written(tmp_path)] == prompts


@pytest.mark.parametrize("left", [b"", b'{"a": 1}\n', b'{"a": 1}\n{"b', b'{"b', b"x" * 200_000])
def test_what_a_crash_left_of_the_last_line_is_cut_off(tmp_path: Path, left: bytes) -> None:
    path = tmp_path / "results.jsonl"
    path.write_bytes(left)
    with Results(tmp_path) as results:
        results.append({"c": 3})
    whole = [{"a": 1}] if b"\n" in left else []
    assert written(tmp_path) == [*whole, {"c": 3}]


def test_threads_write_whole_lines(tmp_path: Path) -> None:
    with Results(tmp_path) as results, ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda n: results.append({"n": n, "text": "x" * 5000}), range(200)))
    assert sorted(str(line["n"]) for line in written(tmp_path)) == sorted(map(str, range(200)))


@pytest.fixture
def tiny_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 64 KB; skips where none may be mounted."""
    disk = tmp_path / "disk"
    disk.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(disk)]
    if os.geteuid() != 0 or subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("mounting a file system needs more rights")
    yield disk
    subprocess.run(["umount", str(disk)], check=True)


def test_on_a_full_disk_no_half_line_stays(tiny_disk: Path) -> None:
    with Results(tiny_disk) as results:
        results.append({"a": "x" * 50_000})
        with pytest.raises(SaveError) as error:
            results.append({"b": "x" * 50_000})
        assert str(error.value) == (
            f"The results cannot be written to '{tiny_disk / 'results.jsonl'}': the disk is full; "
            "free some space or choose another directory with --output."
        )
        results.append({"c": 3})
    assert [list(line) for line in written(tiny_disk)] == [["a"], ["c"]]


def test_results_that_cannot_be_put_into_order_stay_as_they_are(tmp_path: Path) -> None:
    finish(tmp_path, "a")
    before = written(tmp_path)
    (tmp_path / ".results.jsonl.tmp").mkdir()
    with Journal.open(tmp_path) as journal, Results(tmp_path) as results:
        journal.begin("{}")
        journal.finish("b", "done", {"id": "b"})
        with pytest.raises(SaveError, match=r"^The results cannot be written to "):
            results.rewrite(journal)
    assert written(tmp_path) == before
