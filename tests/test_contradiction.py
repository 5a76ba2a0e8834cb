"""Words that deny the prompt are told from words that only add to it."""

import pytest

from imagine.stages.intent import parse_intent
from imagine.stages.rules.contradiction import (
    clause_contradictions,
    contradictions,
    sentences,
)


@pytest.mark.parametrize(
    ("prompt", "text", "kind"),
    [
        ("two foxes", "three foxes", "count"),
        ("a fox", "four foxes", "count"),
        ("a red car", "the blue car", "color"),
        ("a dog to the left of a cat", "a cat to the left of a dog", "relation"),
        ("a beach without people", "people in the distance", "negation"),
        ("a beach --no boats", "a boat drifts by", "negation"),
        ("a watercolor of a fox", "crisp photograph", "medium"),
        ("a lighthouse at night", "sunlit walls", "time"),
        ("a black-and-white photo of a fox", "golden haze", "monochrome"),
        ("a red car", "black-and-white film", "monochrome"),
        ("a fox", "a woman watches", "added"),
        ("a fox", 'beside the word "STOP"', "text"),
        ("the Colosseum in Rome", "arches of the Colloseum", "name"),
    ],
)
def test_a_denial_is_found_by_its_kind(prompt: str, text: str, kind: str) -> None:
    assert kind in [found.kind for found in contradictions(text, parse_intent(prompt))]


@pytest.mark.parametrize(
    ("prompt", "text"),
    [
        ("two foxes", "two foxes, alert and lean"),
        ("foxes", "four foxes"),
        ("a red car", "the crimson car"),
        ("a red car and a blue car", "the blue car gleams"),
        ("a dog to the left of a cat", "the cat to the right of the dog"),
        ("a beach without people", "an empty shore without people or boats"),
        ("a beach without people", "no people in sight"),
        ("a watercolor of a fox", "loose washes on rough paper"),
        ("a lighthouse at night", "cool moonlight"),
        ("a black-and-white photo of a fox", "deep shadows and silver highlights"),
        ("a woman and a fox", "a woman watches"),
        ('a sign that says "STOP"', 'the word "STOP" in bold letters'),
        ("the Colosseum in Rome", "arches of the Colosseum"),
    ],
)
def test_an_addition_is_no_denial(prompt: str, text: str) -> None:
    assert contradictions(text, parse_intent(prompt)) == ()


def test_the_users_own_words_never_deny_themselves() -> None:
    prompt = "a photo of a painting of three foxes, one of them without a tail"
    assert contradictions("three foxes, one of them", parse_intent(prompt)) == ()


def test_many_phrases_in_a_row_are_read_apart() -> None:
    intent = parse_intent("a black backpack")
    row = "a black backpack, metallic zipper, silver in color, soft light"
    assert clause_contradictions(row, intent) == ()


def test_sentences_end_at_stops_and_semicolons() -> None:
    assert sentences("One, two. Three; four\nfive") == ["One, two.", "Three;", "four", "five"]
