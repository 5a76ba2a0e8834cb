"""Where models lie that were drawn with: a name goes in, its path comes out, for `imagine replay`.

A cache: a damaged file counts as empty, and one that cannot be written is no obstacle.
"""

import json
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from imagine.stages.files import replace_text

MOST = 200


@dataclass(frozen=True, slots=True)
class Sighting:
    """Where a model or LoRA was.

    Attributes:
        name: the last part of its path.
        path: its folder or file; it need not exist any more.
        config: of a single file: the folder with its pipeline's configuration.
    """

    name: str
    path: str
    config: str = ""


def load_seen(file: Path) -> list[Sighting]:
    """All that is remembered, the latest first."""
    try:
        rows = json.loads(file.read_text(encoding="utf-8"))
        return [Sighting(str(name), str(path), str(config)) for name, path, config in rows]
    except (OSError, ValueError, TypeError, RecursionError):
        return []


def remember(file: Path, sighting: Sighting) -> None:
    """Put a model first; 200 are kept."""
    before = load_seen(file)
    if before[:1] == [sighting]:
        return
    rows = [sighting, *(row for row in before if row != sighting)][:MOST]
    text = json.dumps([[row.name, row.path, row.config] for row in rows], indent=0)
    # Paths that are no text (lone surrogates) are written as escapes, which come back as they were.
    with suppress(OSError):
        replace_text(file, text + "\n")
