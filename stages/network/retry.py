"""Trying again: an attempt goes in; its result, or the error after the last try, comes out."""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from imagine.stages.errors import LostAnswerError, ProviderError
from imagine.stages.network.providers import Connection
from imagine.stages.network.waits import seconds_shown

if TYPE_CHECKING:
    from imagine.stages.network.gate import Gate

# Full jitter (Brooker, "Exponential Backoff And Jitter", 2015): many clients spread out.
FIRST_CEILING = 1.0
LAST_CEILING = 30.0
# Where a gate keeps the waits, seconds that a busy server may ask for, or take nothing at all.
LONGEST_REST = 600.0

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Fault:
    """Why an attempt came to nothing although another may not.

    Attributes:
        what: what the provider did, to follow its name: "is busy (429)".
        words: what it said about it; "" for nothing.
        advice: what to do when no attempt helps.
        delay: seconds that it asks to be left alone.
        counts: whether this uses up one of the attempts.
        tries: give up after so many attempts, whatever the connection allows.
        sent: the request was out and may have been worked on, so that it may be billed.
        per_minute: too many requests came within a minute, not too many at once.
    """

    what: str
    words: str = ""
    advice: str = "try again later"
    delay: float | None = None
    counts: bool = True
    tries: int | None = None
    sent: bool = False
    per_minute: bool = False


class Transient(Exception):  # noqa: N818  # a request for another attempt, not an error
    """Raised by an attempt to ask for another; never leaves `retrying`."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.what)
        self.fault = fault


def retrying(
    connection: Connection,
    attempt: Callable[[], Result],
    *,
    paid: bool,
    gate: "Gate | None" = None,
    sleep: Callable[[float], None] = time.sleep,
) -> Result:
    """Call `attempt` until it returns, as long as its Transients and the connection allow it.

    Args:
        connection: whose `attempts` and `patience` bound this, and who is told of each wait.
        attempt: raises Transient to be called again; whatever else it raises ends this.
        paid: a request that may have been worked on is not sent again.
        gate: makes an attempt wait as long as the server is busy, so that being busy uses up
            neither attempts nor patience.
        sleep: takes seconds.

    Raises:
        LostAnswerError: `paid`, and the answer to a request that was sent did not arrive.
        ProviderError: no attempt helped.
    """
    title = connection.provider.title
    tries = counted = lost = 0
    left = connection.patience
    while True:
        try:
            return attempt()
        except Transient as transient:
            fault, cause = transient.fault, transient.__cause__
        waits_at_gate = gate is not None and not fault.counts
        tries += not waits_at_gate
        counted += fault.counts
        lost += fault.sent
        said = f": {fault.words}" if fault.words else ""
        if paid and fault.sent:
            raise LostAnswerError(
                f"{title} {fault.what}{said}; {_at_stake(connection)}."
            ) from cause
        times = f" (after {tries} tries)" if tries > 1 else ""
        gives_up = None
        if gate is not None and waits_at_gate:
            gives_up = _hopeless(f"{title} {fault.what}", said, fault, gate)
            if gives_up is None:
                continue
        elif fault.delay is not None and fault.delay > left:
            gives_up = ProviderError(
                f"{title} {fault.what}{times} and asks to wait {seconds_shown(fault.delay)}, "
                f"longer than {seconds_shown(left)} of patience that are left{said}; try again "
                "then."
            )
        elif counted >= min(connection.attempts, fault.tries or connection.attempts) or left <= 0:
            gives_up = ProviderError(f"{title} {fault.what}{times}{said}; {fault.advice}.")
        if gives_up is not None:
            gives_up.lost = lost
            raise gives_up from cause
        wait = min(_wait(fault.delay, tries), left)
        left -= wait
        told = f"{title} {fault.what}: waiting {seconds_shown(wait)}."
        if gate is None:
            connection.tell(told)
            sleep(wait)
        else:
            # Of many requests one more or less is no news.
            connection.log(told)
            gate.sleep(wait)


def _at_stake(connection: Connection) -> str:
    """Why a request is not sent again, and what to do before it is."""
    if connection.provider.is_ones_own:
        return (
            "the server may be at work on it all the same, so it was not sent again: look what it "
            "does before you repeat it"
        )
    return (
        "the request may be billed all the same, so it was not sent again: look at your usage "
        "there before you repeat it"
    )


def _hopeless(what: str, said: str, fault: Fault, gate: "Gate") -> ProviderError | None:
    """The error for a busy server that no gate waits for."""
    if fault.delay is not None and fault.delay > LONGEST_REST:
        return ProviderError(
            f"{what} and asks to wait {seconds_shown(fault.delay)}{said}; try again then."
        )
    if (spent := gate.rejected_for) > LONGEST_REST:
        return ProviderError(
            f"{what} and has taken no request for {seconds_shown(spent)}{said}; {fault.advice}."
        )
    return None


def _wait(asked: float | None, tries: int) -> float:
    """Seconds before the next attempt, of which `tries` were made."""
    if asked:
        # Not before the server wants, and not all clients at the same moment.
        return asked + random.uniform(0, min(asked, FIRST_CEILING))
    return random.uniform(0, min(FIRST_CEILING * 2.0 ** min(tries - 1, 10), LAST_CEILING))
