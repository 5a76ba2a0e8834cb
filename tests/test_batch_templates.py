"""Templates stand for the prompts that the dynamicprompts library says, and end."""

import tracemalloc
from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from patience import Limit

from imagine.stages.batch.rows import BadRow, Row
from imagine.stages.batch.syntax import parse
from imagine.stages.batch.templates import Expansion, expand, expand_all, has_template
from imagine.stages.batch.wildcards import Wildcards
from imagine.stages.errors import UsageError

LITERALLY = "correct it, or write a backslash before what is meant literally."


@pytest.fixture
def wildcards(tmp_path: Path) -> Wildcards:
    folder = tmp_path / "wildcards"
    (folder / "animal").mkdir(parents=True)
    (folder / "color.txt").write_text("red\n# a comment\n\nblue\nred\n", encoding="utf-8")
    (folder / "pair.txt").write_text("__color__ and {warm|cold}\n", encoding="utf-8")
    (folder / "animal" / "dog.txt").write_text("pug\n", encoding="utf-8")
    (folder / "animal" / "cat.txt").write_text("manx\n", encoding="utf-8")
    (folder / "again.txt").write_text("more\n__round__\n", encoding="utf-8")
    (folder / "round.txt").write_text("__again__\n", encoding="utf-8")
    return Wildcards([folder])


def prompts(template: str, how: Expansion | None = None) -> list[str | None]:
    return [row.prompt for row in expand(Row(1, template), how or Expansion())]


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("a fox", ["a fox"]),
        ("{red|blue} fox", ["red fox", "blue fox"]),
        ("{a|b} {c|d}", ["a c", "a d", "b c", "b d"]),
        ("{2$$, $$a|b|c}", ["a, b", "a, c", "b, a", "b, c", "c, a", "c, b"]),
        ("{1-2$$a|b}", ["a", "b", "a,b", "b,a"]),
        ("{5$$a|b}", ["a,b", "b,a"]),
        ("{0.5::a|2::b}", ["a", "b"]),
        ("{a|{b|c}}", ["a", "b", "c"]),
        ("{a|a|b}", ["a", "b"]),
        ("a fox{, running|}", ["a fox, running", "a fox"]),
        ("${x={a|b}}${x} or ${x}", ["a or a", "a or b", "b or a", "b or b"]),
        ("${x=!{a|b}}${x} or ${x}", ["a or a", "b or b"]),
        ("${x:none} {a|b}", ["none a", "none b"]),
        ("%{oil of ... at night$${a|b}}", ["oil of a at night", "oil of b at night"]),
        ("{@a|b} {c|d|e}", ["a c", "b d", "a e"]),
        ("{~a|a} {c|d}", ["a c", "a d"]),
        ('sign "Open  {early|late}"', ['sign "Open  early"', 'sign "Open  late"']),
        ("a fox --ar {16:9|1:1}", ["a fox --ar 16:9", "a fox --ar 1:1"]),
        ("#1 fan {a|b} # two", ["#1 fan a # two", "#1 fan b # two"]),
        ("$5 or 100% {a|b$}", ["$5 or 100% a", "$5 or 100% b$"]),
        ("{a|b} // c /* d */", ["a // c /* d */", "b // c /* d */"]),
        ("a\tb\n{c|d}", ["a\tb\nc", "a\tb\nd"]),
        ("{Fuß|狐} é", ["Fuß é", "狐 é"]),
        ("\\{a|b\\} {c|d\\|e}", ["{a|b} c", "{a|b} d|e"]),
        ("snake\\_\\_case {a|b}", ["snake__case a", "snake__case b"]),
        ("a } b | c", ["a } b | c"]),
        ("(fox:1.2), <lora:x:1> [a|b]", ["(fox:1.2), <lora:x:1> [a|b]"]),
    ],
)
def test_a_template_stands_for_every_combination(template: str, expected: list[str]) -> None:
    assert prompts(template) == expected


def test_wildcards_stand_for_the_values_of_their_files(wildcards: Wildcards) -> None:
    how = Expansion(wildcards=wildcards)
    assert prompts("a __color__ fox", how) == ["a red fox", "a blue fox"]
    assert prompts("__pair__", how) == [
        "red and warm",
        "red and cold",
        "blue and warm",
        "blue and cold",
    ]
    assert prompts("{2$$ $$__color__}", how) == ["red blue", "blue red"]
    assert prompts("__{color|dog}__", how) == ["red", "blue", "pug"]
    assert prompts("__animal/*__", how) == ["manx", "pug"]


@pytest.mark.parametrize(
    "template",
    [
        "{red|blue} {fox|hen} in {a {wood|bog}|town}",
        "{2$$ and $$a|b|c|d}",
        "{1-3$$a|b|c}",
        "${x={a|b}} ${x} {c|${x}}",
        "__color__ {__color__|pug}",
        "{2$$__color__} __pair__",
        "%{in ... style$${a|__color__}}",
    ],
)
def test_the_library_finds_the_same_prompts(
    template: str, wildcards: Wildcards, tmp_path: Path
) -> None:
    how = Expansion(wildcards=wildcards)
    ours = prompts(template, how)
    from dynamicprompts.generators import CombinatorialPromptGenerator
    from dynamicprompts.wildcards import WildcardManager

    library = CombinatorialPromptGenerator(WildcardManager(tmp_path / "wildcards"))
    assert sorted(map(str, ours)) == sorted(text.strip() for text in library.generate(template))


@pytest.mark.parametrize(
    ("template", "message"),
    [
        ("a {b", f"character 3 ('{{b'): this is never closed; {LITERALLY}"),
        ("a __b", f"character 3 ('__b'): this wildcard is never closed; {LITERALLY}"),
        ("a {b$$c|d}", f"character 3 ('{{b$$c|d}}'): this cannot be read; {LITERALLY}"),
        (
            "{" * 4000,
            f"character 16 ('{'{' * 29}…'): templates are nested more than 15 deep; {LITERALLY}",
        ),
        (
            "{" + "|" * 4000 + "}",
            f"character 2001 ('{'|' * 29}…'): over 2,000 choices stand before this; {LITERALLY}",
        ),
    ],
)
def test_what_is_no_template_is_refused_with_the_place(template: str, message: str) -> None:
    with pytest.raises(UsageError) as caught:
        expand(Row(1, template), Expansion())
    assert str(caught.value).replace("{" * 30, "{" * 29 + "…").replace(
        "|" * 30, "|" * 29 + "…"
    ) == (f"The template cannot be expanded, {message}")


@pytest.mark.parametrize(
    ("template", "message"),
    [
        (
            "${x} {a|b}",
            "The variable ${x} is not set; set it in the same template, as in ${x={red|blue}}.",
        ),
        ("${a=${b}}${b=${a}}${a}", "The variable ${a} is made from itself; take that out."),
        (
            "__again__",
            "The wildcard names itself: __again__ > __round__ > __again__; take one of them out.",
        ),
        ("{0::a|0::b}", "All options of a template's choice have weight 0; give one more."),
        (
            "a" * 10_000 + "{b}",
            "The template has 10,003 characters, the limit is 10,000; move choices into wildcard "
            "files.",
        ),
        (
            "{a|b}" * 40,
            "The template has 1,099,511,627,776 combinations, over the 1,000 that --expand-max "
            "allows; draw some of them with --expand N, or raise --expand-max.",
        ),
        (
            "{a|b}" * 400,
            "The template has more than 1,000,000,000,000,000 combinations, over the 1,000 that "
            "--expand-max allows; draw some of them with --expand N, or raise --expand-max.",
        ),
        (
            "{9-300$$" + "|".join(map(str, range(500))) + "}",
            "The template has more than 1,000,000,000,000,000 combinations, over the 1,000 that "
            "--expand-max allows; draw some of them with --expand N, or raise --expand-max.",
        ),
    ],
)
def test_what_has_no_end_or_too_many_is_refused_before_it_is_made(
    template: str, message: str, wildcards: Wildcards
) -> None:
    with Limit(), pytest.raises(UsageError) as caught:
        expand(Row(1, template), Expansion(wildcards=wildcards))
    assert str(caught.value) == message


def test_a_wildcard_that_names_itself_behind_a_settled_variable_is_refused(tmp_path: Path) -> None:
    (tmp_path / "loop.txt").write_text("${x=!{a|b}}${x} __loop__\n", encoding="utf-8")
    (tmp_path / "by.txt").write_text("${x=!{stop|by}} __${x}__\n", encoding="utf-8")
    (tmp_path / "stop.txt").write_text("end\n", encoding="utf-8")
    wildcards = Wildcards([tmp_path])
    for name in ("loop", "by"):
        for how in (Expansion(wildcards=wildcards), Expansion(count=50, wildcards=wildcards)):
            with pytest.raises(UsageError) as caught:
                list(expand(Row(1, f"__{name}__"), how))
            assert str(caught.value) == (
                f"The wildcard names itself: __{name}__ > __{name}__; take one of them out."
            )


def test_draws_with_settled_variables_do_not_use_up_what_a_template_may_hold(
    tmp_path: Path,
) -> None:
    (tmp_path / "many.txt").write_text("\n".join(map(str, range(2000))), encoding="utf-8")
    how = Expansion(count=200, wildcards=Wildcards([tmp_path]))
    assert len(prompts("${x=!{a|b}}${x} __many__", how)) == 200


def test_too_many_texts_behind_a_settled_variable_are_counted() -> None:
    with pytest.raises(UsageError) as caught:
        prompts("${x=!{a|b|c}}${x}{d|e}", Expansion(per_line=5))
    assert str(caught.value).startswith("The template has 6 combinations, over the 5 that ")


def test_more_draws_than_allowed_are_refused() -> None:
    with pytest.raises(UsageError) as caught:
        expand(Row(1, "{a|b}"), Expansion(count=30, per_line=20))
    assert str(caught.value) == (
        "30 prompts of one template are over the 20 that are allowed; draw fewer, or raise "
        "--expand-max."
    )


def test_all_is_no_way_to_draw() -> None:
    with pytest.raises(UsageError) as caught:
        expand(Row(1, "{!a|b}"), Expansion(count=2))
    assert str(caught.value) == (
        "The template asks for every combination with '!', and prompts are drawn by chance here; "
        "leave the '!' out, or expand all."
    )


def test_a_row_keeps_what_it_is_beside_its_prompt() -> None:
    row = Row(7, "{a|b}", id="x", options={"seed": 3}, extra={"note": "n"})
    assert list(expand(row, Expansion())) == [
        Row(7, "a", "x-1", {"seed": 3}, {"note": "n"}, template="{a|b}"),
        Row(7, "b", "x-2", {"seed": 3}, {"note": "n"}, template="{a|b}"),
    ]
    assert list(expand(Row(7, "{a}", id="x"), Expansion())) == [Row(7, "a", "x", template="{a}")]


@pytest.mark.parametrize(
    "row", [Row(1, None, spec={"a": 1}), Row(1, "a fox", id="x"), Row(1, "C:\\fox (a)")]
)
def test_a_row_without_a_template_stays_as_it_is(row: Row) -> None:
    assert list(expand(row, Expansion())) == [row]


def test_draws_follow_from_seed_and_template_alone() -> None:
    template = "{a|b|c|d} {e|f|g|h} {i|j|k|l}"
    first = prompts(template, Expansion(count=8, seed=1))
    assert first == prompts(template, Expansion(count=8, seed=1))
    assert first != prompts(template, Expansion(count=8, seed=2))
    around: Sequence[Row | BadRow] = [Row(1, "{x|y}"), Row(2, "plain"), Row(3, template)]
    rows = expand_all(around, Expansion(count=8, seed=1))
    assert [row.prompt for row in rows if isinstance(row, Row) and row.line == 3] == first


def test_equal_lines_that_follow_each_other_draw_for_themselves() -> None:
    template = "{a|b|c|d} {e|f|g|h} {i|j|k|l}"
    rows = list(expand_all([Row(1, template), Row(2, template)], Expansion(count=8)))
    drawn = [[row.prompt for row in rows if row.line == line] for line in (1, 2)]  # type: ignore[union-attr]
    assert drawn[0] != drawn[1]


def test_weights_decide_how_often_an_option_is_drawn() -> None:
    drawn = prompts("{9::a|1::b|0::c}", Expansion(count=1000))
    assert 850 < drawn.count("a") < 950
    assert drawn.count("c") == 0
    several = prompts("{1$$, $$9::a|1::b|0::c}", Expansion(count=1000))
    assert 850 < several.count("a") < 950


def test_a_variable_that_is_set_at_once_is_drawn_once_a_prompt() -> None:
    drawn = set(prompts("${x=!{a|b|c}}${x}${x}", Expansion(count=100)))
    assert drawn == {"aa", "bb", "cc"}


def test_a_template_that_cannot_be_expanded_is_a_bad_row() -> None:
    bad = BadRow(1, UsageError("no"), "")
    rows = list(expand_all([bad, Row(2, "{a"), Row(3, "{a|b}")], Expansion()))
    assert rows[0] is bad
    assert isinstance(rows[1], BadRow)
    assert (rows[1].line, rows[1].text) == (2, "{a")
    assert str(rows[1].error) == (
        f"The template cannot be expanded, character 1 ('{{a'): this is never closed; {LITERALLY}"
    )
    assert [row.prompt for row in rows[2:] if isinstance(row, Row)] == ["a", "b"]


def test_all_templates_together_have_a_limit_that_plain_lines_do_not_touch() -> None:
    how = Expansion(per_line=4, in_all=6)
    plain = [Row(line, "a fox") for line in range(50)]
    rows = expand_all([*plain, *(Row(line, "{a|b|c}") for line in range(51, 60))], how)
    kept = list(islice(rows, 50 + 3 * 3))
    assert len(kept) == 59
    with pytest.raises(UsageError) as caught:
        list(rows)
    assert str(caught.value) == (
        "The templates give more than 6 prompts beside the lines themselves, at line 54; make "
        "them smaller, or raise --expand-max."
    )


def test_a_hundred_thousand_combinations_take_no_memory() -> None:
    how = Expansion(per_line=100_000)
    parse("{a}")  # the library is loaded
    tracemalloc.start()
    rows = expand(Row(1, "{a|b|c|d|e|f|g|h|i|j}" * 5), how)
    assert sum(1 for _ in rows) == 100_000
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 2**20


@pytest.mark.parametrize(
    ("prompt", "expected"),
    [
        ("{red|blue} fox", True),
        ("a __color__ fox", True),
        ("{2$$a|b}", True),
        ("${x=fox} ${x}", True),
        ("__animal/dog__", True),
        ("a {fox}", False),
        ("a | b", False),
        ("snake__case__name", False),
        ("$5 } {", False),
        ("a fox __", False),
    ],
)
def test_a_template_is_told_from_a_prompt(prompt: str, *, expected: bool) -> None:
    assert has_template(prompt) is expected


pieces = st.sampled_from(
    [
        "{",
        "}",
        "|",
        "$$",
        "$",
        "${",
        "%{",
        "__",
        "a",
        " b",
        "::",
        "2",
        "=",
        "!",
        "\\",
        "#",
        "//",
        "é",
    ]
)


@settings(max_examples=300)
@given(st.lists(pieces, max_size=25).map("".join))
def test_any_text_is_expanded_or_refused(template: str) -> None:
    try:
        with Limit():
            rows = list(expand(Row(1, template), Expansion(per_line=50)))
    except UsageError:
        return
    assert 1 <= len(rows) <= 50
    assert all(isinstance(row.prompt, str) for row in rows)
    drawn = list(expand(Row(1, template), Expansion(count=3))) if "!" not in template else rows
    assert drawn


words = st.text("abc ", min_size=1, max_size=3)
choices: Any = st.recursive(
    words,
    lambda inner: st.lists(inner, min_size=1, max_size=3).map(
        lambda options: "{" + "|".join(options) + "}"
    ),
    max_leaves=8,
)


@settings(max_examples=100)
@given(st.lists(choices, min_size=1, max_size=3).map("".join), st.integers(0, 9))
def test_what_is_drawn_is_one_of_all(template: str, seed: int) -> None:
    with Limit():
        every = prompts(template, Expansion(per_line=10_000))
    assert set(prompts(template, Expansion(count=5, seed=seed))) <= set(every)
