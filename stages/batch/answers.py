"""Answers: what was paid for to describe an item is kept in the journal until the item ends."""

import json
from dataclasses import asdict, replace

from imagine.stages.batch.database import Database
from imagine.stages.cache import digest_of, enhancement_from, values_of
from imagine.stages.enhance import Enhancement, ModelEnhancer, Question
from imagine.stages.enhance.asking import Cache
from imagine.stages.errors import ImagineError
from imagine.stages.money.usage import NOTHING, Usage


class ItemAnswers:
    """The Cache of one item, before the user's own, if there is one."""

    def __init__(self, database: Database, key: str, behind: Cache | None) -> None:
        self._database = database
        self._key = key
        self._behind = behind

    @property
    def paid(self) -> Usage:
        """What the answers of this item used in all, those of earlier runs among them."""
        with self._database.statements() as connection:
            query = "SELECT usage FROM answers WHERE key = ?"
            used = connection.execute(query, (self._key,)).fetchall()
        return sum((Usage(**json.loads(text)) for (text,) in used), start=NOTHING)

    def load(self, question: Question, enhancer: ModelEnhancer) -> Enhancement | None:
        """The answer of an earlier run, with what it used then; else that of the user's cache."""
        with self._database.statements() as connection:
            query = "SELECT answer, usage FROM answers WHERE key = ? AND digest = ?"
            found = connection.execute(query, (self._key, digest_of(question, enhancer))).fetchone()
        kept = None if found is None else enhancement_from(json.loads(found[0]))
        if kept is not None:
            return replace(kept, usage=Usage(**json.loads(found[1])))
        return None if self._behind is None else self._behind.load(question, enhancer)

    def save(
        self, question: Question, enhancer: ModelEnhancer, enhancement: Enhancement
    ) -> str | None:
        """Keep an answer; a sentence when it could not be kept."""
        values = (
            self._key,
            digest_of(question, enhancer),
            json.dumps(values_of(enhancement)),
            json.dumps(asdict(enhancement.usage)),
        )
        try:
            with self._database.transaction() as connection:
                connection.execute("INSERT OR REPLACE INTO answers VALUES (?, ?, ?, ?)", values)
        except ImagineError as error:
            return str(error)
        return None if self._behind is None else self._behind.save(question, enhancer, enhancement)
