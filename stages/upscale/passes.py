"""Passes: how a network of one factor reaches any size."""


def passes(
    size: tuple[int, int], factor: int, wanted: tuple[int, int]
) -> tuple[tuple[int, int], ...]:
    """The sizes that a network enlarges by `factor` one after another to reach `wanted`.

    The first is the picture's own `size`, so that nothing is lost before the network sees it. Of
    the others the last is no larger than is needed: what comes of it is `wanted`, or less than
    `factor` pixels more on a side. Empty where the picture is large enough already.
    """
    entering: list[tuple[int, int]] = []
    width, height = size
    while width < wanted[0] or height < wanted[1]:
        if width * factor >= wanted[0] and height * factor >= wanted[1] and entering:
            width = min(width, -(-wanted[0] // factor))
            height = min(height, -(-wanted[1] // factor))
        entering.append((width, height))
        width, height = width * factor, height * factor
    return tuple(entering)
