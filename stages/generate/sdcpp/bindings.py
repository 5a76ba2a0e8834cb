"""Which binding of stable-diffusion.cpp is installed; nothing of it is imported to find out."""

import json
from importlib.util import find_spec
from pathlib import Path

from imagine.stages.errors import LocalBackendError, MissingPackageError
from imagine.stages.generate.sdcpp.order import Library

# Who compiled the second one wants it: it can use a graphics card, and the first one's wheels for
# Linux and Windows cannot.
_MODULES: dict[Library, str] = {
    "stable-diffusion-cpp-python": "stable_diffusion_cpp",
    "cyllama": "cyllama",
}
_CARDS = ("cuda", "hip", "metal", "vulkan", "sycl", "opencl")


def installed_library() -> Library:
    """The binding that draws.

    Raises:
        LocalBackendError: there is none.
    """
    for library, module in _MODULES.items():
        if find_spec(module) is not None:
            return library
    raise MissingPackageError(
        "The backend 'sdcpp' needs stable-diffusion.cpp, which is not installed; run: "
        "pip install 'imagine-cli[sdcpp]'."
    )


def check_device(device: str, library: Library) -> None:
    """Refuse a device that the library would not heed: it computes where it was built for.

    Raises:
        LocalBackendError: another one than "auto", and than "cpu" where there is nothing else.
    """
    if device == "auto" or (device == "cpu" and library == "cyllama" and not _has_cards()):
        return
    raise LocalBackendError(
        f"The backend 'sdcpp' takes no device '{device}', since its library computes on what it "
        "was built for; set device to auto (IMAGINE_DEVICE)."
    )


def _has_cards() -> bool:
    """Whether the installed cyllama was built for graphics cards; taken for granted in doubt."""
    spec = find_spec("cyllama")
    folders = (spec.submodule_search_locations or []) if spec is not None else []
    for folder in folders:
        try:
            text = (Path(folder) / "build_config.json").read_text(encoding="utf-8")
            built = json.loads(text)["backend"]
            return any(built[card]["enabled"] for card in _CARDS if card in built)
        except (OSError, ValueError, KeyError, TypeError):
            continue
    return True
