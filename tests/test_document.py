"""JSON, YAML and TOML as plain data: what is read, what is refused, and how fast."""

from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from patience import processor_seconds

from imagine.stages.document import Syntax, decode, encode, texts_in
from imagine.stages.errors import SpecError

any_words = st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=20)
any_values = st.recursive(
    any_words,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(any_words, inner, max_size=3),
    max_leaves=8,
)


def refusal(text: str, syntax: Syntax) -> str:
    with pytest.raises(SpecError) as caught:
        decode(text, syntax, origin="'x'")
    message = str(caught.value)
    assert message.isprintable()
    assert len(message) < 200
    return message


@given(st.dictionaries(any_words, any_values, max_size=4), st.sampled_from(["json", "yaml"]))
def test_words_lists_and_tables_come_back(document: dict[str, Any], syntax: Syntax) -> None:
    assert decode(encode(document, syntax), syntax, origin="it") == document


@pytest.fixture(params=["C", "Python"])
def yaml_parser(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both parsers of PyYAML; some builds have only the second."""
    if request.param == "Python":
        monkeypatch.delattr(yaml, "CSafeLoader", raising=False)


@pytest.mark.usefixtures("yaml_parser")
def test_yaml_keeps_what_was_typed() -> None:
    text = """
        kind: on
        aspect_ratio: 16:9
        exclude: [no, yes, off, True, 1_000, 0x1F, .5, 1e3, .inf]
        mood: 2020-01-01
        name: none
        source_prompt: 1984
        count: 3
        schema_version: +1
        counts: 3
        set: null
        unset: ~
        open:
        quoted: 'null'
        block: |
          3
        <<: x
    """
    assert decode(text, "yaml", origin="it") == {
        "kind": "on",
        "aspect_ratio": "16:9",
        "exclude": ["no", "yes", "off", "True", "1_000", "0x1F", ".5", "1e3", ".inf"],
        "mood": "2020-01-01",
        "name": "none",
        "source_prompt": "1984",
        "count": 3,
        "schema_version": 1,
        "counts": "3",
        "set": None,
        "unset": None,
        "open": None,
        "quoted": "null",
        "block": "3\n",
        "<<": "x",
    }


@pytest.mark.usefixtures("yaml_parser")
@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("a: &a [*a]", "line 1, column 8: aliases (* and &) are not read, write the value out"),
        ("a: &a x\nb: *a", "line 2, column 4: aliases (* and &) are not read, write the value out"),
        (
            "a: !!int ''",
            "line 1, column 4: the tag !!int is not read, write the value alone",
        ),
        (
            "a: !!python/object/apply:os.getcwd []",
            "line 1, column 4: the tag "
            "!!python/object/apply:os.getcwd is not read, write the value alone",
        ),
        ("!x {a: 1}", "line 1, column 1: the tag !x is not read, write the value alone"),
        ("a: 1\n---\na: 2", "line 2, column 1: a second document begins"),
        ("a: 1\nb: 2\na: 3", "line 3, column 1: the field 'a' stands here again"),
        ("? [a]\n: b", "line 1, column 3: a field needs a name"),
        ("a: b: c", "line 1, column 5: mapping values are not allowed"),
        ("a: " + "[" * 31 + "]" * 31, "it is nested too deeply"),
        ("a: \x1b", "it holds a character that YAML has not"),
    ],
    ids=[
        "loop",
        "alias",
        "tag",
        "object",
        "own",
        "two",
        "twice",
        "key",
        "colons",
        "deep",
        "escape",
    ],
)
def test_yaml_that_is_no_plain_data_is_refused(text: str, reason: str) -> None:
    message = refusal(text, "yaml").replace(" here;", ";").replace(" in this context;", ";")
    assert message == f"'x' is not valid YAML: {reason}; correct it."


def test_an_empty_document_is_null() -> None:
    for text in ("", "# only a comment", "---"):
        assert decode(text, "yaml", origin="it") is None


@pytest.mark.parametrize(
    ("text", "syntax", "reason"),
    [
        ("{", "json", "line 1, column 2: expecting property name enclosed in double quotes"),
        ('{"a": 1,\r\n "b"}', "json", "line 2, column 5: expecting ':' delimiter"),
        ("9" * 5000, "json", "it holds a number of too many digits"),
        ("a = [1,\nb = 2", "toml", "line 2, column 1: invalid value"),
        ('a = "', "toml", "unterminated string (at end of document)"),
        ("a = " + "9" * 5000, "toml", "it holds a number of too many digits"),
        ("a = " + "[" * 5000, "toml", "it is nested too deeply"),
    ],
)
def test_a_fault_is_told_with_its_place(text: str, syntax: Syntax, reason: str) -> None:
    assert refusal(text, syntax) == f"'x' is not valid {syntax.upper()}: {reason}; correct it."


@pytest.mark.parametrize("syntax", ["json", "yaml", "toml"])
@pytest.mark.parametrize("depth", [1, 30, 31, 100, 500, 990, 5000, 100_000])
def test_thirty_levels_are_read_and_more_refused(syntax: Syntax, depth: int) -> None:
    lists = "[" * depth + "]" * depth
    text = {"json": f'{{"a": {lists}}}', "yaml": f"a: {lists}", "toml": f"a = {lists}"}[syntax]
    if depth <= 30:
        assert list(texts_in(decode(text, syntax, origin="it"))) == ["a"]
    else:
        reason = "it is nested too deeply"
        assert refusal(text, syntax) == f"'x' is not valid {syntax.upper()}: {reason}; correct it."


def test_a_bomb_of_aliases_costs_nothing() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 30)]
    said: list[str] = []
    assert processor_seconds(lambda: said.append(refusal("\n".join(lines), "yaml"))) < 0.5
    assert "aliases (* and &) are not read" in said[0]


def test_a_megabyte_of_brackets_costs_little() -> None:
    said: list[str] = []
    assert processor_seconds(lambda: said.append(refusal("[" * 10**6, "yaml"))) < 2
    assert "nested too deeply" in said[0]


def test_every_text_is_found_keys_included() -> None:
    document = {"a": ["b", {"c": ("d",)}], "e": 1, "f": None}
    assert sorted(texts_in(document)) == ["a", "b", "c", "d", "e", "f"]
