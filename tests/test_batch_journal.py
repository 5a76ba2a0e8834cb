"""The journal of a batch: what was done is known again, after a kill at any instant, too."""

import hashlib
import json
import multiprocessing
import os
import random
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, cast

import pytest
from paid import LITE
from patience import LONG, PATIENT
from pictures import picture
from recipes import make_recipe

from imagine.stages.batch import database as database_module
from imagine.stages.batch import kept as kept_module
from imagine.stages.batch.database import Database, is_on_network
from imagine.stages.batch.journal import Journal
from imagine.stages.batch.listing import Duplicate, Item, Listing, Order
from imagine.stages.batch.results import Results
from imagine.stages.batch.rows import Row
from imagine.stages.cache import EnhancementCache
from imagine.stages.disk import write_new_file
from imagine.stages.enhance import Enhancement, Question
from imagine.stages.enhance.literal import LiteralEnhancer
from imagine.stages.errors import BusyError, ConfigError, SaveError, StoppedError
from imagine.stages.formats.received import read_received
from imagine.stages.image import GeneratedImage
from imagine.stages.intent import parse_intent
from imagine.stages.metadata import read_recipe, sidecar_of
from imagine.stages.money.usage import Usage
from imagine.stages.publish import Coming, host, publish
from imagine.stages.save import Destination, save_image

FILE = ".imagine-batch.sqlite"
DEAD = 2**22 + 1  # no Linux has a process of that number
FOX = Row(line=1, prompt="a red fox")
FOX_KEY = hashlib.sha256(b'"a red fox"').hexdigest()[:16]


def rows(*prompts: str) -> list[Row]:
    return [Row(line=line, prompt=prompt) for line, prompt in enumerate(prompts, start=1)]


def items(
    directory: Path, listed: list[Row], *, options: str = "{}", **choices: Any
) -> tuple[list[Item], Listing]:
    """What a run would do, which then ends without doing it."""
    again = choices.pop("again", "changed")
    order = choices.pop("order", "input")
    with Journal.open(directory) as journal:
        journal.begin(options, again=again, order=order)
        assert journal.enter(listed) == []
        if choices or order != "input":
            journal.choose(**choices)
        return list(journal.todo()), journal.listing


def prompts(found: list[Item]) -> list[str | None]:
    return [item.row.prompt for item in found]


def run(directory: Path, listed: list[Row], *, options: str = "{}", **ends: Any) -> None:
    """A whole run, every item of which ends as `ends` says by its prompt, else done."""
    with Journal.open(directory) as journal:
        journal.begin(options, again="all")
        journal.enter(listed)
        for item in journal.todo():
            status = ends.get(str(item.row.prompt), "done")
            journal.finish(item.key, status, {"id": item.key, "status": status})


def coming(directory: Path, name: str = "fox.png", *, sidecar: bool = False, **more: Any) -> Coming:
    """What is about to be published as PICTURE, and SIDECAR beside it."""
    return Coming(
        target=directory / name,
        sha256=hashlib.sha256(PICTURE).hexdigest(),
        bytes=len(PICTURE),
        sidecar=hashlib.sha256(SIDECAR).hexdigest() if sidecar else None,
        **{"overwrite": False, **more},
    )


PICTURE, SIDECAR = b"picture" * 100, b"sidecar"


def test_rows_without_ids_are_known_by_their_content(tmp_path: Path) -> None:
    listed = [FOX, replace(FOX, line=2), Row(line=3, prompt="x", id="mine"), replace(FOX, line=9)]
    found, listing = items(tmp_path / "out", listed)
    assert [item.key for item in found] == [FOX_KEY, f"{FOX_KEY}-2", "mine", f"{FOX_KEY}-3"]
    assert [item.row for item in found] == listed
    assert [(item.position, item.tries, item.saved) for item in found] == [
        (position, 0, {}) for position in (1, 2, 3, 4)
    ]
    assert (listing, listing.todo, listing.total) == (Listing(new=4), 4, 4)


def test_equal_contents_are_counted_across_blocks_and_beside_ids(tmp_path: Path) -> None:
    taken = Row(line=1, prompt="x", id=f"{FOX_KEY}-5")
    found, _ = items(tmp_path, [taken, *(replace(FOX, line=line) for line in range(2, 2502))])
    keys = [item.key for item in found]
    assert keys[1:7] == [FOX_KEY, *(f"{FOX_KEY}-{number}" for number in (2, 3, 4, 6, 7))]
    assert (keys[-1], len(set(keys))) == (f"{FOX_KEY}-2501", 2501)


@pytest.mark.parametrize("distance", [1, 1500])
def test_a_row_whose_id_was_there_before_is_left_out_and_named(
    tmp_path: Path, distance: int
) -> None:
    between = [Row(line=2 + n, prompt=str(n)) for n in range(distance)]
    later = Row(line=7000, prompt="another", id="fox")
    with Journal.open(tmp_path) as journal:
        journal.begin("{}")
        found = journal.enter([replace(FOX, id="fox"), *between, later])
        assert found == [Duplicate("fox", 7000, 1)]
        assert len(list(journal.todo())) == 1 + distance
        assert journal.enter([replace(later, line=7001)]) == [Duplicate("fox", 7001, 1)]


OTHER = '{"seed": 2}'
AGAIN = [
    # what was done, then the run again: again, options, what is done, how many are what
    ("changed", "{}", ["b", "e"], {"done": 1, "failed": 1, "refused": 1, "new": 1}),
    ("changed", OTHER, ["a", "b", "c", "e"], {"changed": 3, "new": 1}),
    ("failed", "{}", ["b", "c"], {"done": 1, "failed": 1, "again": 1, "left": 1}),
    ("failed", OTHER, ["b", "c"], {"done": 1, "failed": 1, "again": 1, "left": 1}),
    ("all", "{}", ["a", "b", "c", "e"], {"again": 4}),
]


@pytest.mark.parametrize(("again", "options", "expected", "counts"), AGAIN)
def test_what_is_done_again(
    tmp_path: Path, again: str, options: str, expected: list[str], counts: dict[str, int]
) -> None:
    run(tmp_path, rows("a", "b", "c"), b="failed", c="refused")
    found, listing = items(tmp_path, rows("a", "b", "c", "e"), options=options, again=again)
    assert prompts(found) == expected
    assert listing == Listing(**counts)
    assert (listing.total, listing.todo) == (4, len(expected))
    assert {item.row.prompt: item.tries for item in found} == {
        prompt: 0 if prompt == "e" else 1 for prompt in expected
    }


@pytest.mark.parametrize(
    "changed",
    [{"prompt": "a blue fox"}, {"options": {"seed": 3}}, {"files": "ab12"}, {"spec": {"a": 1}}],
)
def test_a_finished_item_with_an_id_is_done_anew_when_its_content_changes(
    tmp_path: Path, changed: dict[str, Any]
) -> None:
    row = replace(FOX, id="fox")
    run(tmp_path, [row])
    moved = replace(row, line=70, extra={"note": "x"})
    assert items(tmp_path, [moved]) == ([], Listing(done=1))
    (item,), listing = items(tmp_path, [replace(row, **changed)])
    assert (item.key, listing) == ("fox", Listing(changed=1))


def test_rows_come_back_whole(tmp_path: Path) -> None:
    row = Row(
        line=12,
        prompt="größer \ud83e fox\nin the snow",
        id="größe 1",
        options={"seed": 7, "style": ["ink", "noir"], "strength": 0.5},
        extra={"note": [1, None, {"a": "ü"}]},
        template="{red|blue} fox",
        files="0a1b",
    )
    spec = Row(line=13, prompt=None, spec={"source_prompt": "x"})
    found, _ = items(tmp_path, [row, spec])
    assert [item.row for item in found] == [row, spec]


ORDERS: list[tuple[Order, list[str]]] = [
    ("input", ["c", "a", "b"]),
    ("reverse", ["b", "a", "c"]),
    ("prompt", ["a", "b", "c"]),
    ("id", ["b", "c", "a"]),
]


@pytest.mark.parametrize(("order", "expected"), ORDERS)
def test_the_order_is_as_wanted(tmp_path: Path, order: Order, expected: list[str]) -> None:
    keys = {"c": "2", "a": "3", "b": "1"}
    listed = [replace(row, id=keys[str(row.prompt)]) for row in rows("c", "a", "b")]
    found, _ = items(tmp_path, listed, order=order)
    assert prompts(found) == expected
    found, listing = items(tmp_path, listed, order=order, limit=2)
    assert (prompts(found), listing) == (expected[:2], Listing(new=2))


def test_chance_decides_alike_with_one_seed(tmp_path: Path) -> None:
    listed = rows(*(f"fox {n}" for n in range(300)))
    shuffled = [
        prompts(items(tmp_path, listed, order="shuffle", seed=seed)[0]) for seed in (1, 1, 2)
    ]
    assert shuffled[0] == shuffled[1] != shuffled[2]
    assert sorted(map(str, shuffled[0])) == sorted(map(str, shuffled[2])) != shuffled[0]
    sample = prompts(items(tmp_path, listed, sample=20, seed=1)[0])
    assert set(sample) == set(shuffled[0][:20])
    assert sample == [row.prompt for row in listed if row.prompt in sample]


def test_the_same_command_goes_on_with_its_sample(tmp_path: Path) -> None:
    listed = rows(*(f"fox {n}" for n in range(50)))
    with Journal.open(tmp_path) as journal:
        journal.begin("{}")
        journal.enter(listed)
        assert journal.choose(sample=10, seed=3) == Listing(new=10)
        chosen = list(journal.todo())
        for item in chosen[:4]:
            journal.finish(item.key, "done", {})
    rest, listing = items(tmp_path, listed, sample=10, seed=3)
    assert prompts(rest) == prompts(chosen[4:])
    assert listing == Listing(done=4, new=6)


def test_rows_may_be_entered_while_others_are_done(tmp_path: Path) -> None:
    done = []
    with Journal.open(tmp_path) as journal:
        journal.begin("{}")
        for block in (rows("a", "b"), [], rows("c"), rows("a")):
            journal.enter(block)
            for item in journal.todo():
                journal.finish(item.key, "done", {})
                done.append(item.row.prompt)
    assert done == ["a", "b", "c", "a"]


def test_a_row_that_cannot_be_read_keeps_its_place_and_is_looked_for_again(tmp_path: Path) -> None:
    for _ in range(2):
        with Journal.open(tmp_path) as journal:
            journal.begin("{}")
            journal.enter(rows("a"))
            key = journal.enter_unread(2)
            journal.enter([Row(line=3, prompt="b", id="line-3")])
            assert (key, journal.enter_unread(2)) == (" line-2", " line-2-2")
            journal.finish(key, "failed", {"id": key})
            for item in journal.todo():
                journal.finish(item.key, "done", {"id": item.row.prompt})
            listed = [json.loads(line)["id"] for line in journal.lines()]
            assert listed == ["a", " line-2", "b"]
            assert journal.listing.unread == 2
    assert items(tmp_path, rows("a", "c"))[1] == Listing(done=1, new=1)
    with Journal.open(tmp_path) as journal:
        assert len(list(journal.lines())) == 2


def test_a_row_that_cannot_be_read_takes_no_items_place(tmp_path: Path) -> None:
    other = Row(line=1, prompt="x", id="line-2")
    run(tmp_path, [other])
    with Journal.open(tmp_path) as journal:
        journal.begin("{}")
        key = journal.enter_unread(2)
        journal.finish(key, "failed", {"id": key})
    assert items(tmp_path, [other])[1] == Listing(done=1)


def test_what_an_item_was_given_is_there_until_it_is_done(tmp_path: Path) -> None:
    with Journal.open(tmp_path) as journal:
        journal.begin("{}")
        journal.enter([FOX])
        (item,) = journal.todo()
        for n in (1, 2):
            path = publish([PICTURE], tmp_path / f"a/{n}.png", overwrite=False)
            journal.coming(item.key, n, coming(tmp_path, f"a/{n}.png"), {"seed": n})
            journal.saved(item.key, n, path, {"seed": n, "sure": True})
        journal.finish(item.key, "failed", {})
    (item,), _ = items(tmp_path, [FOX])
    assert item.saved == {n: {"seed": n, "sure": True, "path": f"a/{n}.png"} for n in (1, 2)}
    assert [found.saved for found in items(tmp_path, [FOX], options=OTHER)[0]] == [{}]
    (tmp_path / "a/1.png").unlink()
    assert list(items(tmp_path, [FOX])[0][0].saved) == [2]
    run(tmp_path, [FOX])
    assert items(tmp_path, [FOX], again="all")[0][0].saved == {}


def answer(usage: Usage) -> Enhancement:
    spec = LiteralEnhancer().enhance(parse_intent("a red fox"), seed=0).spec
    return Enhancement(spec, model="served-1", notes=("n",), usage=usage, answer="{}")


def test_a_paid_answer_is_there_with_its_usage_until_the_item_ends(tmp_path: Path) -> None:
    question = Question(parse_intent("a red fox"), seed=3)
    behind = EnhancementCache(tmp_path / "cache")
    with Journal.open(tmp_path / "out") as journal:
        journal.begin("{}")
        answers = journal.answers("fox", behind=behind)
        assert answers.load(question, LITE) is None
        assert answers.save(question, LITE, answer(Usage(1, 20, 30))) is None
        assert answers.save(replace(question, seed=4), LITE, answer(Usage(2, 1, 1))) is None
    with Journal.open(tmp_path / "out") as journal:
        journal.begin("{}")
        answers = journal.answers("fox")
        assert answers.load(question, LITE) == answer(Usage(1, 20, 30))
        assert answers.paid == Usage(3, 21, 31)
        assert answers.load(replace(question, seed=5), LITE) is None
        other = journal.answers("another")
        assert (other.load(question, LITE), other.paid) == (None, Usage())
        found = journal.answers("another", behind=behind).load(question, LITE)
        assert found == answer(Usage())
        journal.finish("fox", "failed", {})
        assert answers.paid == Usage(3, 21, 31)
        journal.finish("fox", "done", {})
        assert (answers.paid, answers.load(question, LITE)) == (Usage(), None)


def received() -> GeneratedImage:
    return GeneratedImage(
        model="m",
        received=read_received(picture("png")),
        notes=("a note",),
        parameters=(("size", "1K"), ("n", 1), ("fast", True)),
        finish_reason="STOP",
        usage=Usage(images=1),
    )


def test_a_received_picture_is_kept_until_it_is_saved(tmp_path: Path) -> None:
    one, two = received(), received()
    with Journal.open(tmp_path) as journal:
        journal.begin("{}")
        journal.enter([FOX])
        (item,) = journal.todo()
        journal.keep(item.key, 1, one, seed=8)
        journal.keep(item.key, 2, two, seed=9)
        assert journal.kept("another") == {}
    with Journal.open(tmp_path) as journal:
        journal.begin("{}")
        journal.enter([FOX])
        (item,) = journal.todo()
        assert journal.kept(item.key) == {1: (one, 8), 2: (two, 9)}
        folder = tmp_path / ".imagine-batch"
        assert len(list(folder.iterdir())) == 2
        journal.saved(item.key, 1, tmp_path / "1.png", {})
        assert journal.kept(item.key) == {2: (two, 9)}
        (part,) = folder.iterdir()
        part.write_bytes(part.read_bytes()[:-1])
        (folder / "0123.part").write_bytes(b"of nobody")
        assert journal.kept(item.key) == {}
        journal.finish(item.key, "failed", {})
    with Journal.open(tmp_path) as journal:
        assert [path.name for path in folder.iterdir()] == [part.name]
        journal.begin("{}")
        journal.finish(item.key, "done", {})
    assert not folder.exists()


def test_pictures_are_kept_while_others_are_saved(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / ".imagine-batch"
    with Journal.open(tmp_path) as journal:
        journal.begin("{}")
        journal.keep("a", 1, received(), seed=1)

        def saved_meanwhile(path: Path, data: bytes) -> None:
            journal.saved("a", 1, tmp_path / "1.png", {})
            write_new_file(path, data)

        monkeypatch.setattr(kept_module, "write_new_file", saved_meanwhile)
        journal.keep("b", 1, received(), seed=2)
        assert len(list(folder.iterdir())) == 1
        journal.forget_kept("b", 1)
        assert list(folder.iterdir()) == []
    assert not folder.exists()


def test_a_picture_that_cannot_be_finished_is_kept_no_longer(tmp_path: Path) -> None:
    with Journal.open(tmp_path) as journal:
        journal.begin("{}")
        journal.enter([FOX])
        (item,) = journal.todo()
        for n in (1, 2):
            journal.keep(item.key, n, received(), seed=n)
        journal.forget_kept(item.key, 1)
        journal.finish(item.key, "failed", {})
        assert list(journal.kept(item.key)) == [2]
        assert len(list((tmp_path / ".imagine-batch").iterdir())) == 1


def test_what_was_kept_for_other_options_is_not_used(tmp_path: Path) -> None:
    with Journal.open(tmp_path) as journal:
        journal.begin("{}")
        journal.enter([FOX])
        (item,) = journal.todo()
        journal.keep(item.key, 1, received(), seed=8)
    with Journal.open(tmp_path) as journal:
        journal.begin(OTHER)
        journal.enter([FOX])
        (item,) = journal.todo()
        assert journal.kept(item.key) == {}


def left_by_a_kill(directory: Path, *files: bytes) -> list[Path]:
    """Temporary files of a process that is dead."""
    paths = [
        directory / f".imagine-{host()}-{DEAD}-{number:012x}.tmp" for number, _ in enumerate(files)
    ]
    for path, data in zip(paths, files, strict=True):
        path.write_bytes(data)
    return paths


# What a kill left, by the instant: temporary files, files under final names; then what is there.
INSTANTS: dict[str, tuple[bool, list[bytes], dict[str, bytes], str | None]] = {
    "announced": (False, [], {}, None),
    "half written": (False, [PICTURE[:50]], {}, None),
    "sidecar written": (True, [SIDECAR], {}, None),
    "written": (False, [PICTURE], {}, "fox.png"),
    "both written": (True, [SIDECAR, PICTURE], {}, "fox.png"),
    "both written, name taken": (
        True,
        [SIDECAR, PICTURE],
        {"fox.png": b"of another", "fox-2.png": b"of a third"},
        "fox-3.png",
    ),
    "sidecar linked": (True, [SIDECAR, PICTURE], {"fox.png.json": SIDECAR}, "fox.png"),
    "sidecar renamed": (True, [PICTURE], {"fox.png.json": SIDECAR}, "fox.png"),
    "sidecar linked, picture lost": (True, [SIDECAR], {"fox.png.json": SIDECAR}, None),
    "name held": (False, [PICTURE], {"fox.png": b""}, "fox.png"),
    "sidecar held": (True, [SIDECAR, PICTURE], {"fox.png.json": b""}, "fox.png"),
    "linked": (False, [PICTURE], {"fox.png": PICTURE}, "fox.png"),
    "linked under a number": (
        False,
        [PICTURE],
        {"fox.png": b"of another", "fox-2.png": PICTURE},
        "fox-2.png",
    ),
    "linked behind a gap": (False, [], {"fox-3.png": PICTURE}, "fox-3.png"),
    "both linked": (
        True,
        [SIDECAR, PICTURE],
        {"fox.png.json": SIDECAR, "fox.png": PICTURE},
        "fox.png",
    ),
    "sidecar linked beside the picture of another": (
        True,
        [SIDECAR, PICTURE],
        {"fox.png": b"of another", "fox.png.json": SIDECAR},
        "fox-2.png",
    ),
    "row missing": (True, [], {"fox.png.json": SIDECAR, "fox.png": PICTURE}, "fox.png"),
}


@pytest.mark.parametrize("instant", INSTANTS)
def test_a_kill_is_repaired_at_any_instant(tmp_path: Path, instant: str) -> None:
    has_sidecar, temporary, named, expected = INSTANTS[instant]
    folder = tmp_path / "a"
    folder.mkdir()
    with Journal.open(tmp_path) as journal:
        journal.begin("{}")
        journal.enter([FOX])
        (item,) = journal.todo()
        announced = coming(tmp_path, "a/fox.png", sidecar=has_sidecar)
        journal.coming(item.key, 1, announced, {"seed": 7})
    left_by_a_kill(folder, *temporary)
    for name, data in named.items():
        (folder / name).write_bytes(data)
    with Journal.open(tmp_path) as journal:
        assert journal.adopted_records == ([] if expected is None else [{"seed": 7}])
        assert journal.adopted == len(journal.adopted_records)
        journal.begin("{}")
        journal.enter([FOX])
        (item,) = journal.todo()
    others = {name: data for name, data in named.items() if data and data not in (PICTURE, SIDECAR)}
    if expected is None:
        assert item.saved == {}
        assert {path.name: path.read_bytes() for path in folder.iterdir()} == others
        return
    assert item.saved == {1: {"seed": 7, "path": f"a/{expected}"}}
    beside = {f"{expected}.json": SIDECAR} if has_sidecar else {}
    found = {path.name: path.read_bytes() for path in folder.iterdir()}
    assert found == others | {expected: PICTURE} | beside


# The same for --overwrite: what was there is replaced or stays.
OVERWRITTEN: dict[str, tuple[bool, list[bytes], dict[str, bytes], bool]] = {
    "announced": (False, [], {"fox.png": b"old"}, False),
    "written": (False, [PICTURE], {"fox.png": b"old"}, True),
    "sidecar replaced": (
        True,
        [PICTURE, b"old sidecar", b"old"],
        {"fox.png": b"old", "fox.png.json": SIDECAR},
        True,
    ),
    "replaced": (False, [b"old"], {"fox.png": PICTURE}, True),
}


@pytest.mark.parametrize("instant", OVERWRITTEN)
def test_a_kill_while_overwriting_is_repaired(tmp_path: Path, instant: str) -> None:
    has_sidecar, temporary, named, is_new = OVERWRITTEN[instant]
    with Journal.open(tmp_path) as journal:
        journal.begin("{}")
        announced = coming(tmp_path, sidecar=has_sidecar, overwrite=True)
        journal.coming("fox", 1, announced, {})
    left_by_a_kill(tmp_path, *temporary)
    for name, data in named.items():
        (tmp_path / name).write_bytes(data)
    with Journal.open(tmp_path) as journal:
        assert (journal.adopted, journal.removed) == (is_new, len(temporary))
    assert (tmp_path / "fox.png").read_bytes() == (PICTURE if is_new else b"old")
    if has_sidecar:
        assert sidecar_of(tmp_path / "fox.png").read_bytes() == SIDECAR
    assert not list(tmp_path.glob("*.tmp"))


def test_temporary_files_of_the_living_and_of_other_hosts_stay(tmp_path: Path) -> None:
    with Journal.open(tmp_path) as journal:
        journal.begin("{}")
        journal.coming("fox", 1, coming(tmp_path), {})
    names = [
        f".imagine-{host()}-{os.getppid()}-0123456789ab.tmp",
        f".imagine-00000000-{DEAD}-0123456789ab.tmp",
        ".imagine-mine.tmp",
    ]
    for name in names:
        (tmp_path / name).write_bytes(b"x")
    left_by_a_kill(tmp_path, b"half")
    with Journal.open(tmp_path) as journal:
        assert (journal.adopted, journal.removed) == (0, 1)
    assert sorted(path.name for path in tmp_path.glob(".imagine-*.tmp")) == sorted(names)


def hold(directory: Path, held: Any, release: Any) -> None:
    with Journal.open(directory):
        held.set()
        release.wait(LONG)


def test_a_second_run_is_told_that_another_one_works_there(tmp_path: Path) -> None:
    message = (
        "Another run of imagine works in 'out'; wait for it, or choose another directory with "
        "--output."
    )
    directory = Path(os.path.relpath(tmp_path / "out"))
    context = multiprocessing.get_context("spawn")
    held, release = context.Event(), context.Event()
    process = context.Process(target=hold, args=(tmp_path / "out", held, release))
    process.start()
    assert held.wait(PATIENT)
    try:
        with pytest.raises(BusyError) as error:
            Journal.open(directory)
        assert str(error.value) == message.replace("'out'", f"'{directory}'")
    finally:
        release.set()
        process.join()
    with Journal.open(directory), pytest.raises(BusyError):
        Journal.open(directory)
    Journal.open(directory).close()


def race(directory: Path, gate: Any, results: Any, over: Any) -> None:
    gate.wait()
    try:
        with Journal.open(directory):
            results.put("in")
            over.wait(LONG)
    except BusyError:
        results.put("out")


def test_of_runs_that_start_together_one_begins(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    gate, results, over = context.Barrier(3), context.Queue(), context.Event()
    arguments = (tmp_path / "out", gate, results, over)
    processes = [context.Process(target=race, args=arguments) for _ in range(3)]
    for process in processes:
        process.start()
    assert sorted(results.get(timeout=PATIENT) for _ in processes) == ["in", "out", "out"]
    over.set()
    for process in processes:
        process.join()


def other_program(path: Path) -> None:
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE mine (a)")
    connection.close()


def newer(path: Path) -> None:
    Journal.open(path.parent).close()
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version=2")
    connection.close()


def damaged(path: Path) -> None:
    run(path.parent, rows(*map(str, range(500))))
    data = bytearray(path.read_bytes())
    data[5000:] = b"\xff" * (len(data) - 5000)
    path.write_bytes(data)


FOREIGN = [
    (
        other_program,
        "'{path}' is no journal of imagine; rename it, or choose another directory with --output.",
    ),
    (
        newer,
        "'{path}' was written by a newer imagine; update this one, or choose another directory "
        "with --output.",
    ),
    (
        lambda path: path.write_text("my notes, which are no database at all" * 100),
        "'{path}' is damaged or no journal of imagine; move it away to begin anew (what is "
        "finished would be drawn again).",
    ),
    (
        damaged,
        "'{path}' is damaged or no journal of imagine; move it away to begin anew (what is "
        "finished would be drawn again).",
    ),
]


@pytest.mark.parametrize(("make", "message"), FOREIGN)
def test_a_file_that_is_no_journal_is_told_and_stays_as_it_is(
    tmp_path: Path, make: Any, message: str
) -> None:
    path = tmp_path / FILE
    make(path)
    before = path.read_bytes()
    with pytest.raises(ConfigError) as error:
        items(tmp_path, rows(*map(str, range(500))))
    assert str(error.value) == message.format(path=path)
    assert path.read_bytes() == before


def test_a_directory_that_is_a_file_is_told(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("x")
    with pytest.raises(SaveError) as error:
        Journal.open(tmp_path / "out")
    assert str(error.value) == (
        f"The journal cannot be written to '{tmp_path / 'out' / FILE}': a part of the path is a "
        "file, no directory; choose another directory with --output."
    )


@pytest.fixture
def tiny_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 256 KB; skips where none may be mounted."""
    disk = tmp_path / "disk"
    disk.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(disk)]
    if os.geteuid() != 0 or subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("mounting a file system needs more rights")
    yield disk
    subprocess.run(["umount", str(disk)], check=True)


def test_a_full_disk_is_told_and_loses_nothing(tiny_disk: Path) -> None:
    listed = rows(*map(str, range(2000)))
    finished = 0
    with Journal.open(tiny_disk) as journal:
        journal.begin("{}")
        journal.enter(listed)
        found = journal.todo()
        with pytest.raises(SaveError) as error:  # noqa: PT012  # which of the items is not known
            for item in found:
                journal.finish(item.key, "done", {"id": item.key, "text": "x" * 300})
                finished += 1
        assert str(error.value) == (
            f"The journal cannot be written to '{tiny_disk / FILE}': the disk is full; free some "
            "space or choose another directory with --output."
        )
    assert finished > 20
    subprocess.run(["mount", "-o", "remount,size=4m", str(tiny_disk)], check=True)
    assert items(tiny_disk, listed)[1] == Listing(done=finished, new=2000 - finished)


def test_several_threads_write_at_once(tmp_path: Path) -> None:
    listed = rows(*map(str, range(300)))
    with Journal.open(tmp_path) as journal, ThreadPoolExecutor(8) as threads:
        journal.begin("{}")

        def work(item: Item) -> None:
            journal.coming(item.key, 1, coming(tmp_path, f"{item.key}.png"), {})
            journal.saved(item.key, 1, tmp_path / f"{item.key}.png", {})
            journal.finish(item.key, "done", {"id": item.key})

        for start in range(0, 300, 50):
            journal.enter(listed[start : start + 50])
            list(threads.map(work, journal.todo()))
        assert len(list(journal.lines())) == 300
    assert items(tmp_path, listed)[1] == Listing(done=300)


class Interrupted:
    """A connection during whose first BEGIN Ctrl-C is pressed, just after SQLite has begun."""

    def __init__(self) -> None:
        self.real = sqlite3.connect(":memory:", isolation_level=None)
        self.is_over = False

    def execute(self, statement: str) -> sqlite3.Cursor:
        done = self.real.execute(statement)
        if not self.is_over:
            self.is_over = True
            raise KeyboardInterrupt
        return done

    @property
    def in_transaction(self) -> bool:
        return self.real.in_transaction


@pytest.mark.parametrize("kind", ["transaction", "statements"])
def test_ctrl_c_leaves_no_transaction_open(tmp_path: Path, kind: str) -> None:
    connection = Interrupted()
    database = Database(tmp_path, cast(sqlite3.Connection, connection))
    with pytest.raises(KeyboardInterrupt), getattr(database, kind)():
        pass
    assert not connection.in_transaction
    with getattr(database, kind)() as there:
        there.execute("CREATE TABLE t (x)")
    connection.real.close()


def test_a_thread_that_outlives_the_run_is_told_that_it_was_stopped(tmp_path: Path) -> None:
    with Journal.open(tmp_path) as journal:
        journal.begin("{}")
        journal.enter([FOX])
    with pytest.raises(StoppedError) as error:
        journal.finish(FOX_KEY, "done", {})
    assert str(error.value) == "The run was stopped, and its journal is closed; run it again."
    assert items(tmp_path, [FOX])[1] == Listing(new=1)


def test_the_journal_is_the_users_own_and_no_path_of_the_machine_is_in_it(tmp_path: Path) -> None:
    with Journal.open(tmp_path / "out") as journal:
        journal.begin("{}")
        journal.coming("fox", 1, coming(tmp_path / "out"), {})
    path = tmp_path / "out" / FILE
    assert path.stat().st_mode & 0o777 == 0o600
    assert str(tmp_path).encode() not in path.read_bytes()
    assert [found.name for found in path.parent.iterdir()] == [FILE]


MOUNTS = """\
22 1 254:0 / / rw,relatime - ext4 /dev/vda rw
30 22 0:40 / /home rw shared:1 - nfs4 server:/home rw
31 30 0:41 / {place}/my\\040disk rw - fuse.sshfs someone@there:/ rw
32 22 0:42 / {place}/local rw - xfs /dev/sdb rw
33 32 0:43 / {place}/local/share rw master:2 - cifs //server/share rw
34 32 0:44 / {place}/hidden rw - nfs server:/a rw
35 32 0:45 / {place}/hidden rw - ext4 /dev/sdc rw
"""


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("my disk", True),
        ("local", False),
        ("local/share", True),
        ("local/share2", False),
        ("hidden", False),
        ("", False),
    ],
)
def test_network_file_systems_are_found_in_the_table_of_mounts(
    tmp_path: Path, name: str, expected: bool
) -> None:
    table = tmp_path / "mountinfo"
    table.write_text(MOUNTS.format(place=tmp_path))
    (tmp_path / name).mkdir(parents=True, exist_ok=True)
    assert is_on_network(tmp_path / name, mounts=table) is expected
    assert is_on_network(tmp_path, mounts=tmp_path / "none") is False


@pytest.mark.parametrize(("network", "mode"), [(True, "delete"), (False, "wal")])
def test_no_write_ahead_log_lies_on_a_network_file_system(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, network: bool, mode: str
) -> None:
    for answer in (not network, network):
        monkeypatch.setattr(database_module, "is_on_network", lambda _, answer=answer: answer)
        run(tmp_path, rows("a"))
    connection = sqlite3.connect(tmp_path / FILE)
    assert connection.execute("PRAGMA journal_mode").fetchone() == (mode,)
    connection.close()
    assert items(tmp_path, rows("a"))[1] == Listing(done=1)


def save_all(out: Path, paid: Path, ready: Any) -> None:
    """A run over 100 rows of two pictures each, half of them with sidecars."""
    destination = Destination(directory=out, file_name=None, format=None)
    image = received()
    log = os.open(paid, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    with Journal.open(out) as journal, Results(out) as results:
        ready.set()
        journal.begin("{}")
        journal.enter(rows(*(f"fox {n}" for n in range(1, 101))))
        for item in journal.todo():
            told = dict(item.saved)
            for n in {1, 2} - set(told):
                os.write(log, f"{item.key} {n}\n".encode())
                artifact = save_image(
                    image,
                    make_recipe(f"{item.row.prompt} {n}"),
                    destination=destination,
                    # Names that others have, too.
                    name_template=f"fox {item.row.line % 10}",
                    sidecar=item.row.line % 2 == 0,
                    index=n,
                    on_encoded=partial(journal.coming, item.key, n, record={"n": n}),
                )
                journal.saved(item.key, n, artifact.path, {"n": n})
                told[n] = {"n": n, "path": artifact.path.name}
            record = {"line": item.row.line, "paths": [told[n]["path"] for n in (1, 2)]}
            journal.finish(item.key, "done", record)
            results.append(record)
        results.rewrite(journal)


def test_kills_at_random_instants_lose_and_break_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The server that workers are forked from imports this module, once.
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parent))
    out, paid = tmp_path / "out", tmp_path / "paid"
    chance = random.Random(4)  # instants, no secret
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([__name__])
    kills = runs = 0
    while True:
        ready = context.Event()
        worker = context.Process(target=save_all, args=(out, paid, ready))
        worker.start()
        assert ready.wait(PATIENT)
        worker.join(chance.uniform(0.0, 0.2) if runs < 20 else 60)
        worker.kill()
        worker.join()
        runs += 1
        if worker.exitcode == 0:
            break
        kills += 1
    assert kills > 2
    lines = [json.loads(line) for line in (out / "results.jsonl").read_text().splitlines()]
    assert [line["line"] for line in lines] == list(range(1, 101))
    names = [name for line in lines for name in line["paths"]]
    assert len(set(names)) == 200
    beside = [f"{name}.json" for line in lines if line["line"] % 2 == 0 for name in line["paths"]]
    assert {path.name for path in out.iterdir()} == {*names, *beside, "results.jsonl", FILE}
    for line in lines:
        for name in line["paths"]:
            read_received((out / name).read_bytes())
            assert read_recipe(out / name).source_prompt.startswith(f"fox {line['line']} ")
    # What was being saved at the kill may have been paid for twice, nothing else.
    assert 200 <= len(paid.read_text().splitlines()) <= 200 + kills


LISTER = """
import resource, sys
from pathlib import Path
from imagine.stages.batch.journal import Journal
from imagine.stages.batch.rows import Row

count = int(sys.argv[2])
with Journal.open(Path(sys.argv[1])) as journal:
    journal.begin("{}", order="shuffle")
    for start in range(1, count, 1000):
        block = range(start, start + 1000)
        journal.enter([Row(line=line, prompt=f"a red fox number {line}") for line in block])
    assert journal.choose().todo == count
    assert sum(1 for _ in journal.todo()) == count
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def test_thirty_times_as_many_rows_take_the_same_memory(tmp_path: Path) -> None:
    peaks = [
        int(subprocess.check_output([sys.executable, "-c", LISTER, str(tmp_path / count), count]))
        for count in ("2000", "60000")
    ]
    assert peaks[1] < 1.3 * peaks[0]
