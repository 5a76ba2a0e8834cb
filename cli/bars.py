"""A bar on stderr while one stage runs: steps go in; how far it is, and previews, are shown."""

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.console import Console as RichConsole
from rich.console import RenderableType
from rich.markup import escape
from rich.progress import (
    BarColumn,
    Progress,
    ProgressColumn,
    TaskProgressColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.segment import Segments

from imagine.cli.console import visible

if TYPE_CHECKING:
    from PIL.Image import Image

    from imagine.stages.image import Progress as Step

# Seconds between two previews: a terminal takes a while to paint a thousand cells, and a model that
# computes on the same processor needs it more.
BETWEEN_PREVIEWS = 0.5
# Below a preview: the bar, and a line that stays free.
BELOW = 3


@contextmanager
def bar(stage: str, *, time_left: bool, previews: bool) -> Iterator[Callable[["Step"], None]]:
    """A bar until the `with` ends, when it is gone; yields what to call with each step.

    Args as in `imagine.cli.console.Console.progress`.
    """
    columns: list[ProgressColumn] = [
        TextColumn(escape(stage)),
        BarColumn(bar_width=24),
        TextColumn("{task.description}"),
        TimeElapsedColumn(),
    ]
    if time_left:
        columns[2:2] = [TaskProgressColumn()]
        columns += [TextColumn("left:"), TimeRemainingColumn()]
    rich = RichConsole(stderr=True)
    with _Bars(*columns, console=rich, transient=True) as bars:
        task = bars.add_task("", total=None)

        def tell(step: "Step") -> None:
            if previews and step.preview is not None and bars.wants_preview():
                bars.show(step.preview())
            bars.update(
                task,
                completed=step.step,
                # Nobody knows how long it takes: the bar pulses.
                total=step.total or None,
                description=escape(visible(told(step))),
                # As often as it changes, and no more often than can be painted with a picture.
                refresh=not bars.has_preview,
            )

        yield tell


def told(step: "Step") -> str:
    """What a step is called: "3/20 denoising", and "loading sdxl" while nothing is done."""
    return f"{step.step}/{step.total} {step.label}" if step.step else step.label


class _Bars(Progress):
    """Bars with a picture above them, once there is one."""

    _preview: Segments | None = None
    _shown_at = float("-inf")

    @property
    def has_preview(self) -> bool:
        return self._preview is not None

    def wants_preview(self) -> bool:
        """Whether the last one is old enough."""
        return time.monotonic() - self._shown_at >= BETWEEN_PREVIEWS

    def show(self, picture: "Image") -> None:
        from imagine.cli.preview import blocks

        size = self.console.size
        painted = blocks(picture, columns=size.width - 1, rows=size.height - BELOW)
        if self._preview is None:
            # Ten times a second, as bars are painted, is too often for a picture.
            self.stop()
            self.live.refresh_per_second = 1 / BETWEEN_PREVIEWS
            self.start()
        self._preview = painted
        # Before the time that painting takes, so that it takes no more than its share.
        self._shown_at = time.monotonic()

    def get_renderables(self) -> Iterable[RenderableType]:
        if self._preview is not None:
            yield self._preview
        yield from super().get_renderables()
