"""A path goes in; the text of a regular file comes out, never waited for and never endless."""

import secrets
import stat
from hashlib import file_digest
from pathlib import Path

from imagine.stages.errors import SpecError, quoted_path, unreadable

_KINDS = {
    stat.S_IFIFO: "a pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}


def check_regular(path: Path) -> None:
    """Refuse what is no regular file: a pipe would block, a device never end.

    Raises:
        SpecError: it is not there, or is a pipe, device or socket.
    """
    try:
        kind = stat.S_IFMT(path.stat().st_mode)
    except (OSError, ValueError) as error:
        raise SpecError(unreadable(path, error)) from error
    if kind in _KINDS:
        raise SpecError(
            f"{quoted_path(path)} is {_KINDS[kind]}, which cannot be read here; "
            "save its content to a file first."
        )


def sha256_of(path: Path) -> str:
    """The sha256 of a file as it is now, in hexadecimal.

    Raises:
        OSError: it cannot be read.
    """
    with path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest()


def read_text(path: Path, *, limit: int) -> str:
    """The UTF-8 text of a regular file of at most `limit` bytes.

    Raises:
        SpecError: it cannot be read, is no regular file, is larger, or is not UTF-8.
    """
    check_regular(path)
    try:
        with path.open("rb") as file:
            data = file.read(limit + 1)
    except OSError as error:
        raise SpecError(unreadable(path, error)) from error
    if len(data) > limit:
        raise SpecError(
            f"{quoted_path(path)} is larger than {limit / 2**20:g} MB, which is no description; "
            "name another file."
        )
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise SpecError(f"{quoted_path(path)} is not UTF-8 text; save it as UTF-8.") from error


def replace_text(path: Path, text: str) -> None:
    """Give a file its UTF-8 content in one step: whoever reads it finds the old or the new one.

    Raises:
        OSError: it cannot be written; what was there before is still there.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}.tmp")
    try:
        temporary.write_text(text, encoding="utf-8", newline="\n")
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
