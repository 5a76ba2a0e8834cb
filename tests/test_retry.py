import pytest

from imagine.stages.errors import ConfigError, ImagineError, LostAnswerError, ProviderError
from imagine.stages.network import retry
from imagine.stages.network.gate import Gate
from imagine.stages.network.providers import Connection, connect
from imagine.stages.network.retry import Fault, Transient, retrying

BUSY = Fault("is busy (429)", words="slow down", delay=2.0, counts=False)
DOWN = Fault("failed (503)", words="overloaded")
SILENT = Fault("sent nothing for 9 s", sent=True)
NO_NAME = Fault("cannot be reached: the name is not known", advice="check the network", tries=2)


class Script:
    """An attempt that comes to each of `faults` in turn, then to 7; its waits and messages."""

    def __init__(self, *faults: Fault | ImagineError, **changes: object) -> None:
        self.faults = list(faults)
        self.made = 0
        self.slept: list[float] = []
        self.told: list[str] = []
        self.connection: Connection = connect("openai", tell=self.told.append, **changes)

    def attempt(self) -> int:
        self.made += 1
        if not self.faults:
            return 7
        fault = self.faults.pop(0)
        raise Transient(fault) if isinstance(fault, Fault) else fault

    def run(self, *, paid: bool = False) -> int:
        return retrying(self.connection, self.attempt, paid=paid, sleep=self.slept.append)


@pytest.fixture(autouse=True)
def longest_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    """Random waits take their upper bound."""
    monkeypatch.setattr(retry.random, "uniform", lambda low, high: high)


def test_a_result_is_returned_without_a_wait() -> None:
    script = Script()
    assert script.run() == 7
    assert (script.slept, script.told) == ([], [])


def test_waits_double_up_to_thirty_seconds() -> None:
    script = Script(*[DOWN] * 7, attempts=9, patience=500)
    assert script.run() == 7
    assert script.slept == [1, 2, 4, 8, 16, 30, 30]
    assert script.told[0] == "OpenAI failed (503): waiting 1 s."


def test_a_server_is_not_asked_before_it_wants() -> None:
    script = Script(BUSY, Fault("failed (503)", delay=0.25))
    assert script.run() == 7
    assert script.slept == [3.0, 0.5]


def test_being_told_to_wait_uses_up_no_attempt() -> None:
    script = Script(*[BUSY] * 15, attempts=1, patience=60)
    assert script.run() == 7
    assert script.made == 16


def test_a_server_that_says_zero_seconds_for_ever_ends() -> None:
    script = Script(*[Fault("is busy (429)", delay=0.0, counts=False)] * 1000, patience=60)
    with pytest.raises(ProviderError):
        script.run()
    assert sum(script.slept) == 60


def test_the_last_wait_ends_with_the_patience() -> None:
    script = Script(*[DOWN] * 9, attempts=9, patience=5)
    with pytest.raises(ProviderError):
        script.run()
    assert script.slept == [1, 2, 2]


def test_a_spoken_error_ends_it_at_once() -> None:
    script = Script(DOWN, ConfigError("no"))
    with pytest.raises(ConfigError, match=r"^no$"):
        script.run()
    assert script.made == 2


def test_an_interruption_ends_the_wait() -> None:
    script = Script(DOWN)

    def interrupt(seconds: float) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        retrying(script.connection, script.attempt, paid=False, sleep=interrupt)


ENDS = [
    # faults, paid, changes of the connection, tries made, message
    (
        [DOWN] * 5,
        False,
        {},
        5,
        "OpenAI failed (503) (after 5 tries): overloaded; try again later.",
    ),
    ([DOWN], True, {"attempts": 1}, 1, "OpenAI failed (503): overloaded; try again later."),
    ([DOWN], True, {"patience": 0}, 1, "OpenAI failed (503): overloaded; try again later."),
    (
        [NO_NAME] * 2,
        True,
        {},
        2,
        "OpenAI cannot be reached: the name is not known (after 2 tries); check the network.",
    ),
    (
        [Fault("is busy (429)", words="daily", delay=3600, counts=False)],
        True,
        {},
        1,
        "OpenAI is busy (429) and asks to wait 60 min, longer than 60 s of patience that are "
        "left: daily; try again then.",
    ),
    (
        [BUSY] * 9,
        True,
        {"patience": 7},
        3,
        "OpenAI is busy (429) (after 3 tries) and asks to wait 2 s, longer than 1 s of "
        "patience that are left: slow down; try again then.",
    ),
    ([SILENT] * 5, False, {}, 5, "OpenAI sent nothing for 9 s (after 5 tries); try again later."),
]


@pytest.mark.parametrize(("faults", "paid", "changes", "made", "message"), ENDS)
def test_ends_with_what_happened_last(
    faults: list[Fault], paid: bool, changes: dict[str, object], made: int, message: str
) -> None:
    script = Script(*faults, **changes)
    with pytest.raises(ProviderError) as caught:
        script.run(paid=paid)
    assert (str(caught.value), script.made) == (message, made)
    assert not isinstance(caught.value, LostAnswerError)


def test_a_paid_request_that_was_sent_is_not_sent_again() -> None:
    script = Script(DOWN, SILENT)
    with pytest.raises(LostAnswerError) as caught:
        script.run(paid=True)
    assert script.made == 2
    assert str(caught.value) == (
        "OpenAI sent nothing for 9 s; the request may be billed all the same, so it was not sent "
        "again: look at your usage there before you repeat it."
    )


def test_of_a_program_on_ones_own_machine_nothing_is_said_to_be_billed() -> None:
    def attempt() -> None:
        raise Transient(SILENT)

    with pytest.raises(LostAnswerError) as caught:
        retrying(connect("sdapi"), attempt, paid=True)
    assert str(caught.value) == (
        "Stable Diffusion WebUI sent nothing for 9 s; the server may be at work on it all the "
        "same, so it was not sent again: look what it does before you repeat it."
    )


class Patient(Gate):
    """A gate that waits on no clock, and has taken no request for `busy_for` seconds."""

    def __init__(self, busy_for: float = 0.0) -> None:
        super().__init__(most=4)
        self.busy_for = busy_for
        self.slept: list[float] = []

    @property
    def rejected_for(self) -> float:
        return self.busy_for

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)


def test_at_a_gate_being_busy_uses_up_neither_attempts_nor_patience() -> None:
    script, gate = Script(*[BUSY] * 50, DOWN, *[BUSY] * 50, attempts=2, patience=3), Patient()
    assert retrying(script.connection, script.attempt, paid=True, gate=gate) == 7
    # The gate keeps the waits of a busy server; that of a failure is its own.
    assert gate.slept == [1.0]
    assert script.told == []


def test_at_a_gate_failures_count_as_ever() -> None:
    script, gate = Script(*[DOWN] * 9, attempts=3), Patient()
    with pytest.raises(ProviderError) as caught:
        retrying(script.connection, script.attempt, paid=True, gate=gate)
    assert str(caught.value) == "OpenAI failed (503) (after 3 tries): overloaded; try again later."
    assert gate.slept == [1.0, 2.0]


def test_no_gate_waits_for_hours() -> None:
    busy = Fault("is busy (429)", words="daily", delay=7 * 3600, counts=False)
    script = Script(BUSY, busy)
    with pytest.raises(ProviderError) as caught:
        retrying(script.connection, script.attempt, paid=True, gate=Patient())
    assert str(caught.value) == (
        "OpenAI is busy (429) and asks to wait 7 h: daily; try again then."
    )


def test_no_gate_waits_for_ever() -> None:
    script = Script(BUSY)
    with pytest.raises(ProviderError) as caught:
        retrying(script.connection, script.attempt, paid=True, gate=Patient(busy_for=660))
    assert str(caught.value) == (
        "OpenAI is busy (429) and has taken no request for 11 min: slow down; try again later."
    )
