"""What the offline enhancer and the guard do to real prompts: the evaluation sets in, numbers out.

    python benchmarks/enhance_quality.py                 every prompt: losses, times, digest
    python benchmarks/enhance_quality.py --every 10      each tenth prompt
    python benchmarks/enhance_quality.py --pairs         recorded rewrites played as an enhancer
    python benchmarks/enhance_quality.py --json          the same numbers as JSON

The sets lie beside the checkout (CONTRIBUTING.md). The digest covers every spec and every prompt
rendered from it; two runs under different PYTHONHASHSEED must print the same.
"""

import argparse
import hashlib
import json
import re
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from statistics import median, quantiles
from typing import Any

from imagine.stages.demands import demands_of, shorten
from imagine.stages.enhance.offline import OfflineEnhancer
from imagine.stages.guard import check_prompt, compare, repair
from imagine.stages.intent import Entity, Intent, parse_intent
from imagine.stages.language.lexicon import color_family
from imagine.stages.render import PROFILES, estimate_tokens, render
from imagine.stages.spec import Medium, PromptSpec, Style, Subject, TextItem, clean_prompt

EVAL = Path(__file__).resolve().parents[2] / "shared" / "eval"


def read_prompts(folder: Path, *, every: int) -> list[str]:
    rows = (row for path in sorted((folder / "prompts").glob("*.jsonl")) for row in _rows(path))
    return [row["prompt"] for number, row in enumerate(rows) if number % every == 0]


def _rows(path: Path) -> Iterator[dict[str, Any]]:
    with path.open(encoding="utf-8") as lines:
        yield from map(json.loads, lines)


def sweep(prompts: list[str]) -> dict[str, Any]:
    """Parse, enhance, guard and render every prompt; count what was lost."""
    enhancer = OfflineEnhancer()
    enhancer.enhance(parse_intent("a red fox"), seed=0)  # load the lists before the clock starts
    losses: Counter[str] = Counter()
    digest = hashlib.sha256()
    seconds, grown = [], []
    for raw in prompts:
        prompt = clean_prompt(raw)
        start = time.perf_counter()
        intent = parse_intent(prompt)
        spec = enhancer.enhance(intent, seed=0).spec
        spec, report = repair(spec, intent)
        rendered = render(spec, "natural")
        seconds.append(time.perf_counter() - start)
        grown.append(len(rendered.prompt.split()) - len(intent.core.split()))
        losses["guard findings"] += len(report.findings)
        losses.update(lost_in_spec(spec, intent))
        digest.update(json.dumps(spec.to_dict(), ensure_ascii=False).encode())
        for profile in PROFILES:
            result = render(spec, profile)
            digest.update(f"{result.prompt}\n{result.negative_prompt}\n".encode())
            if profile != "json":
                losses.update(lost_in_prompt(result.prompt, intent))
            if profile == "clip75" and estimate_tokens(intent.core) <= 75 < result.tokens:
                losses["over 75 tokens"] += 1
    kinds = ("words", "text", "count", "color", "negation", "relation", "check", "over 75 tokens")
    return {
        "prompts": len(prompts),
        **{f"lost: {kind}": losses[kind] for kind in kinds},
        "guard findings": losses["guard findings"],
        "words added, median": median(grown),
        "milliseconds, median": round(1000 * median(seconds), 3),
        "milliseconds, 95th percentile": round(1000 * quantiles(seconds, n=20)[-1], 3),
        "digest": digest.hexdigest(),
    }


def lost_in_spec(spec: PromptSpec, intent: Intent) -> list[str]:
    """What of the prompt's demands the spec does not hold, a kind for each."""
    demands = demands_of(intent)
    lost = ["text" for text in demands.texts if text not in [item.content for item in spec.text]]
    lost += ["negation" for term in demands.exclude if term not in spec.exclude]
    for subject in demands.subjects if demands.entities else ():
        same = [found for found in spec.subjects if found.name == subject.name]
        lost += ["count"] * (subject.count not in [found.count for found in same])
        lost += ["color"] * (subject.colors not in [found.colors for found in same])
    held = {(relation.a, relation.kind, relation.b) for relation in spec.relations}
    lost += [
        "relation"
        for relation in demands.relations
        if (relation.a, relation.kind, relation.b) not in held
    ]
    return lost


def lost_in_prompt(prompt: str, intent: Intent) -> list[str]:
    lost = ["words"] * (intent.core not in prompt)
    lost += ["text" for quote in intent.quotes if quote not in prompt]
    return lost + ["check"] * bool(check_prompt(prompt, intent))


def play_pairs(folder: Path) -> dict[str, Any]:
    """Recorded rewrites as the prose of a spec, through guard and renderer."""
    wanted: Counter[str] = Counter()
    kept: Counter[str] = Counter()
    totals: Counter[str] = Counter()
    for path in sorted((folder / "pairs").glob("*.jsonl")):
        for row in _rows(path):
            intent = parse_intent(clean_prompt(row["short"]))
            spec = spec_from_rewrite(intent, row["long"])
            totals["pairs"] += 1
            totals["specs with findings"] += bool(compare(spec, intent))
            repaired, _ = repair(spec, intent)
            totals["not clean after repair"] += bool(compare(repaired, intent))
            totals["not idempotent"] += repair(repaired, intent)[0] != repaired
            for profile in ("natural", "clip75"):
                prompt = render(repaired, profile).prompt
                totals["prompts with findings"] += bool(check_prompt(prompt, intent))
                for kind, found in recalled(prompt, intent):
                    wanted[kind] += 1
                    kept[kind] += found
            totals["prose characters offered"] += _prose_length(spec)
            totals["prose characters kept"] += _prose_length(repaired)
    recall = {f"recall of {kind}": kept[kind] / wanted[kind] for kind in sorted(wanted)}
    return {**totals, **recall, **{f"{kind}s": wanted[kind] for kind in sorted(wanted)}}


def _prose_length(spec: PromptSpec) -> int:
    slots = (spec.setting, spec.lighting, spec.composition, spec.camera, spec.mood)
    return sum(len(slot or "") for slot in slots)


def recalled(prompt: str, intent: Intent) -> Iterator[tuple[str, bool]]:
    """Each demand of the prompt, and whether reading the final prompt finds it again."""
    said = parse_intent(prompt)
    yield from (("quote", quote in prompt) for quote in intent.quotes)
    yield from (("name", name in prompt) for name in intent.proper_nouns)
    for entity in intent.entities:
        same = [other for other in said.entities if other.head == entity.head]
        if entity.count is not None:
            yield "count", any(other.count == entity.count for other in same)
        for color in entity.colors:
            yield "color", any(_has_color(other, color) for other in same)


def _has_color(entity: Entity, color: str) -> bool:
    return color_family(color) in [color_family(other) for other in entity.colors]


# Which slot a sentence of a rewrite would have been written into.
_CUES = {
    "lighting": re.compile(
        r"\b(?:light|lit|sun\w*|shadow\w*|glow\w*|illuminat\w*|shin\w+)\b", re.I
    ),
    "composition": re.compile(
        r"\b(?:left|right|cent(?:er|re)\w*|side|foreground|position\w*)\b", re.I
    ),
    "camera": re.compile(r"\b(?:photo\w*|camera|lens|focus\w*|view|angle|close-up)\b", re.I),
    "mood": re.compile(r"\b(?:mood|atmosphere|serene|calm|sense|feel\w*|evok\w+)\b", re.I),
}
_LIMITS = {"lighting": 120, "composition": 120, "camera": 120, "mood": 80, "setting": 240}


def spec_from_rewrite(intent: Intent, long: str) -> PromptSpec:
    """A spec as a model might have filled it: what the rewrite says, right or wrong."""
    said = demands_of(parse_intent(clean_prompt(long)))
    slots: dict[str, str] = {}
    for sentence in re.split(r"(?<=[.!?])\s+", long.strip()):
        fitting = (slot for slot, cue in _CUES.items() if cue.search(sentence))
        slot = next((slot for slot in fitting if slot not in slots), "setting")
        longer = f"{slots[slot]} {sentence}" if slot in slots else sentence
        if len(longer) <= _LIMITS[slot] or slot not in slots:
            slots[slot] = longer
    media = parse_intent(clean_prompt(long)).media
    return PromptSpec(
        source_prompt=intent.source,
        subjects=tuple(_from_model(subject, intent) for subject in said.subjects),
        relations=said.relations,
        style=Style(medium=next((medium for medium in Medium if medium in media), Medium.OTHER)),
        text=tuple(TextItem(content=text) for text in said.texts),
        **{slot: shorten(text, _LIMITS[slot]) for slot, text in slots.items()},
    )


def _from_model(subject: Subject, intent: Intent) -> Subject:
    spoken = subject.name in intent.source
    return subject.model_copy(
        update={
            "source_span": subject.name if spoken else None,
            "origin": "user" if spoken else "added",
        }
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--eval", type=Path, default=EVAL, help="folder of the evaluation sets")
    parser.add_argument("--every", type=int, default=1, help="take each Nth prompt")
    parser.add_argument("--pairs", action="store_true", help="play the recorded rewrites instead")
    parser.add_argument("--json", action="store_true", help="print JSON")
    options = parser.parse_args()
    if options.pairs:
        numbers = play_pairs(options.eval)
    else:
        numbers = sweep(read_prompts(options.eval, every=options.every))
    if options.json:
        print(json.dumps(numbers))
        return
    width = max(map(len, numbers))
    for name, value in numbers.items():
        print(f"{name:<{width}}  {value}")


if __name__ == "__main__":
    main()
