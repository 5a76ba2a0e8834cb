"""assets/places.toml in; places, hours, weathers and names of scenery, ready for look-ups, out."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import Literal

from imagine.stages.generate.sketch.brush import RGB

Hour = Literal["day", "dawn", "sunset", "night"]
Weather = Literal["clear", "cloudy", "rain", "storm", "snowfall", "fog"]
Kind = Literal["land", "water", "sky", "space", "underwater", "room", "plain"]
_PALE = ((236, 238, 242), (214, 217, 224))


@dataclass(frozen=True, slots=True)
class Place:
    """What the background is made of.

    Attributes:
        key: its name.
        kind: what painter draws it.
        ground: colour of the ground far away and near; in a room, of wall and floor.
        layers: what stands behind the ground, farthest first.
        dressing: cut-outs that belong there, by name.
        horizon: where the ground begins, as a share of the height from the top.
    """

    key: str
    kind: Kind
    ground: tuple[RGB, RGB]
    layers: tuple[str, ...] = ()
    dressing: tuple[str, ...] = ()
    horizon: float = 0.58


@dataclass(frozen=True, slots=True)
class Gazetteer:
    """What assets/places.toml holds, ready for look-ups."""

    places: dict[str, Place]
    words: dict[str, str]
    pattern: re.Pattern[str]
    hours: tuple[tuple[Hour, str], ...]
    weathers: tuple[tuple[Weather, str], ...]
    surfaces: dict[str, str]
    scenic: frozenset[str]
    parts: frozenset[str]


@cache
def gazetteer() -> Gazetteer:
    import tomllib
    from importlib.resources import files

    asset = files("imagine.stages.generate.sketch") / "assets" / "places.toml"
    data = tomllib.loads(asset.read_text(encoding="utf-8"))
    places: dict[str, Place] = {}
    words: dict[str, str] = {}
    for key, row in data["places"].items():
        far, near = row.get("ground", _PALE)
        places[key] = Place(
            key=key,
            kind=row["kind"],
            ground=((far[0], far[1], far[2]), (near[0], near[1], near[2])),
            layers=tuple(row.get("layers", ())),
            dressing=tuple(row.get("dressing", ())),
            horizon=row["horizon"],
        )
        for word in row["words"]:
            words.setdefault(word, key)
    longest = sorted(words, key=lambda word: (-len(word), word))
    return Gazetteer(
        places=places,
        words=words,
        pattern=re.compile(rf"\b({'|'.join(map(re.escape, longest))})\b"),
        hours=tuple(data["hours"].items()),
        weathers=tuple(data["weathers"].items()),
        surfaces={
            name: "" if key == "none" else key
            for key, names in data["surfaces"].items()
            for name in names
        },
        scenic=frozenset(data["scenic"]["words"]),
        parts=frozenset(data["parts"]["words"]),
    )


def places() -> tuple[Place, ...]:
    """Every place there is."""
    return tuple(gazetteer().places.values())


def place_called(key: str) -> Place:
    """The place with that key, as in "studio"."""
    return gazetteer().places[key]
