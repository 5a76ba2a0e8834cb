"""What the backends share whose provider puts requests into a queue: accept, poll and cancel jobs.

See imagine.stages.generate.job for how a job is followed.
"""

import re
from collections.abc import Callable
from dataclasses import replace

from imagine.stages.errors import LostAnswerError
from imagine.stages.generate.hosted import HostedBackend
from imagine.stages.generate.job import Job
from imagine.stages.network.json_values import text
from imagine.stages.network.providers import Connection
from imagine.stages.network.session import Session

# Polls are answered at once, however long the picture takes.
POLL_TIMEOUT = 30.0
# Seconds that cancelling may take: someone pressed Ctrl-C and waits.
CANCEL_TIMEOUT = 5.0
# What can stand in a path as it is.
_ID = re.compile(r"[\w-]{1,80}", re.ASCII)


class QueuedBackend(HostedBackend):
    """A hosted backend that submits jobs."""

    queued = True

    def __init__(self, *, connection: Connection, model: str) -> None:
        super().__init__(connection=connection, model=model)
        self._polls: Session | None = None

    @property
    def polls(self) -> Session:
        """The session that asks how a job is doing, opened on first use."""
        with self._opening:
            if self._polls is None:
                seconds = min(self.connection.timeout or POLL_TIMEOUT, POLL_TIMEOUT)
                self._polls = self._session_of(replace(self.connection, timeout=seconds))
            return self._polls

    def close(self) -> None:
        super().close()
        with self._opening:
            if self._polls is not None:
                self._polls.close()
                self._polls = None

    def fetched(self, address: str) -> bytes:
        """The picture at the address that a job left.

        Raises:
            UnusableAnswerError: it is none that may be asked.
            LostAnswerError: it cannot be fetched.
        """
        return self.session.download(address).body

    def accepted(self, name: object, *, page: str, cancel: Callable[[Session, str], object]) -> Job:
        """The job that the provider accepted.

        Args:
            name: what its answer calls the job.
            page: where a person finds it; "{}" stands for the name.
            cancel: has the session send what stops the job of this name.

        Raises:
            LostAnswerError: the answer names none.
        """
        job = text(name)
        if not _ID.fullmatch(job):
            raise LostAnswerError(
                f"{self.title} accepted the request and did not name the job, so its picture "
                "cannot be fetched; look at your usage there before you repeat it."
            )

        def stop() -> None:
            with self._session_of(self.connection.hasty(CANCEL_TIMEOUT)) as session:
                cancel(session, job)

        return Job(job, self.title, page.format(job), stop, self.connection.tell)

    def _session_of(self, connection: Connection) -> Session:
        """A session that waits as long as the connection says."""
        return Session(
            connection, headers=self.headers(), timeout=POLL_TIMEOUT, translate=self.translate
        )
