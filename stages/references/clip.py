"""Clips: a film file goes in, a few of its frames come out as PNG, by way of ffmpeg."""

import re
import shutil
import subprocess
from pathlib import Path

from imagine.stages.errors import UsageError, quoted_path, shown
from imagine.stages.formats.kinds import ClipKind

# A clip is short; reading one through takes a moment, and a broken one must not take for ever.
TIMEOUT = 60.0
_QUIET = ("-v", "error", "-nostdin")


def frames_of_clip(
    path: Path, container: ClipKind, *, count: int, max_side: int
) -> list[tuple[int, bytes]]:
    """Frames spread evenly over the clip, each as its time in milliseconds and a PNG.

    Args:
        container: how ffmpeg is to read the file, whatever its name says: "mov" is MP4 as well.
        count: how many; fewer come from a clip of so few frames.
        max_side: pixels of the longer side.

    Raises:
        UsageError: ffmpeg is not installed, or cannot read the file.
    """
    program = shutil.which("ffmpeg")
    if program is None:
        raise UsageError(
            f"{quoted_path(path)} is a clip, which only ffmpeg can open, and it is not installed; "
            "install ffmpeg, or give pictures or an animated GIF."
        )
    # Only local files, and only this one: a film may name others.
    source = ["-protocol_whitelist", "file,pipe", "-f", container]
    name = f"file:{path.resolve()}"
    length = _length(path, [program, *_QUIET, *source, "-i", name])
    scale = f"scale='min({max_side},iw)':'min({max_side},ih)':force_original_aspect_ratio=decrease"
    moments = dict.fromkeys((2 * index + 1) * length // (2 * count) for index in range(count))
    one = ["-map", "0:v:0", "-frames:v", "1", "-vf", scale, "-c:v", "png", "-f", "image2pipe"]

    def frame_at(moment: int) -> bytes:
        seek = ["-ss", f"{moment / 1000:.3f}"]
        return _run(path, [program, *_QUIET, *source, *seek, "-i", name, *one, "pipe:1"])

    found: dict[bytes, int] = {}
    for moment in moments:
        found.setdefault(frame_at(moment), moment)
    found.pop(b"", None)
    if not found and (first := frame_at(0)):
        # The only frame is shown from 0 to the end, where nothing is found.
        found[first] = 0
    if not found:
        raise _unreadable(path, "it shows no frame")
    return [(moment, picture) for picture, moment in found.items()]


def _length(path: Path, command: list[str]) -> int:
    """Milliseconds of the clip's pictures, counted by reading it through without decoding."""
    told = _run(
        path,
        [*command, "-map", "0:v:0", "-c", "copy", "-f", "null", "-progress", "pipe:1", "-"],
    )
    times = [
        int(line.partition("=")[2])
        for line in told.decode("ascii", errors="replace").splitlines()
        if line.startswith("out_time_us=") and line.partition("=")[2].strip().isdigit()
    ]
    return max(times, default=0) // 1000


def _run(path: Path, command: list[str]) -> bytes:
    """What ffmpeg writes to its output."""
    try:
        done = subprocess.run(  # noqa: S603  # a list, without a shell, and the name is no option
            command, capture_output=True, timeout=TIMEOUT, check=False, stdin=subprocess.DEVNULL
        )
    except subprocess.TimeoutExpired as error:
        raise _unreadable(path, f"it took more than {TIMEOUT:.0f} s") from error
    except OSError as error:
        raise _unreadable(path, error.strerror or str(error)) from error
    if done.returncode != 0:
        words = done.stderr.decode("utf-8", errors="replace").strip().splitlines()
        # "[mov,mp4 @ 0x55d0] moov atom not found"; what follows is less telling.
        reason = re.sub(r"^(\[[^\]]*\]\s*)+", "", words[0]) if words else ""
        raise _unreadable(path, reason or f"exit code {done.returncode}")
    return done.stdout


def _unreadable(path: Path, reason: str) -> UsageError:
    return UsageError(
        f"{quoted_path(path)} is a clip that ffmpeg cannot read ({shown(reason, limit=160)}); "
        "give another, or pictures."
    )
