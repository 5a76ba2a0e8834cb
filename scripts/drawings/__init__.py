"""Things that the emoji art lacks, drawn by code in its soft, glossy look: DRAWINGS by name."""

from drawings import furniture, outdoors, signs

DRAWINGS = furniture.DRAWINGS | signs.DRAWINGS | outdoors.DRAWINGS
