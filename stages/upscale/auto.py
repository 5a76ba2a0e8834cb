"""Which upscaler suits a picture: what it is made as goes in, a name and the reason come out."""

import re
from importlib.util import find_spec

from imagine.stages.spec import Medium, Style

# Media whose lines and flat colours a network trained on drawings keeps crisp. Paint and rendered
# surfaces have texture, which that network takes for noise and smooths away.
_DRAWN = frozenset({Medium.DRAWING, Medium.ILLUSTRATION, Medium.GRAPHIC_DESIGN})
# They say so where the medium is "other", a painting or rendered: "cel-shaded anime still".
_DRAWN_WORDS = re.compile(
    r"\b(?:anime|manga|comics?|cartoon|cel[ -]shad(?:ed|ing)|vector|flat (?:colou?rs?|design)|"
    r"line ?art|line drawing|ink drawing|logo|icon|sticker|doodle|clip ?art|coloring page)\b",
    re.IGNORECASE,
)
# Called illustrations, and made of stuff whose texture is the point.
_TEXTURED_WORDS = re.compile(
    r"\b(?:embroider(?:y|ed)|mosaic|paper ?craft|cut paper|tapestry|quilt|collage|photo\w*)\b",
    re.IGNORECASE,
)
_PIXEL_WORDS = re.compile(r"\b(?:pixel[ -]?(?:art|handheld)|8-bit|16-bit)\b", re.IGNORECASE)
# Backends that draw cut-outs, whatever the description wants them to look like.
_DRAWING_BACKENDS = frozenset({"sketch"})


def can_run_networks() -> bool:
    """Whether what runs the embedded networks is installed; nothing is imported."""
    return all(find_spec(name) is not None for name in ("ncnn", "numpy"))


def choose(
    style: Style | None, *, drawn_by: str = "", networks: bool | None = None
) -> tuple[str, str]:
    """The name of the embedded upscaler that suits a picture, and why, as a sentence's part.

    Args:
        style: of the picture's description; None for a picture that nothing is known of.
        drawn_by: the backend that drew it; "" where nobody knows.
        networks: whether networks can run here; None to find out.
    """
    words = "" if style is None else f"{style.preset or ''} {style.detail or ''}"
    medium = None if style is None else style.medium
    if medium == Medium.PIXEL_ART or _PIXEL_WORDS.search(words):
        return "nearest", "pixel art keeps its squares"
    if not (can_run_networks() if networks is None else networks):
        return "lanczos", "ncnn, which runs the better ones, is not installed: pip install ncnn"
    if drawn_by in _DRAWING_BACKENDS:
        return "art", f"{drawn_by} draws cut-outs"
    is_drawn = medium in _DRAWN and not _TEXTURED_WORDS.search(words)
    if is_drawn or _DRAWN_WORDS.search(words):
        return "art", "the picture is a drawing"
    if style is None:
        return "photo", "true to any picture"
    return "photo", "the picture is no drawing"
