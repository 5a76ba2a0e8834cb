"""Which upscaler suits a picture: what is known of it goes in, a name and the reason come out."""

import re
from dataclasses import dataclass
from importlib.util import find_spec
from typing import TYPE_CHECKING, Self

from imagine.stages.errors import LocalBackendError
from imagine.stages.spec import Medium, Style

if TYPE_CHECKING:
    from imagine.stages.recipe import Recipe

# Media whose lines and flat colours a network trained on drawings keeps crisp. Paint and rendered
# surfaces have texture, which that network takes for noise and smooths away.
_DRAWN = frozenset({Medium.DRAWING, Medium.ILLUSTRATION, Medium.GRAPHIC_DESIGN})
_DRAWN_WORD = (
    r"(?:anime|manga|comics?(?: books?| strips?| panels?)?|cartoons?|cel[ -]shad(?:ed|ing)|vector|"
    r"flat (?:colou?rs?|design)|line ?art|(?:line|ink|pencil|pen) (?:drawing|sketch)|logo|icon|"
    r"sticker|doodle|clip ?art|colou?ring (?:page|book)|ukiyo-e|woodblock print|chibi|"
    r"(?:studio )?ghibli|storybook(?: illustrations?|[ -]styles?| art| pages?)|"
    # What is rendered is animated, too.
    r"(?<!3d )(?<!3-d )(?<!cgi )(?<!pixar )animated (?:films?|movies?))"
)
# They say so where the medium is "other", a painting or rendered: "cel-shaded anime still".
_DRAWN_WORDS = re.compile(rf"\b{_DRAWN_WORD}\b", re.IGNORECASE)
# Of the user's words only those tell what the picture is made as that begin a part of them:
# "cute cartoon dog", "a manga panel of a duel", and not "a kid with a cartoon backpack", "a logo
# on a truck" or "an anime figurine", which are things within it. Tags of picture boards tell too.
_DRAWN_PROMPT = re.compile(
    r"^(?:an? |the )?(?:(?!(?:with|in|on|at|of|by|near|under|from|as|an?|the|his|her|their)\b|"
    rf"\w+ing\b)[\w-]+ ){{0,3}}{_DRAWN_WORD}\b"
    r"(?! (?:books?|figurines?|figures?|toys?|statues?|costumes?|cosplay\w*|(?:t-)?shirts?|"
    r"shops?|stores?|museums?|parks?|conventions?|collect\w+|mugs?|on|in|at|under|beside|lying)\b)"
    r"|^\d(?:girl|boy)s?\b|^(?:drawing|sketch|illustration) of\b",
    re.IGNORECASE,
)
_PART_ENDS = re.compile(r"[,.;:|()\[\]\n]+")
# Called illustrations, and made of stuff whose texture is the point.
_TEXTURED_WORDS = re.compile(
    r"\b(?:embroider(?:y|ed)|mosaic|paper ?craft|cut paper|tapestry|quilt|collage|photo\w*)\b",
    re.IGNORECASE,
)
_PHOTO_WORDS = re.compile(
    r"\b(?:\w*photo\w*|(?:hyper-?)?realistic|dslr|35 ?mm|(?<!animated )film still|cosplay\w*)\b",
    re.IGNORECASE,
)
_PIXEL_WORDS = re.compile(r"\b(?:pixel[ -]?(?:art|handheld)|8-bit|16-bit)\b", re.IGNORECASE)
# Backends that draw cut-outs, whatever the description wants them to look like.
_DRAWING_BACKENDS = frozenset({"sketch"})
# Networks make pictures several times as large, for minutes where those are large already; of
# edges as clean as those of cut-outs nobody would see it when most of that is shrunk away again.
_LITTLE = 1.25
# Pixel art has no more of them, and is no larger before it is enlarged.
_MOST_COLOURS, _MOST_SIDE = 64, 256


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of a picture without its pixels.

    Attributes:
        style: of its description.
        words: the prompt that it was drawn from, as the user or another program wrote it.
        drawn_by: the backend that drew it; "" where nobody knows.
        size: pixels.
        colours: how many its palette has; None for a picture that has none.
        growth: times as wide and as high as it is to become; None where nobody knows.
    """

    style: Style | None = None
    words: str = ""
    drawn_by: str = ""
    size: tuple[int, int] | None = None
    colours: int | None = None
    growth: float | None = None

    @classmethod
    def of(cls, recipe: "Recipe") -> Self:
        """What a picture's recipe says."""
        spec = recipe.spec
        return cls(style=spec.style, words=spec.source_prompt, drawn_by=recipe.backend.name)


def can_run_networks() -> bool:
    """Whether what runs the embedded networks is installed; nothing is imported."""
    return find_spec("ncnn") is not None


def check_numpy() -> None:
    """Refuse to enlarge where the pixels could not be held; nothing is imported.

    Raises:
        LocalBackendError: numpy is not installed.
    """
    if find_spec("numpy") is None:
        raise LocalBackendError(
            "Enlarging and shrinking pictures needs numpy, which is not installed; run "
            "`pip install numpy`."
        )


def choose(known: Known, *, networks: bool | None = None) -> tuple[str, str]:
    """The name of the embedded upscaler that suits a picture, and why, as a sentence's part.

    Args:
        networks: whether networks can run here; None to find out.
    """
    if squares := _reason_for_squares(known):
        return "nearest", squares
    if not (can_run_networks() if networks is None else networks):
        return "lanczos", "ncnn, which runs the better ones, is not installed: pip install ncnn"
    if known.drawn_by in _DRAWING_BACKENDS:
        return _for_cut_outs(known)
    if _is_drawn(known.style) or _is_called_drawn(known):
        return "art", "the picture is a drawing"
    if known.style is None and not known.words:
        return "photo", "nothing is known of this picture; --upscaler art for drawings"
    return "photo", "the picture is no drawing"


def _for_cut_outs(known: Known) -> tuple[str, str]:
    if known.growth is not None and known.growth < _LITTLE:
        return "lanczos", "the picture grows by little"
    return "art", f"{known.drawn_by} draws cut-outs"


def _detail_of(style: Style | None) -> str:
    return "" if style is None else f"{style.preset or ''} {style.detail or ''}"


def _reason_for_squares(known: Known) -> str:
    """Why pixels are to stay squares; "" where they are not."""
    if _is_pixel_art(known):
        return "pixel art keeps its squares"
    return "few colours, as pixel art has" if _has_few_colours(known) else ""


def _is_pixel_art(known: Known) -> bool:
    if known.style is not None and known.style.medium == Medium.PIXEL_ART:
        return True
    if _PIXEL_WORDS.search(_detail_of(known.style)):
        return True
    told = _PIXEL_WORDS.search(known.words) and not _PHOTO_WORDS.search(known.words)
    return bool(told) and _is_open(known.style)


def _has_few_colours(known: Known) -> bool:
    """Whether a picture of which nothing else is known looks like pixel art."""
    if known.style is not None or known.words or known.size is None or known.colours is None:
        return False
    return known.colours <= _MOST_COLOURS and max(known.size) <= _MOST_SIDE


def _is_drawn(style: Style | None) -> bool:
    words = _detail_of(style)
    if style is not None and style.medium in _DRAWN and not _TEXTURED_WORDS.search(words):
        return True
    return bool(_DRAWN_WORDS.search(words))


def _is_called_drawn(known: Known) -> bool:
    """Whether the user's words make it a drawing, and nothing says otherwise."""
    if _PHOTO_WORDS.search(known.words) or not _is_open(known.style):
        return False
    parts = (part.strip() for part in _PART_ENDS.split(known.words))
    return any(_DRAWN_PROMPT.search(part) for part in parts)


def _is_open(style: Style | None) -> bool:
    """Whether nobody chose what the picture is made as: photographs are what descriptions add."""
    if style is None or style.medium == Medium.OTHER:
        return True
    return style.medium == Medium.PHOTOGRAPH and style.preset is None
