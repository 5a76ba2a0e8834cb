"""Painting a description: an ImageRequest in, its picture out, in the order a painter works."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from typing import TYPE_CHECKING

from imagine.stages.generate.sketch.brush import empty_mask, soften
from imagine.stages.generate.sketch.camera import shot_of
from imagine.stages.generate.sketch.cast import Cast, cast_of
from imagine.stages.generate.sketch.dressing import dresser_for
from imagine.stages.generate.sketch.finish import (
    LINED,
    finish_name,
    finish_notes,
    is_monochrome,
    treat,
)
from imagine.stages.generate.sketch.group import Frame
from imagine.stages.generate.sketch.inscription import (
    inscribe,
    paint_inscription,
    paint_labels,
    paint_title,
    title_of,
)
from imagine.stages.generate.sketch.layout import Layout, arrange
from imagine.stages.generate.sketch.light import Light, light_of
from imagine.stages.generate.sketch.place import Scene, read_scene
from imagine.stages.generate.sketch.remarks import ENGLISH_ONLY
from imagine.stages.generate.sketch.scenery import paint_scenery
from imagine.stages.generate.sketch.settle import settle
from imagine.stages.generate.sketch.stage import Wardrobe, paint_actor
from imagine.stages.generate.sketch.weather import lay_weather
from imagine.stages.image import GeneratedImage, ImageRequest, Progress
from imagine.stages.spec import Medium

if TYPE_CHECKING:
    from PIL.Image import Image

MODEL = "sketch-1"
# A photograph's background is out of focus by this share of the shorter side.
_DEPTH_BLUR = {"photo": 0.007, "macro": 0.035, "noir": 0.01}
_STEPS = ("layout", "scenery", "subjects", "light", "style")


def paint(request: ImageRequest) -> Iterator[Progress | GeneratedImage]:
    """Yields a Progress after each of five steps, then the picture.

    Args:
        request: its spec is drawn, at its width and height in pixels; its seed, 0 to 2**32 - 1,
            picks among arrangements of the same content.
    """
    spec, size = request.spec, _work_size(request.width, request.height)

    def source(purpose: str) -> Random:
        return Random(f"{request.seed}/{purpose}")

    scene = read_scene(spec)
    cast = cast_of(spec, scene)
    scene = settle(
        scene, cast, source(f"backdrop/{spec.subjects[0].name}"), palette=spec.palette,
        photographic=spec.style.medium is Medium.PHOTOGRAPH,
    )  # fmt: skip
    inscription = inscribe(spec, cast)
    lettered = inscription.borne or inscription.loose
    title = None if lettered else title_of(spec, cast, scene)
    if title is not None:
        card = "Nothing in the prompt could be drawn: set its words on a card."
        cast = Cast((), (), (card, *(note for note in cast.notes if note == ENGLISH_ONLY)))
    frame = _frame(size, scene, headline=bool(inscription.loose))
    layout = arrange(cast.actors, cast.relations, frame, source("layout"), shot=shot_of(spec))
    yield Progress(1, len(_STEPS), _STEPS[0])

    light = light_of(scene, source("light"))
    horizon, table = _lines(scene, layout, frame, source("horizon"))
    canvas = paint_scenery(
        scene, light, dresser_for(cast.actors, spec.exclude, light), source("scenery"),
        size=size, horizon=horizon, table=table,
    )  # fmt: skip
    style = finish_name(spec.style, prompt=spec.source_prompt)
    if style in _DEPTH_BLUR and layout.placements:
        canvas = soften(canvas, min(size) * _DEPTH_BLUR[style])
    if style == "mark" and layout.placements:
        canvas.paste((255, 255, 255), (0, 0, *size))
    yield Progress(2, len(_STEPS), _STEPS[1])

    contours = empty_mask(size) if style in LINED else None
    _perform(canvas, layout, light, scene, contours=contours)
    yield Progress(3, len(_STEPS), _STEPS[2])

    lay_weather(canvas, scene, light, source("weather"))
    yield Progress(4, len(_STEPS), _STEPS[3])

    canvas = treat(canvas, style, source("style"), contours=contours)
    grey = is_monochrome(f"{spec.source_prompt} {spec.style.detail or ''}")
    if grey and style not in ("mono", "noir"):
        canvas = canvas.convert("L").convert("RGB")
    # Lettering comes last: no brush or grid may spoil a letter.
    if title is not None:
        paint_title(canvas, title)
    if style not in ("render", "photo", "macro", "mono", "sepia"):
        paint_labels(canvas, layout, inscription)
    paint_inscription(canvas, inscription, layout)
    yield Progress(5, len(_STEPS), _STEPS[4])
    if size != (request.width, request.height):
        canvas = canvas.reduce(size[0] // request.width)
    notes = cast.notes + inscription.notes
    notes += finish_notes(spec.style, style, prompt=spec.source_prompt, place=scene.stated)
    yield GeneratedImage(drawn=canvas, model=MODEL, notes=notes)


def _work_size(width: int, height: int) -> tuple[int, int]:
    """The size to draw at: thumbnails are drawn several times larger and reduced at the end."""
    factor = max(1, min(-(-192 // min(width, height)), 4096 // max(width, height)))
    return width * factor, height * factor


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
    horizon = scene.place.horizon + random.uniform(-0.08, 0.07)
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
