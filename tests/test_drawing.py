"""How a picture is drawn beside its words: options merged, compared, and read from words."""

from pathlib import Path

import pytest
from local_painter import LocalPainter, model_at
from recipes import make_recipe

from imagine.stages.drawing import DrawingOptions, hires_fix_of, parse_lora
from imagine.stages.errors import UsageError
from imagine.stages.generate import Backend, TogetherBackend
from imagine.stages.generate.local.options import LocalOptions
from imagine.stages.generate.local.shelf import Shelf
from imagine.stages.generate.sketch.backend import SketchBackend
from imagine.stages.image import HiresFix, ImageRequest, Lora, ReferenceImage

PICTURE = ReferenceImage(data=b"a picture", format="png", width=8, height=8, sha256="0" * 64)
ALL = DrawingOptions(
    num_inference_steps=4,
    guidance_scale=0.0,
    images=(PICTURE,),
    strength=0.5,
    mask=PICTURE,
    loras=(Lora("ink", 0.5),),
    scheduler="ddim",
    hires_fix=HiresFix(2.0),
)


@pytest.mark.parametrize(
    ("text", "lora"),
    [
        ("detail", Lora("detail", 1.0)),
        ("detail:0.8", Lora("detail", 0.8)),
        (" detail:-1 ", Lora("detail", -1.0)),
        ("detail:+.5", Lora("detail", 0.5)),
        (r"C:\loras\ink.safetensors", Lora(r"C:\loras\ink.safetensors")),
        (r"C:\loras\ink.safetensors:2", Lora(r"C:\loras\ink.safetensors", 2.0)),
        ("a:b:0.5", Lora("a:b", 0.5)),
        ("a:b", Lora("a:b")),
    ],
)
def test_a_lora_is_a_name_with_a_weight_behind_the_last_colon(text: str, lora: Lora) -> None:
    assert parse_lora(text) == lora


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "--lora '' is not NAME or NAME:WEIGHT, such as detail:0.8; write it so."),
        (":0.5", "--lora ':0.5' is not NAME or NAME:WEIGHT, such as detail:0.8; write it so."),
        (
            "detail:",
            "--lora 'detail:' is not NAME or NAME:WEIGHT, such as detail:0.8; write it so.",
        ),
        ("detail:1.2.3", "The weight of --lora 'detail:1.2.3' is no number; write detail:0.8."),
        ("detail:12345", "The weight of --lora 'detail:12345' is no number; write detail:0.8."),
    ],
)
def test_a_lora_without_name_or_number_is_refused(text: str, message: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_lora(text)
    assert str(caught.value) == message


def test_options_of_a_request_make_the_same_request() -> None:
    request = ImageRequest("a", None, make_recipe().spec, 8, 8, 1, **ALL.values())
    assert DrawingOptions.of(request) == ALL


def test_what_is_given_wins_over_what_is_recorded() -> None:
    assert DrawingOptions().over(ALL) == ALL
    assert ALL.over(DrawingOptions()) == ALL
    given = DrawingOptions(guidance_scale=3.0, loras=(Lora("oil"),))
    merged = given.over(ALL)
    assert (merged.guidance_scale, merged.loras) == (3.0, (Lora("oil"),))
    assert merged.scheduler == "ddim"


def test_a_guidance_of_0_is_given() -> None:
    assert DrawingOptions(guidance_scale=0.0).over(DrawingOptions(guidance_scale=5)) == (
        DrawingOptions(guidance_scale=0.0)
    )


def test_a_backend_gets_what_it_reads() -> None:
    assert ALL.read_by(SketchBackend()) == DrawingOptions(images=(PICTURE,), mask=PICTURE)


def test_equal_options_have_equal_keys_and_others_have_not() -> None:
    assert ALL.key == DrawingOptions(**ALL.values()).key
    assert len({ALL.key, DrawingOptions().key, DrawingOptions(mask=PICTURE).key}) == 3


@pytest.mark.parametrize(
    ("scale", "strength", "recorded", "result"),
    [
        (None, None, None, None),
        (2.0, None, None, HiresFix(2.0, 0.35)),
        (2.0, 0.5, None, HiresFix(2.0, 0.5)),
        (None, 0.0, HiresFix(3.0, 0.2), HiresFix(3.0, 0.0)),
        (2.0, None, HiresFix(3.0, 0.2), HiresFix(2.0, 0.2)),
        (None, None, HiresFix(3.0, 0.2), None),
    ],
)
def test_a_second_pass_is_that_of_the_options_and_of_the_record(
    scale: float | None, strength: float | None, recorded: HiresFix | None, result: HiresFix | None
) -> None:
    assert hires_fix_of(scale, strength, recorded=recorded) == result


def test_the_painter_of_tests_is_a_backend_that_draws_several(tmp_path: Path) -> None:
    folder = model_at(tmp_path / "tiny")
    shelf = Shelf(tmp_path / "models.toml", tmp_path / "seen.json", tmp_path / "hub")
    painter: Backend = LocalPainter(
        model=str(folder), shelf=shelf, options=LocalOptions(), tell=lambda text: None
    )
    assert isinstance(painter, TogetherBackend)
