"""A question to a language model and the answer of a good one, for tests of enhancers."""

import json
from typing import Any

from imagine.stages.enhance import Question
from imagine.stages.intent import parse_intent

QUESTION = Question(parse_intent('two red foxes under a sign that says "OPEN"'), seed=7)
ANSWER: dict[str, Any] = {
    "subjects": [
        {"id": "fox", "name": "fox", "source_span": "two red foxes", "count": 2, "colors": ["red"]},
        {"id": "sign", "name": "sign", "source_span": "sign"},
    ],
    "relations": [{"a": "fox", "kind": "below", "b": "sign"}],
    "style": {"medium": "photograph"},
    "lighting": "soft evening light from the left",
}
TEXT = json.dumps(ANSWER)
