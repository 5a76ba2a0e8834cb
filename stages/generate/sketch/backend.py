"""The `sketch` backend: an ImageRequest in, a picture composed of bundled cut-outs out.

It draws the structured description, not the prose: subjects, counts, colours, relations,
setting, light, style and lettering. It is a layout draft of what a model would be asked to draw,
useful to check a composition before paying for it, and no diffusion model: it cannot draw what
it has no art for, and says so.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from random import Random
from typing import TYPE_CHECKING

from imagine.stages.generate import Capabilities
from imagine.stages.generate.sketch.brush import RGB, brightness, soften
from imagine.stages.generate.sketch.cast import Cast, cast_of
from imagine.stages.generate.sketch.dressing import dresser_for
from imagine.stages.generate.sketch.finish import finish_name, is_monochrome, treat
from imagine.stages.generate.sketch.layout import Frame, Layout, Placement, arrange
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
        spec, size = request.spec, (request.width, request.height)

        def source(purpose: str) -> Random:
            return Random(f"{request.seed}/{purpose}")

        scene = read_scene(spec)
        cast = cast_of(spec, scene)
        scene = _settle(scene, cast, source("backdrop"))
        words = [item for item in spec.text if can_set(item.content, face=face_for(item.typeface))]
        notes = [*cast.notes, *_unset(spec, words)]
        borne, loose = _bearers(words, cast)
        title = _title(spec, cast, scene) if not words else None
        if title is not None:
            notes = ["Nothing in the prompt could be drawn: set its words on a card."]
        frame = _frame(size, scene, headline=bool(loose))
        actors = cast.actors if title is None else ()
        layout = arrange(actors, spec.relations, frame, source("layout"))
        yield Progress(1, len(_STEPS), _STEPS[0])

        light = light_of(scene, source("light"))
        canvas = _background(size, spec, scene, light, layout, frame, source("scenery"))
        yield Progress(2, len(_STEPS), _STEPS[1])

        style = finish_name(spec.style, prompt=spec.source_prompt)
        _perform(canvas, layout, light, scene, borne)
        yield Progress(3, len(_STEPS), _STEPS[2])

        lay_weather(canvas, scene, light, source("weather"))
        if title is not None:
            _paint_title(canvas, title)
        yield Progress(4, len(_STEPS), _STEPS[3])

        canvas = treat(canvas, style, source("style"))
        if is_monochrome(f"{spec.source_prompt} {spec.style.detail or ''}") and style != "mono":
            canvas = canvas.convert("L").convert("RGB")
        _paint_headline(canvas, loose)
        yield Progress(5, len(_STEPS), _STEPS[4])
        yield GeneratedImage(pixels=canvas, model=MODEL, notes=tuple(notes))


def _settle(scene: Scene, cast: Cast, random: Random) -> Scene:
    """Without words about a place, the subjects' own element is the place, or a tinted sweep."""
    if scene.place.key != "studio" or scene.color is not None or scene.table is not None:
        return scene
    habitats = [actor.cutout.habitat for actor in cast.actors if actor.cutout is not None]
    if habitats and all(habitat == "sky" for habitat in habitats):
        return replace(scene, place=place_called("sky"))
    return scene if scene.stated else replace(scene, color=_backdrop(cast, random))


def _backdrop(cast: Cast, random: Random) -> RGB:
    """A pale colour opposite to that of the first subject, as a stylist would choose it."""
    from colorsys import hsv_to_rgb, rgb_to_hsv

    hue = random.random()
    first = next((actor for actor in cast.actors if actor.cutout is not None), None)
    if first is not None:
        red, green, blue = dominant(first)
        own, saturation, _ = rgb_to_hsv(red / 255, green / 255, blue / 255)
        if saturation > 0.2:
            hue = (own + 0.5 + random.uniform(-0.09, 0.09)) % 1.0
    # Pale yellow-green looks sickly; it is moved to the nearer of cream and mint.
    hue = hue if not 0.17 < hue < 0.36 else (0.12 if hue < 0.26 else 0.42)
    red, green, blue = hsv_to_rgb(hue, 0.2, 0.95)
    return round(red * 255), round(green * 255), round(blue * 255)


def _unset(spec: PromptSpec, words: list[TextItem]) -> list[str]:
    return [
        f"The bundled fonts lack characters of '{item.content}': left out."
        for item in spec.text
        if item not in words
    ]


def _bearers(words: list[TextItem], cast: Cast) -> tuple[dict[str, TextItem], list[TextItem]]:
    """Which actor bears which text, and the texts that nothing bears."""
    borne: dict[str, TextItem] = {}
    loose: list[TextItem] = []
    panels = [actor for actor in cast.actors if actor.cutout is not None and actor.cutout.panel]
    for item in words:
        where = (item.placement or "").lower()
        free = [actor for actor in panels if actor.id not in borne]
        named = [actor for actor in free if actor.label.lower().split()[-1] in where]
        bearer = next(iter(named or free), None)
        if bearer is None:
            loose.append(item)
        else:
            borne[bearer.id] = item
    return borne, loose


def _title(spec: PromptSpec, cast: Cast, scene: Scene) -> str | None:
    """The words to set on a card when there is nothing at all to draw."""
    if cast.actors and (len(cast.actors) > 1 or cast.actors[0].cutout is not None):
        return None
    if not cast.actors and scene.place.key != "studio":
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
    )


def _background(
    size: tuple[int, int],
    spec: PromptSpec,
    scene: Scene,
    light: Light,
    layout: Layout,
    frame: Frame,
    random: Random,
) -> Image:
    """The scenery, its horizon a little above the line on which the subjects stand."""
    horizon = scene.place.horizon + random.uniform(-0.03, 0.03)
    if layout.placements and frame.stands:
        feet = [item.top + item.height for item in layout.placements if item.grounded]
        if feet:
            highest = min(feet) / size[1]
            horizon = min(horizon, highest - 0.05)
    table = None
    if scene.table is not None:
        back = min((item.top + item.height for item in layout.placements), default=0.8 * size[1])
        top = max(0.3, min(back / size[1], layout.floor) - 0.08)
        table = (top, min(0.95, layout.floor + 0.09))
        horizon = min(horizon, top - 0.05)
    horizon = max(0.2, horizon)
    canvas = paint_scenery(
        size, scene, light, dresser_for(spec, light), random, horizon=horizon, table=table
    )
    if finish_name(spec.style) == "photo" and layout.placements:
        return soften(canvas, min(size) * 0.007)
    return canvas


def _perform(
    canvas: Image, layout: Layout, light: Light, scene: Scene, borne: dict[str, TextItem]
) -> None:
    wardrobe = Wardrobe.under(light)
    for placement in layout.placements:
        actor = placement.actor
        floats = scene.place.kind == "water" and not actor.flies
        paint_actor(canvas, placement, wardrobe, floats=floats)
        item = borne.get(actor.id)
        box = panel_box(placement)
        if item is not None and box is not None:
            _letter(canvas, item, placement, box)


def _letter(
    canvas: Image, item: TextItem, placement: Placement, box: tuple[float, float, float, float]
) -> None:
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


