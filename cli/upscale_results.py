"""Results of earlier runs: the pictures that were named go in, those that are no results come out.

`imagine upscale *.png` a second time names its results too. One is left out only where the picture
that it was made from is named as well, so a directory of results can be enlarged once more.
"""

import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from imagine.cli.upscale_earlier import last_upscale
from imagine.cli.upscale_inputs import Found
from imagine.stages.errors import UsageError
from imagine.stages.files import sha256_of

# What stands behind the stem of a picture in the name of its result, with a number where taken.
_LABEL = re.compile(r"(?P<stem>.+)-(?:(?P<factor>[2348])x|(?P<size>[0-9]+x[0-9]+))(?:-[0-9]+)?")


def without_results(pictures: Sequence[Found]) -> tuple[list[Found], list[Path]]:
    """The pictures that are to be enlarged, and those that are left out."""
    if len(pictures) == 1:
        return list(pictures), []
    stems = {(item.path.parent, item.path.stem): item.path for item in pictures}
    digests: set[str] = set()

    def is_result(path: Path) -> bool:
        label = _LABEL.fullmatch(path.stem)
        source = stems.get((path.parent, label["stem"])) if label is not None else None
        record = last_upscale(path)
        if record is None:
            return label is not None and source is not None and _has_size_of(path, label, source)
        if record.source_sha256 is None:
            # Enlarged as it was drawn: nothing else was there before it.
            return False
        if source is not None:
            return True
        if not digests:
            digests.update(_digests(pictures))
        return record.source_sha256 in digests

    results = {item.path for item in pictures if is_result(item.path)}
    kept = [item for item in pictures if item.path not in results]
    return kept, [item.path for item in pictures if item.path in results]


def _has_size_of(path: Path, label: re.Match[str], source: Path) -> bool:
    """Whether a file is as large as its name says, as results without metadata are."""
    from imagine.stages.upscale.look import look_at

    try:
        width, height = look_at(path).size
        if label["size"]:
            return label["size"] == f"{width}x{height}"
        before, factor = look_at(source).size, int(label["factor"])
    except UsageError:
        return False
    return (width, height) == (before[0] * factor, before[1] * factor)


def _digests(pictures: Sequence[Found]) -> Iterator[str]:
    # A pipe would not end, and what cannot be read is told of when it is to be enlarged.
    for item in pictures:
        if item.path.is_file():
            with suppress(OSError):
                yield sha256_of(item.path)
