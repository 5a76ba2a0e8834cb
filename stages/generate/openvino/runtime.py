"""OpenVINO's packages, where they compute and in which numbers: settings in, Runtime out."""

from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

from imagine.stages.errors import LocalBackendError, MissingPackageError, shown
from imagine.stages.generate.local.options import LocalOptions

_MODULES = ("numpy", "openvino", "openvino_genai", "openvino_tokenizers")
# Our names of numbers, and OpenVINO's; which of them a device computes in, it says by the second.
_DTYPES = {"bfloat16": ("bf16", "BF16"), "float16": ("f16", "FP16"), "float32": ("f32", "FP32")}


@dataclass(frozen=True, slots=True)
class Runtime:
    """Where and how networks run.

    Attributes:
        openvino, genai: the modules.
        device: as OpenVINO calls it: "CPU", "GPU.1".
        dtype: what it computes in: "bfloat16", "float16", "float32".
    """

    openvino: Any
    genai: Any
    device: str
    dtype: str

    @property
    def hints(self) -> dict[str, Any]:
        """What every network is compiled with."""
        return {"INFERENCE_PRECISION_HINT": _DTYPES[self.dtype][0]}


def check_packages() -> None:
    """Refuse where the extra is missing; nothing is imported.

    Raises:
        LocalBackendError: with the command that installs it.
    """
    missing = [name for name in _MODULES if find_spec(name) is None]
    if missing:
        raise _missing(missing[0])


def runtime(options: LocalOptions) -> Runtime:
    """Import the packages, and choose among what is there.

    Raises:
        LocalBackendError: the extra is missing or broken, there is no such device, or it does not
            compute in the numbers that the settings ask for.
    """
    try:
        import openvino
        import openvino_genai
    except ModuleNotFoundError as error:
        raise _missing(str(error.name)) from error
    except (ImportError, OSError, RuntimeError, AttributeError) as error:
        raise LocalBackendError(
            "The backend 'openvino' needs Python packages that are installed and cannot be "
            f"imported: {shown(str(error).partition(chr(10))[0], limit=200)}; install "
            "'imagine-cli[openvino]' in a new environment."
        ) from error
    core = openvino.Core()
    device = _device(options.device, list(core.available_devices))
    computes = list(core.get_property(device, "OPTIMIZATION_CAPABILITIES"))
    dtype = _dtype(options.dtype_on(device), device, computes)
    return Runtime(openvino, openvino_genai, device, dtype)


def _device(named: str, there: list[str]) -> str:
    wanted = named.upper().replace(":", ".")
    if wanted == "AUTO":
        return "CPU"
    # Of several cards, "GPU" means the first.
    if wanted in there or f"{wanted}.0" in there:
        return wanted
    raise LocalBackendError(
        f"OpenVINO has no device '{shown(named)}' here (it has {', '.join(there)}); set "
        "IMAGINE_DEVICE to one of these, or leave it out."
    )


def _dtype(named: str, device: str, computes: list[str]) -> str:
    """The named one; else the fastest that the device has in hardware.

    On a processor bfloat16 took 0.55 of the time of float32.
    """
    if named == "auto":
        fast = "bfloat16" if device == "CPU" else "float16"
        return fast if _DTYPES[fast][1] in computes else "float32"
    if named != "float32" and _DTYPES[named][1] not in computes:
        raise LocalBackendError(
            f"OpenVINO's device {device} does not compute in {named} here; set IMAGINE_DTYPE to "
            "auto or float32."
        )
    return named


def _missing(module: str) -> MissingPackageError:
    return MissingPackageError(
        f"The backend 'openvino' needs the Python package '{shown(module)}', which is not "
        "installed; pip install 'imagine-cli[openvino]'."
    )
