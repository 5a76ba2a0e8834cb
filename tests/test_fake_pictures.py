"""What the fakes draw and describe: exact sizes, schemas that are kept, the same every time."""

import base64
import io
import json
from typing import Any

import pytest
from fakes.client import (
    GOOGLE_SCHEMA,
    JSON_SCHEMA,
)
from fakes.describe import describe_prompt
from fakes.pictures import draw, mark_in, prompt_mark, size_of, type_of
from PIL import Image


@pytest.mark.parametrize("kind", ["png", "jpeg", "webp"])
@pytest.mark.parametrize("signed", [False, True])
def test_a_picture_decodes_to_the_size_asked_for(kind: str, signed: bool) -> None:
    picture = draw(96, 64, prompt="a fox", kind=kind, signed=signed)  # type: ignore[arg-type]
    with Image.open(io.BytesIO(picture.bytes)) as image:
        image.load()
        assert image.size == (96, 64) == size_of(picture.bytes)
        assert Image.MIME[image.format or ""] == picture.mime == type_of(picture.bytes)
    assert base64.b64decode(b"".join(picture.base64)) == picture.bytes
    if kind != "webp":
        assert (b"c2pa" in picture.bytes) == signed
        assert prompt_mark("a fox").encode() in picture.bytes


def test_a_black_picture_is_black_all_over() -> None:
    with Image.open(io.BytesIO(draw(64, 48, prompt="a fox", black=True).bytes)) as image:
        assert image.getextrema() == ((0, 0),) * 3


def test_pictures_differ_with_prompt_and_number_and_repeat_otherwise() -> None:
    one = draw(64, 64, prompt="a fox").bytes
    assert draw(64, 64, prompt="a fox").bytes == one
    assert draw(64, 64, prompt="a cat").bytes != one
    assert draw(64, 64, prompt="a fox", number=1).bytes != one


def test_noise_gives_a_picture_its_realistic_size() -> None:
    assert len(draw(1024, 1024, prompt="a fox", megabytes=2).bytes) > 2 * 2**20
    assert len(draw(1024, 1024, prompt="a fox").bytes) < 100_000


def test_a_tiny_picture_takes_a_few_kilobytes_at_any_size() -> None:
    picture = draw(1024, 1024, prompt="a fox", tiny=True)
    assert len(picture.bytes) < 6_000
    with Image.open(io.BytesIO(picture.bytes)) as image:
        image.load()
        assert image.size == (1024, 1024)


@pytest.mark.parametrize("kind", ["png", "jpeg"])
def test_a_file_names_its_prompt(kind: str) -> None:
    picture = draw(64, 64, prompt="a fox", number=7, kind=kind)  # type: ignore[arg-type]
    assert mark_in(picture.bytes) == prompt_mark("a fox")
    assert mark_in(b"\x89PNG and nothing else") is None


@pytest.mark.parametrize("schema", [GOOGLE_SCHEMA, JSON_SCHEMA])
def test_a_description_fits_its_schema(schema: Any) -> None:
    told = describe_prompt("three red foxes on a sofa", schema)
    assert [subject["name"] for subject in told["subjects"]] == ["foxes", "sofa"]
    assert told["subjects"][0]["count"] == 3
    assert set(schema["required"]) <= set(told)
    assert told.get("medium", "photograph") in ("photograph", "painting")


def test_a_description_tells_how_subjects_stand_to_each_other() -> None:
    relation = {
        "type": "object",
        "properties": {name: {"type": "string"} for name in ("a", "kind", "b")},
        "required": ["a", "kind", "b"],
    }
    schema = {"type": "object", "properties": {"relations": {"type": "array", "items": relation}}}
    prompt = "fluffy corgi wearing a tiny crown, sitting on a velvet cushion"
    assert describe_prompt(prompt, schema)["relations"] == [
        {"a": "corgi-1", "kind": "wearing", "b": "crown-2"},
        {"a": "corgi-1", "kind": "on", "b": "cushion-3"},
    ]


SPANS = {
    "type": "object",
    "properties": {
        "subjects": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {"source_span": {"type": ["string", "null"]}},
                "required": ["source_span"],
            },
        }
    },
    "required": ["subjects"],
}


@pytest.mark.parametrize(
    ("prompt", "spans"),
    [
        ("a corgi on a velvet cushion", ["corgi", "velvet cushion"]),
        ("On the red sofa, three cats", ["red sofa", "three cats"]),
        ('a sign that says "OPEN"', ["sign"]),
        ('a sign that says: "OPEN"', ["sign"]),
        ("a poster reading, in gold", ["poster", "gold"]),
        ("the a of", [None]),
    ],
)
def test_a_span_is_a_bare_noun_phrase(prompt: str, spans: list[str | None]) -> None:
    subjects = describe_prompt(prompt, SPANS)["subjects"]
    assert [subject["source_span"] for subject in subjects] == spans


def test_a_description_depends_on_seed_and_wording_and_nothing_else() -> None:
    told = {
        json.dumps(describe_prompt("a fox", GOOGLE_SCHEMA, seed=seed, wording=wording))
        for seed in range(6)
        for wording in ("short", "long")
    }
    assert len(told) > 1
    assert describe_prompt("a fox", GOOGLE_SCHEMA) == describe_prompt("a fox", GOOGLE_SCHEMA)


@pytest.mark.parametrize(
    "prompt", ["", "的狐狸，坐在沙发上", "no people", '"OPEN"', "the a of", "🦊"]
)
def test_any_prompt_gets_a_subject(prompt: str) -> None:
    assert describe_prompt(prompt, GOOGLE_SCHEMA)["subjects"][0]["name"]
