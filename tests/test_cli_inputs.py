"""Where prompts come from, and what is wrong with a line."""

import io
from pathlib import Path

import pytest

from imagine.cli.inputs import MAX_LINE, Item, each, read_prompts
from imagine.stages.errors import ItemsFailedError, UsageError


def from_bytes(content: bytes, monkeypatch: pytest.MonkeyPatch) -> list[Item]:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(content)))
    return list(read_prompts(None, None))


def test_words_without_quotes_are_one_prompt() -> None:
    assert list(read_prompts(["a", "red", "fox"], None)) == [Item("a red fox")]


def test_two_quoted_prompts_are_refused() -> None:
    with pytest.raises(UsageError, match=r"^There are 2 prompts; give one in quotes"):
        read_prompts(["a fox", "a cat"], None)


def test_a_prompt_and_a_file_are_refused() -> None:
    with pytest.raises(UsageError, match=r"^A prompt and --file were both given"):
        read_prompts(["a fox"], Path("prompts.txt"))


def test_lines_come_with_their_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    content = "\ufeffa fox\r\n\n# a comment\n  a cat  \n狐\n".encode()
    assert from_bytes(content, monkeypatch) == [
        Item("a fox", 1),
        Item("a cat", 4),
        Item("狐", 5),
    ]


def test_json_lines_give_their_prompts(monkeypatch: pytest.MonkeyPatch) -> None:
    items = from_bytes(
        b'{"id": 1, "prompt": "a fox"}\n{red|blue} fox\n{"text": "x"}\n', monkeypatch
    )
    assert items[:2] == [Item("a fox", 1), Item("{red|blue} fox", 2)]
    assert str(items[2].error) == 'The JSON object has no text under "prompt"; add it.'


def test_a_json_line_that_sets_an_option_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    (item,) = from_bytes(b'{"prompt": "a fox", "seed": 5}\n', monkeypatch)
    assert str(item.error) == (
        "The JSON object sets 'seed', but only its prompt is read; give --seed and leave it out."
    )


def test_an_empty_json_prompt_is_an_item_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    items = from_bytes(b'{"prompt": ""}\n{"prompt": "# one"}\n', monkeypatch)
    assert items == [Item("", 1), Item("# one", 2)]


def test_nesting_without_end_is_a_prompt_and_no_crash(monkeypatch: pytest.MonkeyPatch) -> None:
    (item,) = from_bytes(b'{"a":' * 50_000 + b"\n", monkeypatch)
    assert item.prompt.startswith('{"a":')


def test_a_line_that_is_not_utf8_is_an_error_of_that_line(monkeypatch: pytest.MonkeyPatch) -> None:
    items = from_bytes(b"a fox\n\xff\xfe\na cat\n", monkeypatch)
    assert [item.prompt for item in items] == ["a fox", "", "a cat"]
    assert str(items[1].error) == "The line is not UTF-8; convert the file."


def test_an_endless_line_is_skipped_and_the_next_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    items = from_bytes(b"x" * (3 * MAX_LINE + 7) + b"\na cat\n", monkeypatch)
    assert [(item.prompt, item.line) for item in items] == [("", 1), ("a cat", 2)]
    assert str(items[0].error) == "The line has over 1,000,000 bytes, which is no prompt."


def test_a_missing_file_is_refused() -> None:
    with pytest.raises(UsageError) as caught:
        read_prompts(None, Path("missing.txt"))
    assert str(caught.value) == (
        "'missing.txt' cannot be read: No such file or directory; check the path."
    )


def test_one_failure_of_several_is_reported_and_counted() -> None:
    reported = []

    def act(item: Item) -> None:
        if item.prompt == "b":
            raise UsageError("no b")

    items = iter([Item("a", 1), Item("b", 2), Item("c", 3)])
    with pytest.raises(ItemsFailedError, match=r"^1 of 3 prompts failed; the others are done\.$"):
        each(items, act, report=lambda error, item: reported.append((str(error), item.line)))
    assert reported == [("no b", 2)]


def test_no_line_at_all_is_refused() -> None:
    with pytest.raises(UsageError, match=r"^The input holds no prompt; write one on a line\.$"):
        each(iter([]), lambda item: None, report=lambda error, item: None)
