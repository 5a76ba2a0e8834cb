"""`imagine cost`: totals of the ledger, and the prices."""

import json
from pathlib import Path

import pytest
from conftest import Command

from imagine.cli.settings import config_directory
from imagine.stages.money.prices import load_prices


@pytest.fixture
def ledger() -> Path:
    """A ledger of three calls and a line that was cut."""
    config_directory().mkdir(parents=True)
    path = config_directory() / "ledger.jsonl"

    def line(day: str, kind: str, provider: str, dollars: float | None) -> str:
        entry = {
            "time": f"{day}T10:00:00Z",
            "kind": kind,
            "provider": provider,
            "model": "m",
            "dollars": dollars,
            "outcome": "saved",
            "usage": {"calls": 1},
        }
        return json.dumps(entry)

    lines = [
        line("2026-10-31", "enhance", "gemini", 0.0012),
        line("2026-10-31", "image", "gemini", 0.0336),
        line("2026-11-22", "image", "huggingface", None),
        '{"time": "2026-11',
    ]
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.mark.usefixtures("ledger")
def test_what_was_spent_is_listed_by_day(imagine: Command) -> None:
    done = imagine("cost")
    assert done.code == 0
    assert done.lines == [
        "day           pictures   calls     dollars",
        "2026-10-31           1       2     $0.0348",
        "2026-11-22           1       1       $0.00  and 1 at an unknown price",
        "total                2       3     $0.0348  and 1 at an unknown price",
    ]
    assert done.err == "1 damaged line of the ledger left out.\n"


@pytest.mark.usefixtures("ledger")
@pytest.mark.parametrize(
    ("by", "keys"),
    [
        ("month", ["2026-10", "2026-11"]),
        ("model", ["gemini/m", "huggingface/m"]),
        ("provider", ["gemini", "huggingface"]),
    ],
)
def test_what_was_spent_is_listed_by_other_things(
    imagine: Command, by: str, keys: list[str]
) -> None:
    lines = imagine("cost", "--by", by).lines
    assert [line.split()[0] for line in lines] == [by, *keys, "total"]


@pytest.mark.usefixtures("ledger")
def test_only_what_was_spent_since_a_day_is_listed(imagine: Command) -> None:
    rows = {
        since: [row["key"] for row in imagine("cost", "--since", since, "--json").json["rows"]]
        for since in ("2026-10-31", "2026-11-01", "2026-11-22", "2026-11-23")
    }
    assert rows == {
        "2026-10-31": ["2026-10-31", "2026-11-22"],
        "2026-11-01": ["2026-11-22"],
        "2026-11-22": ["2026-11-22"],
        "2026-11-23": [],
    }


@pytest.mark.usefixtures("ledger")
def test_json_holds_rows_and_total(imagine: Command) -> None:
    assert imagine("cost", "--json", "--by", "provider").json == {
        "since": None,
        "by": "provider",
        "rows": [
            {"key": "gemini", "pictures": 1, "calls": 2, "dollars": 0.0348, "unpriced": 0},
            {"key": "huggingface", "pictures": 1, "calls": 1, "dollars": 0.0, "unpriced": 1},
        ],
        "total": {"key": "total", "pictures": 2, "calls": 3, "dollars": 0.0348, "unpriced": 1},
        "damaged": 1,
    }


def test_nothing_was_spent_yet(imagine: Command) -> None:
    done = imagine("cost")
    assert done.lines == [
        "day      pictures   calls     dollars",
        "total           0       0       $0.00",
    ]
    assert done.err == ""


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--since", "gestern"), "--since 'gestern' is no date; give one such as 2026-11-01."),
        (
            ("--since", "2026-02-30"),
            "--since '2026-02-30' is no date; give one such as 2026-11-01.",
        ),
        (
            ("--by", "modell"),
            "There is no --by 'modell'; did you mean 'model'? "
            "(known: day, month, model, provider).",
        ),
    ],
)
def test_a_wrong_option_is_refused(imagine: Command, arguments: tuple[str, ...], told: str) -> None:
    done = imagine("cost", *arguments)
    assert done.code == 2
    assert done.err == f"Error: {told}\n"


def test_prices_are_listed_with_date_and_source(imagine: Command) -> None:
    lines = imagine("cost", "--prices").lines
    banana = next(line for line in lines if line.startswith("gemini/gemini-nano-banana-2.1"))
    assert "$0.0336 a picture; $1.50 in, $7.50 out per 1M tokens" in banana
    assert "2026-10-06" in banana
    assert "LiteLLM discussion 44983 (third party)" in banana
    flux = next(line for line in lines if line.startswith("fal/fal-ai/flux/dev "))
    assert "  $0.025 a megapixel, $0.03 from a reference picture  " in flux
    rows = [json.loads(line) for line in imagine("cost", "--prices", "--json").lines]
    assert len(rows) == len(load_prices().prices)
    assert all({"provider", "model", "date", "source"} <= set(row) for row in rows)


def test_prices_of_the_users_are_listed_too(imagine: Command) -> None:
    config_directory().mkdir(parents=True)
    own = config_directory() / "prices.toml"
    own.write_text('[[price]]\nprovider = "acme"\nmodel = "*"\npicture = 0.05\n')
    lines = imagine("cost", "--prices").lines
    assert lines[0].split() == ["acme/*", "$0.05", "a", "picture", "your", "prices.toml"]
    # The form that the last lines show is one that works.
    own.write_text("\n".join(lines[lines.index("") :][2:]))
    assert any(line.startswith("openai/gpt-image-3 ") for line in imagine("cost", "--prices").lines)
    own.write_text("[[price]]\n")
    done = imagine("cost", "--prices")
    assert done.code == 3
    assert done.err == (
        f"Error: The price list '{own}', entry 1: provider is missing (and 1 more); "
        "correct the field.\n"
    )
