"""PNG filters: each of the five against the format's own definition, sample by sample."""

import random
from itertools import chain, product

import pytest
from PIL import Image

from imagine.stages.formats.png_filters import FILTERS, Filter, filtered

VALUES = (0, 1, 2, 3, 5, 8, 63, 64, 65, 100, 126, 127, 128, 129, 170, 191, 192, 250, 253, 254, 255)


def guess(filter: Filter, left: int, above: int, corner: int) -> int:
    """ISO/IEC 15948, 9.2 to 9.4, word for word."""
    if filter == "average":
        return (left + above) // 2
    if filter == "paeth":
        estimate = left + above - corner
        distances = [abs(estimate - value) for value in (left, above, corner)]
        return (left, above, corner)[distances.index(min(distances))]
    return {"none": 0, "sub": left, "up": above}[filter]


def image(rows: list[list[int]]) -> Image.Image:
    return Image.frombytes("L", (len(rows[0]), len(rows)), bytes(chain(*rows)))


@pytest.mark.parametrize("filter", FILTERS)
def test_any_three_neighbours_give_the_guess_of_the_format(filter: Filter) -> None:
    triples = list(product(VALUES, repeat=3))
    rows = image([[left, 77] for left, _, _ in triples])
    above = image([[corner, above] for _, above, corner in triples])
    samples = filtered(filter, rows, above, step=1).tobytes()[1::2]
    assert list(samples) == [(77 - guess(filter, *triple)) % 256 for triple in triples]


@pytest.mark.parametrize("filter", FILTERS)
@pytest.mark.parametrize("step", [1, 3, 4])
@pytest.mark.parametrize("width", [1, 2, 9])
def test_neighbours_are_a_pixel_away_and_zero_beyond_the_edge(
    filter: Filter, step: int, width: int
) -> None:
    drawn = random.Random(width)
    rows = [[drawn.randrange(256) for _ in range(width * step)] for _ in range(7)]
    above = [[0] * (width * step), *rows[:-1]]
    expected = [
        (
            line[x]
            - guess(
                filter,
                line[x - step] if x >= step else 0,
                over[x],
                over[x - step] if x >= step else 0,
            )
        )
        % 256
        for line, over in zip(rows, above, strict=True)
        for x in range(width * step)
    ]
    assert list(filtered(filter, image(rows), image(above), step=step).tobytes()) == expected
