"""Tables: dialects of CSV and TSV, cells with line ends, rows that are shorter or blank."""

import io

import pytest

from imagine.stages.batch.lines import read_lines
from imagine.stages.batch.source import Source
from imagine.stages.batch.tables import table_values

CASES = [
    ("csv", 'prompt,seed\n"a fox, red",3\n', [(2, {"prompt": "a fox, red", "seed": "3"})]),
    ("csv", 'prompt, seed\na fox, "3"\n', [(2, {"prompt": "a fox", "seed": "3"})]),
    ("csv", 'prompt;x\na fox, red;"a;b"\n', [(2, {"prompt": "a fox, red", "x": "a;b"})]),
    ("csv", "prompt\tx\na fox, red\ty\n", [(2, {"prompt": "a fox, red", "x": "y"})]),
    ("csv", 'prompt\n"a ""red"" fox"\n', [(2, {"prompt": 'a "red" fox'})]),
    ("csv", 'prompt\na 5" disk\n', [(2, {"prompt": 'a 5" disk'})]),
    (
        "csv",
        'prompt,x\r\n"two\r\nlines",1\r\n\r\n,,\r\nb,2\r\n',
        [(2, {"prompt": "two\r\nlines", "x": "1"}), (6, {"prompt": "b", "x": "2"})],
    ),
    ("csv", "\n\nprompt,x,y\na\n", [(4, {"prompt": "a"})]),
    ("csv", "prompt,x\na,b,,\n", [(2, {"prompt": "a", "x": "b"})]),
    ("csv", '"prompt","x"\n"a","b"', [(2, {"prompt": "a", "x": "b"})]),
    ("tsv", 'prompt\tx\n"Hi", he said\t3\n', [(2, {"prompt": '"Hi", he said', "x": "3"})]),
    ("tsv", 'prompt\tx\n"Hi" there\t3\n', [(2, {"prompt": '"Hi" there', "x": "3"})]),
    ("tsv", 'prompt\tx\n"a\tb\nc"\t3\n', [(2, {"prompt": "a\tb\nc", "x": "3"})]),
    ("tsv", "prompt\tx\n a, b; c\t\n", [(2, {"prompt": " a, b; c", "x": ""})]),
]


@pytest.mark.parametrize(("kind", "content", "expected"), CASES)
def test_rows_come_with_their_first_line(
    kind: str, content: str, expected: list[tuple[int, dict[str, str]]]
) -> None:
    lines = read_lines(Source(io.BytesIO(content.encode())))
    found = table_values(lines, "tsv" if kind == "tsv" else "csv")
    assert [(line, value) for line, value, _ in found] == expected
