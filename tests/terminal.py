"""A terminal for tests: the bytes that a program sent it go in, the rows it shows come out."""

import codecs
import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import sys
import termios
import unicodedata
from collections.abc import Callable
from pathlib import Path
from typing import Self

TOKENS = re.compile(r"\x1b\[(\??[\d;]*)([A-Za-z])|([^\x1b])", re.DOTALL)
# Seconds without a byte after which a program hangs.
PATIENCE = 30


class Terminal:
    """What a terminal of so many columns and endless rows shows; it knows what is sent here."""

    def __init__(self, columns: int) -> None:
        self.columns = columns
        self.rows: list[list[str]] = [[]]
        self.row = self.column = 0
        self.wraps = True
        self.shows_cursor = True

    @property
    def shown(self) -> list[str]:
        """Its rows without white space at their ends, up to the last one that is not empty."""
        return "\n".join("".join(row).rstrip() for row in self.rows).rstrip("\n").split("\n")

    @property
    def is_at_rest(self) -> bool:
        """Whether the cursor is where it waits, at the beginning of a row."""
        return self.wraps and self.column == 0

    def feed(self, text: str) -> None:
        for values, letter, char in TOKENS.findall(text):
            if char:
                self._put(char)
            else:
                self._obey(values, letter)

    def narrow(self, columns: int) -> None:
        """The window becomes narrower: rows that are too long are broken, the cursor goes along."""
        rows: list[list[str]] = []
        place = (0, 0)
        for index, row in enumerate(self.rows):
            if index == self.row:
                place = (len(rows) + self.column // columns, self.column % columns)
            parts = [row[start : start + columns] for start in range(0, len(row), columns)]
            rows += parts or [[]]
        self.columns = columns
        self.rows = rows
        self.row, self.column = place

    def _put(self, char: str) -> None:
        if char == "\r":
            self.column = 0
            return
        if char == "\n":
            self._down()
            return
        cells = [char, ""] if unicodedata.east_asian_width(char) in "WF" else [char]
        if self.column + len(cells) > self.columns:
            if not self.wraps:
                return
            self._down()
            self.column = 0
        row = self.rows[self.row]
        row += [" "] * (self.column - len(row))
        row[self.column : self.column + len(cells)] = cells
        self.column += len(cells)

    def _down(self) -> None:
        self.row += 1
        if self.row == len(self.rows):
            self.rows.append([])

    def _obey(self, values: str, letter: str) -> None:
        if letter == "A":
            self.row -= int(values)
        elif letter in "JK":
            del self.rows[self.row][self.column :]
            if letter == "J":
                del self.rows[self.row + 1 :]
        elif values == "?7":
            self.wraps = letter == "h"
        elif values == "?25":
            self.shows_cursor = letter == "h"
        else:
            assert letter == "m", (values, letter)


class Program:
    """A Python program on a terminal of its own; a context that ends it in any case.

    Args:
        pipe_out: whether its stdout is a pipe instead.
    """

    def __init__(
        self, code: str, directory: Path, *, columns: int, pipe_out: bool = False, **variables: str
    ) -> None:
        self.sent = ""
        self.terminal = Terminal(columns)
        self._parent, child = pty.openpty()
        self._resize(columns)
        self.process = subprocess.Popen(
            [sys.executable, "-c", code],
            cwd=directory,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE if pipe_out else child,
            stderr=child,
            env={
                "PATH": os.environ["PATH"],
                "HOME": str(directory),
                "TERM": "xterm-256color",
                **variables,
            },
        )
        os.close(child)
        self._decoder = codecs.getincrementaldecoder("utf-8")()
        self._rest = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.communicate()
        os.close(self._parent)

    def _resize(self, columns: int) -> None:
        fcntl.ioctl(self._parent, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))

    def narrow(self, columns: int) -> None:
        self._resize(columns)
        self.terminal.narrow(columns)

    def go_on(self) -> None:
        """Give it a line of input."""
        assert self.process.stdin is not None
        self.process.stdin.write(b"\n")
        self.process.stdin.flush()

    def read_until(self, reached: Callable[[Terminal], bool]) -> None:
        """Read what it sends until the terminal is in such a state."""
        while not reached(self.terminal):
            assert self._read(), self.terminal.shown

    def finish(self, code: int = 0) -> str:
        """Read the rest; what it wrote to a stdout that is a pipe is given back.

        Args:
            code: what it is to exit with.
        """
        while self._read():
            pass
        out, _ = self.process.communicate()
        assert self.process.returncode == code, self.terminal.shown
        return (out or b"").decode()

    def _read(self) -> bool:
        assert select.select([self._parent], [], [], PATIENCE)[0], self.terminal.shown
        try:
            data = os.read(self._parent, 65536)
        except OSError:
            return False
        text = self._rest + self._decoder.decode(data)
        # An escape sequence may come in pieces.
        whole = re.sub(r"\x1b[^A-Za-z]*\Z", "", text)
        self._rest = text[len(whole) :]
        self.sent += whole
        self.terminal.feed(whole)
        return bool(data)
