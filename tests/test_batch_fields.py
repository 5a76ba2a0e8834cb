"""Fields: rows of plain values, what is carried along, and what is said of odd columns."""

import json
from typing import Any

import pytest

from imagine.stages.batch.doubts import doubt_about
from imagine.stages.batch.fields import Reader
from imagine.stages.batch.rows import BadRow, Row

SPEC: dict[str, Any] = {
    "schema_version": 1,
    "source_prompt": "a red fox",
    "subjects": [{"id": "fox", "name": "fox", "source_span": "fox"}],
    "style": {"medium": "photograph"},
}


def row_of(fields: dict[str, Any]) -> Row:
    row = Reader(lambda text: None).row(3, fields, "")
    assert isinstance(row, Row), row
    return row


def refusal(fields: Any) -> str:
    row = Reader(lambda text: None).row(3, fields, "")
    assert isinstance(row, BadRow)
    return str(row.error)


def test_options_id_and_extra_columns_are_told_apart() -> None:
    fields = {
        "ID": 7,
        "Prompt": " a fox ",
        "num_images": "2",
        "negative-prompt": "cars, people",
        "cfg": "",
        "category": "Animals",
        "rating": {"stars": [5, None]},
        "empty": "",
    }
    assert row_of(fields) == Row(
        3,
        "a fox",
        id="7",
        options={"num": 2, "negative": ["cars", "people"]},
        extra={"category": "Animals", "rating": {"stars": [5, None]}, "empty": ""},
    )


@pytest.mark.parametrize("name", ["text", "Caption", "description"])
def test_the_only_stand_in_of_a_prompt_is_the_prompt(name: str) -> None:
    assert row_of({name: "a fox", "label": "x"}) == Row(3, "a fox", extra={"label": "x"})


def test_beside_a_prompt_a_caption_is_carried_along() -> None:
    assert row_of({"prompt": "a fox", "caption": "x"}) == Row(3, "a fox", extra={"caption": "x"})


@pytest.mark.parametrize("side", [512, "512", "512.0", 512.0, " 512 "])
def test_width_and_height_are_a_size(side: Any) -> None:
    row = row_of({"prompt": "a fox", "width": side, "height": 256})
    assert row.options == {"size": "512x256"}


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"text": "a", "caption": "b"}, "The row has no \"prompt\", but 'text' and 'caption'; call "
         "one of them prompt."),
        ({"n": 1, "num": 2, "prompt": "x"}, "'n' and 'num' set the same; leave out one of them."),
        ({"prompt": "x", "width": 3}, "'height' is missing beside the other side; add it."),
        ({"prompt": "x", "height": 3}, "'width' is missing beside the other side; add it."),
        ({"prompt": "x", "width": 3, "height": 3, "size": "3x3"}, "'size' and 'width' or 'height' "
         "are both set; leave out one of them."),
        ({"prompt": "x", "width": "a", "height": 3}, "The size 'ax3' is not WIDTHxHEIGHT, such as "
         "1024x768; write it so."),
        ({"prompt": "x", "size": "64x64", "ar": "1:1"}, "'size' 64x64 and 'aspect_ratio' 1:1 "
         "exclude each other; leave out one of them."),
        ({"prompt": "x", "id": "a\tb"}, "The id 'a\\u0009b' is not 1 to 200 printable characters; "
         "correct it."),
        ({"spec": 3}, "'spec' is 3, no description; see `imagine enhance`."),
        ({"spec": "{"}, "'spec' is not valid JSON: line 1, column 2: expecting property name "
         "enclosed in double quotes; correct it."),
        ({"spec": {"subjects": []}}, "'spec': source_prompt is missing (and 2 more); correct the "
         "field."),
        ({"line": 4, "prompt": "x", "ok": False, "error": {"type": "RefusedError", "message":
         "The prompt was refused."}}, "The row is a failure of an earlier command: The prompt was "
         "refused."),
        ({"prompt": "x", "ok": False}, "The row is a failure of an earlier command: It does not "
         "say why."),
        ({"series": {}}, "'series' and 'defaults' stand here after the first row; put them before "
         "it."),
        (None, "The row is null; write a prompt, or fields with their names."),
        (True, "The row is true; write a prompt, or fields with their names."),
    ],
)  # fmt: skip
def test_what_does_not_go_together_is_refused(fields: Any, message: str) -> None:
    assert refusal(fields) == message


def test_a_description_wins_over_the_prompt() -> None:
    own = {"line": 3, "prompt": "a red fox", "spec": SPEC, "rendered": {}, "guard": {}, "notes": []}
    assert row_of(own) == Row(3, None, spec=SPEC)
    assert row_of({"prompt": "x", "spec": SPEC, "notes": "mine"}) == Row(
        3, None, spec=SPEC, extra={"notes": "mine"}
    )


def test_a_description_may_be_a_cell_or_the_whole_row() -> None:
    assert row_of({"spec": json.dumps(SPEC), "seed": "3"}) == Row(
        3, None, spec=SPEC, options={"seed": 3}
    )
    assert row_of(SPEC) == Row(3, None, spec=SPEC)


def test_what_enhance_prints_is_a_row_with_that_description() -> None:
    from imagine.cli.text import description_values
    from imagine.stages.description import describe
    from imagine.stages.enhance.offline import OfflineEnhancer

    printed = description_values(describe("two red foxes", enhancer=OfflineEnhancer()))
    row = row_of(json.loads(json.dumps({"line": 1} | printed)))
    assert (row.prompt, row.spec, row.extra) == (None, printed["spec"], {})


def test_a_column_in_doubt_is_told_once() -> None:
    told: list[str] = []
    reader = Reader(told.append)
    for _ in range(3):
        reader.row(1, {"prompt": "x", "seeed": 1, "Styel": 2, "budget": 3, "category": 4}, "")
    assert told == [
        "The column 'seeed' is no option and is carried along; did you mean 'seed'?",
        "The column 'Styel' is no option and is carried along; did you mean 'style'?",
        "The column 'budget' is carried along: --budget is the same for all rows; give it on the "
        "command line.",
    ]


@pytest.mark.parametrize(
    "name",
    [
        *("category", "challenge", "source", "label", "url", "title", "tags", "note", "notes"),
        *("rating", "author", "date", "type", "group", "split", "prompt_id", "image_url", "mode"),
        *("language", "weight", "country", "speed", "art", "number", "key", "value", "index"),
        *("user", "comment", "score", "metadata", "object", "objects", "color"),
        *("caption", "text", "name_of_artist", "series_id", "negation", "stage", "location"),
    ],
)
def test_common_columns_are_no_doubt(name: str) -> None:
    assert doubt_about(name) is None


def test_very_many_names_of_columns_are_forgotten_and_not_kept() -> None:
    told: list[str] = []
    reader = Reader(told.append)
    for number in range(3000):
        reader.row(1, {"prompt": "x", f"column {number}": 1}, "")
    assert len(reader._names) == 1000
    row = reader.row(1, {"prompt": "x", "Seed": 1}, "")
    assert isinstance(row, Row)
    assert row.options == {"seed": 1}
