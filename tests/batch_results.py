"""What a batch left behind: its directory goes in, good, broken, doubled, stray files come out."""

import io
import json
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fakes.pictures import mark_in, prompt_mark
from PIL import Image

_PICTURES = frozenset({".png", ".jpg", ".jpeg", ".webp", ".avif"})
_NUMBER = re.compile(r"K\d{5}")


@dataclass(frozen=True)
class Found:
    """What is in a batch's directory.

    Attributes:
        good: pictures that decode.
        broken: files under a picture's name that do not.
        doubled: prompts that more than one file was drawn for.
        stray: pictures that results.jsonl does not name.
        left: unfinished files.
        wrong: prompts whose line names a picture that was drawn for another.
        statuses: how many lines of results.jsonl say what.
        lines: of results.jsonl.
    """

    good: int
    broken: tuple[str, ...]
    doubled: tuple[str, ...]
    stray: tuple[str, ...]
    left: tuple[str, ...]
    wrong: tuple[str, ...]
    statuses: Counter[str]
    lines: tuple[dict[str, Any], ...]


def found_in(out: Path, sent: Iterable[str] = ()) -> Found:
    """Look at every file of a batch's directory.

    Args:
        sent: the prompts that were sent to be drawn, which tell what a file was drawn for.
    """
    prompts = {prompt_mark(prompt): prompt for prompt in sent}
    lines = results_of(out)
    named = {_absolute(path, out): line["prompt"] for line in lines for path in line["paths"]}
    broken, stray, wrong = [], [], []
    drawn_for: Counter[str] = Counter()
    good = 0
    for path in pictures_in(out):
        data = path.read_bytes()
        if not is_whole(data):
            broken.append(path.name)
            continue
        good += 1
        drawn = prompts.get(mark_in(data) or "", "")
        drawn_for[drawn] += 1
        if path not in named:
            stray.append(path.name)
        elif prompts and _number(drawn) != _number(named[path]):
            wrong.append(named[path])
    return Found(
        good=good,
        broken=tuple(broken),
        doubled=tuple(prompt for prompt, times in drawn_for.items() if prompt and times > 1),
        stray=tuple(stray),
        left=unfinished_in(out),
        wrong=tuple(wrong),
        statuses=Counter(line["status"] for line in lines),
        lines=lines,
    )


def results_of(out: Path) -> tuple[dict[str, Any], ...]:
    path = out / "results.jsonl"
    if not path.exists():
        return ()
    return tuple(json.loads(line) for line in path.read_bytes().splitlines())


def pictures_in(out: Path) -> list[Path]:
    files = (path for path in out.resolve().rglob("*") if path.suffix in _PICTURES)
    return sorted(path for path in files if not path.name.startswith("."))


def unfinished_in(out: Path) -> tuple[str, ...]:
    """Files that begin with a dot or end in .tmp, but for the journal."""
    files = (path for path in out.rglob("*") if path.is_file())
    return tuple(
        sorted(
            path.name
            for path in files
            if path.suffix == ".tmp"
            or (path.name.startswith(".") and not path.name.startswith(".imagine-batch."))
        )
    )


def is_whole(data: bytes) -> bool:
    """Whether all of a picture decodes."""
    try:
        with Image.open(io.BytesIO(data)) as image:
            image.load()
    except (OSError, SyntaxError, ValueError):
        return False
    return True


def _absolute(path: str, out: Path) -> Path:
    """A path of results.jsonl, which stands relative to the directory or to where it began."""
    return (out / path).resolve()


def _number(prompt: str) -> str:
    found = _NUMBER.search(prompt)
    return found[0] if found else ""
