"""Models' answers, as they come: fenced, cut, renamed, over-long; into descriptions or errors."""

import contextlib
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imagine.stages.enhance import Question
from imagine.stages.enhance.answer import read_answer
from imagine.stages.errors import UnusableAnswerError
from imagine.stages.intent import parse_intent
from imagine.stages.spec import Medium, Position, PromptSpec, Relation, RelationKind, Subject

DEEP = '{"subjects":' * 50_000
FOX = {"id": "fox", "name": "fox"}


def read(values: Any, prompt: str = "a red fox on a log") -> PromptSpec:
    text = values if isinstance(values, str) else json.dumps(values)
    return read_answer(text, Question(parse_intent(prompt)))


def with_subject(**fields: Any) -> Any:
    """The first subject that is read from a fox with `fields`."""
    return read({"subjects": [FOX | fields]}).subjects[0]


def slot(name: str, value: Any) -> Any:
    """What a slot of a description is read as."""
    return getattr(read({"subjects": [FOX], name: value}), name)


WHOLE = '{"subjects": [{"id": "fox", "name": "fox"}], "style": {"medium": "painting"}}'


@pytest.mark.parametrize(
    "text",
    [
        WHOLE,
        f"```json\n{WHOLE}\n```",
        f"Here is the {{description}} you asked for:\n\n{WHOLE}\n\nEnjoy!",
        f'<think>Maybe {{"subjects": [{{"name": "wolf"}}]}}? No.</think>\n{WHOLE}',
        f"So, a fox, then.</think>{WHOLE}",
        f"<thinking>hm</thinking>{WHOLE} End of answer.",
        f"[{WHOLE}]",
        f'{{"prompt_spec": {WHOLE}}}',
        f'{{"note": "first"}} {WHOLE}',
        WHOLE.replace("}]", "},]").replace('"painting"}', '"painting",},'),
        WHOLE.replace('"fox"}', '"fox", "comment": "a\n\tb"}'),
        "\ufeff" + WHOLE,
    ],
)
def test_the_object_is_found_in_whatever_is_around_it(text: str) -> None:
    spec = read(text)
    assert spec.subjects[0].name == "fox"
    assert spec.style.medium is Medium.PAINTING


def test_words_of_the_picture_that_look_like_thoughts_are_kept() -> None:
    answer = WHOLE.replace("]", '], "text": [{"content": "</think>", "placement": "below"}]', 1)
    spec = read(answer, prompt='a fox with a sign that says "</think>"')
    assert [(item.content, item.placement) for item in spec.text] == [("</think>", "below")]


@pytest.mark.parametrize(
    ("text", "fault", "problem"),
    [
        ("", "is empty; try again, or another model", "The answer was empty."),
        (
            "<think>fox or wolf?</think>\n",
            "is empty; try again, or another model",
            "The answer was empty.",
        ),
        (
            "I can't help\nwith that.",
            "is prose (“I can't help with that.”); reword the prompt, or try another model",
            "The answer holds no JSON object.",
        ),
        (
            WHOLE[:-30],
            f"was cut after {len(WHOLE) - 30} characters; try again, or another model",
            "The answer was cut: be shorter.",
        ),
        (
            '{"subjects": [{"name": "fo',
            "was cut after 26 characters; try again, or another model",
            "The answer was cut: be shorter.",
        ),
        (
            "{'subjects': [{'name': 'fox'}]}",
            "is not valid JSON near “{'subjects': [{'name'”; try again, or another model",
            "The answer is not valid JSON near: {'subjects': [{'name'",
        ),
        (
            '{"answer": "a fox"}',
            'has no field \'subjects\' (“{"answer": "a fox"}”); try again, or another model',
            "The answer has no field 'subjects'.",
        ),
        (
            "{" * 100_000,
            f"is not valid JSON near “{'{' * 21}”; try again, or another model",
            f"The answer is not valid JSON near: {'{' * 21}",
        ),
        (
            DEEP,
            f"cannot be read (“{DEEP[:299]}…”); try again, or another model",
            "The answer cannot be read.",
        ),
    ],
)
def test_an_answer_without_the_object_says_why(text: str, fault: str, problem: str) -> None:
    with pytest.raises(UnusableAnswerError) as caught:
        read(text)
    assert str(caught.value) == f"The model's answer {fault}."
    assert caught.value.problem == f"{problem} Answer with the JSON object alone."
    assert len(caught.value.answer) <= 8000


def test_an_answer_without_a_subject_is_no_description() -> None:
    with pytest.raises(UnusableAnswerError) as caught:
        read({"subjects": [{"id": "x", "name": "none"}, {}, 7]})
    assert str(caught.value) == (
        'The model\'s answer names no subject (“{"subjects": [{"id": "x", "name": "none"}, {}, '
        "7]}”); try again, or another model."
    )
    assert caught.value.problem == "The answer has no subject with a name."


def test_what_only_code_may_fill_is_not_taken_from_the_model() -> None:
    spec = read(
        {
            "subjects": [FOX],
            "schema_version": 7,
            "source_prompt": "a blue wolf",
            "language": "fr",
            "style": {"medium": "drawing", "preset": "noir"},
            "aspect_ratio": "1:1",
            "surprise": {"deep": [1]},
        },
        prompt="a red fox --ar 16:9",
    )
    assert spec.source_prompt == "a red fox --ar 16:9"
    assert (spec.schema_version, spec.language, spec.aspect_ratio) == (1, "en", "16:9")
    assert spec.style.preset is None


@pytest.mark.parametrize(
    ("field", "value", "read_as"),
    [
        ("count", "3", 3),
        ("count", "three", 3),
        ("count", 3.0, 3),
        ("count", 2.5, None),
        ("count", 0, None),
        ("count", 101, None),
        ("count", True, None),
        ("count", "several", None),
        ("count", [3], None),
        ("count", float("nan"), None),
        ("count", float("inf"), None),
        ("colors", "red, White; red", ("red", "White")),
        ("colors", ["#FA0", "navy blue (#000080)", "#00ff7F", "7", ""], None),
        ("colors", None, ()),
        ("attributes", "fluffy", ("fluffy",)),
        ("attributes", ["Soft", "soft", None, 3, {"a": 1}, ["x", "y"]], ("Soft", "3", "x, y")),
        ("attributes", ["a" * 50], ("a" * 40,)),
        ("attributes", [f"a{number}" for number in range(9)], None),
        ("action", "NULL", None),
        ("action", "n/a.", None),
        ("action", ["sitting", "looking up"], "sitting, looking up"),
        ("action", "word " * 30, "word " * 15 + "word"),
        ("action", "runs\x00fast\n\n\x1b[31m", "runs fast [31m"),
        ("pose", "curled up. End of pose answer.", "curled up"),
        ("pose", {"is": "curled"}, None),
        ("pose", False, None),
        ("position", "Upper Left", Position.TOP_LEFT),
        ("position", "in the lower-right corner", Position.BOTTOM_RIGHT),
        ("position", "the middle", Position.CENTER),
        ("position", "on the left side", Position.LEFT),
        ("position", "FOREGROUND", Position.FOREGROUND),
        ("position", "somewhere", None),
        ("origin", "enhancer", "added"),
        ("origin", "USER", "user"),
        ("origin", None, "user"),
        ("source_span", "Red Fox", "red fox"),
        ("source_span", "a blue fox", None),
        ("source_span", "  red fox\n", "red fox"),
        ("source_span", ["red fox"], None),
    ],
)
def test_a_subjects_fields_are_read_for_what_they_mean(
    field: str, value: Any, read_as: Any
) -> None:
    expected = {
        "colors": ("#FFAA00", "navy blue", "#00ff7F"),
        "attributes": tuple(f"a{number}" for number in range(8)),
    }
    if read_as is None and field in expected and value is not None:
        read_as = expected[field]
    assert getattr(with_subject(**{field: value}), field) == read_as


@pytest.mark.parametrize(
    ("name", "value", "read_as"),
    [
        ("mood", "None", None),
        ("mood", "quiet", "quiet"),
        ("setting", "x" * 300, "x" * 240),
        ("lighting", ["soft", "low sun"], "soft, low sun"),
        ("palette", "teal and, orange", ("teal and", "orange")),
        ("palette", {"main": "teal", "accent": "#ff0000"}, ("teal", "#ff0000")),
        ("exclude", "no people, without cars; none", ("people", "cars")),
        ("exclude", [f"thing {number}" for number in range(20)], None),
        ("assumptions", "dawn; a birch wood", ("dawn", "a birch wood")),
        ("assumptions", "warm light, from the left", ("warm light, from the left",)),
        ("aspect_ratio", "16x9", "16:9"),
        ("aspect_ratio", " 3 : 2 ", "3:2"),
        ("aspect_ratio", "7:5", None),
        ("aspect_ratio", 1.5, None),
    ],
)
def test_a_slot_is_read_for_what_it_means(name: str, value: Any, read_as: Any) -> None:
    if read_as is None and name == "exclude":
        read_as = tuple(f"thing {number}" for number in range(12))
    assert slot(name, value) == read_as


@pytest.mark.parametrize(
    ("style", "medium", "detail"),
    [
        ({"medium": "Render 3D"}, Medium.RENDER_3D, None),
        ({"medium": "pixel-art", "detail": "8 bit"}, Medium.PIXEL_ART, "8 bit"),
        ({"medium": "photo"}, Medium.PHOTOGRAPH, None),
        ({"medium": "digital illustration"}, Medium.ILLUSTRATION, None),
        ("oil painting on linen", Medium.PAINTING, "oil painting on linen"),
        ({"detail": "watercolor on rough paper"}, Medium.PAINTING, "watercolor on rough paper"),
        ({"medium": "vibes"}, Medium.OTHER, None),
        (None, Medium.OTHER, None),
        ([], Medium.OTHER, None),
    ],
)
def test_a_style_is_read_for_what_it_means(style: Any, medium: Medium, detail: str | None) -> None:
    found = slot("style", style)
    assert (found.medium, found.detail) == (medium, detail)


def test_the_prompts_own_medium_stands_in_for_none() -> None:
    assert read({"subjects": [FOX]}, prompt="a fox, oil painting").style.medium is Medium.PAINTING


def test_ids_are_made_good_and_relations_follow_them() -> None:
    spec = read(
        {
            "subjects": [
                {"id": "Red Fox!", "name": "fox"},
                {"id": "Red Fox!", "name": "other fox"},
                {"name": "log"},
                "bird",
                {"id": "狐", "name": "狐"},
            ],
            "relations": [
                {"a": "Red Fox!", "kind": "sitting on", "b": "Log"},
                {"a": "bird", "kind": "On Top Of", "b": "red-fox"},
                {"a": "狐", "kind": "next-to", "b": "other fox"},
                {"a": "fox", "kind": "on", "b": "log"},
                {"a": "fox", "kind": "on", "b": "moon"},
                {"a": "fox", "kind": "on", "b": "fox"},
                {"a": "fox", "kind": "likes", "b": "log"},
                {"a": "fox", "b": "log"},
                "fox on log",
            ],
        }
    )
    assert [subject.id for subject in spec.subjects] == [
        "red-fox",
        "red-fox-2",
        "log",
        "bird",
        "subject",
    ]
    assert [(item.a, item.kind, item.b) for item in spec.relations] == [
        ("red-fox", RelationKind.ON, "log"),
        ("bird", RelationKind.ON, "red-fox"),
        ("subject", RelationKind.NEXT_TO, "red-fox-2"),
    ]


def test_subjects_may_come_by_name_and_the_users_come_first() -> None:
    by_name = {"fox": {"name": "fox"}, "log": {"name": "log"}}
    assert [subject.id for subject in read({"subjects": by_name}).subjects] == ["fox", "log"]
    many = [{"name": f"thing {number}", "origin": "added"} for number in range(5)]
    spec = read({"subjects": [*many, {"name": "fox"}, {"name": "log"}]})
    assert [subject.name for subject in spec.subjects][-2:] == ["fox", "log"]
    assert len(spec.subjects) == 6


def test_texts_are_the_prompts_quotes_letter_for_letter() -> None:
    spec = read(
        {
            "subjects": [FOX],
            "text": [
                {"content": "magnificient bowiler", "placement": "top", "typeface": "serif"},
                {"content": "SALE", "placement": "null"},
                "cafe",
            ],
        },
        prompt='a sign that reads "MAGNIFICENT BOWLER" above "Café" and "Open"',
    )
    assert [item.model_dump() for item in spec.text] == [
        {"content": "MAGNIFICENT BOWLER", "placement": "top", "typeface": "serif"},
        {"content": "Café", "placement": None, "typeface": None},
        {"content": "Open", "placement": None, "typeface": None},
        # An invented text is the guard's to take out and to tell of.
        {"content": "SALE", "placement": None, "typeface": None},
    ]


def test_a_quote_too_long_for_a_text_is_no_text_of_its_own() -> None:
    words = "word " * 40
    spec = read(
        {"subjects": [FOX], "text": [{"content": words}]}, prompt=f'a scroll with "{words.strip()}"'
    )
    assert spec.text == ()


def test_a_resolution_keeps_the_prompts_letters() -> None:
    found = slot(
        "resolutions",
        [
            {"phrase": "A Red Fox", "meaning": "vulpes vulpes"},
            {"phrase": "a red fox", "meaning": "twice"},
            {"phrase": "on a log", "meaning": "null"},
            {"meaning": "of nothing"},
        ],
    )
    assert [(item.phrase, item.meaning) for item in found] == [("a red fox", "vulpes vulpes")]


OTHERS = ("medium", "detail", "content", "placement", "phrase", "meaning", "x")
GARBAGE = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=30)
    | st.sampled_from(
        ["red", "fox", "left of", "16:9", "null", "red fox", "#abc", "\x00", "painting"]
    ),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                [*PromptSpec.model_fields, *Subject.model_fields, *Relation.model_fields, *OTHERS]
            ),
            inner,
            max_size=6,
        )
    ),
    max_leaves=40,
)


@settings(max_examples=250, deadline=None)
@given(
    values=GARBAGE,
    subjects=st.none() | GARBAGE,
    cut=st.none() | st.integers(0, 200),
    around=st.text(max_size=10),
)
def test_any_garbage_gives_a_description_or_says_why_not(
    values: Any, subjects: Any, cut: int | None, around: str
) -> None:
    if isinstance(values, dict) and subjects is not None:
        values = values | {"subjects": subjects}
    text = around + json.dumps(values)[:cut] + around
    with contextlib.suppress(UnusableAnswerError):
        spec = read(text, prompt='two red foxes, "Hi" and \u0130stanbul, no cars')
        assert PromptSpec.model_validate(spec.model_dump()) == spec


@given(text=st.text(max_size=200))
def test_any_text_gives_a_description_or_says_why_not(text: str) -> None:
    with pytest.raises(UnusableAnswerError):
        read(text)
