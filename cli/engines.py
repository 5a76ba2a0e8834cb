"""What draws here: the name of a backend in; its packages, or what installs them, out."""

from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING

from imagine.stages.errors import LocalBackendError

if TYPE_CHECKING:
    from imagine.stages.generate.local.options import LocalOptions

# The distributions of each, as far as their versions matter to a report.
DISTRIBUTIONS = {
    "diffusers": ("diffusers", "torch", "transformers", "peft"),
    "openvino": ("openvino-genai",),
    "sdcpp": ("stable-diffusion-cpp-python", "cyllama"),
}


def missing_extra(name: str) -> str:
    """What installs a local backend that cannot draw yet; "" for one that can, and for others.

    Nothing is imported to find out.
    """
    return "" if name not in DISTRIBUTIONS or _can_draw(name) else install(name)


def install(name: str) -> str:
    """The command that installs a local backend."""
    return f"pip install 'imagine-cli[{name}]'"


def versions(name: str) -> str:
    """ "diffusers 0.42.1, torch 2.13.0" of what is installed; "" for nothing."""
    found = []
    for distribution in DISTRIBUTIONS[name]:
        try:
            found.append(f"{distribution} {version(distribution)}")
        except PackageNotFoundError:
            continue
    return ", ".join(found)


def device() -> str:
    """What models compute on, as far as the system tells: "NVIDIA H200", "4 processor cores"."""
    import os
    import platform
    import shutil
    import subprocess
    import sys

    if sys.platform == "darwin" and platform.machine() == "arm64":
        return "Apple's graphics (mps)"
    if command := shutil.which("nvidia-smi"):
        query = [command, "--query-gpu=name,memory.total", "--format=csv,noheader"]
        try:
            asked = subprocess.run(  # noqa: S603  # the driver's own program
                query, capture_output=True, text=True, timeout=5, check=True
            )
        except (OSError, subprocess.SubprocessError):
            return "a graphics card whose driver does not answer (nvidia-smi)"
        if cards := [line.strip() for line in asked.stdout.splitlines() if line.strip()]:
            return "; ".join(cards)
    return f"no graphics card found, {os.cpu_count() or 1} processor cores"


def check_device(name: str, options: "LocalOptions") -> None:
    """Have a local backend, which is installed, look for the device that is set.

    Raises:
        LocalBackendError: it is not there.
        UsageError: no device has that name.
    """
    if name == "openvino":
        from imagine.stages.generate.openvino.runtime import runtime

        runtime(options)
    elif name == "sdcpp":
        from imagine.stages.generate.sdcpp import bindings

        bindings.check_device(options.device, bindings.installed_library())
    elif options.device.lower() != "cpu":
        from imagine.stages.generate.diffusers.device import device_for
        from imagine.stages.torch_device import torch_and_device

        # It is everywhere; for others torch is imported, which takes seconds.
        device_for(options.device, torch_and_device("The backend 'diffusers'", "diffusers")[0])


def _can_draw(name: str) -> bool:
    from importlib.util import find_spec

    if name == "diffusers":
        from imagine.stages.generate.diffusers.backend import MODULES

        return all(find_spec(module) is not None for module in MODULES)
    try:
        if name == "openvino":
            from imagine.stages.generate.openvino.runtime import check_packages

            check_packages()
        else:
            from imagine.stages.generate.sdcpp.bindings import installed_library

            installed_library()
    except LocalBackendError:
        return False
    return True
