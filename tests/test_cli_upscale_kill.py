"""`imagine upscale` killed or interrupted at random moments, and run again: nothing half, nothing
lost, nothing made twice."""

import contextlib
import os
import random
import signal
import subprocess
import time
from pathlib import Path

import pytest
from batch_runs import IMAGINE, run
from patience import LONG
from PIL import Image

PICTURES = 30


def draw_pictures(directory: Path) -> None:
    directory.mkdir()
    for number in range(PICTURES):
        noise = Image.effect_noise((64, 48), 20 + number).convert("RGB")
        noise.save(directory / f"picture-{number}.png")


def stamps_in(directory: Path) -> dict[str, tuple[int, int]]:
    """What changes when a result is made anew; each result there is found whole."""
    found = {}
    for path in sorted(directory.glob("*.png")):
        with Image.open(path) as picture:
            picture.load()
            assert picture.size == (128, 96)
        status = path.stat()
        found[path.name] = (status.st_ino, status.st_mtime_ns)
    return found


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGKILL, -9), (signal.SIGINT, 130), (signal.SIGTERM, 143)]
)
def test_a_run_that_is_stopped_at_random_goes_on_where_it_was(
    number: int, code: int, tmp_path: Path
) -> None:
    chance = random.Random(number)
    pictures, out = tmp_path / "pictures", tmp_path / "out"
    draw_pictures(pictures)
    command = [IMAGINE, "upscale", str(pictures), "-o", str(out), "--upscaler", "photo", "-q"]
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path / "home")}
    before: dict[str, tuple[int, int]] = {}
    stopped = 0
    for _ in range(4):
        count = len(before)
        ran = run(
            command,
            cwd=tmp_path,
            environment=environment,
            stop_after=chance.uniform(0.0, 0.3),
            stop_with=number,
            # At work, and not only starting.
            stop_since=lambda count=count: len(list(out.glob("*.png"))) > count,
        )
        after = stamps_in(out)
        assert after.items() >= before.items()
        before = after
        if ran.signalled is not None and ran.code == code:
            stopped += 1
    last = run(command, cwd=tmp_path, environment=environment)
    assert (last.code, last.err) == (0, "")
    assert stopped
    after = stamps_in(out)
    assert after.items() >= before.items()
    assert sorted(after) == sorted(f"picture-{number}-2x.png" for number in range(PICTURES))
    assert sorted(path.name for path in out.iterdir()) == sorted(after)
    assert last.out.splitlines() == [
        str(out / f"picture-{number}-2x.png") for number in range(PICTURES)
    ]


@pytest.mark.parametrize("gap", [0.0, 0.02, 0.05])
def test_several_ctrl_c_end_it_without_an_abort(gap: float, tmp_path: Path) -> None:
    Image.effect_noise((1200, 1200), 60).convert("RGB").save(tmp_path / "large.png")
    command = [IMAGINE, "upscale", "large.png", "--scale", "4", "--upscaler", "art"]
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path / "home")}
    process = subprocess.Popen(
        command, cwd=tmp_path, env=environment, stderr=subprocess.PIPE, text=True
    )
    assert process.stderr is not None
    # It is at work once it has said by whom.
    assert process.stderr.readline() == "1200x1200 to 4800x4800, upscaler art.\n"
    time.sleep(0.5)
    for _ in range(3):
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(signal.SIGINT)
        time.sleep(gap)
    said = process.communicate(timeout=LONG)[1]
    # One that comes between our handler and the end is the system's, to which it is 130 as well.
    assert process.returncode in (130, -signal.SIGINT)
    assert said.startswith("\nInterrupted; what is finished is kept.\n")
    assert "terminate called" not in said
    assert [path.name for path in tmp_path.iterdir()] == ["large.png"]
