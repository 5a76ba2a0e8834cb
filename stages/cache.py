"""The cache of stage 1: a question that was paid for goes in, and comes out again for nothing.

Exact requests only: everything that could change the answer is part of the key. An entry is a
JSON file of its own; a damaged one counts as absent, and the directory may be deleted any time.
"""

import json
import os
import secrets
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from imagine.stages.enhance import Enhancement, ModelEnhancer, Question, Revision
from imagine.stages.errors import ImagineError, SpecError, quoted_path, shown
from imagine.stages.image import ReferenceImage
from imagine.stages.network.providers import address_of
from imagine.stages.spec import spec_from_dict

VERSION = 1
# 256 shards of 40 entries and 400 kB: 10,240 entries and 100 MB in all. Within its shard, the
# entry that was written first makes room.
SHARD_ENTRIES = 40
SHARD_BYTES = 400_000
_ENTRIES = "descriptions"
_SERVED = "served"


@dataclass(frozen=True, slots=True)
class Stats:
    """How full the cache is.

    Attributes:
        entries: answers, damaged ones included.
        bytes: what their files take.
    """

    entries: int
    bytes: int


class EnhancementCache:
    """Descriptions by question, in files under `directory`; safe with parallel processes.

    The model that serves a name is only known after a call. It is remembered by enhancer and
    name: when another one begins to serve, answers of the old one are no longer found.
    """

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    def load(self, question: Question, enhancer: ModelEnhancer) -> Enhancement | None:
        """The answer to a question that was asked before, with no usage; None for a new one."""
        return self._answer(enhancer, _asked(question))

    def _answer(self, enhancer: ModelEnhancer, asked: list[Any]) -> Enhancement | None:
        served = _read(self._served_path(enhancer)).get("model")
        if not isinstance(served, str):
            return None
        values = _read(self._path(enhancer, served, asked))
        return enhancement_from(values) if values.get("model") == served else None

    def holds(
        self,
        source: str,
        enhancer: ModelEnhancer,
        *,
        seed: int = 0,
        images: Sequence[ReferenceImage] = (),
        variant: int = 1,
        variants: int = 1,
    ) -> bool:
        """Whether `load` will find an answer, told without parsing the prompt.

        It is there to decide whether a slow enhancer starts beside the parsing; all others have a
        question, and `load` it.

        Args:
            source: the prompt as `clean_prompt` keeps it; the others as in `Question`.
        """
        asked = _words(source, seed=seed, images=images, variant=variant, variants=variants)
        return self._answer(enhancer, asked) is not None

    def save(
        self, question: Question, enhancer: ModelEnhancer, enhancement: Enhancement
    ) -> str | None:
        """Keep an answer; that of a second attempt is kept as the answer to the question itself.

        Returns:
            None, or a sentence that says why it could not be kept: the answer itself is there.
        """
        path = self._path(enhancer, enhancement.model, _asked(question))
        try:
            _write(path, values_of(enhancement))
            _write(self._served_path(enhancer), {"model": enhancement.model})
            _make_room(path.parent)
        except OSError as error:
            return f"The description could not be kept for the next time ({_reason(error)})."
        return None

    def stats(self) -> Stats:
        """How many entries there are, and what they take."""
        paths = (self.directory / _ENTRIES).glob("[0-9a-f][0-9a-f]/*.json")
        sizes = [status.st_size for path in paths if (status := _status(path))]
        return Stats(entries=len(sizes), bytes=sum(sizes))

    def clear(self) -> Stats:
        """Remove every entry; what was removed.

        Raises:
            ImagineError: an entry cannot be removed.
        """
        before = self.stats()
        folders = [self.directory / _SERVED, *(self.directory / _ENTRIES).glob("[0-9a-f][0-9a-f]")]
        try:
            for folder in folders:
                for path in (*folder.glob("*.json"), *folder.glob(".*.tmp")):
                    path.unlink(missing_ok=True)
        except OSError as error:
            raise ImagineError(
                f"The cache {quoted_path(self.directory)} cannot be cleared: {_reason(error)}; "
                "remove it yourself."
            ) from error
        for folder in (*folders, self.directory / _ENTRIES):
            # A file of somebody else's keeps its folder.
            with suppress(OSError):
                folder.rmdir()
        return before

    def _path(self, enhancer: ModelEnhancer, served: str, asked: list[Any]) -> Path:
        """Where the answer of one model is kept; all that it depends on is part of the name."""
        who = [enhancer.name, address_of(enhancer), enhancer.model, served, enhancer.template_hash]
        name = _digest([VERSION, *who, *asked])
        return self.directory / _ENTRIES / name[:2] / f"{name}.json"

    def _served_path(self, enhancer: ModelEnhancer) -> Path:
        key = _digest([enhancer.name, address_of(enhancer), enhancer.model])
        return self.directory / _SERVED / f"{key}.json"


def values_of(enhancement: Enhancement) -> dict[str, Any]:
    """An answer as plain values that `enhancement_from` reads; what it used is no part of it."""
    return {
        "version": VERSION,
        "model": enhancement.model,
        "spec": enhancement.spec.to_dict(),
        "notes": list(enhancement.notes),
        "answer": enhancement.answer,
    }


def enhancement_from(values: dict[str, Any]) -> Enhancement | None:
    """The answer behind `values_of`; None for a damaged one, or one of another version."""
    if values.get("version") != VERSION:
        return None
    try:
        return Enhancement(
            spec=spec_from_dict(values["spec"]),
            model=str(values["model"]),
            notes=tuple(map(str, values["notes"])),
            answer=str(values["answer"]),
        )
    except (SpecError, KeyError, TypeError, AttributeError):
        return None


def digest_of(question: Question, enhancer: ModelEnhancer) -> str:
    """A name for what is asked and who is, whichever model will serve: 64 hexadecimal digits."""
    who = [enhancer.name, address_of(enhancer), enhancer.model, enhancer.template_hash]
    return _digest([VERSION, *who, *_asked(question)])


def _asked(question: Question) -> list[Any]:
    """A question as a part of the key; why it is asked a second time is no part of it."""
    return _words(
        question.intent.source,
        seed=question.seed,
        images=question.images,
        variant=question.variant,
        variants=question.variants,
        revision=question.revision,
    )


def _words(
    source: str,
    *,
    seed: int,
    images: Sequence[ReferenceImage],
    variant: int,
    variants: int,
    revision: Revision | None = None,
) -> list[Any]:
    changed = None if revision is None else [revision.spec.to_dict(), revision.instruction]
    return [source, seed, variant, variants, [image.sha256 for image in images], changed]


def _digest(values: list[Any]) -> str:
    return sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()


def _read(path: Path) -> dict[str, Any]:
    """The JSON object in a file; an empty one where there is none, or a damaged one."""
    try:
        values = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return {}
    return values if isinstance(values, dict) else {}


def _write(path: Path, values: dict[str, Any]) -> None:
    """Give a file its content in one step; prompts are nobody else's to read."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    temporary = path.with_name(f".{secrets.token_hex(8)}.tmp")
    try:
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with open(descriptor, "wb") as file:  # noqa: PTH123  # Path.open takes no descriptor
            file.write(json.dumps(values, ensure_ascii=False).encode("utf-8", "surrogatepass"))
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def _make_room(shard: Path) -> None:
    """Remove the oldest entries of a shard that has grown too large; the newest always stays."""
    found = [(path, status) for path in shard.glob("*.json") if (status := _status(path))]
    found.sort(key=lambda entry: (entry[1].st_mtime_ns, entry[0].name), reverse=True)
    taken = 0
    for number, (path, status) in enumerate(found):
        taken += status.st_size
        if number and (number >= SHARD_ENTRIES or taken > SHARD_BYTES):
            path.unlink(missing_ok=True)


def _status(path: Path) -> os.stat_result | None:
    """None for an entry that another process has just removed."""
    try:
        return path.stat()
    except FileNotFoundError:
        return None


def _reason(error: OSError) -> str:
    return error.strerror or shown(error)
