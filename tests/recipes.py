"""Recipes for tests: one to vary by hand, and a hypothesis strategy for any."""

from typing import Any
from unicodedata import normalize

from hypothesis import strategies as st

from imagine.stages.recipe import (
    NUMBERS,
    BackendRecord,
    EnhancerRecord,
    FindingRecord,
    GuardRecord,
    Recipe,
)
from imagine.stages.spec import UNSTORABLE, spec_from_dict


def make_recipe(
    words: str = "a red fox", /, *, width: int = 64, height: int = 48, seed: int = 7, **changes: Any
) -> Recipe:
    """The recipe of a plain picture of `words`, with `changes` to its fields."""
    values: dict[str, Any] = {
        "program": "imagine 0.1.0",
        "created": "2026-11-22T01:02:03Z",
        "source_prompt": words,
        "spec": spec_from_dict(
            {
                "source_prompt": words,
                "subjects": [{"id": "fox", "name": "fox", "colors": ["red"]}],
                "style": {"medium": "photograph"},
            }
        ),
        "prompt": f"{words}, soft light",
        "profile": "natural",
        "backend": BackendRecord(
            name="sketch",
            model="sketch-1",
            trained=False,
            parameters={"width": width, "height": height, "seed": seed},
        ),
    }
    return Recipe(**values | changes)


NASTY = (
    "Negative prompt: blurry",
    "\nSteps: 20, Sampler: Euler a, CFG scale: 7, Seed: 1",
    'a "quoted, comma: colon" \\ sign',
    "]]></x:xmpmeta> &amp; <b>",
    "\ufffe\uffff\x85\u2028",
    "مرحبا بالعالم \u202eabc",
    "👩‍👩‍👧 ☕ 日本語 एक लोमड़ी",
    "{slug}/../%s\r\n\t",
)
any_text = st.one_of(
    st.text(st.characters(codec="utf-8"), max_size=60),
    st.lists(st.sampled_from(NASTY), max_size=3).map("".join),
).map(lambda text: UNSTORABLE.sub("", text))
any_prompt = any_text.map(lambda text: normalize("NFC", text)).filter(bool)
any_source = any_prompt.map(str.strip).filter(bool)
any_number = st.one_of(
    st.integers(-(2**70), 2**70), st.floats(allow_nan=False, allow_infinity=False), st.booleans()
)


@st.composite
def any_recipe(draw: st.DrawFn) -> Recipe:
    """Recipes with every field varied, their texts holding what breaks careless formats."""
    required = {
        "width": draw(st.integers(1, 2**20)),
        "height": draw(st.integers(1, 2**20)),
        "seed": draw(st.integers(0, 2**32 - 1)),
    }
    # Hypothesis tries words of our own source, too, and these have kinds of their own.
    name = any_text.filter(lambda text: text not in (*NUMBERS, "scheduler"))
    others = draw(st.dictionaries(name, st.one_of(st.none(), any_text, any_number), max_size=3))
    return make_recipe(
        draw(any_source),
        prompt=draw(any_prompt),
        negative_prompt=draw(st.none() | any_text),
        profile=draw(st.sampled_from(["natural", "clip75", "json"])),
        dropped=tuple(draw(st.lists(any_text, max_size=2))),
        enhancer=draw(
            st.none()
            | st.builds(EnhancerRecord, name=any_text, model=any_text, seed=st.integers(0, 99))
        ),
        style_presets=tuple(draw(st.lists(any_text, max_size=2))),
        guard=draw(
            st.none()
            | st.builds(
                GuardRecord,
                findings=st.tuples(
                    st.builds(FindingRecord, kind=any_text, detail=any_text, action=any_text)
                ),
                clean=st.booleans(),
            )
        ),
        backend=BackendRecord(
            name=draw(any_text),
            model=draw(any_text),
            trained=draw(st.booleans()),
            parameters=others | required,
        ),
        notes=tuple(draw(st.lists(any_text, max_size=2))),
        timings=draw(st.dictionaries(any_text, st.floats(0, 1e6), max_size=2)),
    )
