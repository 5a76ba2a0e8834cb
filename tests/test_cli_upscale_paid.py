"""`imagine upscale` where results cost money: none is lost, and words go along that were given."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import Command
from fakes import Fake, serve
from PIL import Image

from imagine.stages.upscale.record import read_upscales

FAST = ("--upscaler", "stability/fast", "--scale", "4")


@pytest.fixture
def stability(monkeypatch: pytest.MonkeyPatch) -> Iterator[Fake]:
    """A fake Stability AI that the settings point at."""
    with serve("stability") as fake:
        monkeypatch.setenv("IMAGINE_STABILITY_BASE_URL", fake.url)
        monkeypatch.setenv("STABILITY_API_KEY", fake.key or "")
        yield fake


def draw(*names: str) -> None:
    for name in names:
        Image.linear_gradient("L").resize((96, 64)).convert("RGB").save(name)


def test_a_result_that_has_no_place_is_kept_elsewhere(
    imagine: Command, stability: Fake, tmp_path: Path
) -> None:
    draw("fox.png")
    Path("out/fox-4x.png").mkdir(parents=True)
    done = imagine("upscale", "fox.png", *FAST, "-o", "out", "--overwrite")
    assert (done.code, done.out, stability.paid) == (1, "", 1)
    rescued = tmp_path / "cache" / "imagine" / "rescued" / "fox-4x.png"
    assert done.err.endswith(f"The result is kept: '{rescued}'.\n")
    assert read_upscales(rescued)[-1].cost == 0.02


def test_a_place_that_cannot_be_written_is_refused_before_anything_is_paid(
    imagine: Command, stability: Fake
) -> None:
    draw("fox.png")
    Path("out").touch()
    done = imagine("upscale", "fox.png", *FAST, "-o", "out/deep/")
    assert (done.code, stability.paid) == (1, 0)


def test_many_are_enlarged_at_a_time_and_agreed_to_first(imagine: Command, stability: Fake) -> None:
    names = [f"fox{number}.png" for number in range(6)]
    draw(*names)
    refused = imagine("upscale", *names, *FAST)
    assert (refused.code, stability.paid) == (7, 0)
    assert "6 paid pictures, about $0.12" in refused.err
    done = imagine("upscale", *names, *FAST, "--yes", "--json")
    rows = [json.loads(line) for line in done.lines]
    assert (done.code, stability.paid) == (0, 6)
    assert sorted(row["path"] for row in rows) == [f"fox{number}-4x.png" for number in range(6)]


def test_a_prompt_is_read_or_refused_and_decides_what_is_finished(
    imagine: Command, stability: Fake
) -> None:
    draw("fox.png")
    reading = ("upscale", "fox.png", "--upscaler", "stability/conservative")
    done = imagine(*reading, "--prompt", "a red fox")
    assert (done.code, done.lines) == (0, ["fox-2x.png"])
    assert imagine(*reading, "--prompt", "a red fox").lines == ["fox-2x.png"]
    assert stability.paid == 1
    assert imagine(*reading, "--prompt", "a grey fox").lines == ["fox-2x-2.png"]
    refused = imagine("upscale", "fox.png", *FAST, "--prompt", "a red fox")
    assert (refused.code, refused.err) == (
        2,
        "Error: The upscaler stability/fast reads no prompt; leave out --prompt, or choose another "
        "--upscaler.\n",
    )
