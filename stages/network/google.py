"""Google's reasons for an answer without what was asked for: a name goes in, its meaning comes out.

The same names stand in promptFeedback.blockReason and in a candidate's finishReason, of models
that describe and of those that draw.
"""

from imagine.stages.errors import shown

# Those of a filter. OTHER, which Google does not explain, is a refusal of a prompt alone.
REFUSALS = {
    "SAFETY": "its safety filter",
    "IMAGE_SAFETY": "its safety filter for pictures",
    "PROHIBITED_CONTENT": "prohibited content",
    "IMAGE_PROHIBITED_CONTENT": "prohibited content in a picture",
    "BLOCKLIST": "a word on its blocklist",
    "SPII": "personal data",
    "RECITATION": "too close to existing material",
    "IMAGE_RECITATION": "too close to an existing picture",
    "MODEL_ARMOR": "the project's Model Armor filter",
    "JAILBREAK": "an attempt to get round its rules",
    "ESCALATION": "passed on for review",
}


def reason_shown(name: str) -> str:
    """A reason as a message names it: "SAFETY: its safety filter", or the name alone."""
    meaning = REFUSALS.get(name)
    return f"{shown(name)}: {meaning}" if meaning else shown(name)
