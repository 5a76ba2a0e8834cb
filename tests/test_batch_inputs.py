"""Every format of an input, whole and damaged: its rows and lines, and what is said of others."""

import csv
import gzip
import io
import json
import os
import random
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st
from patience import processor_seconds

from imagine.stages.batch.fields import Head
from imagine.stages.batch.inputs import KINDS, Input, kind_of_name, open_input
from imagine.stages.batch.lines import MAX_ROW
from imagine.stages.batch.rows import BadRow, Row
from imagine.stages.errors import UsageError

TOO_LONG = "The row has over 1,000,000 bytes, which is no prompt; shorten it."
NOT_UTF8 = "The row is not UTF-8; convert the file."
NULL = "The row contains the control character U+0000; remove it."
NO_PROMPT = 'The row has no text under "prompt"; add it.'


def read(content: bytes | str, kind: str | None = None) -> Input:
    raw = content.encode() if isinstance(content, str) else content
    return open_input(io.BytesIO(raw), kind=kind)


def told(content: bytes | str, kind: str | None = None) -> list[tuple[int, str | None]]:
    """Line and prompt of each row, or line and what is wrong."""
    return [
        (row.line, str(row.error) if isinstance(row, BadRow) else row.prompt)
        for row in read(content, kind).rows
    ]


def test_lines_come_with_their_numbers_without_blank_ones_and_comments() -> None:
    content = "\ufeffa fox\r\n\n# a comment\n  a cat --ar 16:9 --no dogs \n狐\n"
    assert told(content) == [(1, "a fox"), (4, "a cat --ar 16:9 --no dogs"), (5, "狐")]


FOX_AND_CAT = {
    "txt": "a red fox\na cat\n",
    "jsonl": '{"prompt": "a red fox"}\n"a cat"\n',
    "csv": "prompt,seed\na red fox,\na cat,\n",
    "tsv": "seed\tprompt\n\ta red fox\n\ta cat\n",
    "json": '[\n"a red fox",\n{"prompt": "a cat"}\n]\n',
    "yaml": "- a red fox\n- prompt: a cat\n",
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "written",
    [
        pytest.param(str.encode, id="plain"),
        pytest.param(lambda text: text.encode("utf-8-sig"), id="byte order mark"),
        pytest.param(lambda text: text.replace("\n", "\r\n").encode(), id="CRLF"),
        pytest.param(lambda text: text.replace("\n", "\r").encode(), id="CR alone"),
        pytest.param(lambda text: text.rstrip().encode(), id="no line end at the end"),
        pytest.param(lambda text: gzip.compress(text.encode()), id="gzip"),
        pytest.param(
            lambda text: gzip.compress(b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode()),
            id="gzip, byte order mark, CRLF",
        ),
    ],
)
def test_every_format_is_read_however_its_text_is_stored(
    kind: str, written: Callable[[str], bytes]
) -> None:
    rows = list(read(written(FOX_AND_CAT[kind]), kind).rows)
    first = 1 if kind in ("txt", "jsonl", "yaml") else 2
    assert rows == [Row(first, "a red fox"), Row(first + 1, "a cat")]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("content", [b"", b"\n \n\r\n", b"\xef\xbb\xbf"])
def test_an_empty_input_has_no_rows(kind: str, content: bytes) -> None:
    assert told(content, kind) == []


# What stands between two good rows, by format; and what is said of it.
BEFORE_AND_AFTER = {
    "txt": ("a fox\n", "\na cat\n"),
    "jsonl": ('{"prompt": "a fox"}\n', '\n{"prompt": "a cat"}\n'),
    "csv": ("prompt,seed\na fox,1\n", "\na cat,2\n"),
    "tsv": ("prompt\tseed\na fox\t1\n", "\na cat\t2\n"),
    "json": ('["a fox",\n', ',\n"a cat"]\n'),
    "yaml": ("- a fox\n", "\n- a cat\n"),
}
LONG = "x" * 10_000_000
DAMAGED = [
    ("txt", b"a \xff dog", NOT_UTF8),
    ("txt", b"a \0 dog", "The prompt contains the control character U+0000; remove it."),
    ("txt", b"a \x1b[31m dog", "The prompt contains the control character U+001B; remove it."),
    ("txt", LONG, TOO_LONG),
    ("txt", "x" * 5000, "The prompt has 5000 characters, the limit is 4000; shorten it."),
    (
        "txt",
        '{"prompt": "a dog"',
        "The row is not valid JSON: line 2, column 19: expecting ',' delimiter; correct it.",
    ),
    (
        "txt",
        "--prompt dog --subseed 3",
        "Nothing here reads --subseed; leave it out.",
    ),
    (
        "txt",
        '--prompt "a dog',
        "The quotes of the line do not match; put the prompt in double quotes.",
    ),
    ("jsonl", b'{"prompt": "a \xff dog"}', NOT_UTF8),
    (
        "jsonl",
        b'{"prompt": "a \0 dog"}',
        "The row is not valid JSON: line 2, column 15: invalid control character at; correct it.",
    ),
    (
        "jsonl",
        r'{"prompt": "a \u0000 dog"}',
        "The prompt contains the control character U+0000; remove it.",
    ),
    (
        "jsonl",
        r'{"prompt": "a \ud800 dog"}',
        "The prompt contains the lone surrogate U+D800; remove it.",
    ),
    (
        "jsonl",
        r'{"prompt": "dog", "note": {"x": ["\ud800"]}}',
        "The row contains the lone surrogate U+D800; remove it.",
    ),
    (
        "jsonl",
        r'{"prompt": "dog", "\u0000": 1}',
        NULL,
    ),
    ("jsonl", '{"prompt": "' + LONG + '"}', TOO_LONG),
    (
        "jsonl",
        "a dog",
        "The row is not valid JSON: line 2, column 1: expecting value; correct it.",
    ),
    (
        "jsonl",
        '{"prompt": "dog"} {',
        "The row is not valid JSON: line 2, column 19: extra data; correct it.",
    ),
    ("jsonl", "[1]", "The row is a list; write a prompt, or fields with their names."),
    ("jsonl", "7", "The row is 7; write a prompt, or fields with their names."),
    ("jsonl", "{}", NO_PROMPT),
    ("jsonl", '{"prompt": ["dog"]}', NO_PROMPT),
    ("jsonl", '{"prompt": "  "}', NO_PROMPT),
    (
        "jsonl",
        '{"prompt": "dog", "seed": 1e999}',
        "'seed' is inf, which is no whole number from 0 to 4294967295; correct it.",
    ),
    (
        "jsonl",
        '{"prompt": "dog", "guidance": NaN}',
        "'guidance' is nan, which is no number from 0 to 100; correct it.",
    ),
    (
        "jsonl",
        '{"prompt": "dog", "note": [-Infinity]}',
        "The row holds a number that is not finite; correct it.",
    ),
    (
        "jsonl",
        '{"prompt": "dog", "note": ' + "9" * 5000 + "}",
        "The row is not valid JSON: it holds a number of too many digits; correct it.",
    ),
    (
        "jsonl",
        '{"prompt": ' * 50_000,
        "The row is not valid JSON: it is nested too deeply; correct it.",
    ),
    (
        "jsonl",
        '{"prompt": "dog", "note": ' + "[" * 40 + "]" * 40 + "}",
        "The row is not valid JSON: it is nested too deeply; correct it.",
    ),
    ("csv", b"a \xff dog,1", NOT_UTF8),
    ("csv", b"dog,1,\0", NULL),
    ("csv", f'"{LONG}",1', TOO_LONG),
    ("csv", '"' + ("a dog " * 20 + "\n") * 80_000 + '",1', TOO_LONG),
    ("csv", '"a ""dog""\n' + '""x""\n' * 300_000 + '",1', TOO_LONG),
    ("csv", "a, dog, 1", "The row has 3 cells and the header 2; quote cells that hold commas."),
    (
        "csv",
        '"a dog"s,1',
        "The quotes of the row do not match; close them, and double those inside a cell.",
    ),
    (
        "csv",
        '"a\ndog"s,1',
        "The quotes of the row do not match (lines 3 to 4); close them, and double those inside a "
        "cell.",
    ),
    ("csv", ",1", NO_PROMPT),
    ("csv", "dog,x", "'seed' is 'x', which is no whole number from 0 to 4294967295; correct it."),
    ("tsv", b"a \xff dog\t1", NOT_UTF8),
    ("tsv", b"a \0 dog\t1", NULL),
    ("tsv", f"{LONG}\t1", TOO_LONG),
    ("tsv", "a\tdog\t1", "The row has 3 cells and the header 2; quote cells that hold tabs."),
    (
        "tsv",
        '"a\ndog"s\t1',
        "The quotes of the row do not match (lines 3 to 4); close them, and double those inside a "
        "cell.",
    ),
    ("json", b'"a \xff dog"', NOT_UTF8),
    (
        "json",
        b'{"prompt": "a \0 dog"}',
        "The row is not valid JSON: line 2, column 15: invalid control character at; correct it.",
    ),
    ("json", f'"{LONG}"', TOO_LONG),
    ("json", '{"prompt": "' + '\\"]},' * 2_000_000 + '"}', TOO_LONG),
    ("json", "[" * 600_000 + "]" * 600_000, TOO_LONG),
    (
        "json",
        "[" * 5_000 + "]" * 5_000,
        "The row is not valid JSON: it is nested too deeply; correct it.",
    ),
    (
        "json",
        '{"prompt":\n "dog",}',
        "The row is not valid JSON: line 3, column 7: illegal trailing comma before end of "
        "object; "
        "correct it."
        if sys.version_info >= (3, 13)
        else "The row is not valid JSON: line 3, column 8: expecting property name enclosed in "
        "double quotes; correct it.",
    ),
    ("json", "dog", "The row is not valid JSON: line 2, column 1: expecting value; correct it."),
    ("json", "null", "The row is null; write a prompt, or fields with their names."),
    ("yaml", b"- a \xff dog", NOT_UTF8),
    (
        "yaml",
        b"- a \0 dog",
        "The row is not valid YAML: it holds a character that YAML has not; correct it.",
    ),
    ("yaml", f"- {LONG}", TOO_LONG),
    ("yaml", "- |\n" + f"  - {'a dog ' * 20}\n" * 80_000, TOO_LONG),
    (
        "yaml",
        "- *dog",
        "The row is not valid YAML: line 2, column 3: aliases (* and &) are not read, write the "
        "value out; correct it.",
    ),
    (
        "yaml",
        "- prompt: dog\n  seed: !!python/object:x 1",
        "The row is not valid YAML: line 3, column 9: the tag !!python/object:x is not read, write "
        "the value alone; correct it.",
    ),
    (
        "yaml",
        '- "a dog',
        "The row is not valid YAML: line 3, column 1: found unexpected end of stream; correct it.",
    ),
    (
        "yaml",
        "- prompt: dog\n  prompt: cat",
        "The row is not valid YAML: line 3, column 3: the field 'prompt' stands here again; "
        "correct it.",
    ),
    ("yaml", "- " + "[" * 500, "The row is not valid YAML: it is nested too deeply; correct it."),
    ("yaml", "- [a dog]", "The row is a list; write a prompt, or fields with their names."),
    ("yaml", "- seed: 3", NO_PROMPT),
]


@pytest.mark.parametrize(("kind", "damage", "message"), DAMAGED)
def test_a_damaged_row_is_told_with_its_line_and_the_next_one_is_read(
    kind: str, damage: str | bytes, message: str
) -> None:
    before, after = BEFORE_AND_AFTER[kind]
    raw = damage.encode() if isinstance(damage, str) else damage
    line = before.count("\n") + 1
    next_line = line + raw.count(b"\n") + after[:2].count("\n")
    assert told(before.encode() + raw + after.encode(), kind) == [
        (line - 1, "a fox"),
        (line, message),
        (next_line, "a cat"),
    ]


# Damage after which nothing can be read.
ENDS = [
    ("csv", "", []),
    ("csv", "a,b\nc,d\n", [(1, "The header has no column 'prompt', but 'a', 'b'; the first line "
     "names the columns, call one of them prompt.")]),
    ("csv", "prompt,\na fox,\n", [(1, "Column 2 of the header has no name; name it or take it "
     "out.")]),
    ("csv", "prompt,x,x\n", [(1, "The header has the column 'x' twice; rename one of them.")]),
    ("csv", "prompt,num,N\n", [(1, "The columns 'num' and 'N' of the header set the same; leave "
     "out one of them.")]),
    ("csv", 'prompt,"seed\n', [(1, "The quotes of the row do not match; close them, and double "
     "those inside a cell.")]),
    ("csv", b"prompt,\xff\na fox,1\n", [(1, NOT_UTF8)]),
    ("csv", 'prompt\na fox\n"a cat\na dog\n', [(2, "a fox"), (3, "The quotes of the row do not "
     "match (lines 3 to 4); close them, and double those inside a cell.")]),
    ("json", '["a fox",\n{"prompt": "a', [(1, "a fox"),
     (2, "The row is not valid JSON: line 2, column 12: unterminated string starting at; "
     "correct it."),
     (2, "The list is not closed with ]; the file may be cut off.")]),
    ("json", '["a fox",\n', [(1, "a fox"),
     (1, "The list is not closed with ]; the file may be cut off.")]),
    ("json", '{"items": ["a fox"],\n"defaults": {}}', [(1, "a fox"),
     (1, "A key stands here after the items; put it before them.")]),
    ("json", '{"serie": {}, "items": ["a fox"]}', [(1, "There is no key 'serie' before the rows; "
     "did you mean 'series'? (known: series, defaults).")]),
    ("yaml", "items:\n- a fox\ndefaults: {}\n- a cat\n", [(2, "a fox"),
     (3, "A key stands here after the items; put it before them.")]),
    ("yaml", "defaults: 3\nitems:\n- a fox\n", [(1, "'defaults' is '3'; write its fields with "
     "their names.")]),
    ("yaml", "defaults: {seeds: 3}\nitems:\n- a fox\n", [(1, "'defaults' sets 'seeds', which is "
     "no option; did you mean 'seed'?")]),
    ("yaml", "defaults: {id: 3}\nitems:\n- a fox\n", [(1, "'defaults' sets 'id', which every row "
     "has its own; remove it.")]),
    ("yaml", "a fox\na cat\n", [(1, "The prompts stand in lines without '- ' before them; write "
     "it.")]),
    ("yaml", "[" + "a fox, " * 200_000 + "]", [(1, "The list has over 1,000,000 bytes; write "
     "every item on a line of its own, after '- '.")]),
    ("yaml", "- a fox\n---\nseries: {}\n", [(1, "a fox"), (3, "'series' and "
     "'defaults' stand here after the first row; put them before it.")]),
    ("txt", "a fox\n".encode("utf-16"), [(1, "The input is UTF-16; convert it to UTF-8.")]),
    ("csv", "a fox\n".encode("utf-16-be"), [(1, NULL)]),
    ("txt", b"PK\x03\x04" + bytes(100), [(1, "The input is a workbook or an archive; save its "
     "sheet as CSV, or unpack it.")]),
    ("txt", b"\x89PNG\r\n\x1a\n" + bytes(100), [(1, "The input is a file of kind png, no list of "
     "prompts; name another.")]),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "content", "expected"), ENDS)
def test_what_makes_the_rest_unreadable_is_told_once(
    kind: str, content: str | bytes, expected: list[tuple[int, str]]
) -> None:
    assert told(content, kind) == expected


def test_a_gzip_input_that_is_cut_off_loses_no_line_before_the_cut_and_reads_none_in_half() -> None:
    prompts = [f"fox {random.Random(number).random()}" for number in range(20_000)]
    packed = gzip.compress("\n".join(prompts).encode())
    found = told(packed[: len(packed) // 2])
    assert found[:-1] == [(line, prompts[line - 1]) for line in range(1, len(found))]
    assert found[-1] == (
        len(found),
        "The gzip input is damaged from here on: Compressed file ended before the end-of-stream "
        "marker was reached; make it anew.",
    )
    assert len(found) > 1000


def test_a_failing_disk_is_told_with_the_line() -> None:
    class Failing(io.RawIOBase):
        blocks = iter([b"a fox\na c"])

        def readable(self) -> bool:
            return True

        def readinto(self, buffer: Any) -> int:
            block = next(self.blocks, None)
            if block is None:
                raise OSError(5, "Input/output error")
            buffer[: len(block)] = block
            return len(block)

    rows = list(open_input(io.BufferedReader(Failing())).rows)
    assert rows[0] == Row(1, "a fox")
    assert isinstance(rows[1], BadRow)
    assert (rows[1].line, str(rows[1].error), len(rows)) == (
        2,
        "The input cannot be read from here on: Input/output error; try again.",
        2,
    )


def test_a_row_that_cannot_be_read_shows_its_beginning_in_printable_signs() -> None:
    (row,) = read(b"a fox \x1b[31m\xff " + b"x" * 500).rows
    assert isinstance(row, BadRow)
    assert row.text == "a fox \\u001b[31m\N{REPLACEMENT CHARACTER} " + "x" * 66 + "…"


HEADS = [
    (
        "yaml",
        "series: {mood: calm}\ndefaults:\n  ar: 16:9\n  seed: 3\n---\n- a fox\n",
        Head({"mood": "calm"}, {"aspect_ratio": "16:9", "seed": 3}),
        6,
    ),
    ("yaml", "series:\n  mood: calm\nitems:\n\n# one\n  - a fox\n", Head({"mood": "calm"}), 6),
    ("yaml", "series: {mood: calm}\n---\ndefaults: {n: 2}\nprompts: [a fox]\n",
     Head({"mood": "calm"}, {"num": 2}), 3),
    ("yaml", "%YAML 1.1\n# all\n---\nitems:\n- a fox\n...\n", Head(), 5),
    ("json", '{"series": {"mood": "calm"}, "prompts": [\n"a fox"]}', Head({"mood": "calm"}), 2),
    ("json", '{"items" : [\n"a fox"]}', Head(), 2),
    ("json", '{"defaults": {"width": 512, "height": 256}}\n{"prompt": "a fox"}',
     Head(None, {"size": "512x256"}), 2),
    ("jsonl", '{"series": {"mood": "calm"}}\n"a fox"\n', Head({"mood": "calm"}), 2),
    ("txt", '{"defaults": {"seed": 3}}\na fox\n', Head(None, {"seed": 3}), 2),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "content", "head", "line"), HEADS)
def test_what_stands_before_the_rows_is_the_head(
    kind: str, content: str, head: Head, line: int
) -> None:
    found = read(content, kind)
    assert found.head == head
    assert list(found.rows) == [Row(line, "a fox")]


def test_documents_of_one_yaml_file_are_one_row_each() -> None:
    content = "prompt: a fox\nseed: 7\n---\n'a cat'\n--- |\n  a\n  dog\n---\n- x\n- y\n"
    assert list(read(content, "yaml").rows) == [
        Row(1, "a fox", options={"seed": 7}),
        Row(4, "a cat"),
        Row(5, "a\ndog"),
        Row(9, "x"),
        Row(10, "y"),
    ]


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("prompts.txt", "txt"),
        ("a.list", "txt"),
        ("a.prompts", "txt"),
        ("A.CSV", "csv"),
        ("a.tsv.gz", "tsv"),
        ("a.jsonl", "jsonl"),
        ("a.ndjson.gz", "jsonl"),
        ("a.yml", "yaml"),
        ("a.yaml", "yaml"),
        ("a.json", "json"),
        ("a.csv.bak", "txt"),
        ("csv", "txt"),
        ("63", "txt"),
    ],
)
def test_the_ending_of_a_file_says_its_kind(name: str, kind: str) -> None:
    assert kind_of_name(Path("dir.csv") / name) == kind


def test_a_file_is_gunzipped_whatever_its_name(tmp_path: Path) -> None:
    path = tmp_path / "foxes.csv"
    path.write_bytes(gzip.compress(b"prompt\na fox\n"))
    assert list(open_input(path).rows) == [Row(2, "a fox")]


def test_a_kind_that_is_named_wins_over_the_ending(tmp_path: Path) -> None:
    path = tmp_path / "foxes.csv"
    path.write_text("a fox, red\n")
    assert list(open_input(path, kind="txt").rows) == [Row(1, "a fox, red")]


def test_what_cannot_be_opened_is_refused(tmp_path: Path) -> None:
    messages = []
    for name in ("missing.txt", ".", "a\0b"):
        with pytest.raises(UsageError) as caught:
            open_input(Path(name))
        messages.append(str(caught.value))
    with pytest.raises(UsageError) as caught:
        open_input(tmp_path, kind="xlsx")
    assert [*messages, str(caught.value)] == [
        "'missing.txt' cannot be read: No such file or directory; check the path.",
        "'.' cannot be read: Is a directory; check the path.",
        "'a\\u0000b' cannot be read: embedded null byte; check the path.",
        "There is no kind of input 'xlsx' (known: txt, jsonl, csv, tsv, yaml, json).",
    ]


def test_rows_of_a_pipe_come_as_they_are_written() -> None:
    reading, writing = os.pipe()
    with open(reading, "rb") as stream, open(writing, "wb", buffering=0) as pipe:  # noqa: PTH123
        pipe.write(b"a fox\n")
        rows = open_input(stream).rows
        assert next(rows) == Row(1, "a fox")
        pipe.write(b"a cat\na d")
        assert next(rows) == Row(2, "a cat")
        pipe.write(b"og\n")
        assert next(rows) == Row(3, "a dog")


clean = st.text(st.characters(exclude_categories=("Cc", "Cs")), max_size=40)
prompts = clean.map(str.strip).filter(bool).map(lambda text: f"a {text}")
tables = st.lists(st.tuples(prompts, clean), min_size=1, max_size=6)


def contents(rows: Input) -> list[tuple[str | None, Any]]:
    return [
        (row.prompt, row.extra.get("note")) if isinstance(row, Row) else (None, str(row.error))
        for row in rows.rows
    ]


def normal(table: list[tuple[str, str]]) -> list[tuple[str, str]]:
    from imagine.stages.spec import clean_prompt

    return [(clean_prompt(prompt), note) for prompt, note in table]


@given(tables, st.sampled_from([",", ";", "\t"]), st.sampled_from(["\n", "\r\n"]))
def test_what_csv_writers_write_comes_back(
    table: list[tuple[str, str]], delimiter: str, line_end: str
) -> None:
    text = io.StringIO()
    writer = csv.writer(text, delimiter=delimiter, lineterminator=line_end, quoting=csv.QUOTE_ALL)
    writer.writerow(["prompt", "note"])
    writer.writerows(table)
    header = f"prompt{delimiter}note"
    content = text.getvalue().replace('"prompt"' + delimiter + '"note"', header, 1)
    assert contents(read(content, "csv")) == normal(table)


@given(tables, st.sampled_from([None, 1]), st.booleans())
@example([('a "]}, {', '\\"[')], None, False)
def test_what_json_writers_write_comes_back(
    table: list[tuple[str, str]], indent: int | None, ascii: bool
) -> None:
    rows = [{"prompt": prompt, "note": note} for prompt, note in table]
    lines = [json.dumps(row, ensure_ascii=ascii) for row in rows]
    for content, kind in (
        (json.dumps(rows, ensure_ascii=ascii, indent=indent), "json"),
        (json.dumps({"items": rows}, ensure_ascii=ascii, indent=indent), "json"),
        ("\n".join(lines), "json"),
        ("\n".join(lines), "jsonl"),
        ("\n".join(lines), "txt"),
    ):
        assert contents(read(content, kind)) == normal(table)


@given(tables, st.booleans(), st.booleans(), st.booleans())
def test_what_yaml_writers_write_comes_back(
    table: list[tuple[str, str]], below: bool, unicode: bool, flow: bool
) -> None:
    rows = [{"prompt": prompt, "note": note or "-"} for prompt, note in table]
    document = {"items": rows} if below else rows
    content = yaml.safe_dump(document, allow_unicode=unicode, default_flow_style=flow)
    expected = normal([(row["prompt"], row["note"]) for row in rows])
    assert contents(read(content, "yaml")) == expected


signs = st.sampled_from(
    [*"\"{}[],:-#|>&*!%'\\ab \n\r\t\0", "---", "- ", "prompt", "items:", "\ufeff", '"prompt": ']
)


@given(
    st.binary(max_size=200)
    | st.lists(signs, max_size=40).map(lambda parts: "".join(parts).encode()),
    st.sampled_from(KINDS),
    st.booleans(),
)
@example(b"[1}, 2]", "json", False)
@example(b'{"a":[{"items":["x"]', "json", False)
def test_no_bytes_whatever_raise_anything(content: bytes, kind: str, packed: bool) -> None:
    raw = gzip.compress(content) if packed else content
    last = 0
    for row in open_input(io.BytesIO(raw), kind=kind).rows:
        assert isinstance(row, Row | BadRow)
        assert row.line >= last
        last = row.line
        if isinstance(row, Row):
            row.to_json().encode()
            assert row.prompt
        else:
            assert str(row.error).isprintable()
            assert row.text.isprintable()


class Trickling(io.RawIOBase):
    """A stream that gives its bytes in blocks of given sizes."""

    def __init__(self, content: bytes, sizes: list[int]) -> None:
        self.rest = content
        self.sizes = sizes

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        size = self.sizes.pop() if self.sizes else len(buffer)
        block, self.rest = self.rest[:size], self.rest[size:]
        buffer[: len(block)] = block
        return len(block)


@given(
    st.lists(signs, max_size=40).map(lambda parts: "".join(parts).encode()),
    st.sampled_from(KINDS),
    st.lists(st.integers(1, 5), max_size=60),
)
def test_rows_do_not_depend_on_how_the_bytes_arrive(
    content: bytes, kind: str, sizes: list[int]
) -> None:
    stream = io.BufferedReader(Trickling(content, sizes))
    assert str(list(open_input(stream, kind=kind).rows)) == str(list(read(content, kind).rows))


def test_a_json_list_in_one_line_that_is_longer_than_any_row_is_read() -> None:
    notes = ["\\" * (number % 7) + '"]},{[' * (number % 3) for number in range(30_000)]
    content = json.dumps([{"prompt": "a fox", "note": note} for note in notes])
    assert len(content) > MAX_ROW
    assert contents(read(content, "json")) == [("a fox", note) for note in notes]


CHILD = """
import io, sys
from imagine.stages.batch.inputs import open_input

class Endless(io.RawIOBase):
    def __init__(self, head, line, count):
        self.rest, self.line, self.count = head, line * 100, count // 100
    def readable(self):
        return True
    def readinto(self, buffer):
        if not self.rest and self.count:
            self.rest, self.count = self.line, self.count - 1
        block, self.rest = self.rest[:len(buffer)], self.rest[len(buffer):]
        buffer[:len(block)] = block
        return len(block)

kind, head, line, count = sys.argv[1], *map(str.encode, sys.argv[2:4]), int(sys.argv[4])
stream = io.BufferedReader(Endless(head, line.replace(b"|", b"\\n"), count))
print(sum(1 for row in open_input(stream, kind=kind).rows), end=" ")
# Of getrusage the child of a large process has the peak of its parent.
status = open("/proc/self/status").read()
print(status.partition("VmHWM:")[2].split()[0])
"""
FLAT = [
    ("txt", "", "a red fox in the snow|"),
    ("csv", "prompt,seed\n", '"a red fox, in the snow",3|'),
    ("jsonl", "", '{"prompt": "a fox", "note": "x"}|'),
    ("json", "[", '{"prompt": "a fox", "note": "x"},'),
    ("yaml", "", "- prompt: a fox|"),
]


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs Linux's /proc")
@pytest.mark.parametrize(("kind", "head", "line"), FLAT)
def test_memory_does_not_grow_with_the_input(kind: str, head: str, line: str) -> None:
    def peak(count: int) -> int:
        done = subprocess.run(
            [sys.executable, "-c", CHILD, kind, head, line, str(count)],
            capture_output=True,
            text=True,
            check=True,
        )
        rows, kilobytes = map(int, done.stdout.split())
        assert rows == count + (kind == "json")  # the list is not closed
        return kilobytes

    assert peak(40_000) < 1.1 * peak(1_000)


@pytest.mark.parametrize(("kind", "seconds"), [("txt", 1.0), ("csv", 3.0)])
def test_200_000_rows_are_read_in_the_time_that_is_allowed(kind: str, seconds: float) -> None:
    rows = 20_000
    _, head, line = next(case for case in FLAT if case[0] == kind)
    content = head + line.replace("|", "\n") * rows
    numbers: list[int] = []
    spent = processor_seconds(lambda: numbers.append(sum(1 for _ in read(content, kind).rows)))
    assert numbers == [rows]
    assert spent < seconds * rows / 200_000 * 2  # a busy machine


HOSTILE = [
    ("txt", "a" + "\u0300\u0316" * 240_000),
    ("txt", "--prompt " + "'a' " * 240_000),
    ("txt", '{"' * 480_000),
    ("csv", "prompt\n" + '"' * 960_000),
    ("csv", "prompt\n" + "," * 960_000),
    ("json", '{"a": [' * 130_000),
    ("json", '[{"a' + "\\" * 960_000),
    ("yaml", " " * 960_000 + "x"),
    ("yaml", "items:" + " " * 960_000 + "x"),
    ("yaml", "- " + "{" * 960_000),
    ("yaml", "- " * 480_000),
    ("yaml", "- " + "? " * 480_000),
    ("yaml", "- " + "[], " * 240_000),
    ("yaml", '- "' + "\\x41" * 240_000),
]


@pytest.mark.parametrize(("kind", "content"), HOSTILE)
def test_no_row_takes_much_longer_than_its_length_warrants(kind: str, content: str) -> None:
    rows: list[Row | BadRow] = []
    assert processor_seconds(lambda: rows.extend(read(content, kind).rows)) < 5
    assert len(rows) <= 2


def test_a_row_just_as_long_as_is_allowed_is_read() -> None:
    note = "x" * (MAX_ROW - len('{"prompt": "a fox", "note": ""}\n'))
    line = json.dumps({"prompt": "a fox", "note": note}) + "\n"
    assert list(read(line * 2, "jsonl").rows) == [
        Row(1, "a fox", extra={"note": note}),
        Row(2, "a fox", extra={"note": note}),
    ]
    assert told(line.replace("fox", "foxx"), "jsonl") == [(1, TOO_LONG)]
