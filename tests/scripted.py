"""A scripted language model for tests: it answers with what it is given, one text a call."""

import json
from collections.abc import Sequence
from typing import Any

from imagine.stages.enhance import Enhancement, Question
from imagine.stages.enhance.answer import read_answer
from imagine.stages.errors import UnusableAnswerError
from imagine.stages.intent import Intent
from imagine.stages.money.usage import Usage

ONE_CALL = Usage(calls=1, input_tokens=100, output_tokens=10)


class ScriptedModel:
    """A ModelEnhancer; values are sent as JSON, texts as they are, and errors are raised."""

    name = "scripted"
    model = "scripted-1"
    template_hash = "0123456789abcdef"
    connection = None

    def __init__(self, answers: Sequence[Any], *, sees_images: bool = True) -> None:
        self.answers = list(answers)
        self.sees_images = sees_images
        self.questions: list[Question] = []

    def enhance(self, intent: Intent, *, seed: int) -> Enhancement:
        return self.ask(Question(intent, seed=seed))

    def ask(self, question: Question) -> Enhancement:
        self.questions.append(question)
        answer = self.answers[len(self.questions) - 1]
        if isinstance(answer, Exception):
            raise answer
        text = answer if isinstance(answer, str) else json.dumps(answer)
        try:
            spec = read_answer(text, question)
        except UnusableAnswerError as error:
            error.usage = ONE_CALL
            raise
        return Enhancement(spec=spec, model="scripted-1-001", usage=ONE_CALL, answer=text)
