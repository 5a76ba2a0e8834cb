"""Tests of stages/lexicon.py: the word lists and what is asked of them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imagine.stages.language import lexicon
from imagine.stages.language.lexicon import color_family, is_plural, singular, verb_forms
from imagine.stages.spec import Medium, RelationKind


@pytest.mark.parametrize(
    ("plural", "expected"),
    [
        ("dogs", "dog"),
        ("Foxes", "fox"),
        ("buses", "bus"),
        ("houses", "house"),
        ("vases", "vase"),
        ("knives", "knife"),
        ("cookies", "cookie"),
        ("puppies", "puppy"),
        ("shoes", "shoe"),
        ("potatoes", "potato"),
        ("people", "person"),
        ("policewomen", "policewoman"),
        ("sandwichs", "sandwich"),
        ("bus", "bus"),
        ("glass", "glass"),
        ("skis", "skis"),
        ("tvs", "tv"),
        ("is", "is"),
        ("", ""),
    ],
)
def test_singular_of_a_noun(plural: str, expected: str) -> None:
    assert singular(plural) == expected


@given(st.sampled_from(sorted(lexicon.words("nouns.animals") | lexicon.words("nouns.people"))))
def test_singular_is_idempotent(word: str) -> None:
    assert singular(singular(word)) == singular(word)


def test_a_pair_word_is_plural_in_form() -> None:
    assert is_plural("scissors")
    assert is_plural("dogs")
    assert not is_plural("bus")
    assert not is_plural("triceratops")


@pytest.mark.parametrize(
    ("word", "family"),
    [
        ("red", "red"),
        ("Crimson", "red"),
        ("dark blue", "blue"),
        ("blue-green", "green"),
        ("grey", "gray"),
        ("golden", "gold"),
        ("navy", "blue"),
        ("cat", None),
        ("", None),
    ],
)
def test_color_family_names_the_basic_color(word: str, family: str | None) -> None:
    assert color_family(word) == family


def test_every_family_belongs_to_itself() -> None:
    for family in lexicon.table("colors.families"):
        assert color_family(family) == family


@pytest.mark.parametrize(
    ("base", "forms"),
    [
        ("walk", ("walk", "walks", "walked", "walking")),
        ("carry", ("carry", "carries", "carried", "carrying")),
        ("stop", ("stop", "stops", "stopped", "stopping")),
        ("ride", ("ride", "rides", "rided", "riding")),
        ("tie", ("tie", "ties", "tied", "tying")),
        ("watch", ("watch", "watches", "watched", "watching")),
        ("play", ("play", "plays", "played", "playing")),
    ],
)
def test_verb_forms_follow_the_rules_of_spelling(base: str, forms: tuple[str, ...]) -> None:
    assert verb_forms(base) == forms


def test_lists_name_only_kinds_that_the_spec_knows() -> None:
    kinds = {kind.value for kind in RelationKind}
    media = {medium.value for medium in Medium}
    assert set(lexicon.table("relations.kinds")) <= kinds
    assert set(lexicon.verb_relations().values()) <= kinds
    assert set(lexicon.table("media.nouns")) | set(lexicon.table("media.styles")) <= media


def test_the_longest_phrase_comes_first() -> None:
    for same_start in lexicon.phrases().values():
        lengths = [len(phrase.words) for phrase in same_start]
        assert lengths == sorted(lengths, reverse=True)
