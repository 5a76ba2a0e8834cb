"""The notes are English sentences that say plainly what was drawn instead."""

import pytest

from imagine.stages.generate.sketch.remarks import baked_in, stand_in, with_article


@pytest.mark.parametrize(
    ("label", "phrase"),
    [
        ("old man", "an old man"),
        ("dog", "a dog"),
        ("unicorn", "a unicorn"),
        ("hourglass", "an hourglass"),
        ("umbrella", "an umbrella"),
        ("beans", "beans"),
        ("ice", "ice"),
        ("octopus", "an octopus"),
        ("drinking glass", "a drinking glass"),
        ("nest with eggs", "a nest with eggs"),
        ("rhinoceros", "a rhinoceros"),
        ("santa claus", "santa claus"),
    ],
)
def test_a_label_gets_the_article_that_it_takes(label: str, phrase: str) -> None:
    assert with_article(label) == phrase
    assert stand_in("thing", label) == f"Drew {phrase} for 'thing'."


def test_only_what_the_art_shows_is_told() -> None:
    assert len(baked_in("hamburger", "hamburger", ["cheese", "tomatoes", "cars"])) == 1
    assert baked_in("dog", "dog", ["cheese"]) == ()
