"""What the backends share whose provider puts requests into a queue: accept, poll and cancel jobs.

See imagine.stages.generate.job for how a job is followed.
"""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from queue import Empty, SimpleQueue
from threading import Thread
from time import monotonic

from imagine.stages.errors import ImagineError, LostAnswerError, StoppedError
from imagine.stages.generate.hosted import HostedBackend
from imagine.stages.generate.job import Job
from imagine.stages.network.json_values import text
from imagine.stages.network.providers import Connection
from imagine.stages.network.session import Session

# Polls are answered at once, however long the picture takes.
POLL_TIMEOUT = 30.0
# Seconds that cancelling may take: someone pressed Ctrl-C and waits.
CANCEL_TIMEOUT = 5.0
# Threads that cancel at a time; each keeps a connection.
CANCELLING = 32
# Seconds between two looks of a waiting thread: some systems let no signal through before.
LOOK = 0.1
# What can stand in a path as it is.
_ID = re.compile(r"[\w-]{1,80}", re.ASCII)


class QueuedBackend(HostedBackend):
    """A hosted backend that submits jobs."""

    queued = True

    def __init__(self, *, connection: Connection, model: str) -> None:
        super().__init__(connection=connection, model=model)
        self._polls: Session | None = None
        self._cancels: Session | None = None
        # Jobs that are followed now, and those that `cancel_all` has been asking to stop.
        self._jobs: dict[str, Job] = {}
        self._stopping: set[str] = set()

    @property
    def polls(self) -> Session:
        """The session that asks how a job is doing, opened on first use."""
        with self._opening:
            if self._polls is None:
                seconds = min(self.connection.timeout or POLL_TIMEOUT, POLL_TIMEOUT)
                self._polls = self._session_of(replace(self.connection, timeout=seconds))
            return self._polls

    @property
    def _hasty(self) -> Session:
        """The session that stops jobs, opened on first use.

        It waits at no gate: that of an abandoned batch lets nothing through any more.
        """
        with self._opening:
            if self._cancels is None:
                connection = replace(self.connection.hasty(CANCEL_TIMEOUT), gate=None)
                self._cancels = self._session_of(connection)
            return self._cancels

    def close(self) -> None:
        super().close()
        with self._opening:
            for session in (self._polls, self._cancels):
                if session is not None:
                    session.close()
            self._polls = self._cancels = None

    def fetched(self, address: str) -> bytes:
        """The picture at the address that a job left.

        Raises:
            UnusableAnswerError: it is none that may be asked.
            LostAnswerError: it cannot be fetched.
        """
        return self.session.download(address).body

    def accepted(
        self,
        name: object,
        *,
        page: str,
        cancel: Callable[[Session, str], object],
        paid: bool = True,
    ) -> Job:
        """The job that the provider accepted.

        Args:
            name: what its answer calls the job.
            page: where a person finds it; "{}" stands for the name.
            cancel: has the session send what stops the job of this name.
            paid: whether it may be billed.

        Raises:
            LostAnswerError: the answer names none.
        """
        job = text(name)
        if not _ID.fullmatch(job):
            advice = "look at your usage there before you repeat it" if paid else "try again"
            raise LostAnswerError(
                f"{self.title} accepted the request and did not name the job, so its picture "
                f"cannot be fetched; {advice}."
            )

        def stop() -> None:
            cancel(self._hasty, job)

        page = page.format(job)
        accepted = Job(job, self.title, page, stop, self.connection.tell, paid=paid)
        with self._opening:
            self._jobs[job] = accepted
        return accepted

    @contextmanager
    def following(self, job: Job) -> Iterator[None]:
        """Around following a job that was accepted, until it has ended or nobody waits for it.

        Raises:
            StoppedError: `cancel_all` stopped it.
        """
        try:
            with job.cancelled_on_interrupt():
                yield
        except ImagineError as error:
            with self._opening:
                stopping = job.id in self._stopping
            if stopping:
                raise StoppedError(job.stopped) from error
            raise
        finally:
            with self._opening:
                self._jobs.pop(job.id, None)

    def cancel_all(self) -> list[str]:
        """Ask the provider to stop the jobs that other threads follow, which see no Ctrl-C.

        Returns:
            What to tell of each, a sentence, after CANCEL_TIMEOUT seconds at most.
        """
        deadline = monotonic() + CANCEL_TIMEOUT
        with self._opening:
            jobs = list(self._jobs.values())
        waiting: SimpleQueue[Job] = SimpleQueue()
        for job in jobs:
            waiting.put(job)
        stopped: set[str] = set()

        def work() -> None:
            with suppress(Empty):
                while monotonic() < deadline:
                    job = waiting.get_nowait()
                    if self._stop(job):
                        stopped.add(job.id)

        threads = [Thread(target=work, daemon=True) for _ in jobs[:CANCELLING]]
        for thread in threads:
            thread.start()
        for thread in threads:
            while thread.is_alive() and monotonic() < deadline:
                thread.join(LOOK)
        return [job.stopped if job.id in stopped else job.not_stopped for job in jobs]

    def _stop(self, job: Job) -> bool:
        """Ask the provider to stop a job; whether it was told so."""
        # Before: who follows the job may see its end before this thread has the answer.
        with self._opening:
            self._stopping.add(job.id)
        try:
            job.cancel()
        except ImagineError:
            with self._opening:
                self._stopping.discard(job.id)
            return False
        return True

    def _session_of(self, connection: Connection) -> Session:
        """A session that waits as long as the connection says."""
        return Session(
            connection, headers=self.headers(), timeout=POLL_TIMEOUT, translate=self.translate
        )
