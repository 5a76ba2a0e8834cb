"""The process that draws, from this side: files and orders go in, steps and pixels come out."""

import subprocess
import sys
import weakref
from collections.abc import Generator
from dataclasses import asdict
from queue import SimpleQueue
from threading import Thread
from typing import TYPE_CHECKING, Any

from imagine.stages.errors import LocalBackendError, shown
from imagine.stages.generate.local.worker import next_of
from imagine.stages.generate.sdcpp.frames import Frame, receive, send
from imagine.stages.generate.sdcpp.libraries import ERROR, WARNING
from imagine.stages.generate.sdcpp.order import Files, Order

if TYPE_CHECKING:
    from PIL.Image import Image

MODULE = "imagine.stages.generate.sdcpp.child"
_EXTRA = "pip install 'imagine-cli[sdcpp]'"
_MEMORY = ("out of memory", "alloc", "not enough memory", "bad_alloc", "failed to reserve")

# A library says several things when it fails, the reason first.
KEPT = 4
# A step that is done, and how many there are.
Step = tuple[int, int]


class Process:
    """A process with one model; `end` it, or let go of it.

    Args:
        name: of the model, for messages.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._doing = "loading"
        self._said: list[tuple[int, str]] = []
        self._running = subprocess.Popen(  # noqa: S603  # our own module, by our own interpreter
            # -P: a file json.py in the working directory is none of ours.
            [sys.executable, "-P", "-m", MODULE],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        self._frames: SimpleQueue[Frame | None] = SimpleQueue()
        self._reader = Thread(
            target=_read, args=(self._running, self._frames), name="sdcpp", daemon=True
        )
        self._reader.start()
        self.end = weakref.finalize(self, _end, self._running, self._reader)

    @property
    def warnings(self) -> list[str]:
        """What the library warned of during the last picture."""
        return [text for level, text in self._said if level == WARNING]

    def load(self, files: Files) -> str:
        """Load the model; the version of the library comes back.

        Raises:
            LocalBackendError: it cannot be loaded.
        """
        self._doing = "loading"
        self._send(asdict(files))
        message, _ = self._answer()
        return str(message["version"])

    def draw(
        self, order: Order, picture: "Image | None", mask: "Image | None"
    ) -> Generator[Step, None, "Image"]:
        """Draw one picture; yields the steps, returns it. Closed or interrupted, the process ends.

        Args:
            order: what to draw.
            picture: RGB, of the order's size; or None.
            mask: gray, of the same size; or None.

        Raises:
            LocalBackendError: it failed; the process has ended.
        """
        from PIL import Image

        self._doing = "drawing with"
        self._said.clear()
        given = [image.tobytes() for image in (picture, mask) if image is not None]
        flags = {"has_picture": picture is not None, "has_mask": mask is not None}
        self._send({**asdict(order), **flags}, *given)
        try:
            while True:
                message, blobs = self._answer()
                if message["event"] == "drawn":
                    return Image.frombytes("RGB", (message["width"], message["height"]), blobs[0])
                yield message["step"], message["steps"]
        except BaseException:
            # There is no other way to stop it.
            self.end()
            raise

    def _send(self, message: dict[str, Any], *blobs: bytes) -> None:
        assert self._running.stdin is not None  # noqa: S101  # a pipe was asked for
        try:
            send(self._running.stdin, message, *blobs)
        except OSError as error:
            raise self._ended() from error

    def _answer(self) -> Frame:
        """The next message; what is said is kept, and a failure becomes its error."""
        while True:
            frame = next_of(self._frames)
            if frame is None:
                raise self._ended()
            message, _ = frame
            if message["event"] == "said":
                self._said.append((message["level"], message["text"]))
            elif message["event"] == "failed":
                self.end()
                raise self._failure(message["why"], message["said"])
            else:
                return frame

    @property
    def _errors(self) -> str:
        """The last errors that the library said, each once."""
        errors = dict.fromkeys(text for level, text in self._said if level >= ERROR)
        return "; ".join(list(errors)[:KEPT])

    def _is_memory(self, said: str) -> bool:
        return any(word in f"{self._errors} {said}".lower() for word in _MEMORY)

    def _failure(self, why: str, said: str) -> LocalBackendError:
        if why == "memory" or self._is_memory(said):
            return self._out_of_memory()
        if why == "import":
            return LocalBackendError(
                f"stable-diffusion.cpp cannot be started ({shown(said, limit=160)}); install it "
                f"anew: {_EXTRA}."
            )
        return LocalBackendError(
            f"stable-diffusion.cpp failed {self._doing} {shown(self._name)}: "
            f"{shown(self._errors or said, limit=240)}; check the model's files, or use another "
            "model."
        )

    def _ended(self) -> LocalBackendError:
        """The error of a process that ended by itself."""
        code = self._running.wait()
        self.end()
        # The kernel's way where memory is short, and the library's.
        if code == -9 or self._is_memory(""):
            return self._out_of_memory()
        how = f"signal {-code}" if code < 0 else f"exit code {code}"
        if self._errors:
            how = f"{how}: {shown(self._errors, limit=160)}"
        return LocalBackendError(
            f"stable-diffusion.cpp ended {self._doing} {shown(self._name)} ({how}); ask for a "
            f"smaller picture, use another model, or install it anew: {_EXTRA}."
        )

    def _out_of_memory(self) -> LocalBackendError:
        return LocalBackendError(
            f"Memory ran out {self._doing} {shown(self._name)}; ask for a smaller picture "
            "(--size), or use a model with smaller numbers, such as a .gguf file of Q4."
        )


def _read(running: "subprocess.Popen[bytes]", frames: "SimpleQueue[Frame | None]") -> None:
    assert running.stdout is not None  # noqa: S101  # a pipe was asked for
    while True:
        try:
            frame = receive(running.stdout)
        except ValueError:
            # Closed while it was read, or no frame: the process is no more.
            frame = None
        frames.put(frame)
        if frame is None:
            return


def _end(running: "subprocess.Popen[bytes]", reader: Thread) -> None:
    running.kill()
    running.wait()
    reader.join()
    for pipe in (running.stdin, running.stdout):
        if pipe is not None:
            try:
                pipe.close()
            except OSError:
                # Bytes that nobody will read were still to be written.
                continue
