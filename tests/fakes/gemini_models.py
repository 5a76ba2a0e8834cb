"""Which models the fake Gemini serves, and what each of them takes. November 2026."""

from dataclasses import dataclass

_TEN = ("1:1", "2:3", "3:2", "3:4", "4:3", "4:5", "5:4", "9:16", "16:9", "21:9")
_FOURTEEN = (*_TEN, "1:4", "4:1", "1:8", "8:1")

# Pixels of "1K" by ratio; 2K doubles both sides, 4K doubles them again.
PIXELS = {
    "1:1": (1024, 1024),
    "2:3": (848, 1264),
    "3:2": (1264, 848),
    "3:4": (896, 1200),
    "4:3": (1200, 896),
    "4:5": (928, 1152),
    "5:4": (1152, 928),
    "9:16": (768, 1376),
    "16:9": (1376, 768),
    "21:9": (1584, 672),
    "1:4": (512, 2064),
    "4:1": (2064, 512),
    "1:8": (352, 2928),
    "8:1": (2928, 352),
}
# gemini-2.5-flash-image has sizes of its own.
PIXELS_25 = {
    "1:1": (1024, 1024),
    "2:3": (832, 1248),
    "3:2": (1248, 832),
    "3:4": (864, 1184),
    "4:3": (1184, 864),
    "4:5": (896, 1152),
    "5:4": (1152, 896),
    "9:16": (768, 1344),
    "16:9": (1344, 768),
    "21:9": (1536, 672),
}
SCALE = {"1K": 1, "2K": 2, "4K": 4}


@dataclass(frozen=True)
class Model:
    """One model.

    Attributes:
        levels: thinking levels it knows; empty when it takes none.
        budget: whether it takes a thinkingBudget instead.
        sampling: whether it takes temperature, topP and topK.
        routed: the model that really answers; "" for itself.
        image: whether it draws.
        sizes: imageSize values; empty when it takes none.
        tokens: image tokens by size.
    """

    name: str
    levels: tuple[str, ...] = ()
    budget: bool = False
    sampling: bool = False
    routed: str = ""
    image: bool = False
    sizes: tuple[str, ...] = ()
    ratios: tuple[str, ...] = ()
    references: int = 0
    tokens: tuple[int, ...] = (1120, 1680, 3780)

    @property
    def served(self) -> str:
        return self.routed or self.name


_ALL_LEVELS = ("MINIMAL", "LOW", "MEDIUM", "HIGH")
_LISTED = (
    Model("gemini-3.5-flash-lite", levels=_ALL_LEVELS),
    Model("gemini-3.8-flash", levels=_ALL_LEVELS[1:]),
    Model("gemini-3.7-flash", levels=_ALL_LEVELS[1:], routed="gemini-3.8-flash"),
    Model("gemini-3.6-flash", levels=_ALL_LEVELS),
    Model("gemini-3.5-flash", levels=_ALL_LEVELS, routed="gemini-3.6-flash"),
    Model("gemini-2.5-flash", budget=True, sampling=True),
    Model("gemini-2.5-pro", budget=True, sampling=True),
    Model("gemini-2.5-flash-lite", budget=True, sampling=True),
    Model("gemini-4-argon", levels=_ALL_LEVELS[1:]),
    Model("gemini-4-carbon", levels=_ALL_LEVELS[1:]),
    Model("gemini-4-hydrogen", levels=_ALL_LEVELS[1:]),
    Model(
        "gemini-nano-banana-2.1",
        levels=("MINIMAL", "MEDIUM", "HIGH"),
        image=True,
        sizes=("1K", "2K", "4K"),
        ratios=_FOURTEEN,
        references=14,
    ),
    Model(
        "gemini-3.1-flash-lite-image",
        levels=("MINIMAL", "HIGH"),
        image=True,
        sizes=("1K",),
        ratios=_TEN,
        references=14,
    ),
    Model(
        "gemini-3-pro-image",
        image=True,
        sizes=("1K", "2K", "4K"),
        ratios=_TEN,
        references=14,
        tokens=(1120, 1120, 2000),
    ),
    Model(
        "gemini-2.5-flash-image",
        sampling=True,
        image=True,
        ratios=_TEN,
        references=3,
        tokens=(1290,),
    ),
)
MODELS = {model.name: model for model in _LISTED}

# Served by v1beta alone.
ALIASES = {
    "gemini-flash-latest": "gemini-3.8-flash",
    "gemini-flash-lite-latest": "gemini-3.5-flash-lite",
    "gemini-pro-latest": "gemini-4-argon",
}


def find_model(name: str, version: str) -> Model | None:
    """The model that a request names under this version of the API, or None."""
    if version == "v1beta" and name in ALIASES:
        return MODELS[ALIASES[name]]
    return MODELS.get(name)


def pixels_of(model: Model, ratio: str, size: str) -> tuple[int, int]:
    """Width and height that the model draws."""
    table = PIXELS if model.sizes else PIXELS_25
    width, height = table[ratio]
    return width * SCALE[size], height * SCALE[size]


def image_tokens(model: Model, size: str) -> int:
    return model.tokens[min(list(SCALE).index(size), len(model.tokens) - 1)]
