from collections.abc import Iterator
from typing import Any

import pytest

from imagine.stages.errors import (
    ConfigError,
    LostAnswerError,
    ProviderError,
    RefusedError,
    UnusableAnswerError,
)
from imagine.stages.generate import job as module
from imagine.stages.generate.job import Job, drawing, follow
from imagine.stages.image import Progress

PAGE = "https://example.org/jobs/a1"


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The pauses made; time passes only in them."""
    pauses: list[float] = []
    monkeypatch.setattr(module, "sleep", pauses.append)
    monkeypatch.setattr(module, "monotonic", lambda: sum(pauses))
    return pauses


def job_of(log: list[str]) -> Job:
    return Job(
        id="a1",
        title="Replicate",
        page=PAGE,
        cancel=lambda: log.append("cancelled"),
        tell=log.append,
    )


def state(answer: str) -> tuple[str, bool]:
    return answer, answer == "done"


def followed(*answers: Any, silence: float = 60.0) -> tuple[list[Progress], Any]:
    """The steps, and the last answer, of a job that answers so; exceptions are raised."""
    later = iter(answers[1:])

    def ask() -> Any:
        answer = next(later)
        if isinstance(answer, Exception):
            raise answer
        return answer

    steps: list[Progress] = []
    following = follow(job_of([]), answers[0], ask=ask, state=state, silence=silence)
    while True:
        try:
            steps.append(next(following))
        except StopIteration as end:
            return steps, end.value


def test_a_job_is_followed_to_its_end_and_each_state_told_once(clock: list[float]) -> None:
    steps, last = followed("queued", "queued", "drawing", "done")
    assert [step.label for step in steps] == ["queued", "drawing"]
    assert last == "done"
    assert clock == pytest.approx([0.1, 0.15, 0.225])


def test_a_job_that_is_done_at_once_is_never_asked_for(clock: list[float]) -> None:
    assert followed("done") == ([], "done")
    assert clock == []


def test_pauses_grow_to_four_seconds(clock: list[float]) -> None:
    followed(*(str(number) for number in range(20)), "done")
    assert clock[-1] == 4.0
    assert clock == sorted(clock)


def test_pauses_are_as_long_as_the_provider_wants_them(clock: list[float]) -> None:
    answers = iter(["drawing", "drawing", "done"])
    following = follow(
        job_of([]), "queued", ask=lambda: next(answers), state=state, silence=300, every=10
    )
    assert [step.label for step in following] == ["queued", "drawing"]
    assert clock == [10, 10, 10]


def test_an_answer_that_cannot_be_read_is_asked_for_again() -> None:
    bad = UnusableAnswerError("The answer is a web page.")
    assert followed("queued", bad, bad, "done")[1] == "done"


def test_three_unreadable_answers_name_the_job() -> None:
    with pytest.raises(LostAnswerError) as caught:
        followed("queued", *[UnusableAnswerError("The answer is a web page.")] * 3)
    assert str(caught.value) == (
        "Replicate holds the job a1, which may be billed, but its state cannot be read (The answer "
        f"is a web page); look for its picture at {PAGE}."
    )


@pytest.mark.parametrize("error", [ProviderError, ConfigError])
def test_a_provider_out_of_reach_names_the_job(error: type[Exception]) -> None:
    with pytest.raises(LostAnswerError) as caught:
        followed("queued", error("Replicate cannot be reached."))
    assert str(caught.value) == (
        "Replicate holds the job a1, which may be billed, but it was lost sight of (Replicate "
        f"cannot be reached); look for its picture at {PAGE}."
    )


def test_a_refusal_stays_one() -> None:
    with pytest.raises(RefusedError, match=r"^No\.$"):
        followed("queued", RefusedError("No."))


def test_a_picture_that_cannot_be_fetched_names_the_job() -> None:
    def fetch() -> None:
        raise LostAnswerError("The picture cannot be fetched.")

    with pytest.raises(LostAnswerError) as caught:
        job_of([]).reach(fetch)
    assert str(caught.value) == (
        f"The picture cannot be fetched. Its job is a1: look for the picture at {PAGE}."
    )


def test_a_job_whose_state_stays_the_same_is_given_up() -> None:
    with pytest.raises(LostAnswerError) as caught:
        followed("queued", *["drawing"] * 100, silence=30.0)
    assert str(caught.value) == (
        "Replicate holds the job a1, which may be billed, but it has said “drawing” for 30 s; look "
        f"for its picture at {PAGE}."
    )


def test_a_job_that_always_has_news_is_given_up_too() -> None:
    with pytest.raises(LostAnswerError) as caught:
        followed("queued", *(str(number) for number in range(200)), silence=5.0)
    assert str(caught.value) == (
        "Replicate holds the job a1, which may be billed, but it has not ended in 50 s; look for "
        f"its picture at {PAGE}."
    )


def interrupted(log: list[str], cancelling: type[Exception] | None = None) -> Iterator[str]:
    job = job_of(log)
    if cancelling is not None:

        def cancel() -> None:
            raise cancelling("It did not answer.")

        job = Job(job.id, job.title, job.page, cancel, job.tell)
    with job.cancelled_on_interrupt():
        yield "waiting"
        raise KeyboardInterrupt


def test_ctrl_c_cancels_the_job() -> None:
    log: list[str] = []
    steps = interrupted(log)
    next(steps)
    with pytest.raises(KeyboardInterrupt):
        next(steps)
    assert log == ["cancelled", "Replicate was asked to stop the job a1."]


def test_a_caller_that_turns_away_cancels_the_job() -> None:
    log: list[str] = []
    steps = interrupted(log)
    next(steps)
    steps.close()  # type: ignore[attr-defined]
    assert log[0] == "cancelled"


def test_a_job_that_cannot_be_cancelled_is_named() -> None:
    log: list[str] = []
    steps = interrupted(log, ProviderError)
    next(steps)
    with pytest.raises(KeyboardInterrupt):
        next(steps)
    assert log == [
        f"Replicate could not be asked to stop the job a1, which may be billed; see {PAGE}."
    ]


def test_errors_cancel_nothing() -> None:
    log: list[str] = []
    with pytest.raises(RefusedError), job_of(log).cancelled_on_interrupt():
        raise RefusedError("No.")
    assert log == []


@pytest.mark.parametrize(
    ("logs", "words"),
    [
        ("", "drawing"),
        ("loading weights\n", "drawing"),
        ("  0%|     | 0/4\n 25%|██   | 1/4\n 50%|████ | 2/4", "drawing, 50 %"),
    ],
)
def test_the_newest_percentage_is_told(logs: str, words: str) -> None:
    assert drawing(logs) == words
