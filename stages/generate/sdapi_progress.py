"""What a web UI does with a request under way: polls go in, Progress with previews comes out.

The answer to a request for a picture comes when the picture is done, and what GET /progress tells
is about whatever the server draws just now. Which task that is, POST /internal/progress knows in
AUTOMATIC1111 and Forge; what does not know our name for it is taken for ours when it began after
we asked.
"""

import io
from base64 import b64decode
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import Future
from concurrent.futures import TimeoutError as StillRunningError
from contextlib import contextmanager, suppress
from threading import Thread
from time import monotonic
from typing import TYPE_CHECKING, Any, TypeVar

from imagine.stages.errors import ImagineError
from imagine.stages.image import DECODING_ERRORS, Progress
from imagine.stages.network.attempt import waiting
from imagine.stages.network.json_values import count, table, text
from imagine.stages.network.providers import Connection
from imagine.stages.network.session import Session
from imagine.stages.network.webui import NotThereError

if TYPE_CHECKING:
    from PIL.Image import Image

T = TypeVar("T")
# Seconds between two looks at the progress.
EVERY = 0.5
# Seconds between two previews: for each the server encodes a picture while it draws.
PREVIEW_EVERY = 3.0
# Longer sides of previews, in pixels.
PREVIEW_SIDE = 512
# A preview of more pixels than that is none.
_MOST_PREVIEW_PIXELS = 64_000_000
# Seconds that stopping may take: someone pressed Ctrl-C and waits.
CANCEL_TIMEOUT = 3.0
# Looks in vain after which a server is taken for one that tells nothing.
_MOST_FAILURES = 3


class Watch:
    """Looks after one request to a web UI.

    Args:
        polls: asks; nothing that it sends waits long.
        task: our name for the request, as `force_task_id` said it.

    Attributes:
        is_cancelled: nobody waits for the picture any more.
    """

    def __init__(self, connection: Connection, polls: Session, task: str) -> None:
        self._connection = connection
        self._polls = polls
        self._task = task
        self._knows_tasks = True
        self._failures = 0
        self._began_before = self._began(self._asked(preview=False))
        self._preview_due = monotonic() + PREVIEW_EVERY
        self._told: tuple[object, ...] = ()
        # In the server's words; "" until it was seen to draw for us.
        self._began_ours = ""
        self._is_stopped = False
        self.is_cancelled = False

    def tell(self, sentence: str) -> None:
        """What the user should know at once."""
        self._connection.tell(sentence)

    @property
    def is_silent(self) -> bool:
        """Whether the server tells nothing."""
        return self._failures >= _MOST_FAILURES

    def follow(self, drawing: "Future[T]") -> Generator[Progress, None, T]:
        """Yields a Progress whenever it changes, until `drawing` has ended; returns its result.

        Raises:
            whatever `drawing` does.
        """
        while True:
            try:
                with waiting(self._connection):
                    return drawing.result(timeout=EVERY)
            except StillRunningError:
                # As of 3.11 this is also what a socket's timeout is called.
                if drawing.done():
                    raise
            if not self.is_silent and (progress := self.look()) is not None:
                yield progress

    def look(self) -> Progress | None:
        """What the server does now; None where nothing is new."""
        preview = monotonic() >= self._preview_due
        if preview:
            self._preview_due = monotonic() + PREVIEW_EVERY
        is_ours, said = self._is_ours()
        if not is_ours:
            return self._news(Progress(0, 1, said)) if said else None
        answer = self._asked(preview=preview)
        if not (began := self._began(answer)):
            # It was done between the two questions.
            return None
        self._began_ours = began
        state = table(answer.get("state"))
        step, steps = count(state.get("sampling_step")), count(state.get("sampling_steps"))
        if not steps:
            return self._news(Progress(0, 1, "loading"))
        image = text(answer.get("current_image")) if preview else ""
        jobs = count(state.get("job_count"))
        label = (
            f"drawing, pass {count(state.get('job_no')) + 1} of {jobs}" if jobs > 1 else "drawing"
        )
        return self._news(Progress(min(step, steps), steps, label, _preview(image)))

    def cancel(self) -> str:
        """Have the server stop if it draws for us; what to tell of it, a sentence."""
        # Before: who follows may have the answer before this thread has asked.
        self.is_cancelled = True
        # A server that answers nothing would keep the user for as long as three questions may take.
        with suppress(ImagineError, StillRunningError):
            begun(self._stop).result(timeout=CANCEL_TIMEOUT)
        return self.told_of_end

    def _stop(self) -> None:
        is_ours, _ = self._is_ours()
        if is_ours:
            self._polls.post("/sdapi/v1/interrupt", json={}, paid=False)
            self._is_stopped = True

    @property
    def told_of_end(self) -> str:
        """What becomes of a picture that nobody waits for."""
        title = self._connection.provider.title
        if self._is_stopped:
            return f"{title} was asked to stop drawing."
        return f"{title} cannot be stopped now and may draw the picture to its end."

    def was_cut_short(self) -> bool:
        """Whether somebody stopped the drawing at the server, as far as it tells."""
        if self.is_silent or not self._began_ours:
            return False
        state = table(self._asked(preview=False).get("state"))
        return state.get("interrupted") is True and state.get("job_timestamp") == self._began_ours

    def _is_ours(self) -> tuple[bool, str]:
        """Whether the server draws for us now, and what it says of that where it does not."""
        if self._knows_tasks:
            try:
                asked = {"id_task": self._task, "live_preview": False}
                reply = self._polls.post("/internal/progress", json=asked, paid=False)
                answer = table(reply.json())
            except ImagineError:
                self._knows_tasks = False
            else:
                # SD.Next, and older ones, pass over the name that a request brings.
                if any(answer.get(name) is True for name in ("active", "queued", "completed")):
                    words = "waiting in line" if answer.get("queued") is True else ""
                    return answer.get("active") is True, words
        began = self._began(self._asked(preview=False))
        return began not in ("", self._began_before), ""

    def _asked(self, *, preview: bool) -> dict[str, Any]:
        skips = "false" if preview else "true"
        try:
            path = f"/sdapi/v1/progress?skip_current_image={skips}"
            answer = table(self._polls.get(path).json())
        except NotThereError:
            self._failures = _MOST_FAILURES
            return {}
        except ImagineError:
            self._failures += 1
            return {}
        self._failures = 0
        return answer

    def _began(self, answer: dict[str, Any]) -> str:
        """When what is drawn now was begun, in the server's words; "" where nothing is."""
        state = table(answer.get("state"))
        idle = not state.get("job_count") and not text(state.get("job"))
        return "" if idle else text(state.get("job_timestamp"))

    def _news(self, progress: Progress) -> Progress | None:
        """The progress, unless it is what was told last."""
        told = (progress.step, progress.total, progress.label)
        if told == self._told and progress.preview is None:
            return None
        self._told = told
        return progress


def begun(call: Callable[[], T]) -> "Future[T]":
    """`call` in a thread of its own, which no program waits for at its end."""
    running: Future[T] = Future()

    def run() -> None:
        try:
            running.set_result(call())
        except BaseException as error:  # noqa: BLE001  raised where the result is asked for
            running.set_exception(error)

    Thread(target=run, name="drawing", daemon=True).start()
    return running


@contextmanager
def stopped_on_interrupt(watch: Watch) -> Iterator[None]:
    """Have the server stop when the user stops waiting, and tell what becomes of the picture."""
    try:
        yield
    except (KeyboardInterrupt, SystemExit, GeneratorExit):
        watch.tell(watch.cancel())
        raise


def _preview(encoded: str) -> "Callable[[], Image] | None":
    """What decodes a preview when somebody wants to see it."""
    if not encoded:
        return None

    def decoded() -> "Image":
        from PIL import Image

        blank = Image.new("RGB", (8, 8))
        try:
            data = b64decode(encoded.rpartition(",")[2], validate=True)
            with Image.open(io.BytesIO(data)) as picture:
                if picture.width * picture.height > _MOST_PREVIEW_PIXELS:
                    return blank
                picture.thumbnail((PREVIEW_SIDE, PREVIEW_SIDE))
                return picture.convert("RGB")
        except DECODING_ERRORS:
            return blank

    return decoded
