"""Texts to be rendered and the cast in; who bears which, and the lettering painted, out."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from imagine.stages.generate.sketch.brush import brightness
from imagine.stages.generate.sketch.cast import Actor, Cast, is_lettering
from imagine.stages.generate.sketch.layout import Layout
from imagine.stages.generate.sketch.lettering import can_set, face_for, paint_card, write
from imagine.stages.generate.sketch.place import Scene
from imagine.stages.generate.sketch.stage import panel_box
from imagine.stages.spec import PromptSpec, TextItem

if TYPE_CHECKING:
    from PIL.Image import Image

# Things that lettering is looked for on when the description does not say where it is.
_BEARING = re.compile(
    r"\b(?:signs?|banner|shirt|t-shirt|book|poster|board|billboard|mug|card|bubble|flag|screen|"
    r"label|menu|bottle|sweater|hoodie|plaque|ticket|blackboard|chalkboard|whiteboard|placard)\b"
)


@dataclass(frozen=True, slots=True)
class Inscription:
    """The texts of a picture.

    Attributes:
        borne: text by the id of the actor that bears it.
        loose: texts that nothing bears.
        notes: what the fonts cannot set, a sentence each.
    """

    borne: dict[str, TextItem]
    loose: tuple[TextItem, ...]
    notes: tuple[str, ...]


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
        free = [actor for actor in cast.actors if actor.cutout and actor.id not in borne]
        bearer = _bearer(free, (item.placement or "").lower().split(), under)
        if bearer is None:
            loose.append(item)
        else:
            borne[bearer.id] = item
    return Inscription(borne, tuple(loose), tuple(notes))


def _bearer(free: list[Actor], where: list[str], under: set[str]) -> Actor | None:
    named = [actor for actor in free if actor.id in under or _last_word(actor) in where]
    made = [actor for actor in free if actor.cutout and actor.cutout.panel]
    apt = [actor for actor in free if _BEARING.search(actor.label.lower())]
    return next(iter([*named, *made, *apt]), None)


def _last_word(actor: Actor) -> str:
    return actor.label.lower().split()[-1]


def paint_inscription(canvas: Image, inscription: Inscription, layout: Layout) -> None:
    """Letter the bearers where they stand, and set the loose texts as cards at the top."""
    for placement in layout.placements:
        if (item := inscription.borne.get(placement.actor.id)) is not None:
            _letter(canvas, item, panel_box(placement))
    _paint_headline(canvas, inscription.loose)


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


def _paint_headline(canvas: Image, loose: tuple[TextItem, ...]) -> None:
    """Texts that no thing bears, as paper cards one below the other at the top."""
    if not loose:
        return
    width, height = canvas.size
    high = 0.2 * height / len(loose)
    for index, item in enumerate(loose):
        top = 0.025 * height + index * high
        paint_card(canvas, item.content, box=(0.06 * width, top, 0.94 * width, top + high * 0.92),
                   face=face_for(item.typeface))  # fmt: skip


def paint_title(canvas: Image, title: str) -> None:
    width, height = canvas.size
    paint_card(canvas, title, box=(0.1 * width, 0.2 * height, 0.9 * width, 0.8 * height),
               face="serif")  # fmt: skip
