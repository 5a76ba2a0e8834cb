"""PromptSpec: limits, references, and the three syntaxes."""

import json
import re
from pathlib import Path
from typing import Any
from unicodedata import normalize

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imagine.stages.errors import SpecError, UsageError
from imagine.stages.spec import (
    Medium,
    Position,
    PromptSpec,
    RelationKind,
    SpecFormat,
    clean_prompt,
    format_spec,
    load_spec,
    parse_spec,
    spec_from_dict,
)

MINIMAL: dict[str, Any] = {
    "source_prompt": "a fox",
    "subjects": [{"id": "fox", "name": "fox"}],
    "style": {"medium": "photograph"},
}

TEXT = st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=60)


def phrases(limit: int) -> st.SearchStrategy[str]:
    return TEXT.map(lambda text: text.strip()[:limit].strip()).filter(bool)


def maybe(strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.none() | strategy


COLORS = st.sampled_from(["red", "dark blue", "#A0B1C2", "grau", "синий"])


@st.composite
def specs(draw: st.DrawFn) -> PromptSpec:
    """Any valid spec."""
    prompt = normalize("NFC", draw(phrases(200)))
    ids = draw(st.lists(st.sampled_from("abcdef"), min_size=1, max_size=6, unique=True))
    subjects = [
        {
            "id": name,
            "name": draw(phrases(60)),
            "source_span": draw(maybe(st.just(prompt[: len(prompt) // 2 + 1]))),
            "count": draw(maybe(st.integers(1, 100))),
            "attributes": draw(st.lists(phrases(40), max_size=8)),
            "colors": draw(st.lists(COLORS, max_size=4)),
            "action": draw(maybe(phrases(80))),
            "pose": draw(maybe(phrases(80))),
            "position": draw(maybe(st.sampled_from(list(Position)))),
            "origin": draw(st.sampled_from(["user", "added"])),
        }
        for name in ids
    ]
    details = maybe(TEXT.map(str.strip).filter(bool))
    relation = st.fixed_dictionaries(
        {
            "a": st.sampled_from(ids),
            "kind": st.sampled_from(list(RelationKind)),
            "b": st.sampled_from(ids),
        }
    )
    return PromptSpec.model_validate(
        {
            "source_prompt": prompt,
            "subjects": subjects,
            "relations": draw(st.lists(relation, max_size=8)),
            "setting": draw(maybe(phrases(240))),
            "style": {"medium": draw(st.sampled_from(list(Medium))), "detail": draw(details)},
            "lighting": draw(maybe(phrases(120))),
            "palette": draw(st.lists(COLORS, max_size=6)),
            "text": [{"content": item} for item in draw(st.lists(phrases(120), max_size=6))],
            "exclude": draw(st.lists(phrases(40), max_size=12)),
            "aspect_ratio": draw(maybe(st.sampled_from(["1:1", "16:9", "9:16"]))),
        }
    )  # fmt: skip


@given(spec=specs(), format=st.sampled_from(["json", "yaml", "toml"]))
def test_every_spec_survives_every_syntax(spec: PromptSpec, format: SpecFormat) -> None:
    assert parse_spec(format_spec(spec, format=format), format=format) == spec


def test_empty_slots_are_left_out_of_the_text() -> None:
    document = json.loads(format_spec(spec_from_dict(MINIMAL), format="json"))
    assert list(document) == ["schema_version", "source_prompt", "language", "subjects", "style"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"colour": "red"}, "the description: colour: there is no such field; correct the field."),
        (
            {"subjects": []},
            "the description: subjects: Tuple should have at least 1 item after validation, "
            "not 0; correct the field.",
        ),
        (
            {"subjects": [{"id": "a", "name": "a"}, {"id": "a", "name": "b"}]},
            "the description: the whole: subject ids must be unique, got a, a; correct the field.",
        ),
        (
            {"relations": [{"a": "fox", "kind": "on", "b": "box"}]},
            "the description: the whole: relation names 'box', which is no subject id; "
            "correct the field.",
        ),
        (
            {"subjects": [{"id": "fox", "name": "fox", "source_span": "a cat"}]},
            "the description: the whole: source_span 'a cat' of subject 'fox' is not in "
            "source_prompt; correct the field.",
        ),
        (
            {"subjects": [{"id": "fox", "name": "fox", "count": 101}]},
            "the description: subjects.0.count: Input should be less than or equal to 100; "
            "correct the field.",
        ),
    ],
)
def test_a_broken_rule_is_named_with_its_field(change: dict[str, Any], message: str) -> None:
    with pytest.raises(SpecError) as caught:
        spec_from_dict(MINIMAL | change)
    assert str(caught.value) == message


def test_seven_subjects_are_too_many() -> None:
    subjects = [{"id": f"s{index}", "name": "fox"} for index in range(7)]
    with pytest.raises(SpecError, match="at most 6 items"):
        spec_from_dict(MINIMAL | {"subjects": subjects})


@pytest.mark.parametrize("format", ["json", "yaml", "toml"])
def test_text_that_is_not_of_the_syntax_is_refused_in_one_line(format: SpecFormat) -> None:
    with pytest.raises(
        SpecError, match=rf"^the description is not valid {format.upper()}: "
    ) as caught:
        parse_spec("{]: [", format=format)
    assert "\n" not in str(caught.value)


def test_a_list_is_no_description() -> None:
    with pytest.raises(SpecError, match=r"^the description holds a list, no fields"):
        parse_spec("[1]", format="json")


def test_nesting_without_end_is_refused() -> None:
    with pytest.raises(SpecError, match="not valid JSON"):
        parse_spec("[" * 100_000, format="json")


def test_yaml_cannot_build_objects() -> None:
    with pytest.raises(SpecError, match="not valid YAML"):
        parse_spec("!!python/object/apply:os.getcwd []", format="yaml")


@pytest.mark.parametrize(
    ("escape", "told"),
    [("\\ud800", "the lone surrogate U+D800"), ("\\u0007", "the control character U+0007")],
)
def test_what_no_file_can_keep_is_refused(escape: str, told: str) -> None:
    text = json.dumps(MINIMAL | {"mood": "MOOD"}).replace("MOOD", f"calm{escape}")
    with pytest.raises(SpecError, match=rf"^the description contains {re.escape(told)}; remove it"):
        parse_spec(text, format="json")


def test_a_spec_file_is_read_by_its_ending(tmp_path: Path) -> None:
    path = tmp_path / "fox.YML"
    path.write_text(
        "\ufeffsource_prompt: a fox\nsubjects: [{id: fox, name: fox}]\nstyle: {medium: drawing}\n"
    )
    assert load_spec(path).style.medium is Medium.DRAWING


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("missing.json", None, "cannot be read: No such file or directory; check the path."),
        ("fox.txt", b"{}", "does not end in .json, .yaml, .yml or .toml; rename it so."),
        ("fox.json", b"\xff\xfe", "is not UTF-8 text; save it as UTF-8."),
    ],
)
def test_an_unreadable_spec_file_is_refused(
    tmp_path: Path, name: str, content: bytes | None, message: str
) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(SpecError) as caught:
        load_spec(tmp_path / name)
    assert str(caught.value).endswith(message)


def test_a_prompt_is_normalised_and_stripped() -> None:
    assert clean_prompt("  cafe\u0301\r\n in Paris \n") == "café\n in Paris"


@pytest.mark.parametrize(
    ("prompt", "message"),
    [
        (" \n", 'The prompt is empty; say what to draw, as in: imagine "a red fox".'),
        ("x" * 5000, "The prompt has 5000 characters, the limit is 4000; shorten it."),
        ("a\x00b", "The prompt contains the control character U+0000; remove it."),
        ("a\udc80b", "The prompt contains the lone surrogate U+DC80; remove it."),
    ],
)
def test_an_unusable_prompt_is_refused(prompt: str, message: str) -> None:
    with pytest.raises(UsageError) as caught:
        clean_prompt(prompt)
    assert str(caught.value) == message


@given(st.text(max_size=5000))
def test_a_cleaned_prompt_is_clean(prompt: str) -> None:
    try:
        cleaned = clean_prompt(prompt)
    except UsageError:
        return
    assert clean_prompt(cleaned) == cleaned
    cleaned.encode()
