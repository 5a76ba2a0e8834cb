"""A path as somebody typed it goes in; where it leads, and whether anything is there, comes out."""

import os
from pathlib import Path


def spelt(text: str) -> Path:
    """The path that a text spells, "~" the user's home; the home of nobody stays as it is."""
    try:
        return Path(text).expanduser()
    except RuntimeError:
        return Path(text)


def absolute(text: str) -> Path:
    """The absolute path that a text spells, links left as they are.

    As it is spelt where the working directory is gone.
    """
    path = spelt(text)
    try:
        return Path(os.path.abspath(path))  # noqa: PTH100  # resolve() follows links
    except OSError:
        return path


def is_there(path: Path) -> bool:
    """Whether a path leads to anything; not where no file can have the name, as one too long."""
    try:
        return path.exists()
    except (OSError, ValueError):
        return False


def is_file(path: Path) -> bool:
    """Whether a path leads to a file; as `is_there`."""
    return is_there(path) and path.is_file()
