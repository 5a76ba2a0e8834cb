"""Texts to be rendered and the cast in; who bears which, and the lettering painted, out."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from imagine.stages.generate.sketch.brush import RGB, brightness
from imagine.stages.generate.sketch.cast import Actor, Cast, is_lettering
from imagine.stages.generate.sketch.color import rgb_of
from imagine.stages.generate.sketch.layout import Layout, Placement
from imagine.stages.generate.sketch.lettering import (
    can_set,
    face_for,
    label_placeholder,
    paint_card,
    paint_neon,
    write,
)
from imagine.stages.generate.sketch.place import Scene
from imagine.stages.generate.sketch.stage import panel_box, tint_of
from imagine.stages.spec import PromptSpec, TextItem

if TYPE_CHECKING:
    from PIL.Image import Image

# Things that lettering is looked for on when the description does not say where it is.
_BEARING = re.compile(
    r"\b(?:signs?|banner|shirt|t-shirt|book|poster|board|billboard|mug|card|bubble|flag|screen|"
    r"label|menu|bottle|sweater|hoodie|plaque|ticket|blackboard|chalkboard|whiteboard|placard)\b"
)
_TUBE: RGB = (255, 62, 150)


@dataclass(frozen=True, slots=True)
class Inscription:
    """The texts of a picture.

    Attributes:
        borne: text by the id of the actor that bears it.
        loose: texts that nothing bears.
        notes: what the fonts cannot set, a sentence each.
        neon: the colour of the tubes where the words are to glow; None for printed words.
    """

    borne: dict[str, TextItem]
    loose: tuple[TextItem, ...]
    notes: tuple[str, ...]
    neon: RGB | None = None


def inscribe(spec: PromptSpec, cast: Cast) -> Inscription:
    """Find a bearer for every text: the thing it is said to be on, else one made for lettering."""
    written = {subject.id for subject in spec.subjects if is_lettering(subject)}
    under = {relation.b for relation in spec.relations if relation.a in written}
    borne: dict[str, TextItem] = {}
    loose: list[TextItem] = []
    notes: list[str] = []
    for item in spec.text:
        if not can_set(item.content, face=face_for(item.typeface)):
            notes.append(f"The bundled fonts lack characters of '{item.content}': left out.")
            continue
        free = [actor for actor in cast.actors if _takes_words(actor) and actor.id not in borne]
        where = (item.placement or "").lower().split()
        bearer = _bearer(_nearest_first(free, item, spec), where, under)
        if bearer is None:
            loose.append(item)
        else:
            borne[bearer.id] = item
    return Inscription(borne, tuple(loose), tuple(notes), _neon(spec))


def _neon(spec: PromptSpec) -> RGB | None:
    """The colour of neon lettering, pink unless said otherwise; None where none is asked for."""
    found = re.search(r"(?:(\w+) )?\bneon (?:\w+ )?(?:sign|letter|light|word|text|tube)",
                      spec.source_prompt.lower())  # fmt: skip
    if found is None:
        return None
    return (rgb_of(found[1]) if found[1] else None) or _TUBE


def _takes_words(actor: Actor) -> bool:
    """Whether there is room on it: a stop sign says what it says."""
    cutout = actor.cutout
    return cutout is not None and (cutout.panel is not None or not actor.lettered)


def _nearest_first(actors: list[Actor], item: TextItem, spec: PromptSpec) -> list[Actor]:
    """The actors as the prompt names them before the words in question, the last one first."""
    prompt = spec.source_prompt.lower()
    quoted = prompt.find(item.content.lower())
    spans = {subject.id: (subject.source_span or subject.name).lower() for subject in spec.subjects}

    def distance(actor: Actor) -> int:
        at = prompt.rfind(spans.get(actor.id, actor.label), 0, quoted) if quoted > 0 else -1
        return quoted - at if at >= 0 else len(prompt)

    return sorted(actors, key=distance)


def _bearer(free: list[Actor], where: list[str], under: set[str]) -> Actor | None:
    named = [actor for actor in free if actor.id in under or _last_word(actor) in where]
    made = [
        actor
        for actor in free
        if (actor.cutout and actor.cutout.panel) or _BEARING.search(actor.label.lower())
    ]
    return next(iter([*named, *made]), None)


def _last_word(actor: Actor) -> str:
    return actor.label.lower().split()[-1]


def paint_inscription(canvas: Image, inscription: Inscription, layout: Layout) -> None:
    """Letter the bearers where they stand, and set the loose texts as cards at the top."""
    for placement in layout.placements:
        if (item := inscription.borne.get(placement.actor.id)) is not None:
            if inscription.neon is None:
                _letter(canvas, item, panel_box(placement))
            else:
                paint_neon(canvas, item.content, box=panel_box(placement),
                           face=face_for(item.typeface), tube=inscription.neon)  # fmt: skip
    _paint_headline(canvas, inscription)


def paint_labels(canvas: Image, layout: Layout, inscription: Inscription) -> None:
    """The names on the placeholders once more: a style may have blurred them."""
    placements = layout.placements
    for index, placement in enumerate(placements):
        actor = placement.actor
        if actor.cutout is not None or actor.id in inscription.borne or not can_set(actor.label):
            continue
        # Where something nearer stands before it, the name must not show through.
        if not any(_overlap(placement, nearer) for nearer in placements[index + 1 :]):
            label_placeholder(canvas, actor.label, box=panel_box(placement), tint=tint_of(actor))


def _overlap(first: Placement, second: Placement) -> bool:
    return (
        first.left < second.left + second.width and second.left < first.left + first.width
        and first.top < second.top + second.height and second.top < first.top + first.height
    )  # fmt: skip


def title_of(spec: PromptSpec, cast: Cast, scene: Scene) -> str | None:
    """The words to set on a card when there is nothing at all to draw."""
    drawn = len(cast.actors) > 1 or any(actor.cutout or actor.count > 1 for actor in cast.actors)
    if drawn or scene.stated or scene.table is not None:
        return None
    title = spec.source_prompt.strip()
    title = title if len(title) <= 90 else title[:88].rsplit(" ", 1)[0] + " …"
    return title if can_set(title, face="serif") else None


def _letter(canvas: Image, item: TextItem, box: tuple[float, float, float, float]) -> None:
    """Write a text on the thing that bears it, dark on light or light on dark."""
    left, top, right, bottom = (round(value) for value in box)
    if right - left < 2 or bottom - top < 2:
        return
    patch = canvas.crop((left, top, right, bottom)).resize((1, 1)).getpixel((0, 0))
    ground = patch if isinstance(patch, tuple) else (128, 128, 128)
    ink = (40, 34, 44) if brightness((ground[0], ground[1], ground[2])) > 0.5 else (255, 252, 244)
    write(canvas, item.content, box=box, face=face_for(item.typeface), color=ink)


def _paint_headline(canvas: Image, inscription: Inscription) -> None:
    """Texts that no thing bears, as paper cards or neon one below the other at the top."""
    loose = inscription.loose
    if not loose:
        return
    width, height = canvas.size
    high = 0.2 * height / len(loose)
    for index, item in enumerate(loose):
        top = 0.025 * height + index * high
        box = (0.06 * width, top, 0.94 * width, top + high * 0.92)
        face = face_for(item.typeface)
        if inscription.neon is None:
            paint_card(canvas, item.content, box=box, face=face)
        else:
            paint_neon(canvas, item.content, box=box, face=face, tube=inscription.neon)


def paint_title(canvas: Image, title: str) -> None:
    width, height = canvas.size
    paint_card(canvas, title, box=(0.1 * width, 0.2 * height, 0.9 * width, 0.8 * height),
               face="serif")  # fmt: skip
