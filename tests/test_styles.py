"""Style presets are complete, never contradict the prompt, and give way to what it states."""

import errno
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from imagine.stages.enhance.offline import OfflineEnhancer
from imagine.stages.errors import ConfigError
from imagine.stages.guard import check_prompt, compare
from imagine.stages.intent import parse_intent
from imagine.stages.language.lexicon import color_family
from imagine.stages.render import render
from imagine.stages.spec import Medium, PromptSpec, clean_prompt
from imagine.stages.styles import apply_style, avoided_by_styles, load_styles


def styled(prompt: str, *names: str, seed: int = 0) -> tuple[PromptSpec, list[str]]:
    """The offline description of `prompt` with presets applied in turn, and their notes."""
    intent = parse_intent(clean_prompt(prompt))
    spec = OfflineEnhancer().enhance(intent, seed=seed).spec
    notes = []
    for name in names:
        spec, note = apply_style(spec, load_styles()[name], intent)
        notes += [note] if note else []
    return spec, notes


def write_preset(folder: Path, name: str, **fields: Any) -> None:
    basic = {
        "title": "Mine",
        "family": "painting",
        "description": "One line.",
        "medium": "painting",
        "detail": "thick paint",
    }
    lines = [f"{key} = {value!r}" for key, value in (basic | fields).items() if value is not None]
    (folder / f"{name}.toml").write_text("\n".join(lines), encoding="utf-8")


def test_there_are_enough_presets_in_every_family() -> None:
    presets = load_styles().values()
    families = [preset.family for preset in presets]
    assert len(families) >= 36
    assert min(families.count(family) for family in set(families)) >= 2
    assert len(set(families)) == 9


def test_every_preset_is_distinct() -> None:
    presets = load_styles().values()
    for field in ("title", "detail", "description"):
        assert len({getattr(preset, field) for preset in presets}) == len(presets)


def test_palettes_of_presets_are_colors() -> None:
    strange = [
        (preset.name, color)
        for preset in load_styles().values()
        for color in preset.palette
        if color_family(color) is None
    ]
    assert strange == []


def test_lines_of_presets_fit_the_assumptions() -> None:
    slots = ("lighting", "composition", "camera", "mood")
    too_long = [
        (preset.name, slot)
        for preset in load_styles().values()
        for slot in slots
        if len(f"{slot}: {getattr(preset, slot) or ''}") > 80
    ]
    assert too_long == []


def test_only_photographs_and_renders_have_a_camera() -> None:
    with_lens = {Medium.PHOTOGRAPH, Medium.RENDER_3D}
    wrong = [
        preset.name
        for preset in load_styles().values()
        if preset.camera and not with_lens & {preset.medium, *preset.fits}
    ]
    assert wrong == []


@pytest.mark.parametrize("name", sorted(load_styles()))
def test_a_preset_sets_its_look_on_a_plain_prompt(name: str) -> None:
    preset = load_styles()[name]
    spec, notes = styled("a fox", name)
    assert notes == []
    assert (spec.style.medium, spec.style.detail, spec.style.preset) == (
        preset.medium,
        preset.detail,
        name,
    )
    for slot in ("lighting", "composition", "mood"):
        if getattr(preset, slot):
            assert getattr(spec, slot) == getattr(preset, slot)
    if preset.palette:
        assert spec.palette == preset.palette
    assert set(preset.avoid) <= set(spec.exclude)
    assert f"style: preset {name}" in spec.assumptions


@pytest.mark.parametrize("name", ["watercolor", "linocut", "pixel-art", "flat-vector"])
@pytest.mark.parametrize("seed", range(4))
def test_a_preset_of_another_medium_takes_the_photograph_away(name: str, seed: int) -> None:
    spec, _ = styled("a fox", name, seed=seed)
    assert spec.camera is None
    assert spec.setting is None
    assert not any("photograph" in line for line in spec.assumptions)


def test_a_preset_that_the_stated_medium_does_not_fit_is_left_out_whole() -> None:
    plain, _ = styled("a photo of a fox")
    spec, notes = styled("a photo of a fox", "oil-painting")
    assert spec == plain
    assert notes == ["Style 'oil-painting' is left out: the prompt asks for a photograph."]


def test_a_preset_that_fits_the_stated_medium_keeps_it() -> None:
    spec, notes = styled("a drawing of a detective", "film-noir")
    assert notes == []
    assert spec.style.medium is Medium.DRAWING
    assert spec.camera == load_styles()["film-noir"].camera


def test_a_monochrome_preset_is_left_out_where_the_prompt_names_colors() -> None:
    spec, notes = styled("a red car", "film-noir")
    assert spec.style.preset is None
    assert notes == [
        "Style 'film-noir' is left out: the prompt names colors, and black and white has none."
    ]


def test_what_the_prompt_states_is_not_overridden() -> None:
    spec, notes = styled("a red car at night", "low-poly", "vintage-travel")
    assert notes == []
    assert spec.palette == ()
    assert "sun" not in (spec.lighting or "")


def test_the_later_of_two_presets_wins_where_both_speak() -> None:
    spec, notes = styled("a fox", "watercolor", "ukiyo-e")
    later = load_styles()["ukiyo-e"]
    assert notes == []
    assert spec.style.preset == "watercolor + ukiyo-e"
    assert (spec.style.medium, spec.style.detail) == (later.medium, later.detail)
    assert spec.lighting == later.lighting


def test_too_many_presets_are_left_out_with_a_note() -> None:
    names = ("abstract-expressionist", "stained-glass", "botanical-plate", "vintage-travel")
    spec, notes = styled("a fox", *names)
    assert spec.style.preset == "abstract-expressionist + stained-glass + botanical-plate"
    assert notes == ["Style 'vintage-travel' is left out: too many styles are combined."]


def test_a_monochrome_preset_takes_the_added_palette_away() -> None:
    plain, _ = styled("a lighthouse at night")
    spec, _ = styled("a lighthouse at night", "film-noir")
    assert plain.palette != ()
    assert spec.palette == ()
    assert not any(line.startswith("palette") for line in spec.assumptions)


def test_framing_for_one_thing_is_not_set_on_several() -> None:
    several, _ = styled("three foxes", "sticker")
    one, _ = styled("a fox", "sticker")
    assert one.composition == "single compact silhouette with even margins"
    assert several.composition != one.composition


def test_what_presets_avoid_is_known_apart_from_what_the_user_excludes() -> None:
    spec, _ = styled("a fox without snow", "watercolor", "ukiyo-e")
    avoided = avoided_by_styles(spec)
    assert avoided == {*load_styles()["watercolor"].avoid, *load_styles()["ukiyo-e"].avoid}
    assert [term for term in spec.exclude if term not in avoided] == ["snow"]


def test_what_the_prompt_asks_for_is_not_avoided() -> None:
    spec, _ = styled("a fox in bright daylight without fur", "film-noir")
    assert "bright daylight" not in spec.exclude
    assert spec.exclude[0] == "fur"


def test_presets_never_contradict_real_prompts(
    read_eval: Callable[[str], Iterator[dict[str, Any]]],
) -> None:
    prompts = [row["prompt"] for row in read_eval("prompts/partiprompts")][::25]
    for prompt in prompts:
        intent = parse_intent(clean_prompt(prompt))
        for name in load_styles():
            spec, _ = styled(prompt, name)
            assert compare(spec, intent) == (), (prompt, name)
            final = render(spec, "natural").prompt
            assert check_prompt(final, intent) == (), (prompt, name)


def test_user_presets_add_and_override(tmp_path: Path) -> None:
    write_preset(tmp_path, "watercolor", detail="my own washes")
    write_preset(tmp_path, "house-style")
    styles = load_styles(tmp_path)
    assert styles["watercolor"].detail == "my own washes"
    assert styles["house-style"].medium is Medium.PAINTING
    assert load_styles()["watercolor"].detail != "my own washes"


def test_a_directory_that_does_not_exist_holds_no_presets(tmp_path: Path) -> None:
    assert load_styles(tmp_path / "none") == load_styles()


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        (
            {"medium": "fresco"},
            "medium must be one of photograph, painting, drawing, illustration, render_3d, "
            "graphic_design, sculpture, pixel_art, other, got 'fresco'; correct the field.",
        ),
        ({"detail": None}, "detail is missing; correct the field."),
        ({"wrong": "x"}, "wrong: there is no such field; leave it out."),
        ({"lightning": "x"}, "lightning: there is no such field; did you mean 'lighting'?"),
        (
            {"palette": ["-"]},
            "palette.0 must be a colour word or #RRGGBB, got '-'; correct the field.",
        ),
        (
            {"family": "x" * 1000},
            "family must be one of photography, painting, drawing, illustration, 3d, graphic, "
            f"craft, retro, pixel, got '{'x' * 79}…'; correct the field.",
        ),
    ],
)
def test_a_faulty_preset_is_refused_with_file_and_field(
    tmp_path: Path, fields: dict[str, Any], message: str
) -> None:
    write_preset(tmp_path, "mine", **fields)
    with pytest.raises(ConfigError) as caught:
        load_styles(tmp_path)
    assert str(caught.value) == f"The style file '{tmp_path / 'mine.toml'}': {message}"


def test_control_characters_in_a_preset_are_refused(tmp_path: Path) -> None:
    write_preset(tmp_path, "mine")
    path = tmp_path / "mine.toml"
    path.write_text(path.read_text().replace("'Mine'", '"\\u001b[31m"'))
    with pytest.raises(ConfigError) as caught:
        load_styles(tmp_path)
    assert str(caught.value) == (
        f"The style file '{path}': title contains the control character U+001B; correct the field."
    )


def test_a_name_that_is_not_kebab_case_is_refused(tmp_path: Path) -> None:
    write_preset(tmp_path, "My Style")
    with pytest.raises(ConfigError) as caught:
        load_styles(tmp_path)
    assert str(caught.value) == (
        f"The style file '{tmp_path / 'My Style.toml'}': name must be at most 30 lower-case "
        "letters, digits and single hyphens, got 'My Style'; correct the field."
    )


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"title = \n", "is not valid TOML: line 1, column 9: invalid value; correct it."),
        (b"a = " + b"[" * 5000, "is not valid TOML: it is nested too deeply; correct it."),
        (
            b"a = " + b"9" * 5000,
            "is not valid TOML: it holds a number of too many digits; correct it.",
        ),
        (b'a = "', "is not valid TOML: unterminated string (at end of document); correct it."),
        (b"\xff\xfe", "is not UTF-8 text; save it as UTF-8."),
    ],
    ids=["no value", "deep", "long number", "cut", "no text"],
)
def test_a_file_that_is_no_toml_is_refused(tmp_path: Path, content: bytes, reason: str) -> None:
    path = tmp_path / "mine.toml"
    path.write_bytes(content)
    with pytest.raises(ConfigError) as caught:
        load_styles(tmp_path)
    assert str(caught.value).removeprefix("The style file ") == f"'{path}' {reason}"


def test_a_byte_order_mark_is_no_fault(tmp_path: Path) -> None:
    write_preset(tmp_path, "mine")
    path = tmp_path / "mine.toml"
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    assert load_styles(tmp_path)["mine"].title == "Mine"


def test_a_preset_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.mkdir()
    with pytest.raises(ConfigError) as caught:
        load_styles(tmp_path)
    assert str(caught.value) == f"'{path}' cannot be read: Is a directory; check the path."


def test_a_pipe_is_no_preset(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    os.mkfifo(path)
    with pytest.raises(ConfigError, match=r"mine\.toml' is a pipe, which cannot be read here; "):
        load_styles(tmp_path)


def test_a_directory_that_cannot_be_listed_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(path: Path) -> Iterator[Path]:
        raise PermissionError(errno.EACCES, "Permission denied")

    load_styles()  # the shipped ones are read before nothing can be listed any more
    monkeypatch.setattr(Path, "iterdir", failing)
    with pytest.raises(ConfigError) as caught:
        load_styles(tmp_path)
    assert str(caught.value) == (
        f"The style directory '{tmp_path}' cannot be read: Permission denied; check the path."
    )


def test_a_file_is_no_directory_of_presets(tmp_path: Path) -> None:
    (tmp_path / "styles").write_text("")
    with pytest.raises(ConfigError, match="cannot be read: Not a directory; check the path"):
        load_styles(tmp_path / "styles")
