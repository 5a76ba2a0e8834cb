"""A plan in, its pictures with their numbers out: one by one, several at a time, or in one go."""

from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from imagine.cli.console import Console
from imagine.stages.errors import ImagineError

if TYPE_CHECKING:
    from imagine.cli.describing import Describing
    from imagine.cli.purse import Purse
    from imagine.stages.image import Progress
    from imagine.stages.pipeline import Picture
    from imagine.stages.plan import Plan

# Pictures of one prompt that a provider is asked for at a time.
AT_ONCE = 8


@dataclass(frozen=True, slots=True)
class Painting:
    """Draws the pictures of one plan.

    Attributes:
        describing: what made the description, whose cost goes into the first picture's recipe.
        previews: show pictures as far as they have come, where a backend tells.
    """

    plan: "Plan"
    console: Console
    purse: "Purse"
    describing: "Describing | None"
    previews: bool

    def pictures(
        self, *, drawn: "dict[int, Picture]", failed: list[ImagineError]
    ) -> "Iterator[tuple[int, Future[Picture]]]":
        """The pictures with their numbers as they come; after a failure no other one is begun.

        Args:
            drawn: takes each picture that is there, by its number, at once: before anybody waits
                for it.
            failed: takes what failed here, and what fails with those that have come.
        """
        together = together_at(self.plan)
        if together > 1:
            return self._in_groups(together, drawn, failed)
        return self._one_by_one(drawn, failed)

    def _in_groups(
        self, most: int, drawn: "dict[int, Picture]", failed: list[ImagineError]
    ) -> "Iterator[tuple[int, Future[Picture]]]":
        """Up to `most` of them drawn in one go."""
        from imagine.stages.pipeline import draw_together

        plan, count = self.plan, len(self.plan.requests)
        for first in range(1, count + 1, most):
            if failed:
                return
            numbers = range(first, min(first + most, count + 1))
            pairs = [(plan, plan.requests[number - 1]) for number in numbers]
            told = f" {first}-{numbers[-1]}/{count}" if len(numbers) > 1 else f" {first}/{count}"
            try:
                with self._bar(told) as bar:
                    pictures = draw_together(pairs, on_progress=bar)
            except ImagineError as error:
                call: Future[Picture] = Future()
                call.set_exception(error)
                yield first, call
                return
            calls: list[tuple[int, Future[Picture]]] = []
            for number, picture in zip(numbers, pictures, strict=True):
                call = Future()
                drawn[number] = self._charged(picture, number)
                call.set_result(drawn[number])
                calls.append((number, call))
            yield from calls

    def _one_by_one(
        self, drawn: "dict[int, Picture]", failed: list[ImagineError]
    ) -> "Iterator[tuple[int, Future[Picture]]]":
        """Each for itself, several at a time where a provider draws."""
        from imagine.stages.batch.ordered import as_they_end
        from imagine.stages.pipeline import draw

        plan, count, backend = self.plan, len(self.plan.requests), self.plan.backend
        # A job that waits in a provider's line is cancelled by the thread that follows it.
        hosted = backend.capabilities.concurrency > 1 and not getattr(backend, "queued", False)
        threads = min(count, backend.capabilities.concurrency, AT_ONCE) if hosted else 1
        bars: list[Callable[[Progress], None]] = []

        def on_progress(step: "Progress") -> None:
            if threads == 1:
                bars[-1](step)

        def work(number: int) -> "Picture":
            if failed:
                raise failed[0]
            try:
                with self.purse.drawing(plan):
                    picture = draw(plan, plan.requests[number - 1], on_progress=on_progress)
                    picture = drawn[number] = self._charged(picture, number)
                    return picture
            except ImagineError as error:
                failed.append(error)
                raise

        calls = as_they_end(range(1, count + 1), work, threads=threads)
        for number in range(1, count + 1):
            with self._bar(f" {number}/{count}" if count > 1 else "") as bar:
                bars.append(bar)
                found = next(calls)
            yield found

    def _charged(self, picture: "Picture", number: int) -> "Picture":
        return self.purse.charged(picture, self.plan, self.describing if number == 1 else None)

    def _bar(self, told: str) -> "AbstractContextManager[Callable[[Progress], None]]":
        from imagine.cli.preview import can_show

        stage = f"2/{4 if self.plan.enlargements else 3} Drawing{told}"
        return self.console.progress(stage, previews=self.previews and can_show())


def together_at(plan: "Plan") -> int:
    """Pictures that the backend draws in one go, of those that are wanted."""
    from imagine.stages.generate import drawn_together

    count = len(plan.requests)
    if count == 1 or plan.backend.capabilities.paid:
        return 1
    return min(count, drawn_together(plan.backend))
