"""Cache: the same question is answered again, another one is not, and damage is a miss."""

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from paid import Model, chat

from imagine.stages import cache as module
from imagine.stages.cache import EnhancementCache, Stats
from imagine.stages.enhance import Correction, Enhancement, Question, Revision
from imagine.stages.enhance.gemini.enhancer import GeminiEnhancer
from imagine.stages.enhance.literal import LiteralEnhancer
from imagine.stages.errors import ImagineError
from imagine.stages.image import ReferenceImage
from imagine.stages.intent import Intent, parse_intent
from imagine.stages.money.usage import Usage
from imagine.stages.network.providers import connect

FOX = parse_intent("a red fox in the snow, a sign says 'größer'")


MODEL = GeminiEnhancer(connect("gemini"))
QUESTION = Question(FOX, seed=7)


def answer(served: str = "gemini-3.5-flash-lite-001", intent: Intent = FOX) -> Enhancement:
    spec = LiteralEnhancer().enhance(intent, seed=0).spec
    return Enhancement(
        spec=spec.replace(lighting="golden hour", mood="quiet"),
        model=served,
        notes=("A note.",),
        usage=Usage(1, 1500, 300),
        answer='{"lighting": "golden hour"}',
    )


def picture(sha256: str) -> ReferenceImage:
    return ReferenceImage(data=b"", format="png", width=1, height=1, sha256=sha256 * 64)


@pytest.fixture
def cache(tmp_path: Path) -> EnhancementCache:
    return EnhancementCache(tmp_path / "cache")


def files(cache: EnhancementCache) -> Iterator[Path]:
    return (path for path in cache.directory.rglob("*") if path.is_file())


def entries(cache: EnhancementCache) -> list[Path]:
    return sorted((cache.directory / "descriptions").glob("*/*.json"))


def test_what_was_asked_before_is_known_and_costs_nothing(cache: EnhancementCache) -> None:
    assert cache.load(QUESTION, MODEL) is None
    assert cache.save(QUESTION, MODEL, answer()) is None
    assert cache.load(QUESTION, MODEL) == replace(answer(), usage=Usage())
    assert EnhancementCache(cache.directory).load(QUESTION, MODEL) is not None


@pytest.mark.parametrize(
    ("question", "enhancer"),
    [
        (Question(parse_intent("a red fox in the snow"), seed=7), MODEL),
        (replace(QUESTION, seed=8), MODEL),
        (replace(QUESTION, variant=2, variants=3), MODEL),
        (replace(QUESTION, variants=3), MODEL),
        (replace(QUESTION, images=(picture("a"),)), MODEL),
        (replace(QUESTION, revision=Revision(answer().spec, "make it night")), MODEL),
        (QUESTION, Model(name="openai")),
        (QUESTION, Model(model="gemini-3.8-flash")),
        (QUESTION, Model(template_hash="fedcba9876543210")),
        (QUESTION, GeminiEnhancer(connect("gemini", base_url="http://127.0.0.1:8765"))),
    ],
)
def test_another_question_is_a_new_one(
    cache: EnhancementCache, question: Question, enhancer: Model
) -> None:
    cache.save(QUESTION, MODEL, answer())
    # What serves the other name is known, so that only the question itself can differ.
    cache.save(Question(parse_intent("a hat")), enhancer, answer())
    assert cache.load(question, enhancer) is None
    assert cache.save(question, enhancer, answer()) is None
    assert cache.load(question, enhancer) is not None
    assert cache.stats().entries == 3


def test_servers_that_call_their_models_alike_do_not_share_answers(
    cache: EnhancementCache,
) -> None:
    here, there = chat("http://127.0.0.1:8080/v1"), chat("http://gpubox:8080/v1")
    cache.save(QUESTION, here, answer("m"))
    assert cache.load(QUESTION, here) is not None
    assert cache.load(QUESTION, there) is None
    cache.save(QUESTION, there, replace(answer("m"), answer="another"))
    kept = [cache.load(QUESTION, enhancer) for enhancer in (here, there)]
    assert [found and found.answer for found in kept] == [answer().answer, "another"]


def test_revisions_and_pictures_are_told_apart(cache: EnhancementCache) -> None:
    spec = answer().spec
    questions = [
        replace(QUESTION, revision=Revision(spec, "make it night")),
        replace(QUESTION, revision=Revision(spec, "make it day")),
        replace(QUESTION, revision=Revision(spec.replace(mood="tense"), "make it day")),
        replace(QUESTION, images=(picture("a"), picture("b"))),
        replace(QUESTION, images=(picture("b"), picture("a"))),
    ]
    for number, question in enumerate(questions):
        cache.save(question, MODEL, replace(answer(), answer=str(number)))
    found = [cache.load(question, MODEL) for question in questions]
    assert [kept and kept.answer for kept in found] == ["0", "1", "2", "3", "4"]


def test_the_second_answer_is_kept_for_the_question_itself(cache: EnhancementCache) -> None:
    asked_again = replace(QUESTION, correction=Correction("{}", ("the fox is missing",)))
    cache.save(asked_again, MODEL, replace(answer(), answer="better"))
    found = cache.load(QUESTION, MODEL)
    assert found is not None
    assert found.answer == "better"


def test_when_another_model_serves_the_name_its_predecessors_answers_are_gone(
    cache: EnhancementCache,
) -> None:
    cache.save(QUESTION, MODEL, answer("model-1"))
    other = Question(parse_intent("a hat"))
    cache.save(other, MODEL, answer("model-2"))
    assert cache.load(QUESTION, MODEL) is None
    cache.save(QUESTION, MODEL, replace(answer("model-2"), answer="new"))
    found = cache.load(QUESTION, MODEL)
    assert found is not None
    assert (found.model, found.answer) == ("model-2", "new")


@pytest.mark.parametrize(
    "damage",
    [
        b"",
        b"{",
        b"[]",
        b"\xff\xfe",
        b"{}",
        b'{"version": 2}',
        b"[" * 100_000,
        b'{"version": 1, "model": "gemini-3.5-flash-lite-001"}',
        b'{"version": 1, "model": "gemini-3.5-flash-lite-001", "spec": {}, "notes": [], '
        b'"answer": ""}',
        b'{"version": 1, "model": "gemini-3.5-flash-lite-001", "spec": 3, "notes": 3, '
        b'"answer": ""}',
    ],
)
def test_damage_is_a_miss_and_is_written_over(cache: EnhancementCache, damage: bytes) -> None:
    cache.save(QUESTION, MODEL, answer())
    entries(cache)[0].write_bytes(damage)
    assert cache.load(QUESTION, MODEL) is None
    assert not holds(cache, QUESTION)
    cache.save(QUESTION, MODEL, answer())
    assert cache.load(QUESTION, MODEL) is not None


@pytest.mark.parametrize("damage", [b"", b"{", b"[]", b"{}", b'{"model": 3}'])
def test_who_serves_a_name_is_found_out_again_after_damage(
    cache: EnhancementCache, damage: bytes
) -> None:
    cache.save(QUESTION, MODEL, answer())
    served = next((cache.directory / "served").iterdir())
    served.write_bytes(damage)
    assert cache.load(QUESTION, MODEL) is None
    cache.save(QUESTION, MODEL, answer())
    assert cache.load(QUESTION, MODEL) is not None


def test_a_cache_that_cannot_be_written_is_a_note(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    cache = EnhancementCache(tmp_path / "file")
    assert cache.save(QUESTION, MODEL, answer()) == (
        "The description could not be kept for the next time (Not a directory)."
    )
    assert cache.load(QUESTION, MODEL) is None
    assert cache.stats() == Stats(0, 0)


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such permissions")
def test_nobody_else_reads_the_prompts(cache: EnhancementCache) -> None:
    cache.save(QUESTION, MODEL, answer())
    assert {path.stat().st_mode & 0o777 for path in files(cache)} == {0o600}


def test_nothing_is_left_of_a_write_that_failed(
    cache: EnhancementCache, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(self: Path, target: Path) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", fail)
    assert cache.save(QUESTION, MODEL, answer()) == (
        "The description could not be kept for the next time (No space left on device)."
    )
    assert list(files(cache)) == []


def test_entries_are_counted_and_cleared(cache: EnhancementCache) -> None:
    assert cache.clear() == Stats(0, 0)
    for seed in range(5):
        cache.save(Question(FOX, seed=seed), MODEL, answer())
    sizes = [path.stat().st_size for path in entries(cache)]
    assert cache.stats() == Stats(entries=5, bytes=sum(sizes))
    # What somebody else put there stays; what a crash left does not.
    mine = cache.directory / "mine.txt"
    mine.touch()
    (entries(cache)[0].parent / ".0123456789abcdef.tmp").touch()
    assert cache.clear() == Stats(entries=5, bytes=sum(sizes))
    assert [path.name for path in cache.directory.rglob("*")] == ["mine.txt"]
    assert cache.load(Question(FOX, seed=0), MODEL) is None


def test_a_cache_that_cannot_be_cleared_is_an_error(
    cache: EnhancementCache, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache.save(QUESTION, MODEL, answer())

    def fail(self: Path, *, missing_ok: bool) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "unlink", fail)
    with pytest.raises(ImagineError) as caught:
        cache.clear()
    assert str(caught.value) == (
        f"The cache '{cache.directory}' cannot be cleared: Permission denied; remove it yourself."
    )


@pytest.mark.parametrize(("limit", "value"), [("SHARD_ENTRIES", 3), ("SHARD_BYTES", 2000)])
def test_the_oldest_entries_make_room(
    cache: EnhancementCache, monkeypatch: pytest.MonkeyPatch, limit: str, value: int
) -> None:
    monkeypatch.setattr(module, limit, value)
    # One shard for all, so that few entries fill it.
    digest = module._digest
    monkeypatch.setattr(module, "_digest", lambda values: "00" + digest(values)[2:])
    questions = [Question(FOX, seed=seed) for seed in range(10)]
    for number, question in enumerate(questions):
        cache.save(question, MODEL, answer())
        for path in entries(cache):
            # Files written within one tick of the clock have no order.
            if path.stat().st_mtime > 1_000_000:
                os.utime(path, (number, number))
    known = [cache.load(question, MODEL) is not None for question in questions]
    assert 1 <= sum(known) <= 3
    assert known == sorted(known)


def test_threads_may_share_a_cache(cache: EnhancementCache) -> None:
    questions = [Question(FOX, seed=seed % 20) for seed in range(200)]

    def keep(question: Question) -> str | None:
        note = cache.save(question, MODEL, answer())
        assert cache.load(question, MODEL) is not None
        return note

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(keep, questions)) == {None}
    assert cache.stats().entries == 20


def holds(cache: EnhancementCache, question: Question) -> bool:
    return cache.holds(
        question.intent.source,
        MODEL,
        seed=question.seed,
        images=question.images,
        variant=question.variant,
        variants=question.variants,
    )


@pytest.mark.parametrize(
    "question",
    [
        QUESTION,
        replace(QUESTION, seed=8),
        replace(QUESTION, variant=2, variants=3),
        replace(QUESTION, images=(picture("a"),)),
    ],
)
def test_what_is_held_is_told_without_parsing_the_prompt(
    cache: EnhancementCache, question: Question
) -> None:
    assert not holds(cache, question)
    cache.save(question, MODEL, answer())
    assert holds(cache, question)
    assert not holds(cache, replace(question, seed=99))
