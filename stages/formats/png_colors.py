"""PNG colours: chunks that say what the numbers mean go in; whether they mean sRGB comes out."""

import struct
from collections.abc import Mapping

# White and the primaries, and the gamma, as the chunks say those of sRGB (PNG, third edition,
# 11.3.2.1 and 11.3.2.2); and how far from these still is sRGB.
_CHROMATICITIES = (31270, 32900, 64000, 33000, 30000, 60000, 15000, 6000)
_GAMMA = (45455,)
_NEAR = 500
# sRGB's primaries and transfer by number (ITU-T H.273, tables 2 and 3).
_NUMBERS = b"\x01\x0d"


def is_srgb(chunks: Mapping[bytes, bytes]) -> bool:
    """Whether the colours are sRGB's, or about so; what says nothing is taken for sRGB.

    Args:
        chunks: types and data of cICP, sRGB, gAMA and cHRM, of which the first that is there
            decides, the last two together; for a PNG without a profile.
    """
    if b"cICP" in chunks:
        return chunks[b"cICP"][:2] == _NUMBERS
    return b"sRGB" in chunks or (
        _is_near(chunks.get(b"gAMA", b""), _GAMMA)
        and _is_near(chunks.get(b"cHRM", b""), _CHROMATICITIES)
    )


def _is_near(data: bytes, expected: tuple[int, ...]) -> bool:
    if len(data) != 4 * len(expected):
        return True
    found = struct.unpack(f">{len(expected)}I", data)
    return all(abs(one - other) <= _NEAR for one, other in zip(found, expected, strict=True))
