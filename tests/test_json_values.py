from collections.abc import Callable

import pytest

from imagine.stages.network.json_values import count, decoded_base64, items, table, tables, text

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
