"""Things that the emoji art lacks, drawn by code in its soft, glossy look: DRAWINGS by name."""

from drawings import (
    animals,
    buildings,
    furniture,
    gear,
    household,
    machines,
    nature,
    signs,
    solids,
    street,
)

DRAWINGS = (
    animals.DRAWINGS
    | furniture.DRAWINGS
    | household.DRAWINGS
    | buildings.DRAWINGS
    | street.DRAWINGS
    | gear.DRAWINGS
    | machines.DRAWINGS
    | solids.DRAWINGS
    | nature.DRAWINGS
    | signs.DRAWINGS
)
