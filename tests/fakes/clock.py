"""The clock of a fake: seconds go by as ever, and a test may let more of them go by."""

import asyncio
import contextlib
import time


class Clock:
    """Tells seconds. What takes an hour by it is as good as unending, until a test says so."""

    def __init__(self) -> None:
        self._ahead = 0.0
        self._held: float | None = None
        self._moved = asyncio.Event()

    def now(self) -> float:
        return (time.monotonic() if self._held is None else self._held) + self._ahead

    def hold(self) -> None:
        """From now on no second goes by but those of `forward`."""
        self._held = time.monotonic()

    async def sleep(self, seconds: float) -> None:
        end = self.now() + seconds
        while (left := end - self.now()) > 0:
            with contextlib.suppress(asyncio.TimeoutError):
                await asyncio.wait_for(self._moved.wait(), left)

    def forward(self, seconds: float, loop: asyncio.AbstractEventLoop) -> None:
        """Let seconds go by; whoever sleeps in this loop looks up. For any thread."""
        self._ahead += seconds
        loop.call_soon_threadsafe(self._wake)

    def _wake(self) -> None:
        self._moved.set()
        self._moved = asyncio.Event()
