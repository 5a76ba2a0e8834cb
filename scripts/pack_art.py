"""Pack the art of the `sketch` backend: npm packages and drawings in, art.pack and art.json out.

    python scripts/pack_art.py FOLDER

FOLDER holds the unpacked npm packages `fluent-emoji-3d` (of @lobehub, MIT) and `emojibase-data`
(MIT), each with its `package` folder; what is missing there is fetched with `npm pack`. The same
packages, tables and Pillow give the same bytes.
"""

import json
import subprocess
import sys
import tarfile
import tomllib
from collections.abc import Container
from io import BytesIO
from pathlib import Path
from typing import Any

from drawings import DRAWINGS
from figures import on_plinth, seated, with_head, with_legs
from PIL import Image

from imagine.stages.generate.sketch.color import recolor

HERE = Path(__file__).resolve().parent
ASSETS = HERE.parent / "stages" / "generate" / "sketch" / "assets"
PACKAGES = {
    "fluent-emoji-3d": "@lobehub/fluent-emoji-3d@1.1.0",
    "emojibase-data": "emojibase-data@17.0.0",
}
ANCHORS = ("facing", "head", "hand", "seat", "panel")


def main() -> None:
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for name, package in PACKAGES.items():
        unpack(folder / name, package)
    tables = {
        name: tomllib.loads((HERE / f"art_{name}.toml").read_text(encoding="utf-8"))
        for name in ("names", "anchors")
    }
    write_pack(entries(folder, tables["names"]), tables)


def unpack(folder: Path, package: str) -> None:
    """Fetch an npm package into `folder`, unless it is there."""
    if folder.exists():
        return
    answer = subprocess.run(
        ["npm", "pack", "--json", package], cwd=folder.parent, check=True, capture_output=True
    )
    archive = folder.parent / json.loads(answer.stdout)[0]["filename"]
    with tarfile.open(archive) as tar:
        tar.extractall(folder, filter="data")


def entries(folder: Path, names: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Key to its row of art_names.toml, completed by the defaults, with `image` bytes."""
    emoji = emoji_by_label(folder, names)
    rows: dict[str, dict[str, Any]] = {}
    used = set()
    for key, row in names["art"].items():
        if "draw" in row:
            rows[key] = names["defaults"]["drawn"] | row | {"image": drawing(row["draw"])}
        elif "bust" in row or "head" in row:
            used |= {row.get("bust"), row.get("head")}
            rows[key] = names["defaults"]["person-figure"] | row | {"image": figure(row, emoji)}
        elif "stone" in row:
            rows[key] = names["defaults"]["drawn"] | row | {"image": statue_of(row, emoji)}
        elif "seated" in row:
            rows[key] = emoji[row["seated"]] | row | {"image": seated_animal(row, emoji)}
        else:
            label = row.get("from", key)
            used.add(label)
            rows[key] = emoji[label] | row
    for label, row in emoji.items():
        if label not in used:
            rows.setdefault(label, row)
    return rows


def figure(row: dict[str, Any], emoji: dict[str, dict[str, Any]]) -> bytes:
    """A standing person made of the art's parts, as WebP."""
    if "bust" in row:
        picture = opened(emoji[row["bust"]]["image"])
        box = solid_box(picture)
        # The art is centred on the body, whatever the person holds.
        center = picture.width // 2 - box[0]
        whole = with_legs(picture.crop(box), center=center, legs=row["legs"], shoes=row["shoes"])
        return webp(whole)
    body, head = (opened(emoji[row[part]]["image"]) for part in ("body", "head"))
    body, head = body.crop(solid_box(body)), head.crop(solid_box(head))
    if "tint" in row:
        body = recolor(body, row["tint"], spare_skin=True)
    return webp(with_head(body, head, size=row["size"], stature=row["stature"]))


def seated_animal(row: dict[str, Any], emoji: dict[str, dict[str, Any]]) -> bytes:
    """A sitting animal of which the art has the head only, as WebP."""
    head = opened(emoji[row["seated"]]["image"])
    colors = {part: row.get(part) for part in ("tail", "tip")}
    head = head.crop(solid_box(head))
    return webp(seated(head, coat=row["coat"], belly=row["belly"], **colors))


def statue_of(row: dict[str, Any], emoji: dict[str, dict[str, Any]]) -> bytes:
    """A figure of the art in stone, as WebP."""
    model = opened(emoji[row["stone"]]["image"])
    return webp(on_plinth(recolor(grayscale(model.crop(solid_box(model))), "light gray")))


def grayscale(picture: Image.Image) -> Image.Image:
    return Image.merge("LA", (picture.convert("L"), picture.getchannel("A"))).convert("RGBA")


def opened(data: bytes) -> Image.Image:
    with Image.open(BytesIO(data)) as image:
        return image.convert("RGBA")


def solid_box(picture: Image.Image) -> tuple[int, int, int, int]:
    """The picture without its margins."""
    # Below an eighth of full opacity is haze that would leave a margin around the thing.
    box = picture.getchannel("A").point(lambda value: 255 if value > 31 else 0).getbbox()
    if box is None:
        raise ValueError("A picture is empty; see what draws it.")
    return box


def webp(picture: Image.Image) -> bytes:
    buffer = BytesIO()
    picture.save(buffer, "WEBP", quality=90, method=4)
    return buffer.getvalue()


def emoji_by_label(folder: Path, names: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """CLDR label to kind, scale, habitat and picture of every emoji that is not left out."""
    package = folder / "emojibase-data" / "package"
    subgroups = json.loads((package / "meta" / "groups.json").read_text())["subgroups"]
    assets = folder / "fluent-emoji-3d" / "package" / "assets"
    pictures = {path.stem.replace("-fe0f", ""): path for path in assets.glob("*.webp")}
    found = {}
    for emoji in json.loads((package / "en" / "data.json").read_text(encoding="utf-8")):
        subgroup = subgroups.get(str(emoji.get("subgroup")))
        label = emoji["label"].replace("’", "'")
        path = pictures.get(emoji["hexcode"].lower().replace("-fe0f", ""))
        if path is None or label in names["skip"]["labels"]:
            continue
        if subgroup in names["defaults"] or label in names["skip"]["but_keep"]:
            default = names["defaults"].get(subgroup, names["defaults"]["symbol"])
            found[label] = default | {"image": path.read_bytes()}
    return found


def drawing(name: str) -> bytes:
    """One of the drawings of scripts/drawings as WebP."""
    return webp(DRAWINGS[name]())


def write_pack(rows: dict[str, dict[str, Any]], tables: dict[str, Any]) -> None:
    """Write art.pack and art.json."""
    articles = tables["names"]["grammar"]["articles"].split()
    names: dict[str, str] = {}
    like: dict[str, str] = {}
    art: dict[str, dict[str, Any]] = {}
    pack = bytearray()
    for key, row in rows.items():
        box = solid_box(opened(row["image"]))
        place = {"bytes": [len(pack), len(row["image"])], "box": list(box)}
        pack += row["image"]
        art[key] = {
            "label": row.get("label", key),
            **{field: row[field] for field in ("kind", "scale", "habitat")},
            "aspect": round((box[2] - box[0]) / (box[3] - box[1]), 4),
            **anchors(key, row, tables["anchors"]),
            **place,
        }
        for name in [key, *split(row.get("names", ""))]:
            claim(names, plain(name, articles), key)
        for name in split(row.get("like", "")):
            claim(like, plain(name, articles), key)
    none = [plain(name, articles) for name in split(tables["names"]["none"]["names"])]
    for key in tables["anchors"]["art"]:
        if key not in art:
            raise ValueError(f"art_anchors.toml speaks of '{key}', which is no art; rename it.")
    for name in (*like, *none):
        if name in names:
            raise ValueError(f"'{name}' has art of its own; take it out of `like` or `none`.")
    index = {
        "art": art,
        "names": names,
        "like": like,
        "none": dict.fromkeys(none, 0),
        "alone": dict.fromkeys(split(tables["names"]["alone"]["names"]), 0),
        **{
            words: dict.fromkeys(grammar.split(), 0)
            for words, grammar in tables["names"]["grammar"].items()
        },
        "plurals": tables["names"]["plurals"],
    }
    (ASSETS / "art.pack").write_bytes(pack)
    text = json.dumps(index, ensure_ascii=False, separators=(",", ":"))
    (ASSETS / "art.json").write_text(text + "\n", encoding="utf-8")
    print(f"{len(art)} cut-outs, {len(names)} names, {len(like)} stand-ins, {len(pack)} bytes")


def anchors(key: str, row: dict[str, Any], table: dict[str, Any]) -> dict[str, Any]:
    """The anchors of one cut-out: its own, over those that its group shares."""
    group = row.get("anchors", "face" if row["kind"] == "face" else "none")
    # "none" also stops a row from taking the anchors of the subgroup that it comes from.
    shared = table["shared"][group] if row["kind"] in ("person", "animal", "face") else {}
    own = table["art"].get(key, {})
    return {part: (shared | own)[part] for part in ANCHORS if part in shared | own}


def claim(taken: dict[str, str], name: str, key: str) -> None:
    if taken.get(name, key) != key:
        raise ValueError(f"'{name}' is claimed by '{taken[name]}' and '{key}'; drop one.")
    taken[name] = key


def split(names: str) -> list[str]:
    return [name.strip() for name in names.split(",") if name.strip()]


def plain(name: str, articles: Container[str]) -> str:
    """A name as `find` will look it up: lower case, words only, no articles."""
    letters = "".join(c if c.isalnum() or c == "'" else " " for c in name.lower())
    return " ".join(word for word in letters.split() if word not in articles)


if __name__ == "__main__":
    main()
