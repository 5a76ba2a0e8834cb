"""Ledger: what is written, by several processes too, is what is read and added up."""

import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from imagine.stages.errors import ConfigError
from imagine.stages.money.ledger import Entry, Ledger, Total, read_ledger, total, totals
from imagine.stages.money.usage import Usage
from imagine.stages.recipe import UsageRecord

NOON = datetime(2026, 11, 22, 12, 0, 0, tzinfo=UTC)
PICTURE = {
    "time": "2026-11-22T12:00:00Z",
    "kind": "image",
    "provider": "gemini",
    "model": "gemini-nano-banana-2.1",
    "dollars": 0.0336,
    "outcome": "saved",
    "usage": {"calls": 1, "image_tokens": 1120, "images": 1},
}


def write(directory: Path, *lines: object) -> None:
    texts = [line if isinstance(line, str) else json.dumps(line) for line in lines]
    (directory / "ledger.jsonl").write_text("".join(f"{text}\n" for text in texts))


def test_a_call_is_one_line_without_prompt_key_or_path(tmp_path: Path) -> None:
    note = Ledger(tmp_path / "new").record(
        "image",
        provider="gemini",
        model="gemini-nano-banana-2.1",
        dollars=0.0336,
        outcome="saved",
        usage=Usage(calls=1, image_tokens=1120, images=1),
        now=NOON,
    )
    assert note is None
    path = tmp_path / "new" / "ledger.jsonl"
    assert path.read_text() == json.dumps(PICTURE) + "\n"
    assert path.stat().st_mode & 0o777 == 0o600


def test_what_was_written_is_read(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path)
    elsewhere = NOON.astimezone(timezone(timedelta(hours=5)))
    ledger.record(
        "enhance",
        provider="ollama",
        model="modèle\n2",
        dollars=None,
        outcome="lost",
        now=elsewhere,
        usage=UsageRecord(calls=2, input_tokens=5, output_tokens=7),
    )
    ledger.record("image", provider="fal", model="m", dollars=1 / 3, outcome="refused", now=NOON)
    assert read_ledger(tmp_path) == (
        [
            Entry(
                time="2026-11-22T12:00:00Z",
                kind="enhance",
                provider="ollama",
                model="modèle\n2",
                dollars=None,
                outcome="lost",
                usage=Usage(2, 5, 7),
            ),
            Entry(
                time="2026-11-22T12:00:00Z",
                kind="image",
                provider="fal",
                model="m",
                dollars=0.333333,
                outcome="refused",
            ),
        ],
        0,
    )


def test_no_ledger_has_no_entries(tmp_path: Path) -> None:
    assert read_ledger(tmp_path / "missing") == ([], 0)


def test_a_ledger_that_cannot_be_read_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "ledger.jsonl").mkdir()
    with pytest.raises(ConfigError) as caught:
        read_ledger(tmp_path)
    path = tmp_path / "ledger.jsonl"
    assert str(caught.value) == (
        f"The ledger '{path}' cannot be read: Is a directory; check the path."
    )


def test_a_ledger_that_cannot_be_written_is_a_note(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    note = Ledger(tmp_path / "file").record(
        "image", provider="fal", model="m", dollars=1.0, outcome="saved"
    )
    assert note == (
        "The ledger could not be written (File exists), so `imagine cost` lacks this call."
    )


@pytest.mark.parametrize(
    "damage",
    [
        '{"time": "2026-11-22T12:0',
        "\x00\x00\x00",
        "[]",
        "3",
        "[" * 100_000,
        json.dumps({key: value for key, value in PICTURE.items() if key != "model"}),
        *(
            json.dumps(PICTURE | change)
            for change in (
                {"time": "yesterday"},
                {"time": 3},
                {"time": "2026-11-31T12:00:00Z"},
                {"time": "2026-11-22 12:00:00"},
                {"kind": "video"},
                {"kind": []},
                {"provider": None},
                {"dollars": -1},
                {"dollars": float("nan")},
                {"dollars": "1"},
                {"dollars": True},
                {"outcome": "maybe"},
                {"usage": 3},
                {"usage": {"calls": -1}},
                {"usage": {"calls": 1.5}},
            )
        ),
    ],
)
def test_a_damaged_line_is_left_out_and_counted(tmp_path: Path, damage: str) -> None:
    write(tmp_path, PICTURE, damage, PICTURE)
    entries, damaged = read_ledger(tmp_path)
    assert len(entries) == 2
    assert damaged == 1


def test_fields_of_a_newer_version_are_passed_over(tmp_path: Path) -> None:
    write(tmp_path, PICTURE | {"seconds": 3.5, "usage": {"calls": 1, "audio_tokens": 9}})
    entries, damaged = read_ledger(tmp_path)
    assert [entry.usage for entry in entries] == [Usage(calls=1)]
    assert damaged == 0


def test_a_line_that_was_cut_does_not_swallow_the_next(tmp_path: Path) -> None:
    path = tmp_path / "ledger.jsonl"
    path.write_text(json.dumps(PICTURE) + "\n" + '{"time": "2026-1')
    Ledger(tmp_path).record("image", provider="fal", model="m", dollars=0.5, outcome="saved")
    entries, damaged = read_ledger(tmp_path)
    assert [entry.provider for entry in entries] == ["gemini", "fal"]
    assert damaged == 1


def test_parallel_processes_lose_and_mix_no_line(tmp_path: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from imagine.stages.money.ledger import Ledger\n"
        "for number in range(200):\n"
        "    Ledger(Path(sys.argv[1])).record('image', provider=sys.argv[2], model='m' * 300,\n"
        "        dollars=0.01, outcome='saved')\n"
    )
    writers = [
        subprocess.Popen([sys.executable, "-c", program, str(tmp_path), f"writer{number}"])
        for number in range(4)
    ]
    assert [writer.wait() for writer in writers] == [0, 0, 0, 0]
    entries, damaged = read_ledger(tmp_path)
    assert damaged == 0
    assert [(group.key, group.calls) for group in totals(entries, "provider")] == [
        (f"writer{number}", 200) for number in range(4)
    ]


def entries_of_two_months() -> list[Entry]:
    def entry(time: str, provider: str, kind: str, dollars: float | None, outcome: str) -> Entry:
        return Entry(f"{time}T00:00:00Z", kind, provider, "m", dollars, outcome)  # type: ignore[arg-type]

    return [
        entry("2026-10-31", "gemini", "enhance", 0.001, "saved"),
        entry("2026-10-31", "gemini", "image", 0.0336, "saved"),
        entry("2026-11-01", "huggingface", "image", None, "saved"),
        entry("2026-11-01", "gemini", "image", 0.0, "refused"),
        entry("2026-11-22", "gemini", "image", 0.0336, "lost"),
    ]


@pytest.mark.parametrize(
    ("by", "rows"),
    [
        (
            "day",
            [
                Total("2026-10-31", pictures=1, calls=2, dollars=0.0346, unpriced=0),
                Total("2026-11-01", pictures=1, calls=2, dollars=0.0, unpriced=1),
                Total("2026-11-22", pictures=0, calls=1, dollars=0.0336, unpriced=0),
            ],
        ),
        (
            "month",
            [
                Total("2026-10", pictures=1, calls=2, dollars=0.0346, unpriced=0),
                Total("2026-11", pictures=1, calls=3, dollars=0.0336, unpriced=1),
            ],
        ),
        (
            "model",
            [
                Total("gemini/m", pictures=1, calls=4, dollars=0.0682, unpriced=0),
                Total("huggingface/m", pictures=1, calls=1, dollars=0.0, unpriced=1),
            ],
        ),
        (
            "provider",
            [
                Total("gemini", pictures=1, calls=4, dollars=0.0682, unpriced=0),
                Total("huggingface", pictures=1, calls=1, dollars=0.0, unpriced=1),
            ],
        ),
    ],
)
def test_entries_are_added_up(by: str, rows: list[Total]) -> None:
    assert totals(entries_of_two_months(), by) == rows  # type: ignore[arg-type]
    assert total(entries_of_two_months()) == Total(
        "total", pictures=2, calls=5, dollars=0.0682, unpriced=1
    )
