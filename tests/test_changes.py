"""A model's changes to a description: only what they name is touched, and the prompt follows."""

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imagine.stages.enhance import Correction, Question, Revision
from imagine.stages.enhance.answer import read_answer
from imagine.stages.errors import UnusableAnswerError
from imagine.stages.intent import parse_intent
from imagine.stages.spec import PromptSpec, spec_from_dict

PROMPT = 'a corgi wearing a crown next to a sign that says "Open" --ar 3:2'
CORE = 'a corgi wearing a crown next to a sign that says "Open"'
BEFORE = spec_from_dict(
    {
        "source_prompt": PROMPT,
        "subjects": [
            {"id": "corgi", "name": "corgi", "source_span": "corgi", "pose": "sitting"},
            {"id": "crown", "name": "crown", "source_span": "crown", "colors": ["gold"]},
            {"id": "sign", "name": "sign", "source_span": "sign"},
            {"id": "rug", "name": "rug", "origin": "added"},
        ],
        "relations": [
            {"a": "corgi", "kind": "wearing", "b": "crown"},
            {"a": "corgi", "kind": "on", "b": "rug"},
        ],
        "setting": "a study",
        "style": {"medium": "photograph", "detail": "soft focus", "preset": "dreamy"},
        "lighting": "window light",
        "mood": "calm",
        "palette": ["gold", "brown"],
        "text": [{"content": "Open", "placement": "on the sign", "typeface": "serif"}],
        "exclude": ["people"],
        "aspect_ratio": "3:2",
        "resolutions": [{"phrase": "corgi", "meaning": "a small dog"}],
        "assumptions": ["lighting: window light", "a study"],
    }
)


def change(
    values: dict[str, Any] | str, instruction: str = "do it", before: PromptSpec = BEFORE
) -> PromptSpec:
    text = values if isinstance(values, str) else json.dumps(values)
    question = Question(parse_intent(before.source_prompt), revision=Revision(before, instruction))
    return read_answer(text, question)


def changed_fields(after: PromptSpec) -> set[str]:
    """The fields that differ; the others are equal to the byte."""
    old, new = BEFORE.model_dump(mode="json"), after.model_dump(mode="json")
    return {name for name in old if json.dumps(old[name]) != json.dumps(new[name])}


@pytest.mark.parametrize(
    ("values", "fields"),
    [
        ({"lighting": "candle light"}, {"lighting", "assumptions"}),
        ({"source_prompt": CORE, "mood": "gloomy", "setting": None}, {"mood"}),
        ({"clear": ["mood", "palette"]}, {"mood", "palette"}),
        ({"clear": ["style_detail"]}, {"style"}),
        ({"style": {"medium": "painting"}}, {"style"}),
        ({"palette": "teal, #FF0000"}, {"palette"}),
        ({"exclude": ["people", "no cars"]}, {"exclude"}),
        ({"aspect_ratio": "1:1"}, {"aspect_ratio"}),
        ({"clear": ["aspect_ratio"]}, {"aspect_ratio"}),
        ({"subjects": [{"id": "crown", "attributes": ["tiny"]}]}, {"subjects"}),
        ({"subjects": [{"id": "corgi", "clear": ["pose", "name", "id"]}]}, {"subjects"}),
        ({"subjects": [{"name": "bone", "position": "bottom left"}]}, {"subjects"}),
        ({"remove_subjects": ["rug"]}, {"subjects", "relations"}),
        ({"remove_relations": [{"a": "corgi", "kind": "on", "b": "rug"}]}, {"relations"}),
        ({"add_relations": [{"a": "rug", "kind": "below", "b": "sign"}]}, {"relations"}),
        ({"text": [{"content": "Open", "typeface": "neon"}]}, {"text"}),
        ({"assumptions": ["a candle"], "mood": "dim"}, {"assumptions", "mood"}),
    ],
)
def test_only_what_the_answer_names_is_touched(values: dict[str, Any], fields: set[str]) -> None:
    assert changed_fields(change({"source_prompt": CORE, "subjects": []} | values)) == fields


def test_a_subjects_other_fields_and_the_other_subjects_stay() -> None:
    after = change({"subjects": [{"id": "Crown", "attributes": "tiny", "count": None}]})
    assert after.subjects[1] == BEFORE.subjects[1].model_copy(update={"attributes": ("tiny",)})
    assert [after.subjects[place] for place in (0, 2, 3)] == [
        BEFORE.subjects[place] for place in (0, 2, 3)
    ]


def test_a_change_of_style_is_no_preset_any_more() -> None:
    assert change({"style": {"detail": "sharp"}}).style.model_dump() == {
        "medium": "photograph",
        "detail": "sharp",
        "preset": None,
    }


def test_the_prompt_is_edited_and_keeps_its_flags() -> None:
    edited = CORE.replace("a crown", "a tiny crown")
    after = change({"source_prompt": edited, "subjects": []}, "make the crown tiny")
    assert after.source_prompt == edited + " --ar 3:2"
    assert changed_fields(after) == {"source_prompt"}


@pytest.mark.parametrize(
    ("before", "after", "instruction"),
    [
        ("a red fox", "a blue wolf", "a blue wolf instead"),
        ("a fox, a bear and the moon", "the moon", "nothing but the moon"),
        ("a castle", "a ruined castle overgrown with ivy", "more decay"),
        ("雪の中の赤い鳥居", "雪の中の青い鳥居", "青くして"),
    ],
)
def test_an_edit_may_go_as_far_as_the_instruction(
    before: str, after: str, instruction: str
) -> None:
    spec = BEFORE.replace(source_prompt=before, subjects=(BEFORE.subjects[3],), relations=())
    assert change({"source_prompt": after}, instruction, spec).source_prompt == after


CROWNED = spec_from_dict(
    {
        "source_prompt": "fluffy corgi wearing a tiny crown, sitting on a velvet cushion",
        "subjects": [{"id": name, "name": name} for name in ("corgi", "crown", "cushion")],
        "style": {"medium": "photograph"},
    }
)
SILVER = {"id": "crown", "colors": ["silver"]}
REWRITTEN = "source_prompt is rewritten; make only the smallest edit that the instruction needs."


def lost(name: str) -> str:
    return (
        f"source_prompt no longer names “{name}”, which stays in the picture; keep it there, or "
        "put its id into remove_subjects."
    )


@pytest.mark.parametrize(
    ("prompt", "subject", "problem"),
    [
        ("cushion a a", SILVER, REWRITTEN),
        ("fluffy corgi wearing a silver crown", SILVER, lost("cushion")),
        (
            "fluffy corgi wearing a tiny hat, sitting on a velvet cushion",
            {"id": "crown", "name": "cap"},
            lost("cap"),
        ),
    ],
)
def test_an_edit_that_loses_the_prompt_is_asked_for_again_and_then_left_out(
    prompt: str, subject: dict[str, Any], problem: str
) -> None:
    answer = json.dumps({"source_prompt": prompt, "subjects": [subject]})
    revision = Revision(CROWNED, "make the crown silver")
    first = Question(parse_intent(CROWNED.source_prompt), revision=revision)
    with pytest.raises(UnusableAnswerError) as caught:
        read_answer(answer, first)
    assert caught.value.problem == problem
    second = replace(first, correction=Correction(answer, (problem,)))
    revised = read_answer(answer, second)
    assert revised.source_prompt == CROWNED.source_prompt
    assert revised.subjects != CROWNED.subjects


@pytest.mark.parametrize(
    ("prompt", "changes"),
    [
        (
            "fluffy corgi wearing a silver crown, sitting on a velvet cushion",
            {"subjects": [SILVER]},
        ),
        ("fluffy corgi", {"remove_subjects": ["crown", "cushion"]}),
        (
            "fluffy corgi wearing a silver hat, sitting on a velvet cushion",
            {"subjects": [{"id": "crown", "name": "hat"}]},
        ),
    ],
)
def test_things_that_are_renamed_or_taken_out_may_leave_the_prompt(
    prompt: str, changes: dict[str, Any]
) -> None:
    values = {"source_prompt": prompt} | changes
    assert change(values, "make the crown silver", CROWNED).source_prompt == prompt


def test_a_long_prompt_is_measured_like_a_short_one() -> None:
    # difflib by itself takes no notice of words that are frequent in a text of 200.
    long = "a cat and " * 70 + "a red hat"
    spec = CROWNED.replace(source_prompt=long)
    edited = long.replace("red", "blue")
    spec = spec.replace(subjects=(spec.subjects[0],))
    assert change({"source_prompt": edited}, "blue", spec).source_prompt == edited


def test_spans_and_meanings_that_the_prompt_has_no_more_are_open() -> None:
    after = change(
        {
            "source_prompt": CORE.replace("corgi", "cat"),
            "subjects": [{"id": "corgi", "name": "cat"}],
        },
        "a cat instead of the corgi",
    )
    assert (after.subjects[0].id, after.subjects[0].name) == ("corgi", "cat")
    assert after.subjects[0].source_span is None
    assert after.resolutions == ()
    assert after.relations == BEFORE.relations


def test_a_new_text_stands_where_the_old_one_stood() -> None:
    after = change(
        {"source_prompt": CORE.replace("Open", "Closed"), "text": [{"content": "Cloesd"}]},
        'the sign should say "Closed"',
    )
    assert [item.model_dump() for item in after.text] == [
        {"content": "Closed", "placement": "on the sign", "typeface": "serif"}
    ]


def test_a_text_that_nobody_quotes_is_not_taken() -> None:
    after = change({"text": [{"content": "SALE", "placement": "top"}], "mood": "dim"})
    assert after.text == BEFORE.text


@pytest.mark.parametrize(
    ("values", "fault", "problem"),
    [
        (
            {"source_prompt": CORE, "subjects": []},
            "changes nothing",
            "The answer changes nothing: follow the instruction.",
        ),
        (
            {"source_prompt": "an entirely different picture of seven old sailors drinking tea"},
            "rewrites the prompt",
            "source_prompt is rewritten; make only the smallest edit that the instruction needs.",
        ),
        (
            {"source_prompt": "a sign"},
            "rewrites the prompt",
            "source_prompt is rewritten; make only the smallest edit that the instruction needs.",
        ),
        (
            {"source_prompt": CORE + ' and "Sale"'},
            "brings in the text “Sale”",
            "source_prompt quotes “Sale”, which the user did not write.",
        ),
        (
            {"source_prompt": CORE + " crown" * 700},
            "makes the prompt too long",
            "source_prompt is too long.",
        ),
        (
            {"remove_subjects": ["corgi", "crown", "sign", "rug"]},
            "leaves no subject",
            "The changes leave no subject in the picture.",
        ),
        (
            {"subjects": ["bone", "ball", "hat"]},
            "makes 7 subjects",
            "The changes make 7 subjects, and 6 are the most.",
        ),
    ],
)
def test_changes_that_are_none_or_too_many_say_why(
    values: dict[str, Any], fault: str, problem: str
) -> None:
    text = json.dumps(values, ensure_ascii=False)
    with pytest.raises(UnusableAnswerError) as caught:
        change(text)
    quoted = text if len(text) <= 200 else text[:199] + "…"
    assert str(caught.value) == (
        f"The model's answer {fault} (“{quoted}”); try again, or another model."
    )
    assert caught.value.problem == problem


def test_an_answer_without_changes_says_what_is_missing() -> None:
    with pytest.raises(UnusableAnswerError) as caught:
        change('{"reply": "done"}')
    assert str(caught.value) == (
        'The model\'s answer has no field \'source_prompt\' (“{"reply": "done"}”); '
        "try again, or another model."
    )


WORDS = ["corgi", "crown", "rug", "new", "red", "3", "null", "a fox", CORE, "left of", "x" * 200]
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=10) | st.sampled_from(WORDS),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["id", "name", "clear", "a", "b", "kind", "content", "medium"]),
            inner,
            max_size=5,
        )
    ),
    max_leaves=12,
)
FIELDS = ["source_prompt", "subjects", "remove_subjects", "add_relations", "remove_relations"]
FIELDS += ["text", "exclude", "style", "palette", "setting", "clear", "aspect_ratio"]


@settings(max_examples=120, deadline=None)
@given(values=st.dictionaries(st.sampled_from(FIELDS), VALUES, max_size=6))
def test_any_changes_give_a_description_or_say_why_not(values: dict[str, Any]) -> None:
    try:
        after = change(values)
    except UnusableAnswerError:
        return
    assert PromptSpec.model_validate(after.model_dump()) == after
    if not {"source_prompt", "clear"} & set(values):
        for name in {"exclude", "palette", "setting"} - set(values):
            assert getattr(after, name) == getattr(BEFORE, name)
