"""The `sketch` backend: an ImageRequest in, a picture composed of bundled cut-outs out.

It draws the structured description, not the prose: subjects, counts, colours, relations,
setting, light, style and lettering. It is a layout draft of what a model would be asked to draw,
useful to check a composition before paying for it, and no diffusion model: it cannot draw what
it has no art for, and says so.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from random import Random
from typing import TYPE_CHECKING

from imagine.stages.generate import Capabilities
from imagine.stages.generate.sketch.brush import RGB, brightness, empty_mask, soften
from imagine.stages.generate.sketch.cast import Cast, cast_of, is_lettering
from imagine.stages.generate.sketch.dressing import dresser_for
from imagine.stages.generate.sketch.finish import LINED, finish_name, is_monochrome, treat
from imagine.stages.generate.sketch.group import Frame
from imagine.stages.generate.sketch.layout import Layout, arrange
from imagine.stages.generate.sketch.lettering import can_set, face_for, paint_card, write
from imagine.stages.generate.sketch.place import Scene, place_called, read_scene
from imagine.stages.generate.sketch.scenery import paint_scenery
from imagine.stages.generate.sketch.sky import Light, light_of
from imagine.stages.generate.sketch.stage import Wardrobe, dominant, paint_actor, panel_box
from imagine.stages.generate.sketch.weather import lay_weather
from imagine.stages.image import GeneratedImage, ImageRequest, Progress
from imagine.stages.spec import PromptSpec, TextItem

if TYPE_CHECKING:
    from PIL.Image import Image

MODEL = "sketch-1"
_CELESTIAL = re.compile(
    r"\b(?:planet|jupiter|saturn|mars|neptune|uranus|venus|asteroid|comet|satellite|spaceship|"
    r"spacecraft|space shuttle|rocket|galaxy|ufo|solar system)s?\b"
)
# Of these a sunset or a storm is imagined outdoors, whatever else is left unsaid.
_OUTDOORS = frozenset({"animal", "person", "plant", "building", "vehicle"})
# A photograph's background is out of focus by this share of the shorter side.
_DEPTH_BLUR = 0.007
# Things that lettering is looked for on when the description does not say where it is.
_BEARING = re.compile(
    r"\b(?:signs?|banner|shirt|t-shirt|book|poster|board|billboard|mug|card|bubble|flag|screen|"
    r"label|menu|bottle|sweater|hoodie|plaque|ticket|blackboard|chalkboard|whiteboard|placard)\b"
)
_STEPS = ("layout", "scenery", "subjects", "light", "style")


class SketchBackend:
    """Composes an illustration here, without a model and without a network.

    The same request gives the same pixels; another seed another arrangement of the same content.
    """

    name = "sketch"
    capabilities = Capabilities(
        profile="natural",
        negative_prompt=False,
        seed=True,
        min_side=16,
        max_side=8192,
        max_pixels=36_000_000,
        trained=False,
    )

    def generate(self, request: ImageRequest) -> Iterator[Progress | GeneratedImage]:
        """Yields a Progress after each of five steps, then the picture."""
        spec, size = request.spec, _work_size(request.width, request.height)

        def source(purpose: str) -> Random:
            return Random(f"{request.seed}/{purpose}")

        scene = read_scene(spec)
        cast = cast_of(spec, scene)
        scene = _settle(scene, cast, source(f"backdrop/{spec.subjects[0].name}"))
        words = [item for item in spec.text if can_set(item.content, face=face_for(item.typeface))]
        notes = [*cast.notes, *_unset(spec, words)]
        borne, loose = _bearers(words, spec, cast)
        title = _title(spec, cast, scene) if not words else None
        if title is not None:
            notes = ["Nothing in the prompt could be drawn: set its words on a card."]
        frame = _frame(size, scene, headline=bool(loose))
        actors = cast.actors if title is None else ()
        layout = arrange(actors, cast.relations, frame, source("layout"))
        yield Progress(1, len(_STEPS), _STEPS[0])

        light = light_of(scene, source("light"))
        horizon, table = _lines(scene, layout, frame, source("horizon"))
        canvas = paint_scenery(
            scene, light, dresser_for(actors, spec.exclude, light), source("scenery"),
            size=size, horizon=horizon, table=table,
        )  # fmt: skip
        style = finish_name(spec.style, prompt=spec.source_prompt)
        if style == "photo" and layout.placements:
            canvas = soften(canvas, min(size) * _DEPTH_BLUR)
        yield Progress(2, len(_STEPS), _STEPS[1])

        contours = empty_mask(size) if style in LINED else None
        _perform(canvas, layout, light, scene, contours=contours)
        yield Progress(3, len(_STEPS), _STEPS[2])

        lay_weather(canvas, scene, light, source("weather"))
        if title is not None:
            _paint_title(canvas, title)
        yield Progress(4, len(_STEPS), _STEPS[3])

        canvas = treat(canvas, style, source("style"), contours=contours)
        if is_monochrome(f"{spec.source_prompt} {spec.style.detail or ''}") and style != "mono":
            canvas = canvas.convert("L").convert("RGB")
        # Lettering comes last: no brush or grid may spoil a letter.
        for placement in layout.placements:
            if (item := borne.get(placement.actor.id)) is not None:
                _letter(canvas, item, panel_box(placement))
        _paint_headline(canvas, loose)
        yield Progress(5, len(_STEPS), _STEPS[4])
        if size != (request.width, request.height):
            canvas = canvas.reduce(size[0] // request.width)
        yield GeneratedImage(pixels=canvas, model=MODEL, notes=tuple(notes))


def _work_size(width: int, height: int) -> tuple[int, int]:
    """The size to draw at: thumbnails are drawn several times larger and reduced at the end."""
    factor = max(1, min(-(-192 // min(width, height)), 4096 // max(width, height)))
    return width * factor, height * factor


def _settle(scene: Scene, cast: Cast, random: Random) -> Scene:
    """Without words about a place, the subjects' own element is the place, or a tinted sweep."""
    if scene.stated or scene.color is not None:
        return scene
    key = _element(scene, cast) if scene.table is None else None
    if key is None:
        return replace(scene, color=_backdrop(cast, random))
    return replace(scene, place=place_called(key))


def _element(scene: Scene, cast: Cast) -> str | None:
    """Key of the place where all the actors belong: in space, sky or water, or just outdoors."""
    cutouts = [actor.cutout for actor in cast.actors if actor.cutout is not None]
    habitats = {cutout.habitat for cutout in cutouts}
    kinds = {cutout.kind for cutout in cutouts}
    if cutouts and all(_CELESTIAL.search(actor.label.lower()) for actor in cast.actors):
        return "space"
    if habitats == {"sky"}:
        return "sky"
    if habitats == {"water"}:
        return "underwater" if kinds == {"animal"} else "boat"
    unsettled = (scene.hour, scene.weather) != ("day", "clear")
    return "meadow" if unsettled and kinds & _OUTDOORS else None


def _backdrop(cast: Cast, random: Random) -> RGB:
    """A pale colour that sets off the first subject, as a stylist would choose it."""
    from colorsys import hsv_to_rgb, rgb_to_hsv

    hues = [0.07, 0.11, 0.46, 0.55, 0.62, 0.72, 0.93]
    first = next((actor for actor in cast.actors if actor.cutout is not None), None)
    if first is not None:
        red, green, blue = dominant(first)
        own, saturation, _ = rgb_to_hsv(red / 255, green / 255, blue / 255)
        if saturation > 0.2:
            hues = [hue for hue in hues if 0.14 < (hue - own) % 1.0 < 0.86]
    pale = hsv_to_rgb(random.choice(hues), 0.21, 0.97)
    return round(pale[0] * 255), round(pale[1] * 255), round(pale[2] * 255)


def _unset(spec: PromptSpec, words: list[TextItem]) -> list[str]:
    return [
        f"The bundled fonts lack characters of '{item.content}': left out."
        for item in spec.text
        if item not in words
    ]


def _bearers(
    words: list[TextItem], spec: PromptSpec, cast: Cast
) -> tuple[dict[str, TextItem], list[TextItem]]:
    """Which actor bears which text, and the texts that nothing bears."""
    written = {subject.id for subject in spec.subjects if is_lettering(subject)}
    under = {relation.b for relation in spec.relations if relation.a in written}
    borne: dict[str, TextItem] = {}
    loose: list[TextItem] = []
    for item in words:
        where = (item.placement or "").lower()
        free = [actor for actor in cast.actors if actor.cutout and actor.id not in borne]
        named = [
            actor for actor in free
            if actor.id in under or actor.label.lower().split()[-1] in where.split()
        ]  # fmt: skip
        panels = [
            actor
            for actor in free
            if actor.cutout and (actor.cutout.panel or _BEARING.search(actor.label.lower()))
        ]
        bearer = next(iter([*named, *panels]), None)
        if bearer is None:
            loose.append(item)
        else:
            borne[bearer.id] = item
    return borne, loose


def _title(spec: PromptSpec, cast: Cast, scene: Scene) -> str | None:
    """The words to set on a card when there is nothing at all to draw."""
    drawn = len(cast.actors) > 1 or any(actor.cutout or actor.count > 1 for actor in cast.actors)
    if drawn or scene.stated:
        return None
    title = spec.source_prompt.strip()
    title = title if len(title) <= 90 else title[:88].rsplit(" ", 1)[0] + " …"
    return title if can_set(title, face="serif") else None


def _frame(size: tuple[int, int], scene: Scene, *, headline: bool) -> Frame:
    return Frame(
        width=size[0],
        height=size[1],
        stands=scene.place.kind in ("land", "room", "plain", "water")
        or scene.place.key in ("moon", "mars"),
        top=0.2 if headline else 0.0,
        table=scene.table is not None,
        open=scene.place.kind == "plain",
    )


def _lines(
    scene: Scene, layout: Layout, frame: Frame, random: Random
) -> tuple[float, tuple[float, float] | None]:
    """Where the ground begins, and the upper and front edge of the table top, if there is one.

    All are shares of the height. The horizon lies above every foot, or things would stand on air.
    """
    horizon = scene.place.horizon + random.uniform(-0.03, 0.03)
    feet = [(item.top + item.height) / frame.height for item in layout.placements if item.grounded]
    if feet and frame.stands:
        horizon = min(horizon, min(feet) - 0.05)
    if scene.table is None:
        return max(0.2, horizon), None
    top = max(0.3, min([*feet, layout.floor]) - 0.11)
    return max(0.2, min(horizon, top - 0.05)), (top, min(0.94, layout.floor + 0.1))


def _perform(
    canvas: Image, layout: Layout, light: Light, scene: Scene, *, contours: Image | None
) -> None:
    wardrobe = Wardrobe.under(light)
    for placement in layout.placements:
        floats = scene.place.kind == "water" and not placement.actor.flies
        paint_actor(canvas, placement, wardrobe, floats=floats, contours=contours)


def _letter(canvas: Image, item: TextItem, box: tuple[float, float, float, float]) -> None:
    """Write a text on the thing that bears it, dark on light or light on dark."""
    left, top, right, bottom = (round(value) for value in box)
    if right - left < 2 or bottom - top < 2:
        return
    patch = canvas.crop((left, top, right, bottom)).resize((1, 1)).getpixel((0, 0))
    ground = patch if isinstance(patch, tuple) else (128, 128, 128)
    ink = (40, 34, 44) if brightness((ground[0], ground[1], ground[2])) > 0.5 else (255, 252, 244)
    write(canvas, item.content, box=box, face=face_for(item.typeface), color=ink)


def _paint_headline(canvas: Image, loose: list[TextItem]) -> None:
    """Texts that no thing bears, as paper cards one below the other at the top."""
    if not loose:
        return
    width, height = canvas.size
    high = 0.2 * height / len(loose)
    for index, item in enumerate(loose):
        top = 0.025 * height + index * high
        paint_card(canvas, item.content, box=(0.06 * width, top, 0.94 * width, top + high * 0.92),
                   face=face_for(item.typeface))  # fmt: skip


def _paint_title(canvas: Image, title: str) -> None:
    width, height = canvas.size
    paint_card(canvas, title, box=(0.1 * width, 0.2 * height, 0.9 * width, 0.8 * height),
               face="serif")  # fmt: skip
