"""Names of networks: what an upscaler is called goes in, an error that tells ours comes out."""

import re

from imagine.stages.errors import UsageError, shown

# Networks and programs by which other programs call what is here, written in many ways.
_NETWORKS = re.compile(r"(?:real)?esrgan(?:4x|x4|x4plus|.*anime.*)?|waifu2x|realcugan")


def check_no_network(name: str) -> None:
    """Refuse the name of a network, which is no upscaler's, and tell which upscaler has it.

    Raises:
        UsageError: it is one.
    """
    if _NETWORKS.fullmatch(re.sub(r"[^a-z0-9]", "", name.lower())):
        raise UsageError(
            f"There is no upscaler '{shown(name)}', which is a network: art is Real-ESRGAN "
            "animevideov3, photo is waifu2x, detail is Real-ESRGAN x4plus; choose one of these."
        )
