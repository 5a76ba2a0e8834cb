"""Fontsource packages unpacked by npm in, the sketch backend's three font files and licences out.

    npm install --prefix DIR @fontsource/m-plus-rounded-1c@5.3.0 @fontsource/alegreya@5.3.0 \
        @fontsource/playpen-sans@5.3.0
    python scripts/pack_fonts.py DIR/node_modules/@fontsource

Needs fonttools, which nothing else of the project needs. Each package splits its font by script;
the Latin, Greek and Cyrillic parts are merged into one TrueType file again.
"""

import shutil
import sys
from pathlib import Path

from fontTools.merge import Merger, Options
from fontTools.ttLib import TTFont

ASSETS = Path(__file__).resolve().parents[1] / "stages" / "generate" / "sketch" / "assets"
# Face of stages/generate/sketch/lettering.py: package and weight.
FACES = {
    "sans": ("m-plus-rounded-1c", 800),
    "serif": ("alegreya", 800),
    "hand": ("playpen-sans", 600),
}
SCRIPTS = ("latin", "latin-ext", "vietnamese", "greek", "greek-ext", "cyrillic", "cyrillic-ext")


def merge(parts: list[Path], target: Path) -> None:
    """Write one TrueType file that has the glyphs of all `parts`, without a time stamp."""
    plain = []
    for part in parts:
        font = TTFont(part, recalcTimestamp=False)
        font.flavor = None
        loose = target.with_name(f"{part.stem}.ttf")
        font.save(loose)
        plain.append(loose)
    # Kerning tables of the parts do not merge; the loss is not seen in a few words of lettering.
    merged = Merger(options=Options(drop_tables=["GPOS", "GSUB", "GDEF", "STAT", "DSIG"])).merge(
        [str(path) for path in plain]
    )
    merged["head"].created = merged["head"].modified = 0
    merged.recalcTimestamp = False
    merged.save(target)
    for path in plain:
        path.unlink()


def main(fontsource: Path) -> None:
    for face, (package, weight) in FACES.items():
        folder = fontsource / package
        found = [
            folder / "files" / f"{package}-{script}-{weight}-normal.woff" for script in SCRIPTS
        ]
        merge([path for path in found if path.exists()], ASSETS / f"font-{face}.ttf")
        shutil.copyfile(folder / "LICENSE", ASSETS / f"LICENSE-font-{face}.txt")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
