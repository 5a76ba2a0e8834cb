"""A PromptSpec in; the Scene it plays in out: place, hour, weather, colours, surface."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Literal, TypeVar

from imagine.stages.generate.sketch.brush import RGB
from imagine.stages.generate.sketch.color import rgb_of
from imagine.stages.spec import PromptSpec, RelationKind, Subject

Hour = Literal["day", "dawn", "sunset", "night"]
Weather = Literal["clear", "cloudy", "rain", "storm", "snowfall", "fog"]
_T = TypeVar("_T", bound=str)
Kind = Literal["land", "water", "sky", "space", "underwater", "room", "plain"]


@dataclass(frozen=True, slots=True)
class Place:
    """What the background is made of.

    Attributes:
        key: its name.
        words: what names it in a prompt.
        kind: what painter draws it.
        ground: colour of the ground far away and near; in a room, of wall and floor.
        layers: what stands behind the ground, farthest first.
        dressing: cut-outs that belong there, by name.
        horizon: where the ground begins, as a share of the height from the top.
    """

    key: str
    words: str
    kind: Kind
    ground: tuple[RGB, RGB] = ((236, 238, 242), (214, 217, 224))
    layers: tuple[str, ...] = ()
    dressing: tuple[str, ...] = ()
    horizon: float = 0.58


_GRASS: tuple[RGB, RGB] = ((150, 202, 110), (92, 162, 70))
_SAND: tuple[RGB, RGB] = ((247, 224, 170), (234, 198, 132))
_SEA: tuple[RGB, RGB] = ((96, 178, 214), (26, 116, 176))
_SNOW: tuple[RGB, RGB] = ((234, 242, 250), (250, 252, 255))
_ASPHALT: tuple[RGB, RGB] = ((134, 136, 146), (92, 94, 104))
_ROCK: tuple[RGB, RGB] = ((158, 150, 146), (112, 104, 102))
_EARTH: tuple[RGB, RGB] = ((176, 158, 104), (128, 110, 66))
_BOARDS: RGB = (188, 140, 96)

# Where two places share a word, the earlier one wins; longer phrases win over shorter ones.
PLACES = (
    Place("underwater", "underwater|under water|under the sea|under the ocean|seabed|sea floor|"
          "ocean floor|coral reef|reef|aquarium|deep sea|beneath the waves|submerged|submarine",
          "underwater", ((70, 176, 210), (10, 62, 122)), ("reef",), (), 0.8),
    Place("moon", "on the moon|moon surface|surface of the moon|lunar|moonscape", "space",
          ((196, 196, 204), (140, 140, 150)), ("craters",), (), 0.62),
    Place("mars", "mars|martian|red planet|alien planet|another planet|strange planet", "space",
          ((214, 128, 84), (164, 82, 52)), ("craters",), (), 0.6),
    Place("space", "outer space|space|galaxy|cosmos|universe|nebula|orbit|milky way|cosmic|"
          "solar system|planets|interstellar|space station|zero gravity", "space"),
    Place("sky", "in the sky|in the air|above the clouds|among the clouds|mid-air|midair|sky|skies|"
          "clouds|heaven|heavens|flying over|stratosphere", "sky"),
    Place("boat", "at sea|on the sea|open sea|ocean|sea|on the water|waves|bay|harbor|harbour|port|"
          "lagoon|on water|sailing|marina|pond|pool|swimming pool|surf",
          "water", _SEA, ("sea",), (), 0.46),
    Place("lake", "lake|fjord|reservoir", "water", ((150, 200, 220), (62, 134, 170)),
          ("mountains", "hills", "evergreens"), (), 0.5),
    Place("river", "river|stream|creek|canal|waterfall|riverbank|swamp|marsh|wetland", "water",
          ((140, 196, 208), (64, 140, 160)), ("hills", "trees"), (), 0.46),
    Place("beach", "beach|seaside|shore|coast|sand|sandy|tropical island|island|seashore|dock|pier",
          "land", _SAND, ("sea",), ("palm tree", "spiral shell"), 0.56),
    Place("jungle", "jungle|rainforest|tropical forest|tropics|bamboo", "land",
          ((122, 170, 84), (58, 106, 50)), ("trees", "palms"), ("palm tree", "herb"), 0.56),
    Place("autumn", "autumn|fall leaves|autumnal|fall forest|autumn leaves|autumn forest", "land",
          ((214, 168, 88), (168, 108, 54)), ("hills", "autumn"), ("fallen leaf",), 0.56),
    Place("winter", "snow|snowy|winter|wintry|arctic|antarctic|antarctica|north pole|south pole|"
          "ice|icy|tundra|glacier|iceberg|ski slope|frozen|blizzard", "land", _SNOW,
          ("peaks", "drifts", "evergreens"), (), 0.56),
    Place("volcano", "volcano|volcanic|lava|hell|inferno|erupting", "land",
          ((120, 84, 78), (70, 48, 48)), ("volcano",), (), 0.62),
    Place("cave", "cave|cavern|mine|dungeon|tunnel|grotto|underground|catacomb", "land",
          ((120, 108, 110), (76, 66, 72)), ("cave",), (), 0.66),
    Place("desert", "desert|dune|dunes|sahara|sand dunes|savanna|savannah|outback|canyon|wasteland|"
          "wild west|badlands|mesa|egypt", "land", ((240, 200, 132), (222, 164, 92)),
          ("dunes",), ("cactus",), 0.56),
    Place("mountains", "mountain|mountains|alps|himalaya|himalayas|cliff|cliffs|peak|peaks|summit|"
          "rocky|mountaintop|valley|everest|rocks|hilltop|cliffside|highlands", "land",
          ((160, 184, 118), (108, 142, 80)), ("peaks", "hills"), ("evergreen tree",), 0.58),
    Place("forest", "forest|woods|woodland|grove|pine trees|enchanted forest|clearing|trees|"
          "treetops|wood|taiga|campsite|camping", "land", ((128, 174, 92), (74, 122, 58)),
          ("forest",), ("mushroom", "herb"), 0.56),
    Place("farm", "farm|farmyard|barnyard|countryside|rural|ranch|pasture|orchard|vineyard|"
          "wheat field|cornfield|crops", "land", ((206, 200, 106), (136, 172, 74)),
          ("hills", "rows"), ("sheaf of rice", "deciduous tree"), 0.54),
    Place("castle", "castle grounds|castle|kingdom|fairy tale|fairytale|medieval|palace gardens|"
          "magical land|fantasy land|ruins|temple", "land", _GRASS, ("peaks", "hills", "towers"),
          ("deciduous tree",), 0.56),
    Place("village", "village|town|suburb|neighborhood|neighbourhood|backyard|yard|driveway|"
          "front porch|porch|small town|suburban|cottage", "land", _GRASS, ("hills", "houses"),
          ("deciduous tree",), 0.56),
    Place("skyline", "skyline|rooftop|roof|cityscape|metropolis|futuristic city|megacity|downtown|"
          "new york|tokyo|manhattan|skyscrapers|london|paris|dubai|hong kong|times square", "land",
          ((150, 146, 152), (116, 112, 120)), ("skyline", "blocks"), (), 0.7),
    Place("street", "city street|street|city|sidewalk|pavement|alley|urban|avenue|crosswalk|plaza|"
          "town square|square|market|intersection|bus stop|cyberpunk|parking lot|traffic|station|"
          "curb|downtown street|bazaar|marketplace|airport|runway|train station|platform",
          "land", _ASPHALT, ("skyline", "blocks", "kerb"), (), 0.6),
    Place("road", "road|highway|freeway|motorway|race track|racetrack|racing track|track|route|"
          "dirt road|country road|railway|train tracks|tracks|bridge", "land",
          ((168, 190, 116), (122, 156, 82)), ("hills", "road"), ("deciduous tree",), 0.54),
    Place("stadium", "stadium|baseball field|football field|soccer field|tennis court|golf course|"
          "pitch|playground|basketball court|court|skate park|skatepark|arena|sports field", "land",
          ((120, 184, 96), (78, 150, 70)), ("stands",), (), 0.5),
    Place("meadow", "meadow|field|park|garden|grass|grassy|lawn|hill|hills|hillside|prairie|picnic|"
          "flowers|flower field|outdoors|outside|plains|nature|spring|wildflowers|sunflower field|"
          "botanical garden|zoo|pasture land|landscape|tree|leaves|bush|summer", "land", _GRASS,
          ("hills",), ("deciduous tree", "blossom", "tulip"), 0.56),
    Place("kitchen", "kitchen|pantry|bakery|kitchen counter|countertop|stove", "room",
          ((232, 236, 226), (206, 188, 162)), ("kitchen",), (), 0.7),
    Place("bathroom", "bathroom|bathtub|shower|toilet|restroom|washroom", "room",
          ((206, 230, 232), (188, 200, 206)), ("tiles",), (), 0.7),
    Place("bedroom", "bedroom|nursery|bed|bedside|hotel room|dorm", "room",
          ((206, 208, 232), (196, 160, 126)), ("window", "bedroom"), (), 0.7),
    Place("library", "library|bookstore|bookshop|study|bookshelf|bookshelves|archive|reading room",
          "room", ((140, 98, 70), (120, 76, 50)), ("shelves",), (), 0.72),
    Place("cafe", "cafe|café|coffee shop|coffeehouse|restaurant|diner|bistro|bar|pub|tavern|"
          "cafeteria|tea house|teahouse|inn|canteen", "room", ((196, 148, 112), (124, 84, 62)),
          ("window", "lamps"), ("potted plant",), 0.72),
    Place("office", "office|workspace|cubicle|meeting room|boardroom|studio desk|home office|"
          "computer lab|laboratory|lab|hospital|clinic|bank", "room",
          ((218, 226, 234), (168, 176, 188)), ("window", "desk"), ("potted plant",), 0.7),
    Place("classroom", "classroom|school|blackboard|chalkboard|lecture hall|university|college",
          "room", ((238, 226, 196), (190, 146, 100)), ("board",), (), 0.7),
    Place("gym", "gym|gymnasium|fitness|boxing ring|dance studio|yoga studio|workout|bowling alley",
          "room", ((190, 204, 214), (120, 126, 138)), ("mirrors",), (), 0.7),
    Place("stage", "stage|theater|theatre|concert|opera|spotlight|circus|nightclub|disco|"
          "auditorium|concert hall|ballroom|dance floor|jazz club|performance", "room",
          ((112, 22, 36), (130, 84, 54)), ("curtains",), (), 0.74),
    Place("museum", "museum|art gallery|gallery|exhibition|exhibit|hall|palace|throne room|"
          "cathedral|church|mansion|lobby", "room", ((226, 218, 206), (176, 152, 126)),
          ("pictures", "columns"), (), 0.72),
    Place("garage", "garage|workshop|warehouse|factory|basement|attic|cellar|shed|barn|stable|"
          "shop|store|supermarket|grocery store|mall|toy store|elevator", "room",
          ((190, 182, 172), (148, 138, 128)), ("shelving",), (), 0.7),
    Place("room", "living room|room|indoors|indoor|inside a house|home|house interior|interior|"
          "apartment|lounge|couch|sofa|fireplace|by the fire|windowsill|window|cozy|cosy|hallway|"
          "floor|wooden floor|carpet|rug|inside|dining room|cabin|parlor|parlour|hotel|curtains",
          "room", ((222, 206, 190), _BOARDS), ("window", "frames"), ("potted plant",), 0.7),
    Place("studio", "studio|seamless|backdrop|photo studio|studio background|isolated|product shot|"
          "white background|plain background|blank background|simple background|clean background|"
          "minimal background|solid background|gradient background", "plain", horizon=0.66),
)  # fmt: skip

_BY_KEY = {place.key: place for place in PLACES}
_WORDS = {word: place for place in reversed(PLACES) for word in place.words.split("|")}
_PLACE_PATTERN = re.compile(
    r"\b(" + "|".join(sorted(map(re.escape, _WORDS), key=lambda w: (-len(w), w))) + r")\b"
)
_LOCATED = re.compile(r"\b(?:in|on|at|by|near|through|across|over|under|inside|along|from|of)\b")

_HOURS: tuple[tuple[Hour, str], ...] = (
    ("sunset", r"sunset|dusk|golden hour|twilight|evening|sundown|setting sun|crepuscular|blue hour"),
    ("dawn", r"sunrise|dawn|early morning|daybreak|morning light|morning"),
    ("night", r"night|midnight|nighttime|moonlit|moonlight|starry|stars|nocturnal|aurora|"
              r"fireworks|campfire|nightscape|after dark|neon"),
    ("day", r"\bday\b|daylight|noon|midday|afternoon|sunny|sunlight|bright sun"),
)  # fmt: skip
_WEATHERS: tuple[tuple[Weather, str], ...] = (
    ("storm", r"storm|stormy|thunder|lightning|tempest|hurricane|tornado"),
    ("rain", r"\brain\b|rainy|raining|drizzle|downpour|wet street|rain-soaked|monsoon"),
    ("snowfall", r"snowfall|snowing|falling snow|snowflakes|blizzard|snowstorm"),
    ("fog", r"fog|foggy|mist|misty|haze|hazy|smoky"),
    ("cloudy", r"cloudy|overcast|grey sky|gray sky|gloomy"),
)
_BACKGROUND = re.compile(
    r"((?:[\w-]+ )?[\w-]+|#[0-9a-f]{6}) (?:background|backdrop|wall|walls|sky|sweep|surface|screen)\b"
)
_TABLES = re.compile(r"\b(?:tabletop|table top|table|desk|counter|countertop|workbench|nightstand)\b")
_WOODEN: RGB = (172, 116, 70)
# Names of subjects that are drawn as part of the background, and the place they ask for.
SURFACES: dict[str, str] = {
    "sky": "sky", "night sky": "sky", "background": "studio", "backdrop": "studio",
    "water": "boat", "sea": "boat", "ocean": "boat", "river": "river", "lake": "lake",
    "pond": "boat", "stream": "river", "waterfall": "river", "wave": "boat", "beach": "beach",
    "sand": "beach", "grass": "meadow", "lawn": "meadow", "field": "meadow", "meadow": "meadow",
    "garden": "meadow", "park": "meadow", "hill": "meadow", "landscape": "meadow",
    "ground": "meadow", "snow": "winter", "ice": "winter", "mountain": "mountains",
    "cliff": "mountains", "valley": "mountains", "rock face": "mountains", "forest": "forest",
    "woods": "forest", "wood": "forest", "jungle": "jungle", "desert": "desert", "dune": "desert",
    "street": "street", "city": "street", "sidewalk": "street", "alley": "street", "town": "village",
    "village": "village", "skyline": "skyline", "cityscape": "skyline", "road": "road",
    "highway": "road", "path": "road", "trail": "road", "room": "room", "living room": "room",
    "floor": "room", "wall": "room", "carpet": "room", "kitchen": "kitchen", "bedroom": "bedroom",
    "bathroom": "bathroom", "library": "library", "cafe": "cafe", "restaurant": "cafe",
    "bar": "cafe", "office": "office", "classroom": "classroom", "gym": "gym", "stage": "stage",
    "museum": "museum", "gallery": "museum", "space": "space", "galaxy": "space",
    "outer space": "space", "universe": "space", "nebula": "space", "cave": "cave",
    "canyon": "desert", "farm": "farm", "stadium": "stadium", "studio": "studio",
    "reef": "underwater", "coral reef": "underwater", "swamp": "river", "harbor": "boat",
    "aurora": "sky", "horizon": "meadow", "countryside": "farm", "coast": "beach", "air": "sky",
    "shadow": "", "light": "", "reflection": "", "scene": "", "view": "", "picture": "",
    "top": "", "side": "", "middle": "", "front": "", "distance": "", "foreground": "",
    "portrait": "", "photo": "", "photograph": "", "drawing": "", "image": "", "illustration": "",
    "close-up": "", "closeup": "", "sketch": "", "rendering": "", "photography": "",
    "style": "", "smoke": "", "mist": "", "fog": "", "rain": "", "storm": "", "night": "",
    "sunset": "", "sunrise": "", "sunlight": "", "moonlight": "", "darkness": "", "hour": "",
    "autumn": "autumn", "winter": "winter", "spring": "meadow", "summer": "meadow",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Scene:
    """Where and when the picture plays.

    Attributes:
        place: what the background is made of.
        hour, weather: they set sky and light.
        color: the colour that the background is said to have, if any.
        stated: the place was said in words, and is no default.
        table: colour of the table top that carries the subjects; None without one.
        glow: a light that the words ask for, such as "neon" or "candle".
    """

    place: Place
    hour: Hour = "day"
    weather: Weather = "clear"
    color: RGB | None = None
    stated: bool = True
    table: RGB | None = None
    glow: Literal["neon", "candle", "spotlight", "moon", "sun"] | None = None

    @property
    def outdoors(self) -> bool:
        return self.place.kind in ("land", "water", "sky")


def surface_of(subject: Subject) -> str | None:
    """The place that a subject such as "sky" or "street" stands for; None for a real thing."""
    name = subject.name.lower().removesuffix("s") if subject.name.lower() not in SURFACES else (
        subject.name.lower()
    )
    return SURFACES.get(name)


def is_table(subject: Subject) -> bool:
    """Whether a subject can be drawn as the table top that fills the foreground."""
    return _TABLES.search(subject.name.lower()) is not None


def read_scene(spec: PromptSpec) -> Scene:
    """Place, hour, weather and colours as the words of the description have them."""
    where = (spec.setting or "").lower()
    light = " ".join(filter(None, (spec.lighting, spec.mood))).lower()
    words = f"{where} {spec.source_prompt.lower()} {light}"
    for term in spec.exclude:
        words = re.sub(rf"\b(?:no|without|not|any)?\s*{re.escape(term.lower())}\b", " ", words)
    place = _place_in(where) or _place_of_subjects(spec) or _place_after_preposition(words)
    color = _background_color(f"{where} {spec.source_prompt.lower()}")
    stated = place is not None
    if place is None:
        place = _BY_KEY["studio"]
        if color is None and spec.palette and len(spec.subjects) and not where:
            color = rgb_of(spec.palette[-1])
    scene = Scene(place, color=color, stated=stated, table=_table_color(spec, where))
    scene = replace(scene, hour=_first(_HOURS, words, "day"))
    scene = replace(scene, weather=_first(_WEATHERS, words, "clear"), glow=_glow(words))
    for subject in spec.subjects:
        if surface_of(subject) and subject.colors and scene.color is None:
            scene = replace(scene, color=rgb_of(subject.colors[0]))
    return scene


def place_called(key: str) -> Place:
    """The place with that key, as in "studio"."""
    return _BY_KEY[key]


def _place_in(text: str) -> Place | None:
    found = _PLACE_PATTERN.search(text)
    return _WORDS[found.group(1)] if found else None


def _place_of_subjects(spec: PromptSpec) -> Place | None:
    keys = [surface_of(subject) for subject in spec.subjects]
    return next((_BY_KEY[key] for key in keys if key), None)


def _place_after_preposition(text: str) -> Place | None:
    for preposition in _LOCATED.finditer(text):
        place = _place_in(" ".join(re.split(r"[\s,.;]+", text[preposition.start() :])[:4]))
        if place is not None:
            return place
    return None


def _background_color(text: str) -> RGB | None:
    for found in _BACKGROUND.finditer(text):
        phrase = found.group(1)
        color = rgb_of(phrase) or rgb_of(phrase.split()[-1])
        if color is not None:
            return color
    return None


def _table_color(spec: PromptSpec, where: str) -> RGB | None:
    carried = {relation.b for relation in spec.relations if relation.kind is RelationKind.ON}
    for subject in spec.subjects:
        if is_table(subject) and subject.id in carried:
            return (rgb_of(subject.colors[0]) if subject.colors else None) or _WOODEN
    if found := _TABLES.search(where):
        before = where[: found.start()].split()
        color = rgb_of(before[-1]) if before else None
        return color or _WOODEN
    return None


def _first(table: tuple[tuple[_T, str], ...], text: str, otherwise: _T) -> _T:
    return next((key for key, pattern in table if re.search(pattern, text)), otherwise)


def _glow(text: str) -> Literal["neon", "candle", "spotlight", "moon", "sun"] | None:
    if re.search(r"neon|cyberpunk|synthwave|vaporwave", text):
        return "neon"
    if re.search(r"candle|firelight|lantern|campfire|fireplace|by the fire", text):
        return "candle"
    if re.search(r"spotlight|dramatic light|stage light|chiaroscuro|rim light", text):
        return "spotlight"
    if re.search(r"moonlight|moonlit", text):
        return "moon"
    if re.search(r"sunbeam|god rays|sun rays|sunlight|golden hour|sunny", text):
        return "sun"
    return None
