"""The display of a running batch: lines of every width, in terminals and elsewhere."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from rich.cells import cell_len
from terminal import Program

from imagine.cli.console import Console
from imagine.cli.live import how_far, what_now
from imagine.cli.progress import BatchDisplay
from imagine.cli.tally import Tally, plain_line
from imagine.stages.batch.run import Counts

FLYING = {"describing": 4, "drawing": 16, "finishing": 1}
NOTE = "Gemini allows 60 a minute: waiting 12 s"
BUSY = Tally(
    done=120,
    failed=3,
    total=200,
    skipped=17,
    flying=FLYING,
    a_minute=48.2,
    seconds_left=110.0,
    spent=1.2,
    note=NOTE,
)


@pytest.mark.parametrize(
    ("tally", "line"),
    [
        (
            BUSY,
            "120 of 200 done, 3 failed, 21 in flight, 48 a minute, about 2 min left, $1.20. "
            f"{NOTE}.",
        ),
        (Tally(done=0, total=200), "0 of 200 done."),
        (Tally(done=1200, flying={"drawing": 2}, a_minute=0.5), "1,200 done, 2 in flight, "
         "30 an hour."),
    ],
)  # fmt: skip
def test_a_plain_line_tells_what_is_known(tally: Tally, line: str) -> None:
    assert plain_line(tally) == line


@pytest.mark.parametrize(
    ("width", "line"),
    [
        (
            119,
            " ━━━━━━━━━━━━━━──────────  120/200  3 failed  48 a minute  2 min left  $1.20  "
            "17 before",
        ),
        (79, " ━━━━━━━━━───────  120/200  3 failed  48 a minute  2 min left  $1.20  17 before"),
        (69, " ━━━───  120/200  3 failed  48 a minute  2 min left  $1.20  17 before"),
        (59, " ━━━━───  120/200  3 failed  48 a minute  2 min left  $1.20"),
        (49, " ━━━━━━────  120/200  3 failed  2 min left  $1.20"),
        (39, " ━━━━───  120/200  3 failed  2 min left"),
        (29, " ━━━━━────  120/200  3 failed"),
        (19, " 120/200  3 failed"),
        (9, " 120/200"),
        (1, " 120/200"),
    ],
)
def test_a_narrow_terminal_gets_what_matters_most(width: int, line: str) -> None:
    assert how_far(BUSY, width).plain == line


def test_without_a_total_there_is_no_bar() -> None:
    tally = Tally(done=1200, failed=3, a_minute=48, spent=0.5)
    assert how_far(tally, 79).plain == " 1,200 done  3 failed  48 a minute  $0.50"


@pytest.mark.parametrize("total", [0, 1, 7, 200])
@pytest.mark.parametrize("width", range(12, 130, 3))
def test_the_first_line_fits_and_its_bar_is_full_when_all_ended(total: int, width: int) -> None:
    line = how_far(Tally(done=total, total=total, a_minute=5, skipped=2), width).plain
    assert cell_len(line) <= width
    assert "─" not in line


@pytest.mark.parametrize(
    ("width", "note", "line"),
    [
        (79, "", " describing 4, drawing 16, finishing 1"),
        (79, NOTE, f" describing 4, drawing 16, finishing 1  {NOTE}"),
        (60, NOTE, f" {NOTE}"),
    ],
)
def test_the_second_line_tells_what_is_waited_for(width: int, note: str, line: str) -> None:
    assert what_now(Tally(done=1, flying=FLYING, note=note), width).plain == line


class Clock:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.time = 1000.0

    def __call__(self) -> float:
        return self.time


def told_by(console: Console, **options: Any) -> None:
    """Two minutes of a batch in which an item ends every second."""
    clock = Clock()
    with BatchDisplay(console, total=200, skipped=17, clock=clock, **options) as display:
        for second in range(121):
            clock.time = 1000.0 + second
            counts = Counts(done=second, describing=4, waiting=5, drawing=16, pictures=second)
            display.update(counts, second / 100)


def test_without_a_terminal_there_is_a_line_every_half_minute(
    capsys: pytest.CaptureFixture[str],
) -> None:
    told_by(Console())
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.splitlines() == [
        "30 of 200 done, 20 in flight, 60 a minute, about 3 min left, $0.30.",
        "60 of 200 done, 20 in flight, 60 a minute, about 2 min left, $0.60.",
        "90 of 200 done, 20 in flight, 60 a minute, about 2 min left, $0.90.",
        "120 of 200 done, 20 in flight, 60 a minute, about 80 s left, $1.20.",
    ]


def test_with_json_the_lines_are_on_stderr_too(capsys: pytest.CaptureFixture[str]) -> None:
    told_by(Console(json=True), stages=("drawing",))
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.splitlines()[0] == (
        "30 of 200 done, 16 in flight, 60 a minute, about 3 min left, $0.30."
    )


def test_quiet_shows_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    told_by(Console(quiet=True))
    assert capsys.readouterr() == ("", "")


def test_the_total_may_become_known_later(capsys: pytest.CaptureFixture[str]) -> None:
    clock = Clock()
    with BatchDisplay(Console(), total=None, clock=clock) as display:
        clock.time += 30
        display.update(Counts(done=30, pictures=30), None, "The input is still open")
        display.total = 60
        clock.time += 30
        display.update(Counts(done=60, pictures=60), None)
    assert capsys.readouterr().err.splitlines() == [
        "30 done, 60 a minute. The input is still open.",
        "60 of 60 done, 60 a minute.",
    ]


LIVE = """
import time
from imagine.cli.console import Console
from imagine.cli.progress import BatchDisplay
from imagine.stages.batch.run import Counts
now = [0.0]
console = Console({options})
with BatchDisplay(console, total=200, skipped=17, clock=lambda: now[0]) as display:
    display.update(Counts(drawing=16), None)
    now[0] = 10.0
    counts = Counts(done=8, failed=2, describing=4, drawing=16, pictures=8)
    console.result("out/fox.png")
    display.update(counts, 0.32, "日本 \\x1b[2J\\n[/red] waits")
    console.result("out/owl.png")
    input()
    display.update(counts, 0.32)
    console.warn("a warning [/red]")
display.update(counts, 0.32)
console.result("out/end.png")
"""
BAR = " ━───────────────────────  8/200  2 failed  48 a minute  3 min left  $0.32"
SECOND = " describing 4, drawing 16, finishing 0"


def live(options: str = "") -> str:
    return LIVE.format(options=options)


def waits(line: str) -> str:
    return line + "  日本 \\u001b[2J [/red] waits"


def test_a_terminal_gets_two_lines_that_are_gone_in_the_end(tmp_path: Path) -> None:
    with Program(live(), tmp_path, columns=100) as program:
        program.read_until(
            lambda terminal: "out/owl.png" in terminal.shown and "waits" in terminal.shown[-1]
        )
        assert program.terminal.shown == [
            "out/fox.png",
            "out/owl.png",
            f"{BAR}  17 before",
            waits(SECOND),
        ]
        program.go_on()
        assert program.finish() == ""
        assert program.terminal.shown == [
            "out/fox.png",
            "out/owl.png",
            "a warning [/red]",
            "out/end.png",
        ]


def test_a_terminal_of_forty_columns_shows_no_garbage(tmp_path: Path) -> None:
    with Program(live(), tmp_path, columns=40) as program:
        program.read_until(
            lambda terminal: "out/owl.png" in terminal.shown and "waits" in terminal.shown[-1]
        )
        assert program.terminal.shown[2:] == [
            " ─────────  8/200  2 failed  3 min left",
            " 日本 \\u001b[2J [/red] waits",
        ]
        program.go_on()
        program.finish()
        assert len(program.terminal.shown) == 4


def test_paths_go_to_a_pipe_as_they_are(tmp_path: Path) -> None:
    with Program(live(), tmp_path, columns=100, pipe_out=True) as program:
        program.read_until(lambda terminal: "waits" in terminal.shown[-1])
        program.go_on()
        assert program.finish() == "out/fox.png\nout/owl.png\nout/end.png\n"
        assert program.terminal.shown == ["a warning [/red]"]


def test_no_color_means_none(tmp_path: Path) -> None:
    with Program(live(), tmp_path, columns=100, NO_COLOR="1") as program:
        program.read_until(lambda terminal: "waits" in terminal.shown[-1])
        program.go_on()
        program.finish()
        styles = set(";".join(re.findall(r"\x1b\[([\d;]*)m", program.sent)).split(";"))
        assert styles == {"0", "1", "2"}


@pytest.mark.parametrize(
    ("options", "variables"),
    [
        ("", {"TERM": "dumb"}),
        ("json=True", {}),
        ("quiet=True", {}),
    ],
)
def test_no_display_where_none_is_wanted(
    tmp_path: Path, options: str, variables: dict[str, str]
) -> None:
    with Program(live(options), tmp_path, columns=100, **variables) as program:
        program.go_on()
        program.finish()
        assert "\x1b[?7l" not in program.sent
        assert "━" not in program.sent
        paths = [line for line in program.terminal.shown if line.startswith("out/")]
        assert paths == ["out/fox.png", "out/owl.png", "out/end.png"]


def test_rich_is_loaded_in_a_terminal_only(tmp_path: Path) -> None:
    code = live() + "\nimport sys\nprint('rich' in sys.modules, file=sys.stderr)"
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        input="\n",
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stderr.splitlines() == ["a warning [/red]", "False"]


def test_an_error_ends_the_display(tmp_path: Path) -> None:
    code = live().replace('console.warn("a warning [/red]")', "raise SystemExit(0)")
    with Program(code, tmp_path, columns=100) as program:
        program.read_until(lambda terminal: "waits" in terminal.shown[-1])
        program.go_on()
        program.finish()
        assert program.terminal.shown == ["out/fox.png", "out/owl.png"]
