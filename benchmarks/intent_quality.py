"""Evaluation prompts, in; a table of what the intent parser gets right, out.

Run it as `python benchmarks/intent_quality.py [EVAL_DIRECTORY]`. The directory holds
`prompts/geneval.jsonl` and other sets, one JSON object with a "prompt" on each line; by default it
is `../shared/eval` beside the checkout.
"""

import json
import re
import statistics
import sys
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from imagine.stages.intent import Intent, parse_intent
from imagine.stages.language.lexicon import singular

NUMBERS = {"two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9}


@dataclass
class Score:
    """Hits, misses and false alarms of one kind of fact."""

    hits: int = 0
    missed: int = 0
    false: int = 0
    wrong: list[str] = field(default_factory=list)

    @property
    def precision(self) -> float:
        return self.hits / max(1, self.hits + self.false)

    @property
    def recall(self) -> float:
        return self.hits / max(1, self.hits + self.missed)

    def add(self, prompt: str, gold: set[Any], found: set[Any]) -> None:
        self.hits += len(gold & found)
        self.missed += len(gold - found)
        self.false += len(found - gold)
        if gold != found:
            self.wrong.append(
                f"{prompt}: missed {sorted(gold - found)}, false {sorted(found - gold)}"
            )


def gold_facts(row: Mapping[str, Any]) -> dict[str, set[Any]]:
    """Entities, counts, colours and relations that GenEval's metadata demands."""
    heads = [singular(thing["class"].split()[-1]) for thing in row["include"]]
    facts: dict[str, set[Any]] = {"entities": set(heads)}
    facts["counts"] = facts["colors"] = facts["relations"] = set()
    pairs = list(zip(row["include"], heads, strict=True))
    facts["counts"] = {(head, thing["count"]) for thing, head in pairs if thing["count"] > 1}
    facts["colors"] = {(head, thing["color"]) for thing, head in pairs if "color" in thing}
    facts["relations"] = {
        (head, thing["position"][0].replace(" ", "_"), heads[thing["position"][1]])
        for thing, head in pairs
        if "position" in thing
    }
    return facts


def parsed_facts(intent: Intent) -> dict[str, set[Any]]:
    """The same facts as the parser reads them."""
    things = intent.entities
    return {
        "entities": {thing.head for thing in things},
        "counts": {(thing.head, thing.count) for thing in things if (thing.count or 0) > 1},
        "colors": {(thing.head, color) for thing in things for color in thing.colors},
        "relations": {
            (things[relation.a].head, relation.kind.value, things[relation.b].head)
            for relation in intent.relations
        },
    }


def score_geneval(rows: Iterable[Mapping[str, Any]]) -> dict[str, Score]:
    """Precision and recall of every kind of fact over GenEval's prompts."""
    scores = {kind: Score() for kind in ("entities", "counts", "colors", "relations")}
    for row in rows:
        gold, found = gold_facts(row), parsed_facts(parse_intent(row["prompt"]))
        for kind, score in scores.items():
            score.add(row["prompt"], gold[kind], found[kind])
    return scores


OTHER_SIDE = {
    "left": "right", "right": "left", "above": "below", "below": "above",
    "behind": "in front of", "in front of": "behind", "under": "on", "on": "under",
}  # fmt: skip


def mutations(prompt: str, intent: Intent) -> Iterator[tuple[str, str]]:
    """The prompt with one demand changed, and the kind of that demand.

    Only changes of which the outcome is certain: a count raised, a colour exchanged, a relation
    turned round, a negation taken away, a letter of quoted text altered.
    """
    for thing in intent.entities:
        if thing.count and re.search(rf"\b{thing.count}\b", prompt):
            yield "count", re.sub(rf"\b{thing.count}\b", str(thing.count + 1), prompt)
        for word, number in NUMBERS.items():
            if thing.count == number and re.search(rf"\b{word}\b", prompt):
                yield "count", re.sub(rf"\b{word}\b", "seventeen", prompt)
        for color in thing.colors:
            other = "purple" if color != "purple" else "green"
            yield "color", re.sub(rf"\b{re.escape(color)}\b", other, prompt, flags=re.IGNORECASE)
    for relation in dict.fromkeys(relation.kind for relation in intent.relations):
        words = relation.value.replace("_of", "").replace("_", " ")
        words = "in front of" if words == "in front" else words
        if words in OTHER_SIDE:
            yield "relation", re.sub(rf"\b{words}\b", OTHER_SIDE[words], prompt)
    for negation in intent.negations:
        positive = negation.clause.replace("without", "with").replace("no ", "", 1)
        yield "negation", prompt.replace(negation.clause, positive)
    for quote in intent.quotes:
        yield "quote", prompt.replace(quote, "x" + quote)


def detected(kind: str, before: Intent, after: Intent) -> bool:
    """Whether the parse of a mutated prompt shows the change."""
    match kind:
        case "negation":
            return before.negations != after.negations
        case "quote":
            return before.quotes != after.quotes
        case _:
            facts = {"count": "counts", "color": "colors", "relation": "relations"}[kind]
            return bool(parsed_facts(before)[facts] != parsed_facts(after)[facts])


def score_mutations(prompts: Iterable[str]) -> dict[str, tuple[int, int]]:
    """Mutations detected and mutations made, by kind."""
    counts = dict.fromkeys(("count", "color", "relation", "negation", "quote"), (0, 0))
    for prompt in prompts:
        intent = parse_intent(prompt)
        for kind, mutated in mutations(prompt, intent):
            if mutated != prompt:
                seen, made = counts[kind]
                counts[kind] = (seen + detected(kind, intent, parse_intent(mutated)), made + 1)
    return counts


def kept_under_suffix(prompts: Sequence[str]) -> float:
    """Share of prompts whose facts stay the same when an enhancer appends a style to them."""
    kept = 0
    for prompt in prompts:
        plain = parse_intent(prompt)
        longer = parse_intent(prompt.rstrip(" .,") + ". Soft light, muted palette.")
        same = parsed_facts(plain) == parsed_facts(longer) and plain.quotes == longer.quotes
        kept += same and [n.term for n in plain.negations] == [n.term for n in longer.negations]
    return kept / max(1, len(prompts))


def time_prompts(prompts: Iterable[str]) -> tuple[float, float]:
    """Median and slowest time of a parse, milliseconds."""
    taken = []
    for prompt in prompts:
        begin = time.perf_counter()
        parse_intent(prompt)
        taken.append(1000 * (time.perf_counter() - begin))
    return statistics.median(taken), max(taken)


def read_rows(path: Path) -> list[dict[str, Any]]:
    with path.open(encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def main(directory: Path) -> None:
    print(f"{'GenEval':12}{'precision':>10}{'recall':>8}{'wrong':>7}")
    scores = score_geneval(read_rows(directory / "prompts" / "geneval.jsonl"))
    for kind, score in scores.items():
        print(f"{kind:12}{score.precision:10.3f}{score.recall:8.3f}{len(score.wrong):7}")
    for kind, score in scores.items():
        for line in score.wrong[:5]:
            print(f"  {kind}: {line}")
    prompts = [row["prompt"] for row in read_rows(directory / "prompts" / "partiprompts.jsonl")]
    print(f"{'mutation':12}{'made':>8}{'detected':>10}")
    for kind, (seen, made) in score_mutations(prompts).items():
        print(f"{kind:12}{made:8}{seen / max(1, made):10.3f}")
    print(f"facts kept under an appended style: {kept_under_suffix(prompts):.3f}")
    print(f"{'set':16}{'prompts':>8}{'median ms':>11}{'slowest ms':>11}")
    for path in sorted((directory / "prompts").glob("*.jsonl")):
        prompts = [row["prompt"] for row in read_rows(path)]
        median, slowest = time_prompts(prompts)
        print(f"{path.stem:16}{len(prompts):8}{median:11.2f}{slowest:11.2f}")


if __name__ == "__main__":
    beside = Path(__file__).resolve().parents[2] / "shared" / "eval"
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else beside)
