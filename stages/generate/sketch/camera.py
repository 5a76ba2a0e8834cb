"""A PromptSpec in; how near the camera is, out."""

import re
from typing import Literal

from imagine.stages.spec import PromptSpec

Shot = Literal["close", "full", "wide"]
_CLOSE = re.compile(
    r"\bclose[ -]?up\b|\bportraits? (?:photo\w* |painting |shot )?of\b|\bhead[ -]?shots?\b|"
    r"\bhead[ -]and[ -]shoulders\b|\bselfie\b|\bmacro (?:shot|photo\w*|lens)\b"
)
_WIDE = re.compile(
    r"\b(?:wide|long|distant|establishing)[ -]?(?:angle )?(?:shot|view)\b|\bfrom afar\b|"
    r"\bfar away\b|\bin the distance\b|\baerial view\b|\bbird'?s[ -]eye\b|\bpanorama\b"
)


def shot_of(spec: PromptSpec) -> Shot:
    """How near the words of prompt, camera and composition want the camera."""
    words = " ".join(filter(None, (spec.source_prompt, spec.camera, spec.composition))).lower()
    if spec.style.preset == "macro" or _CLOSE.search(words):
        return "close"
    return "wide" if _WIDE.search(words) else "full"
