"""Trying again: an attempt goes in; its result, or the error after the last try, comes out."""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from imagine.stages.errors import LostAnswerError, ProviderError
from imagine.stages.network.providers import Connection

# Full jitter (Brooker, "Exponential Backoff And Jitter", 2015): many clients spread out.
FIRST_CEILING = 1.0
LAST_CEILING = 30.0

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
    """

    what: str
    words: str = ""
    advice: str = "try again later"
    delay: float | None = None
    counts: bool = True
    tries: int | None = None
    sent: bool = False


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
    sleep: Callable[[float], None] = time.sleep,
) -> Result:
    """Call `attempt` until it returns, as long as its Transients and the connection allow it.

    Args:
        connection: whose `attempts` and `patience` bound this, and who is told of each wait.
        attempt: raises Transient to be called again; whatever else it raises ends this.
        paid: a request that may have been worked on is not sent again.
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
        tries += 1
        counted += fault.counts
        lost += fault.sent
        said = f": {fault.words}" if fault.words else ""
        if paid and fault.sent:
            raise LostAnswerError(
                f"{title} {fault.what}{said}; the request may be billed all the same, so it was "
                "not sent again: look at your usage there before you repeat it."
            ) from cause
        times = f" (after {tries} tries)" if tries > 1 else ""
        gives_up = None
        if fault.delay is not None and fault.delay > left:
            gives_up = ProviderError(
                f"{title} {fault.what}{times} and asks to wait {_seconds(fault.delay)}, longer "
                f"than {_seconds(left)} of patience that are left{said}; try again then."
            )
        elif counted >= min(connection.attempts, fault.tries or connection.attempts) or left <= 0:
            gives_up = ProviderError(f"{title} {fault.what}{times}{said}; {fault.advice}.")
        if gives_up is not None:
            gives_up.lost = lost
            raise gives_up from cause
        wait = min(_wait(fault.delay, tries), left)
        left -= wait
        connection.tell(f"{title} {fault.what}: waiting {_seconds(wait)}.")
        sleep(wait)


def _wait(asked: float | None, tries: int) -> float:
    """Seconds before the next attempt, of which `tries` were made."""
    if asked:
        # Not before the server wants, and not all clients at the same moment.
        return asked + random.uniform(0, min(asked, FIRST_CEILING))
    return random.uniform(0, min(FIRST_CEILING * 2.0 ** min(tries - 1, 10), LAST_CEILING))


def _seconds(seconds: float) -> str:
    """A wait for people: "0.4 s", "12 s", "3 min", "7 h"."""
    if seconds < 10:
        return f"{max(seconds, 0.1):.1f} s".replace(".0 ", " ")
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.0f} h"
