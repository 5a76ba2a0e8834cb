"""How many of the subjects that prompts name does `sketch` draw with real art?

    python benchmarks/sketch_coverage.py ../shared/eval/prompts/partiprompts.jsonl ...

Every subject of the described prompt counts once: drawn with its own art, with a stand-in of its
kind (a dog for a corgi), left to the scenery or to the thing it is a part of, or drawn as a
labelled placeholder.
"""

import json
import sys
from collections import Counter
from pathlib import Path

from imagine.stages.description import describe
from imagine.stages.enhance import ENHANCERS
from imagine.stages.generate.sketch.art import find
from imagine.stages.generate.sketch.cast import cast_of
from imagine.stages.generate.sketch.place import read_scene

KINDS = ("own art", "stand-in", "scenery or part", "placeholder")


def main() -> None:
    enhancer = ENHANCERS.create("offline")
    for name in sys.argv[1:]:
        counts: Counter[str] = Counter()
        missing: Counter[str] = Counter()
        for line in Path(name).read_text(encoding="utf-8").splitlines():
            spec = describe(json.loads(line)["prompt"], enhancer=enhancer).spec
            actors = {actor.id: actor for actor in cast_of(spec, read_scene(spec)).actors}
            for subject in spec.subjects:
                actor = actors.get(subject.id)
                if actor is None:
                    counts["scenery or part"] += 1
                elif actor.cutout is None:
                    counts["placeholder"] += 1
                    missing[subject.name] += 1
                else:
                    match = find(actor.label, attributes=subject.attributes)
                    counts["own art" if match and match.exact else "stand-in"] += 1
        report(Path(name).stem, counts, missing)


def report(name: str, counts: Counter[str], missing: Counter[str]) -> None:
    """One line of shares, and the placeholders that occur most."""
    whole = sum(counts.values())
    shares = ", ".join(f"{kind} {counts[kind] / whole:.3f}" for kind in KINDS)
    drawn = counts["own art"] + counts["stand-in"]
    things = whole - counts["scenery or part"]
    print(f"{name}: {whole} subjects: {shares}; real art for {drawn / things:.3f} of the things")
    print(
        "  placeholders:", ", ".join(f"{word} {count}" for word, count in missing.most_common(25))
    )


if __name__ == "__main__":
    main()
