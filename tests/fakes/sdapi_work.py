"""What a web UI draws, one picture after the other, and what it tells of that meanwhile."""

from dataclasses import dataclass
from typing import Any

from fakes.clock import Clock
from fakes.pictures import draw


@dataclass
class Task:
    """One request for a picture.

    Attributes:
        id: as the client named it.
        begins, seconds: when the queue lets it begin, and how long it takes.
    """

    id: str
    steps: int
    passes: int
    begins: float
    seconds: float
    stamp: str
    clock: Clock
    interrupted: bool = False

    @property
    def ends(self) -> float:
        return self.begins + self.seconds

    @property
    def is_over(self) -> bool:
        return self.interrupted or self.clock.now() >= self.ends

    @property
    def is_active(self) -> bool:
        return not self.is_over and self.clock.now() >= self.begins

    @property
    def share(self) -> float:
        """How much of it is done, from 0 to 1."""
        return min(1.0, max(0.0, (self.clock.now() - self.begins) / max(self.seconds, 1e-6)))


class Workbench:
    """The queue of one server."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._tasks: list[Task] = []

    def add(self, id: str, *, steps: int, passes: int, seconds: float) -> Task:
        """Put a request into the queue."""
        now = self._clock.now()
        begins = max([now, *(task.ends for task in self._tasks if not task.is_over)])
        stamp = f"202611220000{len(self._tasks):02d}"
        task = Task(id, steps, passes, begins, seconds, stamp, self._clock)
        self._tasks.append(task)
        return task

    @property
    def active(self) -> Task | None:
        return next((task for task in self._tasks if task.is_active), None)

    def progress(self, *, with_picture: bool) -> dict[str, Any]:
        """GET /sdapi/v1/progress."""
        task = self.active
        if task is None:
            return _told(0.0, self._idle(), None)
        picture = draw(64, 64, prompt="a preview").base64 if with_picture else None
        encoded = b"".join(picture).decode() if picture else None
        return _told(task.share, _state(task), encoded)

    def _idle(self) -> dict[str, Any]:
        """Of the last task stays when it began, and whether it was stopped."""
        last = self._tasks[-1] if self._tasks else None
        return {
            "job": "",
            "job_count": 0,
            "job_no": 0,
            "sampling_step": 0,
            "sampling_steps": 20,
            "job_timestamp": last.stamp if last is not None else "0",
            "interrupted": last is not None and last.interrupted,
        }

    def of_task(self, id: str) -> dict[str, Any]:
        """POST /internal/progress."""
        task = next((task for task in self._tasks if task.id == id), None)
        active = task is not None and task.is_active
        queued = task is not None and not active and not task.is_over
        return {
            "active": active,
            "queued": queued,
            "completed": task is not None and task.is_over,
            "progress": task.share if task is not None and active else None,
            "textinfo": "Waiting..." if not active else None,
        }

    def interrupt(self) -> None:
        """POST /sdapi/v1/interrupt."""
        if (task := self.active) is not None:
            task.interrupted = True


def _state(task: Task) -> dict[str, Any]:
    done = task.share * task.passes
    number = min(int(done), task.passes - 1)
    return {
        "job": "scripts_txt2img",
        "job_count": task.passes,
        "job_no": number,
        "sampling_step": int((done - number) * task.steps),
        "sampling_steps": task.steps,
        "job_timestamp": task.stamp,
        "interrupted": task.interrupted,
    }


def _told(progress: float, state: dict[str, Any], image: str | None) -> dict[str, Any]:
    return {
        "progress": progress,
        "eta_relative": 0.0,
        "state": state,
        "current_image": image,
        "textinfo": None,
    }
