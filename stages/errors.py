"""Every error the program raises on purpose, each with the exit code it ends with.

ImagineError                 1  failure
├── UsageError               2  a wrong option, prompt or input file
│   └── SpecError            2  a description that cannot be read
│       └── NoRecipeError    2  a picture that carries none, and has no sidecar
├── ConfigError              3  missing or rejected key, bad configuration
├── ProviderError            4  a provider failed or is unreachable
│   ├── LostAnswerError      4  it was asked, and what it answered did not arrive
│   └── UnusableAnswerError  4  it answered something that cannot be used
├── RefusedError             5  refused by a safety filter, or no picture in the answer
├── LocalBackendError        6  a local backend cannot run here
│   └── MissingPackageError  6  a package that it draws with is not installed
├── BudgetError              7  the budget would be exceeded, or consent is missing
├── ItemsFailedError         8  several prompts were given and some of them failed
├── BusyError                1  another run works in the same directory
├── StoppedError           130  the run is being stopped, and this was not begun
└── SaveError                1  the picture could not be written

A message is one sentence of what happened, with the value, then what to do.
"""

import errno
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from imagine.stages.money.usage import Usage

# A message names paths whole, but for those that nobody typed.
MAX_PATH = 160


class ImagineError(Exception):
    """Root of the tree.

    Attributes:
        exit_code: what the process ends with.
        usage: what a provider counted although this came of it, set by whoever knows; None
            where nobody does.
        lost: requests that may be billed although their answers never came.
        finished: what was finished before and stands, as plain values.
        of_row: it is about what one row of a batch asks for alone; others may fare better.
    """

    exit_code: ClassVar[int] = 1
    usage: "Usage | None" = None
    lost: int = 0
    finished: "tuple[dict[str, object], ...]" = ()
    of_row: bool = False


class UsageError(ImagineError):
    exit_code = 2


class SpecError(UsageError):
    pass


class NoRecipeError(SpecError):
    pass


class ConfigError(ImagineError):
    exit_code = 3


class ProviderError(ImagineError):
    exit_code = 4


class LostAnswerError(ProviderError):
    """The request went out and may be billed, so it is never sent again by itself."""


class UnusableAnswerError(ProviderError):
    """An answer that cannot be used.

    Attributes:
        answer: what came, cut to a length that can be sent back; "" when nothing legible did.
        problem: what is wrong with it, in words for the model that is asked again.
    """

    def __init__(self, message: str, *, answer: str = "", problem: str = "") -> None:
        super().__init__(message)
        self.answer = answer
        self.problem = problem


class RefusedError(ImagineError):
    exit_code = 5


class LocalBackendError(ImagineError):
    exit_code = 6


class MissingPackageError(LocalBackendError):
    """Nothing is wrong with what was asked for; a dry run only notes it."""


class BudgetError(ImagineError):
    exit_code = 7


class ItemsFailedError(ImagineError):
    exit_code = 8


class BusyError(ImagineError):
    exit_code = 1


class StoppedError(ImagineError):
    """Work that was waiting when the user stopped the run: neither done nor failed."""

    exit_code = 130


class SaveError(ImagineError):
    exit_code = 1


def did_you_mean(name: str, known: list[str]) -> str:
    """`; did you mean 'x'?` for the nearest of `known`, or an empty string."""
    from difflib import get_close_matches

    near = get_close_matches(name[:80].lower(), known, n=1, cutoff=0.6)
    return f"; did you mean '{near[0]}'?" if near else ""


def unknown_name(kind: str, name: str, known: list[str]) -> UsageError:
    """The error for a name that is none of `known`, with the nearest of them."""
    return UsageError(
        f"There is no {kind} '{shown(name)}'{did_you_mean(name, known)} "
        f"(known: {', '.join(known)})."
    )


def shown(value: object, *, limit: int = 80) -> str:
    """A user's value as a message may quote it: one printable line of `limit` characters.

    What drives terminals, line ends included, is spelt out: "\\u001b".
    """
    text = str(value)
    if len(text) > limit:
        text = text[: limit - 1] + "…"
    return "".join(char if char.isprintable() else f"\\u{ord(char):04x}" for char in text)


def quoted_path(path: object) -> str:
    """A path as every message names it: 'fox.png', in single quotes and nearly always whole."""
    return f"'{shown(path, limit=MAX_PATH)}'"


def unreadable(path: object, error: Exception) -> str:
    """The sentence that says why a file cannot be read."""
    reason = getattr(error, "strerror", None) or shown(error)
    return f"{quoted_path(path)} cannot be read: {reason}; check the path."


def unwritable(what: str, error: OSError, then: str = "") -> str:
    """A sentence on what cannot be written, and what to do.

    Args:
        what: with its path, quoted: "The catalog '/a/models.toml'".
        then: what else to do, after "and".
    """
    full = error.errno in (errno.ENOSPC, errno.EDQUOT)
    remedy = "free some space" if full else "check the path"
    more = f", and {then}" if then else ""
    return f"{what} cannot be written: {error.strerror or shown(error)}; {remedy}{more}."
