"""What the two Gemini services share: why an answer lacks what was asked for, and which models a
key can use.

The same reasons stand in promptFeedback.blockReason and in a candidate's finishReason, of models
that describe and of those that draw.
"""

from imagine.stages.errors import shown
from imagine.stages.network.json_values import items, table, tables, text
from imagine.stages.network.providers import Connection
from imagine.stages.network.session import Session

# Nobody waits for a list that only helps to word an error.
LIST_TIMEOUT = 10.0
MAX_LIST = 8 * 2**20
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


def served_models(connection: Connection) -> list[str]:
    """Names of the models that answer generateContent for this key, in Google's order.

    Raises:
        ImagineError: the list could not be had.
    """
    hasty = connection.hasty(LIST_TIMEOUT)
    with Session(hasty, headers=connection.headers(), timeout=LIST_TIMEOUT) as session:
        listed = session.get("/v1beta/models?pageSize=1000", limit=MAX_LIST).json()
    return [
        text(model.get("name")).removeprefix("models/")
        for model in tables(table(listed).get("models"))
        if "generateContent" in items(model.get("supportedGenerationMethods"))
    ]
