"""The process that draws: orders come in by its standard input, steps and pictures go out.

stable-diffusion.cpp cannot be stopped within a picture, prints on standard output, and takes the
whole process with it when it fails: so it has one of its own, which can be ended at any time. It
loads one model and draws with it until its input ends.
"""

import os
import signal
import sys
from queue import SimpleQueue
from threading import Lock, Thread
from typing import IO, TYPE_CHECKING, Any

from imagine.stages.generate.sdcpp.frames import Frame, receive, send
from imagine.stages.generate.sdcpp.libraries import WARNING, LibraryError, Model, load
from imagine.stages.generate.sdcpp.order import Files, Order

if TYPE_CHECKING:
    from PIL.Image import Image


def main() -> None:
    # Ctrl-C reaches every process of the terminal; the one that waits for us decides.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    out = _own_output()
    # The library says things from threads of its own.
    one_at_a_time = Lock()

    def say(level: int, text: str) -> None:
        # At once: the next it does may be to abort the process.
        if level >= WARNING:
            with one_at_a_time:
                send(out, {"event": "said", "level": level, "text": _bare(text)})

    frames: SimpleQueue[Frame] = SimpleQueue()
    Thread(target=_listen, args=(frames,), daemon=True).start()
    model: Model | None = None
    while True:
        message, blobs = frames.get()
        try:
            if model is None:
                model = load(Files(**message), say)
                send(out, {"event": "loaded", "version": model.version})
            else:
                _draw(model, message, blobs, out)
        except ImportError as error:
            send(out, {"event": "failed", "why": "import", "said": str(error)})
        except MemoryError:
            send(out, {"event": "failed", "why": "memory", "said": ""})
        except LibraryError as error:
            send(out, {"event": "failed", "why": "library", "said": str(error)})
        except BrokenPipeError:
            # Nobody waits any more.
            os._exit(0)


def _listen(frames: "SimpleQueue[Frame]") -> None:
    """Take in what comes, and end the process, whatever it does, when nobody is there any more."""
    while (frame := receive(sys.stdin.buffer)) is not None:
        frames.put(frame)
    os._exit(0)


def _own_output() -> IO[bytes]:
    """What was standard output, for our frames alone; whatever else is printed is dropped."""
    out = os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, 1)
    os.dup2(nothing, 2)
    os.close(nothing)
    return out


def _draw(model: Model, message: dict[str, Any], blobs: list[bytes], out: IO[bytes]) -> None:
    has_picture, has_mask = message.pop("has_picture"), message.pop("has_mask")
    order = Order.read(message)
    size = order.width, order.height
    picture = _image("RGB", size, blobs[0]) if has_picture else None
    mask = _image("L", size, blobs[-1]) if has_mask else None

    def tell(step: int, steps: int) -> None:
        try:
            send(out, {"event": "step", "step": step, "steps": steps})
        except OSError:
            # The library cannot be stopped otherwise, and nobody waits for its picture any more.
            os._exit(0)

    drawn = model.draw(order, picture, mask, tell)
    send(out, {"event": "drawn", "width": drawn.width, "height": drawn.height}, drawn.tobytes())


def _image(mode: str, size: tuple[int, int], data: bytes) -> "Image":
    from PIL import Image

    return Image.frombytes(mode, size, data)


def _bare(text: str) -> str:
    """A line of the log without the place in the source that it begins with."""
    place, dash, words = text.strip().partition(" - ")
    return words if dash and ":" in place else text.strip()


if __name__ == "__main__":
    main()
