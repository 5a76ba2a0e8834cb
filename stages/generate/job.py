"""A job in a provider's queue: polls go in, Progress comes out, and at last the answer.

Submitting it is what costs; everything later is free. So a lost poll is asked again, an
interrupted job is cancelled, and a job that cannot be followed to its end is named, so that its
picture can still be fetched by hand.
"""

import re
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from time import monotonic, sleep
from typing import Any

from imagine.stages.errors import (
    ConfigError,
    ImagineError,
    LostAnswerError,
    ProviderError,
    UnusableAnswerError,
    shown,
)
from imagine.stages.image import Progress

# Fast models need a second, others a minute.
FIRST_PAUSE = 0.1
PAUSE_GROWTH = 1.5
LONGEST_PAUSE = 4.0
# A job that always has news to tell must end, too: a queue and a picture may take ten times the
# longest silence.
PATIENCE = 10
# A proxy's error page in the place of an answer passes; three in a row do not.
UNREADABLE_POLLS = 3
_PERCENT = re.compile(r"(\d{1,3})%\|")


class JobFailedError(ProviderError):
    """The job came to its end without a picture, and the provider says why."""


@dataclass(frozen=True, slots=True)
class Job:
    """A job that a provider has accepted.

    Attributes:
        id: as the provider calls it.
        title: of the provider.
        page: where a person finds the job and its picture.
        cancel: asks the provider to stop it.
        tell: takes what the user should know at once.
        paid: whether it may be billed.
    """

    id: str
    title: str
    page: str
    cancel: Callable[[], object]
    tell: Callable[[str], None]
    paid: bool = True

    def lost(self, reason: str) -> LostAnswerError:
        billed = ", which may be billed" if self.paid else ""
        return LostAnswerError(
            f"{self.title} holds the job {shown(self.id)}{billed}, but {reason}; "
            f"look for its picture at {self.page}."
        )

    def reach(self, call: Callable[[], Any]) -> Any:
        """What `call` returns; when the provider cannot be reached, the error names the job.

        Raises:
            LostAnswerError: it could not be reached, or does not know the job.
            ImagineError: whatever else `call` raises.
        """
        try:
            return call()
        except (JobFailedError, UnusableAnswerError):
            raise
        except LostAnswerError as error:
            raise LostAnswerError(
                f"{error} Its job is {shown(self.id)}: look for the picture at {self.page}."
            ) from error
        except (ProviderError, ConfigError) as error:
            raise self.lost(f"it was lost sight of ({str(error).rstrip('.')})") from error

    @contextmanager
    def cancelled_on_interrupt(self) -> Iterator[None]:
        """Ask the provider to stop the job when the user stops waiting for it."""
        try:
            yield
        except (KeyboardInterrupt, SystemExit, GeneratorExit):
            try:
                self.cancel()
            except ImagineError:
                self.tell(self.not_stopped)
            else:
                self.tell(self.stopped)
            raise

    @property
    def stopped(self) -> str:
        """What is told of a job that the provider was asked to stop."""
        return f"{self.title} was asked to stop the job {shown(self.id)}."

    @property
    def not_stopped(self) -> str:
        """What is told of a job that goes on, as far as anybody knows."""
        billed = ", which may be billed" if self.paid else ""
        return (
            f"{self.title} could not be asked to stop the job {shown(self.id)}{billed}; "
            f"see {self.page}."
        )


def follow(
    job: Job,
    answer: Any,
    *,
    ask: Callable[[], Any],
    state: Callable[[Any], tuple[str, bool]],
    silence: float,
    every: float | None = None,
) -> Generator[Progress, None, Any]:
    """Poll `job` until it has ended; yields a Progress whenever its state changes.

    Args:
        job: is followed.
        answer: what came when it was submitted.
        ask: polls once; returns the newest answer.
        state: of an answer: in words, and whether the job has ended.
        silence: seconds that the state may stay the same; all states together may take ten times
            as long.
        every: seconds between polls; None for pauses that grow with the time it takes.

    Returns:
        The last answer.

    Raises:
        LostAnswerError: the provider is not reached, or the job takes too long.
    """
    started = monotonic()
    told, since, pause, unreadable = "", started, every or FIRST_PAUSE, 0
    while True:
        words, ended = state(answer)
        if ended:
            return answer
        if monotonic() - started > PATIENCE * silence:
            raise job.lost(f"it has not ended in {PATIENCE * silence:g} s")
        if words != told:
            told, since = words, monotonic()
            yield Progress(1, 2, words)
        elif monotonic() - since > silence:
            raise job.lost(f"it has said “{shown(words)}” for {silence:g} s")
        sleep(pause)
        pause = every or min(pause * PAUSE_GROWTH, LONGEST_PAUSE)
        try:
            answer, unreadable = job.reach(ask), 0
        except UnusableAnswerError as error:
            unreadable += 1
            if unreadable == UNREADABLE_POLLS:
                raise job.lost(f"its state cannot be read ({str(error).rstrip('.')})") from error


def drawing(logs: str) -> str:
    """What a running job does, by the newest percentage of a progress bar in its logs."""
    found = _PERCENT.findall(logs)
    return f"drawing, {found[-1]} %" if found else "drawing"
