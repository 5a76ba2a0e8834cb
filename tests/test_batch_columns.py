"""Columns: which option a name means, and which values it takes."""

from pathlib import Path
from typing import Any

import pytest

from imagine.stages.batch.columns import (
    COLUMNS,
    MAX_ALTERNATIVES,
    canonical,
    files_of,
    read_id,
    read_option,
    with_defaults,
)
from imagine.stages.batch.rows import Row
from imagine.stages.errors import UsageError


def refusal(name: str, value: Any) -> str:
    with pytest.raises(UsageError) as caught:
        read_option(name, value, called=name)
    return str(caught.value)


def test_every_column_is_an_option_of_generate() -> None:
    from inspect import signature

    from imagine.cli.generate import generate

    assert set(COLUMNS) <= set(signature(generate).parameters)


def test_as_many_descriptions_may_be_picked_from_as_on_the_command_line() -> None:
    from imagine.cli.describing import MAX_PICK

    assert MAX_ALTERNATIVES == MAX_PICK


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("seed", "seed"),
        (" Seed ", "seed"),
        ("NEGATIVE-PROMPT", "negative"),
        ("negative prompt", "negative"),
        ("neg", "negative"),
        ("styles", "style"),
        ("ar", "aspect_ratio"),
        ("Aspect Ratio", "aspect_ratio"),
        ("n", "num"),
        ("num_images", "num"),
        ("num_inference_steps", "steps"),
        ("cfg_scale", "guidance"),
        ("init_image", "image"),
        ("filename", "name"),
        ("file-name", "name"),
        ("prompt", "prompt"),
        ("ID", "id"),
        ("spec", "spec"),
        ("width", "width"),
        ("category", None),
        ("no", None),
        ("number", None),
        ("", None),
    ],
)
def test_a_name_means_an_option_in_any_usual_writing(written: str, name: str | None) -> None:
    assert canonical(written) == name


@pytest.mark.parametrize(
    ("name", "value", "read"),
    [
        ("seed", 7, 7),
        ("seed", " 7 ", 7),
        ("seed", "7.0", 7),
        ("seed", 7.0, 7),
        ("seed", "4294967295", 4294967295),
        ("strength", "0,5", 0.5),
        ("strength", ".5", 0.5),
        ("strength", 1, 1),
        ("guidance", "7.5", 7.5),
        ("negative", "cars, people ,", ["cars", "people"]),
        ("negative", ["red, cars", "people"], ["red, cars", "people"]),
        ("style", "ink", ["ink"]),
        ("image", "a, b.png|c.png;d.png", ["a, b.png", "c.png", "d.png"]),
        ("image", ["a|b.png", ""], ["a|b.png"]),
        ("size", "1024×768", "1024x768"),
        ("size", "0512X0512", "512x512"),
        ("aspect_ratio", " 16:9 ", "16:9"),
        ("name", "set/{slug}-{n:02}", "set/{slug}-{n:02}"),
        ("name", "{id}", "{id}"),
        ("name", 5, "5"),
        ("format", "JPEG", "jpg"),
        ("format", "WebP", "webp"),
        ("model", "flux", "flux"),
        ("pick", "8", 8),
    ],
)  # fmt: skip
def test_values_are_read_from_text_and_from_plain_values(name: str, value: Any, read: Any) -> None:
    found = read_option(name, value, called=name)
    assert found == read
    assert type(found) is type(read)


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("seed", -1, "'seed' is -1, which is no whole number from 0 to 4294967295; correct it."),
        ("seed", 2**32, "'seed' is 4294967296, which is no whole number from 0 to 4294967295; "
         "correct it."),
        ("seed", True, "'seed' is true, which is no whole number from 0 to 4294967295; correct "
         "it."),
        ("seed", "٣", "'seed' is '٣', which is no whole number from 0 to 4294967295; correct it."),
        ("seed", [1], "'seed' is a list, which is no whole number from 0 to 4294967295; correct "
         "it."),
        ("num", "0", "'num' is '0', which is no whole number from 1 to 100; correct it."),
        ("num", 1.5, "'num' is 1.5, which is no whole number from 1 to 100; correct it."),
        ("steps", "1001", "'steps' is '1001', which is no whole number from 1 to 1000; correct "
         "it."),
        ("guidance", "1e2", "'guidance' is '1e2', which is no number from 0 to 100; correct it."),
        ("guidance", float("inf"), "'guidance' is inf, which is no number from 0 to 100; correct "
         "it."),
        ("strength", "1.01", "'strength' is '1.01', which is no number from 0 to 1; correct it."),
        ("quality", "high", "'quality' is 'high', which is no whole number from 1 to 100; correct "
         "it."),
        ("pick", 9, "'pick' is 9, which is no whole number from 1 to 8; correct it."),
        ("style", {"a": 1}, "'style' is a table of fields, which is no text and no list; correct "
         "it."),
        ("style", [["ink"]], "'style' is a list, which is no text; correct it."),
        ("model", False, "'model' is false, which is no text; correct it."),
        ("model", "a\0", "The row contains the control character U+0000; remove it."),
        ("size", "large", "The size 'large' is not WIDTHxHEIGHT, such as 1024x768; write it so."),
        ("aspect_ratio", "9", "The aspect ratio '9' is not W:H, such as 16:9; write it so."),
        ("aspect_ratio", "9:1", "The aspect ratio 9:1 is steeper than 8:1; choose a gentler one."),
        ("format", "gif", "There is no format 'gif' (known: png, jpg, webp, avif)."),
        ("name", "../fox", "The name contains '..', and a name cannot leave the output directory; "
         "give the directory with --output."),
        ("name", "{sed}", "The name template has no field 'sed'; did you mean 'seed'? (known: "
         "slug, seed, n, date, time, backend, hash, width, height, id)."),
    ],
)  # fmt: skip
def test_values_of_another_kind_or_range_are_refused(name: str, value: Any, message: str) -> None:
    assert refusal(name, value) == message


def test_a_refusal_names_the_column_as_it_is_written() -> None:
    with pytest.raises(UsageError) as caught:
        read_option("guidance", "x", called="CFG Scale")
    assert str(caught.value) == (
        "'CFG Scale' is 'x', which is no number from 0 to 100; correct it."
    )


@pytest.mark.parametrize(
    ("value", "read"), [("a b", "a b"), (7, "7"), (" x ", "x"), (1.5, "1.5"), ("狐", "狐")]
)
def test_an_id_is_a_text_or_number(value: Any, read: str) -> None:
    assert read_id(value) == read


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("a\nb", "The id 'a\\u000ab' is not 1 to 200 printable characters; correct it."),
        (" ", "The id '' is not 1 to 200 printable characters; correct it."),
        ("x" * 201, f"The id '{'x' * 79}…' is not 1 to 200 printable characters; correct it."),
        (True, "'id' is true, which is no text; correct it."),
        (["a"], "'id' is a list, which is no text; correct it."),
    ],
)
def test_what_is_no_id_is_refused(value: Any, message: str) -> None:
    with pytest.raises(UsageError) as caught:
        read_id(value)
    assert str(caught.value) == message


def test_a_row_wins_over_what_is_set_for_all() -> None:
    defaults = {"seed": 1, "aspect_ratio": "16:9", "steps": 20}
    assert with_defaults({"seed": 2}, defaults) == {"seed": 2, "aspect_ratio": "16:9", "steps": 20}
    assert with_defaults({"size": "64x64"}, defaults) == {"seed": 1, "steps": 20, "size": "64x64"}


def test_names_of_files_count_from_the_directory_of_the_input() -> None:
    row = Row(1, "a fox", options={"image": ["a.png", "/b.png"]})
    assert files_of(row, Path("sets")) == [Path("sets/a.png"), Path("/b.png")]
    assert files_of(Row(1, "a fox"), Path("sets")) == []
