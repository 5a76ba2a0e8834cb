"""How far the token estimate of stages/render.py is from CLIP's own tokenizer.

    python benchmarks/token_estimate.py ../shared/eval/prompts/*.jsonl ../shared/eval/pairs/*.jsonl

Needs instant-clip-tokenizer. Every text of the files is counted both ways, and its clip75
rendering after the offline enhancer as well.
"""

import json
import sys
from pathlib import Path
from statistics import mean

from instant_clip_tokenizer import Tokenizer

from imagine.stages.description import describe
from imagine.stages.enhance import ENHANCERS
from imagine.stages.render import CLIP_TOKENS, estimate_tokens, render


def main() -> None:
    exact = Tokenizer()
    lines = [line for name in sys.argv[1:] for line in Path(name).read_text().splitlines()]
    rows = [json.loads(line) for line in lines]
    prompts = [row["prompt"] for row in rows if "prompt" in row]
    texts = prompts + [row["long"] for row in rows if "long" in row]
    report("prompts and rewrites", [(estimate_tokens(text), exact.encode(text)) for text in texts])

    enhancer = ENHANCERS.create("offline")
    rendered = []
    for prompt in prompts:
        final = render(describe(prompt, enhancer=enhancer).spec, "clip75")
        rendered.append((final.tokens, exact.encode(final.prompt), exact.encode(prompt)))
    report("rendered for clip75", [(estimate, ids) for estimate, ids, _ in rendered])
    over = sum(len(ids) > CLIP_TOKENS >= len(source) for _, ids, source in rendered)
    print(f"over {CLIP_TOKENS} tokens although the prompt alone is not: {over}")


def report(name: str, pairs: list[tuple[int, list[int]]]) -> None:
    """Print how often and how far the estimate is off."""
    low = [estimate - len(ids) for estimate, ids in pairs if estimate < len(ids)]
    ratio = sum(estimate for estimate, _ in pairs) / sum(len(ids) for _, ids in pairs)
    print(
        f"{name}: {len(pairs)} texts, {mean(len(ids) for _, ids in pairs):.1f} tokens on average, "
        f"estimate {ratio:.3f} times that, too low for {len(low)} (worst {min(low, default=0)})"
    )


if __name__ == "__main__":
    main()
