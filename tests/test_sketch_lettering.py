"""Lettering fits its box, wraps at spaces, and is refused where the fonts lack a character."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageChops

from imagine.stages.generate.sketch.lettering import (
    can_set,
    face_for,
    fit,
    font,
    paint_card,
    paint_placeholder,
    wrap,
    write,
)

FACES = ("sans", "serif", "hand")
TEXT = st.text(st.characters(codec="latin-1", categories=("L", "N", "P", "Zs")), max_size=120)


@pytest.mark.parametrize("face", FACES)
def test_the_faces_have_latin_greek_and_cyrillic(face: str) -> None:
    for text in ("Hello, World! €5", "Zażółć gęślą jaźń", "Γειά σου Κόσμε", "Привет, мир"):
        assert can_set(text, face=face)  # type: ignore[arg-type]


@pytest.mark.parametrize("text", ["日本語", "مرحبا", "नमस्ते", "Hello 日本", "🦊"])
def test_scripts_without_letters_are_refused(text: str) -> None:
    assert not can_set(text)


@pytest.mark.parametrize(
    ("typeface", "face"),
    [
        (None, "sans"),
        ("bold sans-serif", "sans"),
        ("elegant serif", "serif"),
        ("brush script", "hand"),
        ("graffiti", "hand"),
        ("vintage typewriter", "serif"),
    ],
)
def test_a_typeface_in_words_chooses_a_face(typeface: str | None, face: str) -> None:
    assert face_for(typeface) == face


def test_wrapping_breaks_at_spaces_and_refuses_a_word_that_is_too_wide() -> None:
    chosen = font("sans", 20)
    wide = chosen.getlength("Hello there")
    assert wrap("Hello there friend", chosen, wide + 1) == ["Hello there", "friend"]
    assert wrap("Incomprehensibilities", chosen, 40) == []


@given(text=TEXT.filter(str.strip), width=st.integers(8, 600), height=st.integers(8, 400))
@settings(max_examples=40, deadline=None)
def test_no_letter_leaves_its_box(text: str, width: int, height: int) -> None:
    canvas = Image.new("RGB", (width + 200, height + 200), "white")
    box = (100, 100, 100 + width, 100 + height)
    chosen, lines = fit(text, face="sans", width=width, height=height, largest=height)
    if chosen.size > 1:
        assert " ".join(lines).split() == text.split()
        write(canvas, text, box=box, face="sans", color=(0, 0, 0))
        inked = ImageChops.invert(canvas.convert("L")).getbbox()
        if inked is not None:
            assert inked[0] >= 97
            assert inked[1] >= 97
            assert inked[2] <= 103 + width
            assert inked[3] <= 103 + height


def test_larger_boxes_give_larger_letters() -> None:
    small, _ = fit("Open", face="serif", width=60, height=30, largest=30)
    large, _ = fit("Open", face="serif", width=600, height=300, largest=300)
    assert large.size > 5 * small.size


def test_a_card_stays_in_its_box_and_shows_dark_letters_on_paper() -> None:
    canvas = Image.new("RGB", (300, 200), (90, 140, 200))
    paint_card(canvas, "Happy birthday, dear Mia", box=(20, 20, 280, 120), face="hand")
    changed = ImageChops.difference(canvas, Image.new("RGB", (300, 200), (90, 140, 200)))
    assert changed.crop((0, 150, 300, 200)).getbbox() is None
    tones = canvas.crop((60, 40, 240, 100)).convert("L").getextrema()
    assert tones[0] < 90  # type: ignore[operator]
    assert tones[1] > 240  # type: ignore[operator]


def test_a_placeholder_is_rounded_tinted_and_bears_its_name() -> None:
    blank = paint_placeholder((200, 150), "日本", tint=(120, 160, 220))
    named = paint_placeholder((200, 150), "hovercraft", tint=(120, 160, 220))
    assert named.getpixel((0, 0))[3] == 0  # type: ignore[index]
    assert named.getpixel((100, 20))[3] == 255  # type: ignore[index]
    assert ImageChops.difference(blank.convert("RGB"), named.convert("RGB")).getbbox() is not None
