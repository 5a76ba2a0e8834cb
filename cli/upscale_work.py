"""Enlarging: jobs go in; each picture is read, enlarged and saved, its result told at once."""

import errno
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING

from imagine.cli.upscale_earlier import Earlier
from imagine.cli.upscale_making import Made, made
from imagine.cli.upscale_plan import Finished, Job, Wish
from imagine.stages.batch.streak import Streak
from imagine.stages.errors import (
    BudgetError,
    ConfigError,
    ImagineError,
    LocalBackendError,
    SaveError,
    StoppedError,
)

if TYPE_CHECKING:
    from concurrent.futures import Future

    from imagine.cli.console import Console
    from imagine.cli.purse import Purse
    from imagine.cli.upscale_report import Report
    from imagine.stages.image import Progress

# Pictures that a provider is asked for at a time.
AT_ONCE = 8
# Failures of a provider in a row: it is down, and each was tried several times already.
MOST_FAILURES = 3
# What every place on the disk lacks, and not one picture's.
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EIO)
# What is no picture's own fault.
_SHARED = (BudgetError, ConfigError, LocalBackendError)
# Seconds between two looks whether all that is paid for is saved.
_LOOK = 0.05


def stops_all(error: ImagineError, *, homeless: bool = False) -> bool:
    """Whether the next picture would fare no better: no key, no money, no runtime, a full disk.

    Args:
        homeless: the picture was paid for and its result found no place; no other is paid for
            while results find none, whatever the reason.
    """
    if isinstance(error, SaveError):
        cause = error.__cause__
        return homeless or (isinstance(cause, OSError) and cause.errno in _FULL)
    return homeless or isinstance(error, _SHARED)


@dataclass(slots=True)
class Workshop:
    """Enlarges pictures for one command, from one thread or several.

    Attributes:
        stopped: nothing more is begun.
        streak: failures of the provider in a row.
        given_up: failures in a row, once they were so many that nothing more was begun.
        asked: jobs that somebody is being paid for; those that an interruption ended stay.
        unsaved: jobs whose results are paid for and not saved yet.
        homeless: pictures whose results were paid for and found no place, and where these are
            kept; None for nowhere.
        saved: jobs that are done.
    """

    wish: Wish
    purse: "Purse"
    earlier: Earlier
    stopped: Event = field(default_factory=Event)
    streak: Streak = field(default_factory=lambda: Streak("pictures", MOST_FAILURES))
    given_up: int = 0
    asked: dict[int, Job] = field(default_factory=dict)
    unsaved: dict[int, Job] = field(default_factory=dict)
    homeless: dict[Path, Path | None] = field(default_factory=dict)
    saved: list[Job] = field(default_factory=list)

    def work(self, job: Job, on_progress: "Callable[[Progress], None]") -> Made | Finished:
        """One job, unless what came before it has stopped all.

        Raises:
            StoppedError: it has.
            ImagineError: as `made`.
        """
        if self.stopped.is_set():
            raise StoppedError("Nothing more is begun.")
        ticket = self.streak.begin()
        try:
            done = made(job, self.wish, self, on_progress)
        except ImagineError as error:
            if self.streak.end(ticket, error):
                self.given_up = max(self.given_up, self.streak.length)
            if self.given_up or stops_all(error, homeless=job.found.path in self.homeless):
                self.stopped.set()
            raise
        self.streak.end(ticket, None)
        self.saved.append(job)
        return done

    @contextmanager
    def asking(self, job: Job) -> Iterator[None]:
        """Around asking for what is paid for."""
        self.asked[id(job)] = job
        try:
            yield
        except (KeyboardInterrupt, SystemExit):
            raise
        except BaseException:
            self.asked.pop(id(job), None)
            raise
        self.asked.pop(id(job), None)

    @contextmanager
    def saving(self, job: Job) -> Iterator[None]:
        """Around saving what may have been paid for."""
        self.unsaved[id(job)] = job
        try:
            yield
        finally:
            self.unsaved.pop(id(job), None)

    def abandon(self) -> int:
        """Begin nothing more; wait only for what is paid for and being saved.

        Returns:
            The pictures that somebody was being paid for: those are not waited for.
        """
        self.stopped.set()
        asked = len(self.asked)
        self.purse.abandon()
        while self.unsaved:
            time.sleep(_LOOK)
        return asked


def enlarge_all(
    jobs: Sequence[Job], workshop: Workshop, *, console: "Console", report: "Report"
) -> None:
    """Enlarge one picture after the other, or several at a time where a provider does it.

    What goes wrong is told; after what stops all nothing more is begun, and what a provider works
    on by then is finished.

    Raises:
        KeyboardInterrupt: saying how far it came.
    """
    before = report.finished
    try:
        for job, call in _calls(jobs, workshop, console=console):
            try:
                report.ended(call.result())
            except StoppedError:
                continue
            except ImagineError as error:
                _tell(error, job, workshop, report)
                _forget(error)
    except (KeyboardInterrupt, SystemExit) as error:
        asked = workshop.abandon()
        finished = before + len(workshop.saved)
        told = report.interrupted(finished, before + len(jobs), asked=asked)
        if told and isinstance(error, KeyboardInterrupt):
            raise KeyboardInterrupt(told) from error
        raise
    if workshop.given_up:
        console.warn(f"{workshop.given_up} pictures in a row failed, so nothing more was begun.")


def _tell(error: ImagineError, job: Job, workshop: Workshop, report: "Report") -> None:
    if report.stopped is not None and isinstance(error, _SHARED):
        # Those that were begun by then say the same.
        return
    report.failure(job.found.path, error)
    if workshop.stopped.is_set() and report.stopped is None:
        report.stopped = error.exit_code


def _forget(error: BaseException | None) -> None:
    """Let go of the pictures that the frames of an error hold."""
    while error is not None:
        error.__traceback__ = None
        error = error.__cause__ or error.__context__


def _calls(
    jobs: Sequence[Job], workshop: Workshop, *, console: "Console"
) -> "Iterator[tuple[Job, Future[Made | Finished]]]":
    """The jobs as they end, with a bar of the tiles where one is worked on at a time."""
    from imagine.stages.batch.ordered import as_they_end

    at_once = max((job.upscaler.capabilities.concurrency for job in jobs), default=1)
    threads = min(len(jobs), at_once, AT_ONCE)
    bars: list[Callable[[Progress], None]] = []

    def work(job: Job) -> Made | Finished:
        def on_progress(step: "Progress") -> None:
            if threads == 1:
                bars[-1](replace(step, label=f"{step.label}, {job.found.path.name}"))

        return workshop.work(job, on_progress)

    calls = as_they_end(jobs, work, threads=threads)
    for number in range(1, len(jobs) + 1):
        told = f" {number}/{len(jobs)}" if len(jobs) > 1 else ""
        with console.progress(f"Upscaling{told}", time_left=True) as bar:
            bars[:] = [bar]
            found = next(calls)
        yield found
