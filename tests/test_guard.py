"""The guard finds every departure of a description from its prompt, and undoes it for good."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_offline import run_benchmark

from imagine.stages.enhance.offline import OfflineEnhancer
from imagine.stages.guard import Finding, check_prompt, compare, repair
from imagine.stages.intent import parse_intent
from imagine.stages.render import render
from imagine.stages.spec import (
    Medium,
    PromptSpec,
    Relation,
    RelationKind,
    Resolution,
    Style,
    Subject,
    TextItem,
)


def offline(prompt: str) -> PromptSpec:
    return OfflineEnhancer().enhance(parse_intent(prompt), seed=0).spec


def with_subject(spec: PromptSpec, called: str, **changes: Any) -> PromptSpec:
    """`spec` with `changes` in the subject of that name."""
    return spec.replace(
        subjects=[
            subject.model_copy(update=changes) if subject.name == called else subject
            for subject in spec.subjects
        ]
    )


def found_and_repaired(spec: PromptSpec, prompt: str) -> tuple[list[Finding], PromptSpec]:
    """What the guard finds; and its repair, which must be clean and final."""
    intent = parse_intent(prompt)
    repaired, report = repair(spec, intent)
    assert report.findings == compare(spec, intent)
    assert report.clean
    assert compare(repaired, intent) == ()
    assert repair(repaired, intent)[0] == repaired
    return list(report.findings), repaired


def test_a_faithful_spec_is_returned_as_it_is() -> None:
    spec = offline("three red apples on a table")
    intent = parse_intent("three red apples on a table")
    repaired, report = repair(spec, intent)
    assert repaired is spec
    assert report.findings == ()
    assert report.clean


def test_a_wrong_count_is_set_back() -> None:
    prompt = "three red apples on a table"
    findings, repaired = found_and_repaired(with_subject(offline(prompt), "apple", count=5), prompt)
    assert findings == [
        Finding("count", "count of apple: the prompt says 3, the description says 5", "set to 3")
    ]
    assert repaired == offline(prompt)


def test_a_count_for_an_open_plural_is_an_addition_and_stays() -> None:
    prompt = "some apples on a table"
    spec = with_subject(offline(prompt), "apple", count=5)
    assert compare(spec, parse_intent(prompt)) == ()


def test_a_count_for_a_single_thing_is_removed() -> None:
    prompt = "an apple on a table"
    findings, repaired = found_and_repaired(with_subject(offline(prompt), "apple", count=2), prompt)
    assert [finding.kind for finding in findings] == ["count"]
    assert repaired.subjects[0].count is None


def test_swapped_colors_are_set_back() -> None:
    prompt = "a red car next to a blue bench"
    spec = with_subject(offline(prompt), "car", colors=("blue",))
    findings, repaired = found_and_repaired(with_subject(spec, "bench", colors=("red",)), prompt)
    assert findings == [
        Finding(
            "color", "color of car: the prompt says red, the description says blue", "set to red"
        ),
        Finding(
            "color", "color of bench: the prompt says blue, the description says red", "set to blue"
        ),
    ]
    assert repaired == offline(prompt)


def test_a_shade_of_the_stated_color_is_accepted() -> None:
    prompt = "a red car"
    spec = with_subject(offline(prompt), "car", colors=("crimson",))
    assert compare(spec, parse_intent(prompt)) == ()


def test_a_color_that_leaks_to_another_subject_is_removed() -> None:
    prompt = "a red car and a bench"
    spec = with_subject(offline(prompt), "bench", colors=("red",))
    findings, repaired = found_and_repaired(spec, prompt)
    assert [finding.kind for finding in findings] == ["color"]
    assert repaired == offline(prompt)


def test_an_inverted_relation_is_replaced() -> None:
    prompt = "a dog to the left of a cat"
    spec = offline(prompt)
    wrong = Relation(a="dog", kind=RelationKind.RIGHT_OF, b="cat")
    findings, repaired = found_and_repaired(spec.replace(relations=(wrong,)), prompt)
    assert [finding.detail for finding in findings] == [
        "relation: the prompt says “dog left of cat”, the description says “dog right of cat”",
        "relation: “dog left of cat” is missing from the description",
    ]
    assert repaired.relations == spec.relations


def test_the_inverse_with_swapped_ends_says_the_same() -> None:
    prompt = "a dog to the left of a cat"
    same = Relation(a="cat", kind=RelationKind.RIGHT_OF, b="dog")
    assert compare(offline(prompt).replace(relations=(same,)), parse_intent(prompt)) == ()


@pytest.mark.parametrize("wrong", ["Open late", "Open Lste", "OPEN LATE"])
def test_a_garbled_text_is_corrected_in_its_place(wrong: str) -> None:
    prompt = 'a sign that says "Open Late"'
    item = TextItem(content=wrong, placement="across the top", typeface="bold serif")
    findings, repaired = found_and_repaired(offline(prompt).replace(text=(item,)), prompt)
    detail = f"the prompt quotes “Open Late”, the description says “{wrong}”"
    assert findings == [Finding("text", detail, "set to “Open Late”")]
    assert repaired.text == (
        TextItem(content="Open Late", placement="across the top", typeface="bold serif"),
    )


def test_missing_text_is_added_and_invented_text_removed() -> None:
    prompt = 'a sign that says "Open Late"'
    spec = offline(prompt).replace(text=({"content": "Fresh Bread Daily"},))
    findings, repaired = found_and_repaired(spec, prompt)
    assert [finding.kind for finding in findings] == ["text", "text"]
    assert repaired.text == (TextItem(content="Open Late"),)


def test_a_dropped_exclusion_comes_back_and_its_mention_goes() -> None:
    prompt = "a beach without people"
    spec = offline(prompt).replace(exclude=(), setting="Wide sand. People stroll along the shore.")
    findings, repaired = found_and_repaired(spec, prompt)
    assert {finding.kind for finding in findings} >= {"negation"}
    assert repaired.exclude == ("people",)
    assert repaired.setting == "Wide sand."


def test_an_excluded_thing_is_no_subject() -> None:
    prompt = "a beach without umbrellas"
    extra = Subject(id="umbrella", name="umbrella", count=2, origin="added")
    spec = offline(prompt)
    findings, repaired = found_and_repaired(spec.replace(subjects=(*spec.subjects, extra)), prompt)
    assert findings == [
        Finding("negation", "umbrella: “umbrellas” is excluded", "umbrella removed")
    ]
    assert repaired == spec


def test_what_is_excluded_beside_the_prompt_is_taken_out_as_well() -> None:
    prompt = "a quiet beach"
    barn = Subject(id="barn", name="barn", origin="added")
    spec = offline(prompt).replace(
        exclude=("barn", "shadows"), lighting="low sun, long shadows", mood="calm"
    )
    _, repaired = found_and_repaired(spec.replace(subjects=(*spec.subjects, barn)), prompt)
    assert (repaired.lighting, repaired.mood) == (None, "calm")
    assert repaired.subjects == spec.subjects


def test_what_the_prompt_asks_for_is_not_excluded() -> None:
    prompt = 'a dog with a sign that says "Hi"'
    spec = offline(prompt).replace(exclude=("dog", "text", "blur"))
    _, repaired = found_and_repaired(spec, prompt)
    assert repaired.exclude == ("blur",)


def test_a_misspelt_name_is_restored() -> None:
    prompt = "a bus in front of the Taj Mahal"
    name = offline(prompt).subjects[1].name
    assert name.lower() == "taj mahal"
    spec = with_subject(offline(prompt), name, name="Taj Mehal")
    findings, repaired = found_and_repaired(spec, prompt)
    assert findings[0].kind == "name"
    assert repaired == offline(prompt)


@pytest.mark.parametrize(
    ("prompt", "slot", "text", "kind"),
    [
        ("an oil painting of a fox", "camera", "sharp photograph, 85mm lens", "medium"),
        ("a lighthouse at night", "lighting", "bright midday sun", "time"),
        ("a black-and-white photo of a fox", "mood", "vivid turquoise and crimson", "monochrome"),
        ("two foxes", "composition", "five foxes in a row", "count"),
        ("a red fox", "setting", "beside a blue fox", "color"),
        ("a fox", "setting", 'under a sign that reads "SALE"', "text"),
        ("a fox", "setting", "a man walks past in the distance", "added"),
        (
            "a dog to the left of a cat",
            "composition",
            "the dog to the right of the cat",
            "relation",
        ),
        ("a picnic in Yosemite", "setting", "below the cliffs of Yosmite", "name"),
    ],
)
def test_prose_that_denies_the_prompt_is_taken_out(
    prompt: str, slot: str, text: str, kind: str
) -> None:
    findings, repaired = found_and_repaired(offline(prompt).replace(**{slot: text}), prompt)
    assert kind in [finding.kind for finding in findings]
    assert getattr(repaired, slot) is None


def test_only_the_sentence_that_denies_the_prompt_goes() -> None:
    prompt = "two foxes in a forest"
    setting = "Tall pines stand close together. Five foxes rest. Moss covers the ground."
    _, repaired = found_and_repaired(offline(prompt).replace(setting=setting), prompt)
    assert repaired.setting == "Tall pines stand close together. Moss covers the ground."


def test_attributes_of_another_color_are_taken_out() -> None:
    prompt = "a red car"
    spec = with_subject(offline(prompt), "car", attributes=("blue", "shiny"))
    _, repaired = found_and_repaired(spec, prompt)
    assert repaired.subjects[0].attributes == ("shiny",)


def test_a_wrong_medium_is_set_back_and_its_assumption_goes() -> None:
    prompt = "a watercolor of a fox"
    spec = offline(prompt).replace(
        style=Style(medium=Medium.PHOTOGRAPH), assumptions=("medium: photograph", "mood: calm")
    )
    _, repaired = found_and_repaired(spec, prompt)
    assert repaired.style.medium is Medium.PAINTING
    assert repaired.assumptions == ("mood: calm",)


def test_a_missing_subject_takes_the_place_of_an_added_one() -> None:
    prompt = "a fox and a hare"
    added = [Subject(id=f"rock-{n}", name="rock", origin="added") for n in range(3)]
    own = [Subject(id=f"fern-{n}", name="fern", origin="user") for n in range(2)]
    spec = offline(prompt).replace(subjects=(*own, *added, Subject(id="fox", name="fox")))
    _, repaired = found_and_repaired(spec, prompt)
    assert {"fox", "hare"} <= {subject.name for subject in repaired.subjects}
    assert sum(subject.origin == "added" for subject in repaired.subjects) <= 3


@pytest.mark.parametrize("name", ["child", "old man", "caption", "fox"])
def test_persons_text_and_twins_are_not_added(name: str) -> None:
    spec = offline("a fox in a field")
    extra = Subject(id="extra", name=name, origin="added")
    _, repaired = found_and_repaired(
        spec.replace(subjects=(*spec.subjects, extra)), "a fox in a field"
    )
    assert repaired == spec


def test_an_altered_source_is_restored() -> None:
    prompt = "a red fox"
    subject = Subject(id="fox", name="fox", source_span="golden fox", colors=("red",))
    spec = offline(prompt).replace(source_prompt="a golden fox", subjects=(subject,))
    findings, repaired = found_and_repaired(spec, prompt)
    assert findings[0] == Finding("source", "the prompt was altered in the description", "restored")
    assert repaired.source_prompt == prompt


def test_a_resolution_of_words_the_prompt_lacks_is_removed() -> None:
    prompt = "a mother's day plant"
    kept = Resolution(phrase="mother's day plant", meaning="a pot of carnations")
    gone = Resolution(phrase="father's day", meaning="a tie")
    _, repaired = found_and_repaired(offline(prompt).replace(resolutions=(kept, gone)), prompt)
    assert repaired.resolutions == (kept,)


PROMPTS = (
    "three red apples and a blue bowl on a table",
    "a dog to the left of a cat, no people",
    'a shop sign that says "Open Late" at night',
    "an oil painting of two owls without branches",
    "a black-and-white photo of the Eiffel Tower",
    "a man riding a horse behind a white fence --no cars",
    "love",
    "雪の中の狐",
)
NAMES = st.sampled_from(
    (
        *("apple", "apples", "bowl", "table", "dog", "cat", "person", "people", "owl", "branch"),
        *("car", "sign", "man", "horse", "fence", "caption", "rock", "red fence", "photo"),
        *("green apple", "Eiffel Towr", "three dogs"),
    )
)
PROSE = st.sampled_from(
    (
        None,
        "five apples glow at noon",
        "a green bowl. People pass by.",
        "bright midday sun; calm water",
        "photograph of a cat to the left of a dog",
        'letters that read "Closed"',
        "vivid crimson haze",
        "quiet air",
    )
)


@st.composite
def specs(draw: st.DrawFn) -> tuple[str, PromptSpec]:
    """A prompt, and a description of it that a careless model might have filled."""
    prompt = draw(st.sampled_from(PROMPTS))
    count = draw(st.integers(1, 6))
    subjects = [
        Subject(
            id=f"s{number}",
            name=draw(NAMES),
            count=draw(st.none() | st.integers(1, 9)),
            colors=draw(st.lists(st.sampled_from(("red", "blue", "white")), max_size=2)),
            attributes=draw(st.lists(st.sampled_from(("green", "shiny", "tiny")), max_size=2)),
            action=draw(PROSE),
            origin=draw(st.sampled_from(("user", "added"))),
        )
        for number in range(count)
    ]
    ids = st.sampled_from([subject.id for subject in subjects])
    relation = st.builds(Relation, a=ids, kind=st.sampled_from(RelationKind), b=ids)
    contents = st.sampled_from(("Open Late", "Open late", "Late", "Sale", "night"))
    return prompt, PromptSpec(
        source_prompt=prompt,
        subjects=tuple(subjects),
        relations=tuple(draw(st.lists(relation, max_size=8))),
        style=Style(medium=draw(st.sampled_from(Medium)), detail=draw(PROSE)),
        setting=draw(PROSE),
        lighting=draw(PROSE),
        composition=draw(PROSE),
        camera=draw(PROSE),
        mood=draw(PROSE),
        palette=tuple(draw(st.lists(st.sampled_from(("red", "gray", "teal")), max_size=3))),
        text=tuple(TextItem(content=text) for text in draw(st.lists(contents, max_size=6))),
        exclude=tuple(draw(st.lists(NAMES, max_size=12))),
    )


@settings(max_examples=300, deadline=None)
@given(specs())
def test_every_repair_is_clean_final_and_renders_clean(case: tuple[str, PromptSpec]) -> None:
    prompt, spec = case
    _, repaired = found_and_repaired(spec, prompt)
    intent = parse_intent(prompt)
    for profile in ("natural", "clip75"):
        assert check_prompt(render(repaired, profile).prompt, intent) == ()


def test_a_prompt_without_the_users_words_is_not_sent() -> None:
    intent = parse_intent('a sign that says "Open Late"')
    assert check_prompt("a sign", intent) == (
        Finding("wording", "the prompt's own words are not in it unchanged", ""),
        Finding("text", "the text “Open Late” is missing", ""),
    )


def test_words_around_the_users_own_may_not_deny_them() -> None:
    intent = parse_intent("two foxes without snow")
    assert [
        finding.kind for finding in check_prompt("two foxes without snow, five foxes", intent)
    ] == ["count"]
    assert [
        finding.kind for finding in check_prompt("two foxes without snow. Deep snow.", intent)
    ] == ["negation"]
    assert check_prompt("two foxes without snow. Bare ground, no snow.", intent) == ()


def test_damaged_descriptions_of_real_prompts_are_found_and_repaired(
    read_eval: Callable[[str], Iterator[dict[str, Any]]],
) -> None:
    next(read_eval("prompts/geneval"))
    by_kind = run_benchmark("guard_mutations.py", "--every", "30")
    totals = {
        key: sum(counts[key] for counts in by_kind.values())
        for key in ("damaged", "detected", "repaired")
    }
    assert len(by_kind) >= 25
    assert totals["damaged"] > 4000
    assert totals["detected"] >= 0.99 * totals["damaged"]
    assert totals["repaired"] == totals["damaged"]


def test_recorded_rewrites_lose_nothing_after_repair(
    read_eval: Callable[[str], Iterator[dict[str, Any]]],
) -> None:
    next(read_eval("pairs/geneval_bagel_rewrite"))
    numbers = run_benchmark("enhance_quality.py", "--pairs")
    assert numbers["pairs"] == 730
    recall = {name: value for name, value in numbers.items() if name.startswith("recall")}
    assert recall == {f"recall of {kind}": 1.0 for kind in ("color", "count", "name", "quote")}
    faults = ("not clean after repair", "not idempotent", "prompts with findings")
    assert [numbers[fault] for fault in faults] == [0, 0, 0]
    # The guard must not reach its clean slate by throwing the model's work away.
    assert numbers["prose characters kept"] > 0.9 * numbers["prose characters offered"]
