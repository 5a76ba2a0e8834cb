"""What a prompt demands stands in the shapes of the spec, within its limits."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imagine.stages.demands import allowed_counts, demands_of, families_of, shorten, slug_for
from imagine.stages.intent import Entity, Intent, IntentRelation, parse_intent
from imagine.stages.spec import RelationKind


def entity(name: str, **fields: object) -> Entity:
    return Entity(name=name, head=name.rsplit(maxsplit=1)[-1], span=name, **fields)  # type: ignore[arg-type]


def test_counts_colors_and_relations_become_subjects_and_relations() -> None:
    demands = demands_of(parse_intent("two red apples to the left of a blue bowl"))
    assert [(s.name, s.count, s.colors) for s in demands.subjects] == [
        ("apple", 2, ("red",)),
        ("bowl", None, ("blue",)),
    ]
    relation = demands.relations[0]
    assert (relation.a, relation.kind, relation.b) == ("apple", RelationKind.LEFT_OF, "bowl")


def test_things_of_one_name_get_different_ids() -> None:
    demands = demands_of(parse_intent("a red box next to a blue box"))
    assert [subject.id for subject in demands.subjects] == ["box", "box-2"]


def test_a_thing_mentioned_again_is_one_subject() -> None:
    source = "a truck, the truck"
    again = Intent(source=source, core=source, entities=(entity("truck"), entity("truck")))
    assert [subject.id for subject in demands_of(again).subjects] == ["truck"]


def test_a_thing_related_to_its_like_is_not_merged_with_it() -> None:
    source = "a car on a car"
    relation = IntentRelation(a=0, kind=RelationKind.ON, b=1)
    intent = Intent(
        source=source, core=source, entities=(entity("car"), entity("car")), relations=(relation,)
    )
    assert len(demands_of(intent).subjects) == 2


def test_of_many_things_those_with_demands_are_kept_in_order() -> None:
    names = ["oak", "elm", "ash", "fir", "yew", "box", "fig"]
    entities = [entity(name) for name in names] + [entity("apples", count=3, plural=True)]
    source = ", ".join([*names, "apples"])
    demands = demands_of(Intent(source=source, core=source, entities=tuple(entities)))
    assert [subject.name for subject in demands.subjects] == [*names[:5], "apples"]


def test_places_are_subjects_only_when_there_is_nothing_else() -> None:
    place = entity("forest", is_place=True)
    alone = Intent(source="forest", core="forest", entities=(place,))
    both = Intent(source="fox forest", core="fox forest", entities=(entity("fox"), place))
    assert [subject.name for subject in demands_of(alone).subjects] == ["forest"]
    assert [subject.name for subject in demands_of(both).subjects] == ["fox"]


def test_a_prompt_without_things_is_its_own_subject() -> None:
    demands = demands_of(Intent(source="The infinite", core="The infinite"))
    assert [(s.name, s.source_span) for s in demands.subjects] == [("infinite", "infinite")]
    assert demands.entities == ()


def test_counts_beyond_the_limit_are_left_to_the_prompt() -> None:
    intent = Intent(source="ants", core="ants", entities=(entity("ants", count=500, plural=True),))
    assert demands_of(intent).subjects[0].count is None


def test_texts_are_unique_and_those_too_long_are_left_to_the_prompt() -> None:
    quotes = ("Hi", "Hi", "x" * 121, " Open ")
    assert demands_of(Intent(source="a", core="a", quotes=quotes)).texts == ("Hi", "Open")


def test_flags_and_words_exclude_each_term_once() -> None:
    assert demands_of(parse_intent("a beach without people --no people, cars")).exclude == (
        "people",
        "cars",
    )


def test_things_named_twice_may_be_spoken_of_in_parts_or_in_sum() -> None:
    intent = parse_intent("two red flowers and three white flowers")
    assert allowed_counts("flower", intent) == {2, 3, 5}
    assert families_of("flower", intent) == {"red", "white"}


def test_an_open_plural_leaves_the_count_open() -> None:
    assert allowed_counts("flower", parse_intent("some flowers")) is None
    assert allowed_counts("vase", parse_intent("some flowers")) is None


@pytest.mark.parametrize(
    ("text", "limit", "short"),
    [
        ("a dark forest", 40, "a dark forest"),
        ("a dark forest", 8, "a dark"),
        ("a dark, forest", 8, "a dark"),
        ("unbreakable", 5, "unbre"),
        ("  padded  ", 6, "padded"),
    ],
)
def test_texts_are_cut_between_words(text: str, limit: int, short: str) -> None:
    assert shorten(text, limit) == short


@given(st.text(min_size=1).filter(str.strip), st.integers(1, 50))
def test_a_cut_text_is_never_empty_nor_too_long(text: str, limit: int) -> None:
    assert 0 < len(shorten(text, limit)) <= limit


@given(st.text(), st.lists(st.text()))
def test_ids_are_slugs_that_nobody_has(name: str, taken: list[str]) -> None:
    slug = slug_for(name, taken=[*taken, "subject"])
    assert slug not in taken
    assert all(char.isascii() and (char.isalnum() or char == "-") for char in slug)
