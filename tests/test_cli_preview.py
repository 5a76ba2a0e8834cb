"""Pictures in the terminal: the protocol from the environment, the bytes that are sent."""

import base64
import io
import os
import pty
import re
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from imagine.cli import preview


@pytest.mark.parametrize(
    ("environment", "protocol"),
    [
        ({"TERM": "xterm-256color"}, "blocks"),
        ({"TERM": "xterm-kitty"}, "kitty"),
        ({"KITTY_WINDOW_ID": "1", "TERM": "xterm"}, "kitty"),
        ({"TERM_PROGRAM": "ghostty"}, "kitty"),
        ({"TERM_PROGRAM": "iTerm.app"}, "iterm2"),
        ({"TERM_PROGRAM": "WezTerm"}, "iterm2"),
        ({"TERM_PROGRAM": "vscode"}, "blocks"),
        ({"TERM_PROGRAM": "iTerm.app", "TMUX": "x"}, "blocks"),
        ({"TERM": "screen", "KITTY_WINDOW_ID": "1"}, "blocks"),
    ],
)
def test_the_protocol_is_chosen_from_the_environment(
    environment: dict[str, str], protocol: str
) -> None:
    assert preview.protocol(environment) == protocol


def noise() -> Image.Image:
    return Image.effect_noise((200, 100), 80).convert("RGB")


def test_kitty_gets_a_png_in_chunks() -> None:
    picture = noise()
    chunks = re.findall(r"\x1b_G([^;]*);([^\x1b]*)\x1b\\", preview.kitty(picture))
    assert len(chunks) > 1
    assert all(len(data) <= 4096 for _, data in chunks)
    assert [("m=1" in keys) for keys, _ in chunks] == [True] * (len(chunks) - 1) + [False]
    assert chunks[0][0].startswith("a=T,f=100,")
    sent = base64.b64decode("".join(data for _, data in chunks))
    assert Image.open(io.BytesIO(sent)).tobytes() == picture.tobytes()


def test_iterm2_gets_a_png() -> None:
    picture = noise()
    found = re.fullmatch(
        r"\x1b\]1337;File=inline=1;size=(\d+);[^:]*:([^\a]*)\a\n", preview.iterm2(picture)
    )
    assert found is not None
    sent = base64.b64decode(found[2])
    assert len(sent) == int(found[1])
    assert Image.open(io.BytesIO(sent)).tobytes() == picture.tobytes()


def in_a_terminal(arguments: list[str], directory: Path, **variables: str) -> tuple[str, str]:
    """Run with stderr on a pseudo-terminal; gives stdout and what the terminal got."""
    parent, child = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "imagine.cli", *arguments],
        cwd=directory,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=child,
        env={"PATH": os.environ["PATH"], "HOME": str(directory), **variables},
    )
    os.close(child)
    shown = b""
    while True:
        try:
            data = os.read(parent, 65536)
        except OSError:
            break
        shown += data
        if not data:
            break
    assert process.stdout is not None
    out = process.stdout.read().decode()
    process.stdout.close()
    assert process.wait() == 0
    os.close(parent)
    return out, shown.decode()


def test_a_terminal_shows_the_picture_and_stdout_is_the_path_alone(tmp_path: Path) -> None:
    out, shown = in_a_terminal(
        ["a fox", "--size", "96x96", "-o", "fox.png"], tmp_path, TERM="xterm-256color"
    )
    assert out == "fox.png\n"
    assert "▀" in shown


@pytest.mark.parametrize(
    ("arguments", "variables"),
    [
        (["--no-preview"], {"TERM": "xterm-256color"}),
        ([], {"TERM": "xterm-256color", "NO_COLOR": "1"}),
        ([], {"TERM": "dumb"}),
        (["-q"], {"TERM": "xterm-256color"}),
    ],
)
def test_no_picture_is_shown_where_none_is_wanted(
    tmp_path: Path, arguments: list[str], variables: dict[str, str]
) -> None:
    out, shown = in_a_terminal(
        ["a fox", "--size", "96x96", "-o", "fox.png", *arguments], tmp_path, **variables
    )
    assert out == "fox.png\n"
    assert "▀" not in shown
