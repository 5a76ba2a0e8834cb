"""File names: slugs, templates, and what no name may do."""

import re
from pathlib import PurePosixPath
from unicodedata import category

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from recipes import any_prompt, make_recipe

from imagine.stages.errors import UsageError
from imagine.stages.names import FIELDS, check_template, file_stem, slug_of

any_template = st.lists(
    st.one_of(
        st.sampled_from([f"{{{field}}}" for field in FIELDS]),
        st.sampled_from(["/", "\\", "..", ".", " ", "CON", "nul.", "-", "{", "{x}", "a", "C:"]),
        st.text(st.characters(codec="utf-8"), max_size=300),
    ),
    max_size=6,
).map("".join)


@pytest.mark.parametrize(
    ("prompt", "slug"),
    [
        ("A red fox in snow", "a-red-fox-in-snow"),
        ("A Café at Night!", "a-cafe-at-night"),
        ("Ærøskøbing, Łódź & Straße", "aeroskobing-lodz-strasse"),
        ("the cat's hat", "the-cats-hat"),
        ("赤いキツネ", "赤いキツネ"),
        ("여우 한 마리", "여우-한-마리"),
        ("лиса в лесу", "лиса-в-лесу"),
        ("लाल लोमड़ी", "लाल-लोमड़ी"),
        ("../../etc/passwd", "etc-passwd"),
        ("CON", "con-picture"),
        ("a\x00b\u202ec\nd", "a-b-c-d"),
        (
            "word " * 30,
            "word-word-word-word-word-word-word-word-word-word-word-word",
        ),
        ("x" * 100, "x" * 60),
        ("狐" * 100, "狐" * 40),
        ("🦊🦊", "picture-af6baaf9"),
        ("☀️", "picture-41cd5656"),
        ("\ufe0f\u0301", "picture-b3474169"),
        ("☀️ sun ❤️", "sun"),
    ],
)
def test_a_slug_names_the_prompt(prompt: str, slug: str) -> None:
    assert slug_of(prompt) == slug


@given(any_prompt)
@example("🦊")
@example("-" * 80)
def test_a_slug_is_short_printable_and_never_empty(prompt: str) -> None:
    slug = slug_of(prompt)
    assert 1 <= len(slug) <= 68
    assert len(slug.encode()) <= 120
    assert slug.isprintable()
    assert not set(slug) & set('/\\<>:"|?*. \n\t')
    assert not slug.startswith("-")
    assert not slug.endswith("-")


def test_every_field_is_filled() -> None:
    recipe = make_recipe("A fox", width=640, height=480, seed=5)
    template = "{slug}_{seed}_{n:03}_{date}_{time}_{backend}_{width}x{height}_{hash}_{id}"
    stem = file_stem(template, recipe, index=4, item="fox 7")
    assert re.fullmatch(
        r"a-fox_5_004_2026-11-22_010203_sketch_640x480_[0-9a-f]{8}_fox 7",
        stem,
    )
    assert set(re.findall(r"{(\w+)", template)) == set(FIELDS)


def test_only_items_of_a_batch_have_an_id() -> None:
    message = (
        "The name template has the field 'id', which only the items of a batch have; leave it out."
    )
    with pytest.raises(UsageError) as caught:
        file_stem("{slug}-{id}", make_recipe())
    assert str(caught.value) == message
    with pytest.raises(UsageError) as caught:
        check_template("{id}")
    assert str(caught.value) == message
    check_template("{id}", batch=True)


@pytest.mark.parametrize(
    ("item", "stem"),
    [
        ("0a1b2c", "0a1b2c"),
        ("größe 1", "größe 1"),
        ("a/b\\c", "a-b-c"),
        ("../../x", "-..-x"),
        (".hidden", "hidden"),
        ("con", "con-item"),
        ("~root", "~root"),
        ("a:b?", "a-b-"),
        ("...", "item-ab5df625"),
        ("☀️", "item-41cd5656"),
        ("x" * 300, "x" * 239),
    ],
)
def test_an_id_is_a_part_of_one_name(item: str, stem: str) -> None:
    assert file_stem("{id}", make_recipe(), item=item) == stem
    assert_safe(file_stem("a/{id}", make_recipe(), item=item))


def test_the_hash_is_that_of_the_request() -> None:
    first = file_stem("{hash}", make_recipe(seed=1))
    assert first == file_stem("{hash}", make_recipe(seed=1, created="2030-01-01T00:00:00Z"))
    assert first != file_stem("{hash}", make_recipe(seed=2))


def test_a_template_may_name_sub_directories() -> None:
    assert file_stem("{date}/{slug}", make_recipe("a fox")) == "2026-11-22/a-fox"
    assert file_stem("a\\b//./c", make_recipe()) == "a/b/c"


@pytest.mark.parametrize(
    ("template", "stem"),
    [
        ('a<b>:c|d?e*f"g', "a-b--c-d-e-f-g"),
        ("name. . ", "name"),
        ("a\x01b\u202ec", "a-b-c"),
        ("{{slug}}", "{slug}"),
        ("console", "console"),
        ("com10", "com10"),
    ],
)
def test_a_name_is_cleaned(template: str, stem: str) -> None:
    assert file_stem(template, make_recipe()) == stem


@pytest.mark.parametrize("template", ["../../x", "..", "a/../b", "..\\x", " .. /x", "{slug}/.."])
def test_a_name_cannot_leave_the_output_directory(template: str) -> None:
    with pytest.raises(UsageError) as caught:
        check_template(template)
    assert str(caught.value) == (
        "The name contains '..', and a name cannot leave the output directory; "
        "give the directory with --output."
    )


@pytest.mark.parametrize(
    "template", ["/etc/x", "C:\\x", "C:x", "\\\\host\\share\\x", "~/x", "a\0b"]
)
def test_a_name_cannot_be_absolute(template: str) -> None:
    with pytest.raises(UsageError) as caught:
        check_template(template)
    shown = template.replace("\0", "\\u0000")
    assert str(caught.value) == (
        f"The name '{shown}' is no name inside the output directory; "
        "give the directory with --output."
    )


@pytest.mark.parametrize(
    "name", ["con", "NUL", "Com1", "lpt9", "aux.txt", "PRN.a.b", "com¹", "CONIN$", "nul .x", "nul."]
)
def test_a_name_that_windows_reserves_is_refused(name: str) -> None:
    for template in (name, f"{name}/x", f"x/{name}"):
        with pytest.raises(UsageError, match="is reserved by Windows; choose another"):
            check_template(template)


def test_a_prompt_cannot_make_a_reserved_name() -> None:
    for prompt in ("con", "NUL", "Aux!", "com1", "lpt9", "prn."):
        assert file_stem("{slug}", make_recipe(prompt)).endswith("-picture")


def test_an_unknown_field_names_the_known_ones() -> None:
    with pytest.raises(UsageError) as caught:
        check_template("{sedd}")
    assert str(caught.value) == (
        "The name template has no field 'sedd'; did you mean 'seed'? "
        "(known: slug, seed, n, date, time, backend, hash, width, height)."
    )


@pytest.mark.parametrize(
    ("template", "message"),
    [
        ("", "The name template is empty; write one such as {slug}-{seed}."),
        (".", "The name template is empty; write one such as {slug}-{seed}."),
        ("...", "The name part '...' has no letter or digit; write one such as {slug}-{seed}."),
        (
            "\ufe0f",
            "The name part '\ufe0f' has no letter or digit; write one such as {slug}-{seed}.",
        ),
        (
            "con" + "." * 3 + "x" * 200,
            f"The name 'con...{'x' * 73}…' is reserved by Windows; choose another.",
        ),
        ("{slug", "The name template '{slug' has an unpaired brace; write fields as {slug}."),
        (
            "{n:>99999999}",
            "The field 'n' takes no format '>99999999'; "
            "only numbers take one, a width such as {n:03}.",
        ),
        (
            "{slug:10}",
            "The field 'slug' takes no format '10'; only numbers take one, a width such as {n:03}.",
        ),
        (
            "{n!r}",
            "The field 'n' takes no format 'r'; only numbers take one, a width such as {n:03}.",
        ),
        (
            "{slug.__class__}",
            "The name template has no field 'slug.__class__' "
            "(known: slug, seed, n, date, time, backend, hash, width, height).",
        ),
    ],
)
def test_a_wrong_template_says_what_is_wrong(template: str, message: str) -> None:
    with pytest.raises(UsageError) as caught:
        check_template(template)
    assert str(caught.value) == message


@given(any_template, any_prompt)
def test_a_name_is_refused_or_safe_everywhere(template: str, prompt: str) -> None:
    try:
        stem = file_stem(template, make_recipe(prompt))
    except UsageError as refusal:
        message = str(refusal)
    else:
        message = ""
        assert_safe(stem)
    assert message.isprintable()


def assert_safe(stem: str) -> None:
    assert not stem.startswith("/")
    for name in PurePosixPath(stem).parts:
        assert name not in ("", ".", "..")
        assert len(f"{name}-99999.webp.json".encode()) <= 255
        assert all(category(char)[0] != "C" for char in name)
        assert not set(name) & set('<>:"|?*\\')
        assert not name.endswith((".", " "))
        assert not re.fullmatch(r"(?i)(con|prn|aux|nul|com\d|lpt\d) *(\..*)?", name)


@given(any_template)
def test_the_early_check_agrees_with_the_name(template: str) -> None:
    """A template that passes before anything is drawn also names the picture."""
    try:
        check_template(template)
    except UsageError:
        return
    assert file_stem(template, make_recipe("🦊", seed=2**32 - 1))
