"""Things that the emoji art lacks, drawn by code in its soft, glossy look: DRAWINGS by name."""

from collections.abc import Callable

from PIL import Image

DRAWINGS: dict[str, Callable[[], Image.Image]] = {}
