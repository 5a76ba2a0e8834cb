"""Estimates: what both stages will probably cost, what they can cost, and what nobody knows."""

import json

import pytest
from paid import BANANA, CORE, LITE, PRICES, UNKNOWN, Hosted, Model, chat

from imagine.stages.enhance import instructions
from imagine.stages.enhance.chat.enhancer import ChatEnhancer
from imagine.stages.enhance.offline import OfflineEnhancer
from imagine.stages.enhance.schema import ENHANCE_SCHEMA, REFINE_SCHEMA
from imagine.stages.generate.sketch.backend import SketchBackend
from imagine.stages.money.estimate import (
    QUESTION_TOKENS,
    Estimate,
    estimate_enhance,
    estimate_images,
    price_of,
)
from imagine.stages.money.prices import FREE
from imagine.stages.network.providers import connect


def test_a_run_of_both_stages_is_estimated() -> None:
    estimate = estimate_enhance(PRICES, LITE) + estimate_images(
        PRICES, BANANA, size=(1024, 1024), count=2, prompt_tokens=120
    )
    # 4,000 tokens in and 800 out; then 1,120 image tokens and the prompt, twice.
    assert estimate.total == pytest.approx(0.0032 + 2 * 0.03378)
    # Asked a second time with the first answer; thoughts before each picture.
    assert estimate.most == pytest.approx(0.0032 + 0.00344 + 2 * (0.03378 + 0.0075))
    assert estimate.told() == "about $0.071: 1 description at $0.0032, 2 pictures at $0.034"
    assert estimate.told(most=True) == (
        "about $0.071, at most $0.0892: 1 description at $0.0032, 2 pictures at $0.034"
    )


def test_a_question_has_not_outgrown_its_estimate() -> None:
    # About four characters of English or JSON to a token, and 200 tokens of prompt.
    for template, schema in (("enhance", ENHANCE_SCHEMA), ("refine", REFINE_SCHEMA)):
        characters = len(instructions.template(template)) + len(json.dumps(schema))
        assert 200 + characters / 4 <= QUESTION_TOKENS


def test_reference_pictures_are_estimated_where_they_are_seen() -> None:
    blind = Model("gemini", "gemini-3.5-flash-lite", sees_images=False)
    alone = estimate_enhance(PRICES, LITE)
    assert estimate_enhance(PRICES, blind, images=2) == alone
    assert estimate_enhance(PRICES, LITE, images=2).total == pytest.approx(
        (alone.total or 0) + 3000 * 0.30 / 1e6
    )
    drawn = estimate_images(PRICES, BANANA, size=(1024, 1024), references=2)
    assert drawn.total == pytest.approx(0.0336 + 3000 * 1.50 / 1e6)


def test_alternatives_are_paid_one_by_one() -> None:
    three = estimate_enhance(PRICES, LITE, variants=3)
    assert three.told() == "about $0.0096: 3 descriptions at $0.0032"


def test_a_larger_picture_is_estimated_at_its_own_price() -> None:
    large = estimate_images(PRICES, BANANA, size=(4096, 4096))
    assert large.told() == "about $0.11"
    assert large.told(most=True) == "about $0.11, at most $0.121"


def test_a_picture_that_starts_from_another_is_estimated_at_its_own_price() -> None:
    flux = Hosted("fal", "fal-ai/flux/dev", connect("fal"))
    plain = estimate_images(PRICES, flux, size=(1024, 1024), count=2)
    assert plain.told(most=True) == "about $0.05: 2 pictures at $0.025"
    changed = estimate_images(PRICES, flux, size=(1024, 1024), count=2, references=1)
    assert changed.told() == "about $0.06: 2 pictures at $0.03"


def test_what_runs_here_is_free() -> None:
    free = estimate_enhance(PRICES, OfflineEnhancer()) + estimate_images(
        PRICES, SketchBackend(), size=(1024, 1024), count=100
    )
    assert free == Estimate()
    assert free.is_free
    assert free.total == 0
    assert free.told() == "free"


def test_a_server_of_ones_own_is_free() -> None:
    llama = ChatEnhancer(connect("ollama"), "llama3.2")
    local = Hosted("openai", "flux", connect("openai", base_url="http://127.0.0.1:8080/v1"))
    assert estimate_enhance(PRICES, llama).is_free
    assert estimate_enhance(PRICES, chat("http://127.0.0.1:8080/v1")).is_free
    public = estimate_enhance(PRICES, chat("https://api.example.com/v1"))
    assert public.told() == "price unknown for chat/m"
    assert estimate_images(PRICES, local, size=(512, 512)).is_free
    assert price_of(PRICES, llama, "llama3.2") is FREE


def test_an_unknown_price_is_said_and_never_guessed() -> None:
    estimate = estimate_enhance(PRICES, LITE) + estimate_images(PRICES, UNKNOWN, size=(1024, 1024))
    assert estimate.total is None
    assert estimate.most is None
    assert not estimate.is_free
    assert estimate.told() == (
        "price unknown for huggingface/black-forest-labs/FLUX.1-schnell, "
        "beside 1 description at $0.0032"
    )
    assert estimate_images(PRICES, UNKNOWN, size=(1024, 1024)).told() == (
        "price unknown for huggingface/black-forest-labs/FLUX.1-schnell"
    )
    # A model that only describes has no price of a picture.
    text = Hosted("gemini", "gemini-3.8-flash")
    assert estimate_images(PRICES, text, size=(64, 64)).unknown == ("gemini/gemini-3.8-flash",)


def test_like_expenses_of_several_prompts_are_added_up() -> None:
    one = estimate_images(PRICES, CORE, size=(1024, 1024), count=2)
    unknown = estimate_images(PRICES, UNKNOWN, size=(1024, 1024))
    assert (one + one).told() == "about $0.12: 4 pictures at $0.03"
    assert (unknown + unknown).unknown == unknown.unknown
