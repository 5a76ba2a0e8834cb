"""A file of prompts in; one PNG with a small `sketch` picture of each and its prompt out.

    python scripts/contact_sheet.py prompts.txt sheet.png --size 512x512 --columns 5

A file ending in .jsonl gives the field "prompt" (or PartiPrompts' "Prompt") of each line.
"""

import argparse
import json
import textwrap
from pathlib import Path

from PIL import Image, ImageDraw

from imagine.stages.enhance import ENHANCERS
from imagine.stages.generate.sketch.backend import SketchBackend
from imagine.stages.generate.sketch.lettering import font
from imagine.stages.image import GeneratedImage, ImageRequest, parse_size
from imagine.stages.intent import parse_intent

THUMB, CAPTION = 320, 52


def read_prompts(path: Path) -> list[str]:
    lines = [line for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    if path.suffix != ".jsonl":
        return lines
    rows = [json.loads(line) for line in lines]
    return [row.get("prompt") or row["Prompt"] for row in rows]


def draw(prompt: str, *, width: int, height: int, seed: int) -> GeneratedImage:
    enhancer = ENHANCERS.create("offline")
    spec = enhancer.enhance(parse_intent(prompt), seed=seed).spec
    request = ImageRequest(
        prompt=prompt, negative_prompt=None, spec=spec, width=width, height=height, seed=seed
    )
    *_, last = SketchBackend().generate(request)
    if not isinstance(last, GeneratedImage):
        raise TypeError("the backend ended without a picture")
    return last


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("prompts", type=Path)
    parser.add_argument("sheet", type=Path)
    parser.add_argument("--size", type=parse_size, default=(512, 512))
    parser.add_argument("--columns", type=int, default=5)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    prompts = read_prompts(options.prompts)
    rows = -(-len(prompts) // options.columns)
    sheet = Image.new("RGB", (options.columns * THUMB, rows * (THUMB + CAPTION)), "white")
    pen = ImageDraw.Draw(sheet)
    for index, prompt in enumerate(prompts):
        width, height = options.size
        made = draw(prompt, width=width, height=height, seed=options.seed)
        x, y = index % options.columns * THUMB, index // options.columns * (THUMB + CAPTION)
        made.pixels.thumbnail((THUMB - 6, THUMB - 6))
        sheet.paste(made.pixels, (x + 3, y + 3))
        caption = "\n".join(textwrap.wrap(prompt, 44)[:3])
        pen.multiline_text((x + 4, y + THUMB), caption, fill="black", font=font("sans", 13))
        print(prompt, *(f"  {note}" for note in made.notes), sep="\n")
    sheet.save(options.sheet)


if __name__ == "__main__":
    main()
