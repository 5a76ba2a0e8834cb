"""A PromptSpec and a Series in, the spec with what all pictures of the series share out.

The series is merged into descriptions after they are made, and no enhancer is told of it: what the
merge does is alike for every enhancer, and a description that was paid for stays good when the
series is changed.
"""

from typing import Any

from imagine.stages.demands import MAX_EXCLUDED, demands_of, shorten
from imagine.stages.enhance.scene import scene_of
from imagine.stages.intent import Intent, parse_intent
from imagine.stages.rules.contradiction import contradictions
from imagine.stages.rules.words import asks_for
from imagine.stages.series import SLOTS, Series
from imagine.stages.series_cast import cast_characters, free_subjects, with_cast
from imagine.stages.spec import Medium, PromptSpec

_WITH_CAMERA = frozenset({Medium.PHOTOGRAPH, Medium.RENDER_3D})
_MAX_ASSUMPTIONS = 8


def asked_with(intent: Intent, series: Series) -> Intent:
    """What the user asks for by a prompt and a series together, for the merge and the guard."""
    return with_cast(intent, series.characters)


def apply_series(
    spec: PromptSpec, series: Series, intent: Intent, *, by_hand: bool = False
) -> tuple[PromptSpec, tuple[str, ...]]:
    """The spec with the series in place of whatever an enhancer or a preset added to the prompt.

    What the prompt says in its own words stays. Applying the same series again changes nothing.

    Args:
        spec: the description, presets applied.
        series: what is shared.
        intent: of the spec's source prompt, as `asked_with` gives it.
        by_hand: a person wrote the spec, so that only slots it leaves open, or calls assumptions
            itself, are filled.

    Returns:
        The spec, and a sentence for everything of the series that was left out.
    """
    merge = _Merge(spec, series, intent, by_hand=by_hand)
    merge.style()
    for slot in SLOTS:
        merge.slot(slot)
    merge.palette()
    merge.exclusions()
    merge.cast()
    return merge.done()


class _Merge:
    """A series on its way into one description."""

    def __init__(self, spec: PromptSpec, series: Series, intent: Intent, *, by_hand: bool) -> None:
        self._spec = spec
        self._series = series
        self._intent = intent
        self._by_hand = by_hand
        self._changes: dict[str, Any] = {}
        self._lines: dict[str, str] = {}
        self._notes: list[str] = []

    def style(self) -> None:
        """Medium and finer style together, or neither."""
        asked = self._series.style
        medium = asked.medium or _medium_of(asked.detail)
        if medium is None and asked.detail is None:
            return
        style = self._spec.style
        written = style.detail or (style.medium if style.medium is not Medium.OTHER else None)
        if self._keeps("style", written, asked.detail or medium):
            return self._leave_out("style", "the description has its own")
        media = self._intent.media
        if medium is not None and media and medium not in media:
            return self._leave_out("style", "the prompt asks for another medium")
        if asked.detail and (denied := contradictions(asked.detail, self._intent)):
            return self._leave_out("style", denied[0].detail)
        medium = medium or style.medium
        new = {"medium": medium, "detail": asked.detail or style.detail}
        if asked.detail is None and medium != style.medium:
            new["detail"] = None  # it was the finer style of another medium
        self._changes["style"] = style.model_copy(update=new)
        words = medium.value.replace("_", " ")
        self._lines["style"] = ", ".join(filter(None, (words, new["detail"])))
        if medium != style.medium:
            self._drop_what_belonged_to(style.medium, medium)
        if asked.detail and parse_intent(asked.detail).monochrome and self._palette_is_open():
            self._changes["palette"] = ()

    def _drop_what_belonged_to(self, before: Medium, after: Medium) -> None:
        """A lens belongs to a photograph, not to a woodcut."""
        camera = self._spec.camera
        lens = before in _WITH_CAMERA and after not in _WITH_CAMERA
        if lens and "camera" not in self._intent.stated and not self._keeps("camera", camera, None):
            self._changes["camera"] = None

    def slot(self, slot: Any) -> None:
        """One of the slots that hold a sentence or phrase."""
        value = getattr(self._series, slot)
        if value is None:
            return
        if slot in self._intent.stated:
            return self._leave_out(slot, "the prompt has words of its own for it")
        if slot == "setting" and scene_of(self._intent).kind == "landscape":
            return self._leave_out(slot, "the prompt is about a place itself")
        if self._keeps(slot, getattr(self._spec, slot), value):
            return self._leave_out(slot, "the description has its own")
        if denied := contradictions(value, self._intent):
            return self._leave_out(slot, denied[0].detail)
        self._changes[slot] = value
        self._lines[slot] = value

    def palette(self) -> None:
        colors = self._series.palette
        if not colors:
            return
        if not self._palette_is_open():
            return self._leave_out("palette", "the prompt names its colors")
        if self._keeps("palette", self._spec.palette, colors):
            return self._leave_out("palette", "the description has its own")
        for color in colors:
            if denied := contradictions(color, self._intent):
                return self._leave_out("palette", denied[0].detail)
        self._changes["palette"] = colors
        self._lines["palette"] = ", ".join(colors)

    def exclusions(self) -> None:
        """After what is excluded already, but for what the prompt asks for."""
        kept = {term.casefold(): term for term in self._spec.exclude}
        demands = demands_of(self._intent)
        for term in (*self._series.exclude, *self._series.avoid):
            if term.casefold() in kept:
                continue
            if asks_for(term, self._intent, demands):
                self._notes.append(f"Series: '{term}' is not avoided: the prompt asks for it.")
            elif len(kept) == MAX_EXCLUDED:
                self._notes.append(
                    f"Series: '{term}' is not avoided: {MAX_EXCLUDED} things are already."
                )
            else:
                kept[term.casefold()] = term
        self._changes["exclude"] = tuple(kept.values())

    def cast(self) -> None:
        """The characters, and room for them."""
        spec = self._spec
        if "setting" in self._lines and not self._by_hand and spec.setting != self._series.setting:
            spec = free_subjects(spec, self._series.characters)
        spec, told, notes = cast_characters(
            spec, self._series.characters, self._intent, by_hand=self._by_hand
        )
        for field in ("subjects", "relations", "resolutions"):
            self._changes[field] = getattr(spec, field)
        if told:
            self._lines["subjects"] = told
        self._notes += notes

    def done(self) -> tuple[PromptSpec, tuple[str, ...]]:
        lines = [shorten(f"{slot}: {value}", 80) for slot, value in self._lines.items()]
        gone = {*self._lines, *(slot for slot, value in self._changes.items() if not value)}
        gone |= {"medium"} if "style" in self._lines else set()
        kept = [line for line in self._spec.assumptions if line.partition(":")[0] not in gone]
        assumptions = tuple(dict.fromkeys([*lines, *kept]))[:_MAX_ASSUMPTIONS]
        return self._spec.replace(**self._changes, assumptions=assumptions), tuple(self._notes)

    def _keeps(self, slot: str, old: object, new: object) -> bool:
        """Whether a person wrote what stands in a slot, and something else than the series."""
        if not self._by_hand or not old or old == new:
            return False
        names = (slot, "medium") if slot == "style" else (slot,)
        return not any(line.partition(":")[0] in names for line in self._spec.assumptions)

    def _palette_is_open(self) -> bool:
        intent = self._intent
        colored = intent.monochrome or any(entity.colors for entity in intent.entities)
        return not colored and "palette" not in intent.stated

    def _leave_out(self, what: str, reason: str) -> None:
        self._notes.append(f"Series: the {what} is left out: {reason}.")


def _medium_of(detail: str | None) -> Medium | None:
    media = parse_intent(detail).media if detail else frozenset()
    return next(iter(media)) if len(media) == 1 else None
