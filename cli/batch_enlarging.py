"""Enlarging within a batch: in turn, counted, and given up where the upscaler is down."""

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

from imagine.stages.batch.streak import Streak
from imagine.stages.errors import (
    ImagineError,
    ProviderError,
    StoppedError,
    UnusableAnswerError,
)

if TYPE_CHECKING:
    from imagine.cli.batch_pools import Places
    from imagine.cli.batch_work import Task
    from imagine.cli.purse import Purse
    from imagine.stages.batch.journal import Journal
    from imagine.stages.enlargement import Enlargement
    from imagine.stages.pipeline import Made, Picture, Work

# Enlargements of a provider that failed in a row: it is down, and what is drawn would only be kept.
MOST_FAILURES = 10


class BatchEnlarging:
    """Enlarges the pictures of a batch, called from several threads.

    Args:
        halt: ends the batch.
    """

    def __init__(
        self,
        journal: "Journal",
        purse: "Purse",
        places: "Places",
        *,
        halt: Callable[[BaseException], None],
    ) -> None:
        self.journal = journal
        self.purse = purse
        self.places = places
        self.halt = halt
        self._stopped = threading.Event()
        self._streak = Streak("enlargements", MOST_FAILURES)

    def stop(self) -> None:
        """Enlarge nothing more: what was received is kept for the next run."""
        self._stopped.set()

    def enlarged(self, task: "Task", picture: "Picture") -> "Picture":
        """The drawn picture after what its plan has in store for it.

        Raises:
            ImagineError: it cannot be enlarged; what was received stays in the journal, unless
                it is damaged.
        """
        from imagine.stages.pipeline import enlarged

        if not task.plan.enlargements:
            return picture
        ticket, request = self._streak.begin(), task.plan.requests[task.index - 1]
        try:
            made = enlarged(picture, task.plan, request, charge=self._charge)
        except ImagineError as error:
            self._weigh(ticket, error)
            if not isinstance(error, UnusableAnswerError):
                raise
            try:
                _ = picture.image.pixels
            except UnusableAnswerError:
                # Not the upscaler's answer, but the picture itself: the next run draws it anew.
                self.journal.forget_kept(task.item.key, task.number)
            raise
        self._weigh(ticket, None)
        return made

    def _weigh(self, ticket: int, error: ImagineError | None) -> None:
        """Halt the batch when its upscaler fails all the time."""
        if self._streak.end(ticket, error):
            reason = ProviderError(
                f"{self._streak.length} enlargements in a row failed, the last with: "
                f"{str(error).rstrip('.')}; nothing more was begun, so run the same command again "
                "to go on."
            )
            reason.__cause__ = error
            self.halt(reason)

    def _charge(self, step: "Enlargement", work: "Work") -> "tuple[Made, float | None]":
        """Do the work of a step in turn: an upscaler that runs here takes all processors."""
        # Money first: who waits for it must have no place that those need who have it.
        with self.purse.enlarging(step.upscaler, step.result) as paid:
            with self.places.at("upscaler", step.upscaler, step.upscaler.capabilities.concurrency):
                if self._stopped.is_set():
                    raise StoppedError("The run was stopped before the picture was enlarged.")
                result, pixels = work()
            return (result, pixels), paid(result)
