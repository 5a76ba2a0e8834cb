"""`imagine upscale` with upscalers behind HTTP: what is paid, told and kept."""

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from conftest import Command
from fakes import Fake, serve
from hosted_upscale import picture
from PIL import Image
from test_cli_purse import ledger

from imagine.stages.money.prices import load_prices

Serve = Callable[..., Fake]


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Iterator[Serve]:
    """Starts a fake and sets what leads to it: `service("stability", faults=["429"])`."""
    monkeypatch.setattr("imagine.stages.network.retry.FIRST_CEILING", 0.001)
    with ExitStack() as stack:

        def start(name: str, **options: Any) -> Fake:
            fake = stack.enter_context(serve(name, **options))
            monkeypatch.setenv(f"IMAGINE_{name.upper()}_BASE_URL", fake.url)
            if fake.key:
                monkeypatch.setenv(f"IMAGINE_{name.upper()}_API_KEY", fake.key)
            return fake

        yield start


def draw(name: str = "fox.png", width: int = 96, height: int = 64) -> None:
    picture(width, height).save(name)


def test_a_picture_is_enlarged_paid_and_written_down(imagine: Command, service: Serve) -> None:
    fake = service("stability")
    draw()
    done = imagine("upscale", "fox.png", "--upscaler", "stability/fast", "--scale", "4", "--json")
    assert done.code == 0
    assert done.json["cost"] == 0.02
    assert done.json["model"] == "fast"
    with Image.open("fox-4x.png") as image:
        assert image.size == (384, 256)
    assert fake.paid == 1
    (line,) = ledger()
    assert (line["kind"], line["model"], line["dollars"]) == ("upscale", "fast", 0.02)
    assert "$0.02" in imagine("cost").out


def test_what_is_there_is_not_paid_for_again(imagine: Command, service: Serve) -> None:
    fake = service("stability")
    draw()
    command = ("upscale", "fox.png", "--upscaler", "stability/fast", "--scale", "4")
    first, second = imagine(*command), imagine(*command)
    assert (first.code, second.code) == (0, 0)
    assert first.out == second.out
    assert fake.paid == 1
    assert len(ledger()) == 1


def test_the_default_model_is_a_setting(
    imagine: Command, service: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake = service("stability")
    draw()
    assert imagine("upscale", "fox.png", "--upscaler", "stability", "--scale", "2").code == 0
    monkeypatch.setenv("IMAGINE_STABILITY_UPSCALE_MODEL", "conservative")
    done = imagine("upscale", "fox.png", "--upscaler", "stability", "--scale", "3")
    assert done.code == 2
    assert [entry.model for entry in fake.entries] == ["fast"]


def test_a_budget_that_is_too_small_asks_nobody(imagine: Command, service: Serve) -> None:
    fake = service("stability")
    draw()
    done = imagine(
        "upscale", "fox.png", "--upscaler", "stability/fast", "--scale", "4", "--budget", "0.01"
    )
    assert done.code == 7
    assert fake.entries == []
    assert ledger() == []
    assert not Path("fox-4x.png").exists()


def test_a_budget_ends_a_run_when_it_is_used_up(imagine: Command, service: Serve) -> None:
    fake = service("stability")
    for number in range(4):
        draw(f"fox-{number}.png")
    done = imagine(
        "upscale", ".", "--upscaler", "stability/fast", "--scale", "4", "--budget", "0.05", "--yes"
    )
    assert done.code == 7
    assert fake.paid == 2
    assert [line["dollars"] for line in ledger()] == [0.02, 0.02]
    assert len(list(Path().glob("*-4x.png"))) == 2


def test_a_dry_run_tells_what_it_would_cost_and_asks_nobody(
    imagine: Command, service: Serve
) -> None:
    fake = service("stability")
    draw()
    done = imagine(
        "upscale", "fox.png", "--upscaler", "stability/conservative", "--scale", "2", "--dry-run"
    )
    assert done.code == 0
    assert "$0.40" in done.out + done.err
    assert fake.entries == []
    assert not Path("fox-2x.png").exists()


def test_an_answer_that_was_lost_is_written_down_as_such(imagine: Command, service: Serve) -> None:
    service("stability", faults=["reset"])
    draw()
    done = imagine("upscale", "fox.png", "--upscaler", "stability/fast", "--scale", "4")
    assert done.code == 4
    (line,) = ledger()
    assert (line["outcome"], line["dollars"]) == ("lost", 0.02)
    assert list(Path().glob("*-4x*")) == []


@pytest.mark.parametrize(
    ("fault", "code"), [("moderation", 5), ("invalid-key", 3), ("no-credit", 4), ("html", 4)]
)
def test_failures_end_with_their_codes_and_leave_nothing(
    imagine: Command, service: Serve, fault: str, code: int
) -> None:
    fake = service("stability", faults=[fault])
    draw()
    done = imagine("upscale", "fox.png", "--upscaler", "stability/fast", "--scale", "4")
    assert done.code == code
    assert (fake.key or "") not in done.err
    assert done.out == ""
    assert list(Path().glob("*-4x*")) == []


def test_without_a_key_it_is_said_how_to_do_without(imagine: Command) -> None:
    draw()
    done = imagine("upscale", "fox.png", "--upscaler", "stability/fast", "--scale", "4")
    assert done.code == 3
    assert done.err.splitlines()[-1] == (
        "Error: There is no key for Stability AI: set STABILITY_API_KEY in the environment or in "
        ".env (https://platform.stability.ai/account/keys), or work without one: --upscaler auto."
    )


def test_the_words_that_a_picture_was_drawn_from_go_along(imagine: Command, service: Serve) -> None:
    fake = service("stability")
    drawn = imagine("a red fox in the snow", "--backend", "sketch", "--seed", "7", "-o", "fox.png")
    assert drawn.code == 0
    done = imagine("upscale", "fox.png", "--upscaler", "stability/conservative", "--scale", "2")
    assert done.code == 0, done.err
    (entry,) = fake.entries
    assert "a red fox in the snow" in entry.prompt
    assert dict(entry.parsed)["seed"] == "7"


def test_a_picture_without_words_is_refused_where_they_are_wanted(
    imagine: Command, service: Serve
) -> None:
    fake = service("stability")
    draw()
    done = imagine("upscale", "fox.png", "--upscaler", "stability/conservative", "--scale", "2")
    assert done.code == 2
    assert "stability/conservative wants words for what the picture shows" in done.err
    assert fake.entries == []
    assert ledger() == []


def test_a_server_of_ones_own_costs_nothing(imagine: Command, service: Serve) -> None:
    fake = service("sdapi", key="fox:a-long-password")
    draw()
    done = imagine("upscale", "fox.png", "--upscaler", "sdapi/r-esrgan 4x+", "--scale", "4", "-vv")
    assert done.code == 0, done.err
    with Image.open("fox-4x.png") as image:
        assert image.size == (384, 256)
    assert ledger() == []
    assert "a-long-password" not in done.err
    assert {entry.leaks for entry in fake.entries} == {()}
    assert (
        imagine("upscale", "fox.png", "--upscaler", "sdapi/r-esrgan 4x+", "--scale", "4").code == 0
    )
    assert len(fake.log.of("image")) == 1


def test_localai_enlarges_with_the_model_that_is_named(imagine: Command, service: Serve) -> None:
    service("localai")
    draw()
    done = imagine("upscale", "fox.png", "--upscaler", "localai/my-upscaler", "--to", "200x200")
    assert done.code == 0, done.err
    with Image.open(done.lines[0]) as image:
        assert image.size == (200, 200)
    bare = imagine("upscale", "fox.png", "--upscaler", "localai", "--scale", "2")
    assert bare.code == 3
    assert "LocalAI wants a model to be named" in bare.err


@pytest.mark.parametrize(
    ("name", "model", "ready", "paid"),
    [("stability", "fast", False, True), ("sdapi", "", True, False), ("localai", "", True, False)],
)
def test_they_are_listed_with_what_they_lack(
    imagine: Command, name: str, model: str, ready: bool, paid: bool
) -> None:
    rows = [json.loads(line) for line in imagine("backends", name, "--json").lines]
    (row,) = [row for row in rows if row["kind"] == "upscaler"]
    assert (row["model"], row["ready"], row["paid"]) == (model, ready, paid)


@pytest.mark.parametrize(
    ("model", "dollars"), [("fast", 0.02), ("conservative", 0.40), ("creative", 0.60)]
)
def test_every_model_has_a_price(model: str, dollars: float) -> None:
    price = load_prices().price_of("stability", model)
    assert price is not None
    assert price.one_picture(4096, 4096) == dollars
