"""Rendering: the user's words first, room kept, what was dropped told."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from recipes import any_source

from imagine.stages.intent import parse_intent
from imagine.stages.render import PRIORITY, PROFILES, Profile, Rendered, render
from imagine.stages.spec import PromptSpec, parse_spec


def spec_of(prompt: str, **slots: Any) -> PromptSpec:
    return PromptSpec.model_validate(
        {
            "source_prompt": prompt,
            "subjects": [{"id": "fox", "name": "fox"}],
            "style": {"medium": "photograph"},
        }
        | slots
    )


def natural(prompt: str, **slots: Any) -> Rendered:
    return render(spec_of(prompt, **slots), "natural")


def test_prose_follows_the_users_sentence() -> None:
    rendered = natural(
        "a red fox in the snow",
        composition="centered, low horizon",
        lighting="soft overcast light",
        mood="calm",
        palette=["white", "rust"],
        style={"medium": "photograph", "detail": "editorial photograph"},
    )
    assert rendered.prompt == (
        "a red fox in the snow. Centered, low horizon. Soft overcast light. The mood is calm. "
        "The palette is white and rust. Editorial photograph."
    )
    assert rendered.dropped == ()
    assert rendered.negative_prompt is None


def test_phrases_follow_the_users_words_for_clip() -> None:
    slots = {"lighting": "soft overcast light", "mood": "calm"}
    rendered = render(spec_of("a red fox.", **slots), "clip75")
    assert rendered.prompt == "a red fox. soft overcast light, calm mood, photograph"


def test_the_spec_itself_is_the_json_profile() -> None:
    spec = spec_of("a fox", lighting="dim")
    assert parse_spec(render(spec, "json").prompt, format="json") == spec


@pytest.mark.parametrize("profile", ["natural", "clip75"])
def test_suffix_flags_are_not_part_of_the_prompt(profile: Profile) -> None:
    rendered = render(spec_of("a fox --ar 16:9 --seed 3"), profile)
    assert rendered.prompt.startswith("a fox")
    assert "--" not in rendered.prompt


def test_what_the_words_say_already_is_not_said_again() -> None:
    fox = {"id": "fox", "name": "fox", "source_span": "fox", "colors": ["red"], "count": 2}
    prompt = "two red foxes, oil painting"
    rendered = natural(
        prompt, subjects=[fox | {"source_span": "red foxes"}], style={"medium": "painting"}
    )
    assert rendered.prompt == prompt


def test_what_an_enhancer_says_of_a_subject_is_told() -> None:
    fox = {
        "id": "fox",
        "name": "fox",
        "source_span": "fox",
        "attributes": ["thick winter coat"],
        "pose": "head lowered",
        "position": "left",
    }
    rock = {"id": "rock", "name": "mossy rock", "count": 2, "origin": "added"}
    rendered = natural(
        "a fox in the snow",
        subjects=[fox, rock],
        relations=[{"a": "fox", "kind": "behind", "b": "rock"}],
    )
    assert rendered.prompt == (
        "a fox in the snow. The fox: thick winter coat, head lowered, on the left. "
        "Also in the scene: mossy rock, 2 of them. The fox behind the mossy rock. Photograph."
    )


@pytest.mark.parametrize(
    ("prompt", "subject", "told"),
    [
        ("a sign by a road", {"name": "sign", "source_span": "a sign"}, "The sign: weathered."),
        (
            "a corgi on a velvet cushion",
            {"name": "velvet cushion", "source_span": "on a velvet cushion"},
            "The velvet cushion: weathered.",
        ),
        (
            "a red fox and a blue fox",
            {"name": "fox", "source_span": "a blue fox"},
            "The blue fox: weathered.",
        ),
        (
            "the Eiffel Tower",
            {"name": "Eiffel Tower", "source_span": "the Eiffel Tower"},
            "The Eiffel Tower: weathered.",
        ),
        (
            "ein altes Schild im Wald und auf dem Feld",
            {"name": "Schild", "source_span": "altes Schild"},
            "Altes Schild: weathered.",
        ),
    ],
)
def test_a_thing_is_called_by_its_own_words(
    prompt: str, subject: dict[str, Any], told: str
) -> None:
    intent = parse_intent(prompt)
    subject = {"id": "it", "attributes": ["weathered"]} | subject
    spec = spec_of(prompt, language=intent.language, subjects=[subject], style={"medium": "other"})
    assert render(spec, "natural").prompt == f"{prompt}. {told}"


def test_details_that_say_nothing_are_left_out() -> None:
    fox = {"id": "fox", "name": "fox", "attributes": ["on", "on a"], "action": "is", "pose": "its"}
    assert natural("a fox", subjects=[fox], style={"medium": "other"}).prompt == "a fox"


def test_an_edited_count_is_told_although_the_prompt_says_another() -> None:
    fox = {"id": "fox", "name": "fox", "source_span": "foxes", "count": 5}
    assert "5 of them" in natural("three foxes", subjects=[fox]).prompt


def test_text_to_render_stands_in_straight_quotes() -> None:
    sign = [{"content": "Fox Café", "placement": "on the sign", "typeface": "bold serif"}]
    assert 'The text "Fox Café" on the sign, bold serif.' in natural("a fox", text=sign).prompt
    unquoted = natural("a sign that says Fox", text=[{"content": "Fox"}]).prompt
    assert 'The text "Fox".' in unquoted
    quoted = 'a sign that says "Fox"'
    assert natural(quoted, text=[{"content": "Fox"}]).prompt.count("Fox") == 1


def test_an_exclusion_is_said_positively_where_there_is_no_negative_prompt() -> None:
    rendered = natural("a fox in a street", exclude=["people", "hover bikes"])
    assert "A quiet, deserted scene, without hover bikes." in rendered.prompt
    assert rendered.negative_prompt == "people, hover bikes"


def test_the_users_own_exclusion_stays_in_the_users_words() -> None:
    rendered = natural("a fox, no hover bikes", exclude=["hover bikes"])
    assert rendered.prompt == "a fox, no hover bikes. Photograph."


def test_a_negative_prompt_never_names_what_the_prompt_wants() -> None:
    usual = render(spec_of("a fox"), "clip75").negative_prompt
    assert usual is not None
    assert {"blurry", "watermark"} <= set(usual.split(", "))
    wanted = render(spec_of("a blurry fox with a watermark"), "clip75").negative_prompt
    assert wanted is not None
    assert not {"blurry", "watermark"} & set(wanted.split(", "))


def test_what_has_no_room_is_dropped_by_priority_and_reported() -> None:
    slots = {
        "lighting": "light " * 20,
        "composition": "shape " * 20,
        "camera": "lens " * 20,
        "mood": "moody " * 13,
    }
    rendered = render(spec_of("a fox " + "in snow " * 20, **slots), "clip75")
    assert rendered.tokens <= 75
    assert rendered.dropped == ("composition", "camera", "mood")
    assert "light light" in rendered.prompt


def test_who_reads_several_chunks_gets_what_found_no_room_in_one() -> None:
    slots = {"lighting": "light " * 20, "composition": "shape " * 20, "camera": "lens " * 20}
    spec = spec_of("a fox " + "in snow " * 20, **slots)
    assert render(spec, "clip75").dropped == ("composition", "camera")
    rendered = render(spec, "clip75", clip_tokens=150)
    assert rendered.dropped == ()
    assert 75 < rendered.tokens <= 150


def test_a_prompt_too_long_for_clip_is_kept_whole_and_alone() -> None:
    prompt = "a fox " + "in deep snow " * 40
    rendered = render(spec_of(prompt.strip(), lighting="dim"), "clip75")
    assert rendered.prompt == prompt.strip()
    assert rendered.tokens > 75
    assert rendered.dropped == ("style", "lighting")


def test_a_backends_own_tokenizer_is_used() -> None:
    rendered = render(spec_of("a fox", lighting="dim"), "clip75", count_tokens=lambda text: 76)
    assert rendered.prompt == "a fox"
    assert rendered.tokens == 76


def test_a_long_prompt_gets_a_light_touch() -> None:
    prompt = " ".join(["a fox walks through the deep snow"] * 25)
    slots = dict.fromkeys(("lighting", "composition", "camera"), "word " * 20)
    rendered = natural(prompt, **slots)
    assert len(rendered.prompt.split()) <= 25 * 7 + 41
    assert rendered.dropped


def test_other_languages_get_no_english_glue() -> None:
    rendered = natural(
        "雪の中の狐",
        language="ja",
        subjects=[{"id": "f", "name": "狐"}],
        mood="静か",
        palette=["white"],
    )
    assert rendered.prompt == "雪の中の狐. 静か. White."


@given(prompt=any_source, profile=st.sampled_from(["natural", "clip75"]))
def test_the_users_words_are_always_in_the_prompt(prompt: str, profile: Profile) -> None:
    spec = spec_of(prompt, subjects=[{"id": "x", "name": "thing"}], lighting="dim", exclude=["fog"])
    assert parse_intent(spec.source_prompt).core in render(spec, profile).prompt


def test_the_profiles_and_priorities_are_complete() -> None:
    assert set(PROFILES) == {"natural", "clip75", "json"}
    assert len(set(PRIORITY)) == len(PRIORITY)
