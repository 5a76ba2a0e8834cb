"""PromptSpec: limits, references, and the three syntaxes."""

import json
import os
import re
from pathlib import Path
from typing import Any
from unicodedata import normalize

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from imagine.stages.errors import SpecError, UsageError
from imagine.stages.spec import (
    PHRASES,
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
        ({"vibe": 1}, "vibe: there is no such field; leave it out."),
        ({"colour": "red"}, "colour: there is no such field; leave it out."),
        (
            {"subjects": [{"id": "a", "name": "a", "colour": "red"}]},
            "subjects.0.colour: there is no such field; did you mean 'colors'?",
        ),
        ({"subjects": []}, "subjects has 0 entries, and 1 is the least; correct the field."),
        (
            {"subjects": [{"id": f"s{index}", "name": "fox"} for index in range(7)]},
            "subjects has 7 entries, and 6 is the most; correct the field.",
        ),
        (
            {"subjects": [{"id": "a", "name": "a"}, {"id": "a", "name": "b"}]},
            "subject ids must be unique, got a, a; correct it.",
        ),
        (
            {"relations": [{"a": "fox", "kind": "on", "b": "box"}]},
            "relation names 'box', which is no subject id; correct it.",
        ),
        (
            {"relations": [{"a": "fox", "kind": "on top", "b": "fox"}]},
            "relations.0.kind must be one of left_of, right_of, above, below, behind, "
            "in_front_of, inside, on, next_to, between, holding, wearing, riding, facing, other, "
            "got 'on top'; correct the field.",
        ),
        (
            {"subjects": [{"id": "fox", "name": "fox", "count": 101}]},
            "subjects.0.count is 101, and 100 is the most; correct the field.",
        ),
        (
            {"subjects": [{"id": "fox", "name": "fox", "count": 0}]},
            "subjects.0.count is 0, and 1 is the least; correct the field.",
        ),
        (
            {"subjects": [{"id": "fox", "name": "fox", "count": "many"}]},
            "subjects.0.count must be a whole number, got 'many'; correct the field.",
        ),
        (
            {"subjects": [{"id": "Red Fox", "name": "fox"}]},
            "subjects.0.id must be a name such as red-fox, at most 60 letters, got 'Red Fox'; "
            "correct the field.",
        ),
        (
            {"palette": ["red", "#12"]},
            "palette.1 must be a colour word or #RRGGBB, got '#12'; correct the field.",
        ),
        (
            {"language": "english"},
            "language must be a language code such as en, got 'english'; correct the field.",
        ),
        ({"style": {}}, "style.medium is missing; correct the field."),
        ({"style": None}, "style is missing; correct the field."),
        ({"style": [None]}, "style must be a table of fields, got a list; correct the field."),
        ({"mood": 5}, "mood must be text, got 5; correct the field."),
        ({"mood": " "}, "mood is empty; correct the field."),
        (
            {"mood": "x" * 81},
            "mood has 81 characters, and 80 is the most; correct the field.",
        ),
        ({"exclude": "x"}, "exclude must be a list, got 'x'; correct the field."),
        (
            {"exclude": [None, True, {"a": 1}]},
            "exclude.0 must be text, got null (and 2 more); correct the field.",
        ),
        ({"schema_version": 2}, "schema_version must be 1, got 2; correct the field."),
        ({"source_prompt": " \n"}, "source_prompt is empty; correct the field."),
        (
            {"source_prompt": "x" * 4001},
            "source_prompt has 4001 characters, and 4000 is the most; correct the field.",
        ),
        (
            {"mood": "calm", "lighting": "x" * 500, "colour" * 50: 1},
            "lighting has 500 characters, and 120 is the most (and 1 more); correct the field.",
        ),
    ],
)
def test_a_broken_rule_is_named_with_its_field(change: dict[str, Any], message: str) -> None:
    with pytest.raises(SpecError) as caught:
        spec_from_dict(MINIMAL | change)
    assert str(caught.value) == f"the description: {message}"


@pytest.mark.parametrize("format", ["json", "yaml", "toml"])
def test_text_that_is_not_of_the_syntax_is_refused_in_one_line(format: SpecFormat) -> None:
    with pytest.raises(
        SpecError, match=rf"^the description is not valid {format.upper()}: "
    ) as caught:
        parse_spec("{]: [", format=format)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "what"),
    [("[1]", "a list"), ("fox", "nothing but a value"), ("", "nothing but a value")],
)
def test_what_has_no_fields_is_no_description(text: str, what: str) -> None:
    with pytest.raises(SpecError) as caught:
        parse_spec(text, format="yaml")
    assert str(caught.value) == f"the description holds {what}, no fields; see `imagine enhance`."


def test_nesting_without_end_is_refused() -> None:
    with pytest.raises(SpecError, match="not valid JSON: it is nested too deeply"):
        parse_spec("[" * 100_000, format="json")


def test_words_of_yaml_are_what_was_typed() -> None:
    text = """
        source_prompt: 007
        subjects:
          - {id: on, name: 1984, count: 2}
          - {id: box, name: yes}
        relations: [{a: on, kind: on, b: box}]
        style: {medium: drawing}
        exclude: [no, off]
        mood: 2020-01-01
        aspect_ratio: 16:9
        lighting: null
    """
    spec = parse_spec(text, format="yaml")
    assert spec.source_prompt == "007"
    assert [(item.id, item.name, item.count) for item in spec.subjects] == [
        ("on", "1984", 2),
        ("box", "yes", None),
    ]
    assert spec.relations[0].kind is RelationKind.ON
    assert (spec.exclude, spec.mood, spec.aspect_ratio, spec.lighting) == (
        ("no", "off"),
        "2020-01-01",
        "16:9",
        None,
    )
    assert parse_spec(format_spec(spec, format="yaml"), format="yaml") == spec


def test_a_field_without_a_value_is_left_open() -> None:
    text = """
        source_prompt: a fox
        subjects: [{id: fox, name: fox, colors: , attributes: null}]
        style: {medium: drawing, detail: ~}
        exclude:
        palette: null
        mood:
    """
    plain = spec_from_dict(MINIMAL | {"style": {"medium": "drawing"}})
    assert parse_spec(text, format="yaml") == plain


def test_the_model_itself_refuses_what_no_file_can_keep() -> None:
    changes: list[dict[str, Any]] = [
        {"source_prompt": "a\x1b[31m fox"},
        {"mood": "calm\x07"},
        {"exclude": ("fog", "\x9b31m")},
        {"subjects": [{"id": "fox", "name": "fox\ud800"}]},
        {"style": {"medium": "drawing", "preset": "a\x00"}},
        {"text": [{"content": "a\rb"}]},
    ]
    spec = spec_from_dict(MINIMAL)
    for change in changes:
        with pytest.raises(
            ValidationError, match=r"contains the control character|type=string_unicode"
        ):
            PromptSpec.model_validate(MINIMAL | change)
        with pytest.raises(SpecError, match=r"^the description: \w[\w.]* contains "):
            spec.replace(**change)


def test_a_change_that_breaks_a_rule_is_refused_in_our_words() -> None:
    with pytest.raises(SpecError) as caught:
        spec_from_dict(MINIMAL).replace(mood="x" * 81)
    assert str(caught.value) == (
        "the description: mood has 81 characters, and 80 is the most; correct the field."
    )


@given(st.text(max_size=60))
def test_a_spec_holds_the_prompts_that_the_program_takes(prompt: str) -> None:
    try:
        cleaned = clean_prompt(prompt)
    except UsageError:
        with pytest.raises(SpecError):
            spec_from_dict(MINIMAL | {"source_prompt": prompt})
    else:
        assert spec_from_dict(MINIMAL | {"source_prompt": cleaned}).source_prompt == cleaned
        padded = f" \n{cleaned}\t"
        assert spec_from_dict(MINIMAL | {"source_prompt": padded}).source_prompt == cleaned


def test_a_span_that_an_edited_prompt_no_longer_has_is_left_out() -> None:
    subjects = [
        {"id": "fox", "name": "fox", "source_span": "a fox"},
        {"id": "hat", "name": "hat", "source_span": "a red hat"},
        {"id": "cafe", "name": "cafe", "source_span": " cafe\u0301 "},
    ]
    document = MINIMAL | {"source_prompt": "a fox in a café", "subjects": subjects}
    spec = spec_from_dict(document)
    assert [item.source_span for item in spec.subjects] == ["a fox", None, "café"]
    assert document["subjects"] == subjects
    with pytest.raises(ValidationError, match="source_span 'a red hat' of subject 'hat' is not in"):
        PromptSpec.model_validate(document)


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
        (
            "big.json",
            b" " * (2**20 + 1),
            "is larger than 1 MB, which is no description; name another file.",
        ),
        ("missing.json", None, "cannot be read: No such file or directory; check the path."),
        (".", None, "cannot be read: Is a directory; check the path."),
        ("fox.txt", b"{}", "/fox.txt' does not end in .json, .yaml, .yml or .toml; rename it so."),
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


def test_a_pipe_is_no_spec_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fox.yaml")
    with pytest.raises(SpecError, match=r"fox\.yaml' is a pipe, which cannot be read here"):
        load_spec(tmp_path / "fox.yaml")


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


def test_every_phrase_holds_as_many_characters_as_the_table_says() -> None:
    spec = {"source_prompt": "a fox", "subjects": [{"id": "fox", "name": "fox"}]}
    for slot, most in PHRASES.items():
        full = spec | {"style": {"medium": "photograph"}, slot: "x" * most}
        assert getattr(PromptSpec.model_validate(full), slot) == "x" * most
        with pytest.raises(ValidationError):
            PromptSpec.model_validate(full | {slot: "x" * (most + 1)})
