"""A picture in the terminal, on stderr: kitty's and iTerm2's protocols, else half blocks.

The protocol is chosen from the environment; asking the terminal would eat what the user types.
https://sw.kovidgoyal.net/kitty/graphics-protocol/ and https://iterm2.com/documentation-images.html
"""

import base64
import io
import os
import sys
from typing import TYPE_CHECKING, Literal

from imagine.cli.console import is_terminal

if TYPE_CHECKING:
    from PIL.Image import Image
    from rich.segment import Segments

Protocol = Literal["kitty", "iterm2", "blocks"]
COLUMNS = 48
ROWS = 24
# Pixels sent to terminals that show real ones; enough for 48 columns on a dense screen.
LONG_EDGE = 640


def protocol(environment: "os._Environ[str] | dict[str, str]" = os.environ) -> Protocol:
    """How the terminal shows pictures, as far as its environment tells."""
    term = environment.get("TERM", "")
    program = environment.get("TERM_PROGRAM", "")
    if environment.get("TMUX") or term.startswith(("screen", "tmux")):
        return "blocks"
    if environment.get("KITTY_WINDOW_ID") or term in ("xterm-kitty", "xterm-ghostty"):
        return "kitty"
    if program == "ghostty":
        return "kitty"
    if program in ("iTerm.app", "WezTerm", "mintty"):
        return "iterm2"
    return "blocks"


def show(picture: "Image") -> None:
    """Show the picture on stderr.

    Raises:
        OSError: the terminal went away.
    """
    how = protocol()
    if how == "blocks":
        _print_blocks(picture)
        return
    small = picture.copy()
    small.thumbnail((LONG_EDGE, LONG_EDGE))
    sys.stderr.write(kitty(small) if how == "kitty" else iterm2(small))
    sys.stderr.flush()


def can_show() -> bool:
    """Whether stderr is a terminal that shows colours."""
    return is_terminal() and "NO_COLOR" not in os.environ


def kitty(picture: "Image") -> str:
    """Escape sequences that draw the picture in kitty; chunks of 4,096 bytes, answers off."""
    data = base64.b64encode(_png(picture)).decode()
    rows = max(1, min(ROWS, round(COLUMNS * picture.height / picture.width / 2)))
    chunks = [data[start : start + 4096] for start in range(0, len(data), 4096)]
    first = f"a=T,f=100,r={rows},q=2,"
    return (
        "".join(
            f"\x1b_G{first if index == 0 else ''}m={int(index < len(chunks) - 1)};{chunk}\x1b\\"
            for index, chunk in enumerate(chunks)
        )
        + "\n"
    )


def iterm2(picture: "Image") -> str:
    """The escape sequence that draws the picture in iTerm2 and its relatives."""
    data = _png(picture)
    head = f"File=inline=1;size={len(data)};width={COLUMNS};preserveAspectRatio=1"
    return f"\x1b]1337;{head}:{base64.b64encode(data).decode()}\a\n"


def _png(picture: "Image") -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, "PNG")
    return buffer.getvalue()


def _print_blocks(picture: "Image") -> None:
    from rich.console import Console

    console = Console(stderr=True)
    console.print(blocks(picture, columns=console.width, rows=console.height - 4))


def blocks(picture: "Image", *, columns: int, rows: int) -> "Segments":
    """Two pixels a character: the upper half block in one colour on the other; for rich to print.

    Args:
        columns, rows: characters that there are; a large terminal is not filled.
    """
    from PIL.Image import Resampling
    from rich.color import Color
    from rich.segment import Segment, Segments
    from rich.style import Style

    scale = min(
        min(COLUMNS, columns) / picture.width,
        2 * min(ROWS, max(4, rows)) / picture.height,
    )
    width = max(1, round(picture.width * scale))
    height = max(2, round(picture.height * scale / 2) * 2)
    pixels = picture.convert("RGB").resize((width, height), Resampling.BOX).tobytes()

    def color(x: int, y: int) -> Color:
        start = 3 * (y * width + x)
        return Color.from_rgb(*pixels[start : start + 3])

    cells: list[Segment] = []
    for y in range(0, height, 2):
        cells += [
            Segment("▀", Style(color=color(x, y), bgcolor=color(x, y + 1))) for x in range(width)
        ]
        cells.append(Segment.line())
    return Segments(cells)
