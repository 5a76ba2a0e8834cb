"""The end of a batch: the sentence and the reasons, word for word."""

from typing import Any

import pytest

from imagine.cli.summary import failure_lines, summary_text


@pytest.mark.parametrize(
    ("values", "text"),
    [
        (
            {
                "done": 198,
                "failed": 2,
                "total": 200,
                "skipped": 17,
                "seconds": 252,
                "spent": 6.63,
                "results": "out/results.jsonl",
            },
            "198 of 200 done in 4 min 12 s, 2 failed, 17 were finished before; $6.63 spent; "
            "results in 'out/results.jsonl'.",
        ),
        ({"done": 1, "failed": 0, "total": 1, "seconds": 2.04}, "1 of 1 done in 2.0 s."),
        (
            {"done": 0, "failed": 1, "skipped": 1, "seconds": 2, "spent": 0.0},
            "0 of 1 done in 2.0 s, 1 failed, 1 was finished before.",
        ),
        (
            {"done": 12_000, "failed": 0, "seconds": 7200},
            "12,000 of 12,000 done in 2 h.",
        ),
        (
            {"done": 0, "failed": 0, "skipped": 200, "seconds": 0.1, "results": "r.jsonl"},
            "There was nothing left to do, 200 were finished before; results in 'r.jsonl'.",
        ),
        ({"done": 0, "failed": 0, "seconds": 0.1}, "There was nothing to do."),
        (
            {
                "done": 120,
                "failed": 3,
                "total": 200,
                "seconds": 125,
                "spent": 1.2,
                "stopped": "interrupted",
            },
            "Interrupted after 2 min 5 s: 120 of 200 done, 3 failed, 77 left; $1.20 spent; "
            "the same command goes on.",
        ),
        (
            {"done": 5, "failed": 0, "seconds": 20, "spent": 0.2, "stopped": "interrupted"},
            "Interrupted after 20 s: 5 done; $0.20 spent; the same command goes on.",
        ),
        (
            {"done": 9, "failed": 0, "total": 10, "seconds": 9.1, "spent": 5, "stopped": "budget"},
            "Stopped by the budget after 9.1 s: 9 of 10 done, 1 left; $5.00 spent; "
            "the same command goes on.",
        ),
        (
            {"done": 0, "failed": 10, "total": 99, "seconds": 30, "stopped": "error"},
            "Stopped after 30 s: 0 of 99 done, 10 failed, 89 left; the same command goes on.",
        ),
    ],
)
def test_the_summary_is_one_sentence(values: dict[str, Any], text: str) -> None:
    assert summary_text(**values) == text


REFUSAL = "Gemini refused the prompt (SAFETY); put it another way."


def test_failures_of_one_reason_stand_together() -> None:
    failures = [
        (90, REFUSAL),
        (17, REFUSAL),
        (5, "'a.png' cannot be read:\nNo such file; check the path."),
        (40, REFUSAL),
    ]
    assert failure_lines(failures, failed=4) == [
        f"3 × lines 17, 40, 90: {REFUSAL}",
        "line 5: 'a.png' cannot be read: No such file; check the path.",
    ]


def test_what_differs_in_values_alone_is_one_reason() -> None:
    failures = [
        (line, f"Gemini did not answer within {line}.5 s for 'prompt {line}'.")
        for line in (7, 12, 450)
    ]
    assert failure_lines(failures, failed=3) == [
        "3 × lines 7, 12, 450: Gemini did not answer within 7.5 s for 'prompt 7'."
    ]


def test_another_status_code_is_another_reason() -> None:
    failures = [(1, "Gemini answered 500."), (2, "Gemini answered 503."), (3, "took 4000 ms.")]
    failures += [(4, "took 41 ms.")]
    assert failure_lines(failures, failed=4) == [
        "2 × lines 3, 4: took 4000 ms.",
        "line 1: Gemini answered 500.",
        "line 2: Gemini answered 503.",
    ]


def test_many_lines_and_many_reasons_are_cut_and_counted() -> None:
    names = ("ant", "bee", "cat", "dog", "eel", "fox", "gnu")
    failures = [(index, f"No {name}.") for index, name in enumerate(names, start=101)]
    failures += [(line, REFUSAL) for line in range(1, 8)]
    assert failure_lines(failures, failed=2000) == [
        f"7 × lines 1, 2, 3, 4, 5, …: {REFUSAL}",
        "line 101: No ant.",
        "line 102: No bee.",
        "line 103: No cat.",
        "line 104: No dog.",
        "1,989 more failed, the results say why.",
    ]


def test_without_failures_nothing_is_said() -> None:
    assert failure_lines([], failed=0) == []
