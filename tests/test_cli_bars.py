"""The bar of a running stage: what it says, and the picture above it that is gone in the end."""

import re
import signal
from pathlib import Path

import pytest
from local_painter import model_at
from terminal import Program, Terminal

from imagine.cli.bars import told
from imagine.stages.image import Progress

CODE = """
import sys
sys.path.insert(0, {tests!r})
from imagine.stages.generate import BACKENDS
BACKENDS.built_in["diffusers"] = "local_painter:LocalPainter"
from imagine.cli.main import main
sys.argv[1:] = ["a fox", "-b", "diffusers", "-m", "./slow", "-o", "fox.png", *{options!r}]
main()
"""


def drawing(directory: Path, *options: str, **variables: str) -> Program:
    model_at(directory / "slow")
    code = CODE.format(tests=str(Path(__file__).parent), options=list(options))
    return Program(code, directory, columns=80, pipe_out=True, **variables)


def blocks(terminal: Terminal) -> int:
    return sum(row.count("▀") for row in terminal.shown)


@pytest.mark.parametrize(
    ("step", "text"),
    [
        (Progress(0, 20, "loading sdxl"), "loading sdxl"),
        (Progress(3, 20, "denoising"), "3/20 denoising"),
    ],
)
def test_a_step_says_how_far_it_is_once_there_is_something(step: Progress, text: str) -> None:
    assert told(step) == text


def test_a_picture_is_shown_while_it_is_drawn_and_is_gone_when_it_is_saved(tmp_path: Path) -> None:
    with drawing(tmp_path) as program:
        program.read_until(lambda terminal: blocks(terminal) > 0)
        assert not program.terminal.shows_cursor
        assert program.finish() == "fox.png\n"
        assert "4/4 denoising" in program.sent
        # What is left is the picture itself, in the shape that it has.
        left = [row for row in program.terminal.shown if "▀" in row]
        assert left == ["▀" * 40] * 20
        assert not any("denoising" in row for row in program.terminal.shown)
        assert program.terminal.shows_cursor


def test_previews_come_no_more_than_twice_a_second(tmp_path: Path) -> None:
    with drawing(tmp_path) as program:
        program.finish()
        # Steps are 0.2 s apart, and each has a red of its own.
        reds = set(re.findall(r"\x1b\[38;(?:5;\d+|2;\d+;0;0);", program.sent))
        assert 1 <= len(reds) <= 3


@pytest.mark.parametrize(
    ("options", "variables"), [(("--no-preview",), {}), ((), {"NO_COLOR": "1"})]
)
def test_no_picture_is_shown_where_none_is_wanted(
    tmp_path: Path, options: tuple[str, ...], variables: dict[str, str]
) -> None:
    with drawing(tmp_path, *options, **variables) as program:
        program.finish()
        assert "▀" not in program.sent
        assert "4/4 denoising" in program.sent


def test_an_interrupted_drawing_leaves_the_terminal_whole(tmp_path: Path) -> None:
    with drawing(tmp_path) as program:
        program.read_until(lambda terminal: blocks(terminal) > 0)
        program.process.send_signal(signal.SIGINT)
        assert program.finish(130) == ""
        assert blocks(program.terminal) == 0
        assert program.terminal.shown[-1] == "Interrupted; what is finished is kept."
        assert program.terminal.shows_cursor
    assert not (tmp_path / "fox.png").exists()
