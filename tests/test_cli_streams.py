"""Both streams: whole lines in order, above a display that leaves nothing behind."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from terminal import Program

from imagine.cli.console import Console

# Four threads print paths and notes while the display changes all the time.
CROWD = """
import sys
import threading
from imagine.cli.console import Console
from imagine.cli.streams import STREAMS
console = Console()
sys.setswitchinterval(1e-6)
def say(name):
    for index in range(40):
        console.result(f"{name}-{index}-" + "out/" * 8)
        console.note(f"{name}:{index}:" + "long " * 20)
threads = [threading.Thread(target=say, args=(name,)) for name in "abcd"]
for thread in threads:
    thread.start()
count = 0
while any(thread.is_alive() for thread in threads):
    STREAMS.display([f" {count} " + "=" * 150, " second line"][: 1 + count % 2])
    count += 1
STREAMS.display([" last"])
input()
STREAMS.display([])
console.note("end")
"""


def test_a_crowd_of_threads_garbles_nothing_in_a_terminal(tmp_path: Path) -> None:
    with Program(CROWD, tmp_path, columns=200) as program:
        program.read_until(lambda terminal: terminal.shown[-1] == " last")
        shown = program.terminal.shown
        assert shown.pop() == " last"
        for name in "abcd":
            own = [line for line in shown if line.startswith(name)]
            assert own == [
                line
                for index in range(40)
                for line in (
                    f"{name}-{index}-" + "out/" * 8,
                    (f"{name}:{index}:" + "long " * 20).rstrip(),
                )
            ]
        assert len(shown) == 4 * 80
        program.go_on()
        program.finish()
        assert program.terminal.shown == [*shown, "end"]
        assert "\x1b[?25l" not in program.sent


def test_a_crowd_of_threads_garbles_nothing_in_pipes(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", CROWD.replace("STREAMS.display(", "len(")],
        cwd=tmp_path,
        input=b"\n",
        capture_output=True,
        check=True,
    )
    for sent, mark, rest in ((done.stdout, "-", "out/" * 8), (done.stderr, ":", "long " * 20)):
        lines = sent.decode().splitlines()
        for name in "abcd":
            own = [line for line in lines if line.startswith(name)]
            assert own == [f"{name}{mark}{index}{mark}{rest}" for index in range(40)]
        assert len([line for line in lines if line != "end"]) == 160


WINDOW = """
from imagine.cli.console import Console
from imagine.cli.streams import STREAMS
console = Console()
console.result("out/" + "long-name" * 6 + ".png")
STREAMS.display([" " + "=" * 75, " " + "日本" * 18])
input()
console.result("out/short.png")
STREAMS.display([" " + "=" * 35, " second"])
input()
STREAMS.display([])
"""


def test_a_window_made_narrower_leaves_nothing_behind(tmp_path: Path) -> None:
    with Program(WINDOW, tmp_path, columns=80) as program:
        program.read_until(lambda terminal: "日本" in terminal.shown[-1] and terminal.is_at_rest)
        program.narrow(40)
        assert len(program.terminal.shown) == 6
        program.go_on()
        program.read_until(lambda terminal: terminal.shown[-1] == " second")
        name = "out/" + "long-name" * 6 + ".png"
        kept = [name[:40], name[40:], "out/short.png"]
        assert program.terminal.shown == [*kept, " " + "=" * 35, " second"]
        program.go_on()
        program.finish()
        assert program.terminal.shown == kept


def test_a_line_that_is_too_wide_after_all_is_cut_off(tmp_path: Path) -> None:
    code = WINDOW.replace('" " + "日本" * 18', '"x" * 90').replace('" " + "=" * 75', '"y" * 90')
    with Program(code, tmp_path, columns=80) as program:
        program.read_until(lambda terminal: terminal.shown[-1].startswith("x"))
        assert program.terminal.shown[1:] == ["y" * 80, "x" * 80]
        program.go_on()
        program.go_on()
        program.finish()
        assert program.terminal.shown[-1] == "out/short.png"
        assert program.terminal.wraps


SMALL_TALK = """
from imagine.cli.console import Console, fail
from imagine.cli.streams import STREAMS
from imagine.stages.errors import UsageError
STREAMS.display([" bar"])
Console().note("a note")
fail(UsageError("wrong"))
STREAMS.display([])
print("through")
"""


@pytest.mark.parametrize("redirection", ["2>&-", "2>/dev/full"])
def test_a_closed_or_full_stderr_stops_nothing(redirection: str, tmp_path: Path) -> None:
    done = subprocess.run(
        ["/bin/sh", "-c", f'"$0" -c "$1" {redirection}', sys.executable, SMALL_TALK],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    assert done.stdout == "through\n"


def test_a_reader_who_takes_his_time_does_not_hold_up_stderr(tmp_path: Path) -> None:
    code = """
import threading
from imagine.cli.console import Console
console = Console()
thread = threading.Thread(target=console.result, args=("x" * 1_000_000,))
thread.start()
thread.join(0.2)
console.note("still here")
thread.join()
"""
    out, into = os.pipe()
    with subprocess.Popen(
        [sys.executable, "-c", code], cwd=tmp_path, stdout=into, stderr=subprocess.PIPE
    ) as process:
        os.close(into)
        assert process.stderr is not None
        assert process.stderr.readline() == b"still here\n"
        with open(out, "rb") as reader:  # noqa: PTH123  # a descriptor
            assert len(reader.read()) == 1_000_001


def test_a_note_is_said_once_and_not_remembered_for_ever(
    capsys: pytest.CaptureFixture[str],
) -> None:
    console = Console()
    for index in (0, 0, *range(1, 2001), 2000, 0):
        console.note_once(f"note {index}")
    said = capsys.readouterr().err.splitlines()
    assert said == [*(f"note {index}" for index in range(2001)), "note 0"]
