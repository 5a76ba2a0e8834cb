import json
from collections.abc import Callable

import pytest

from imagine.stages.network.json_values import (
    count,
    decoded_base64,
    items,
    parsed_json,
    table,
    tables,
    text,
)

VALUES: list[tuple[Callable[[object], object], object, object]] = [
    (table, {"a": 1}, {"a": 1}),
    (table, [1], {}),
    (table, None, {}),
    (items, [1, None], [1, None]),
    (items, {"a": 1}, []),
    (items, "abc", []),
    (tables, [{"a": 1}, 2, None, {}], [{"a": 1}, {}]),
    (tables, {"a": 1}, []),
    (text, "fox", "fox"),
    (text, 7, ""),
    (text, None, ""),
    (count, 7, 7),
    (count, 0, 0),
    (count, -1, 0),
    (count, True, 0),
    (count, 7.0, 0),
    (count, "7", 0),
    (count, 10**300, 0),
]


@pytest.mark.parametrize(("read", "value", "found"), VALUES)
def test_what_is_of_another_kind_counts_as_nothing(
    read: Callable[[object], object], value: object, found: object
) -> None:
    assert read(value) == found


@pytest.mark.parametrize("value", ["Zm94", "Zm\n94\r\n", " Z m\t9 4 ", b"Zm94\n"])
def test_base64_may_have_white_space_in_it(value: str | bytes) -> None:
    assert decoded_base64(value) == b"fox"


@pytest.mark.parametrize("value", ["Zm9", "Zm-_", "not~base64", "Zm94ü", "Zm94\x00"])
def test_what_is_no_base64_is_refused(value: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        decoded_base64(value)


JSON: list[tuple[bytes, object]] = [
    (b'{"a": [1, 2.5, null, true, "f\\u00f6x"]}', {"a": [1, 2.5, None, True, "f\u00f6x"]}),
    # What only the standard library reads.
    (b'"\\ud800"', "\ud800"),
    (b"\xef\xbb\xbf{}", {}),
    ("[1]".encode("utf-16"), [1]),
    (b"[" * 300 + b"]" * 300, None),
]


@pytest.mark.parametrize(("data", "value"), JSON)
def test_json_is_read_as_the_standard_library_reads_it(data: bytes, value: object) -> None:
    assert parsed_json(data) == (json.loads(data) if value is None else value)


@pytest.mark.parametrize("data", [b"", b"{", b'{"a": 1', b"[01]", b'"\xff"', b"<html>", b"1 2"])
def test_what_is_no_json_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        parsed_json(data)
