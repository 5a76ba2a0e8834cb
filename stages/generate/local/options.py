"""How models are run on this machine: the user's settings, for every backend that does so."""

from dataclasses import dataclass, fields
from typing import Literal

Offload = Literal["auto", "none", "model", "sequential"]


@dataclass(frozen=True, slots=True)
class Recorded:
    """How a picture was drawn that is drawn again, as its recipe has it; "" for what it lacks.

    Attributes:
        device: "cpu", "cuda"; for OpenVINO "CPU", "GPU".
        dtype: of the weights: "bfloat16", "float16", "float32".
        vae: "tiny", or "tiny" and the fingerprint of the small decoder.
    """

    device: str = ""
    dtype: str = ""
    vae: str = ""


@dataclass(frozen=True, slots=True)
class LocalOptions:
    """What the settings say; "auto" leaves it to the backend.

    Attributes:
        device: "auto", "cpu", "cuda", "cuda:1", "mps"; for OpenVINO "CPU", "GPU", "NPU".
        dtype: of the weights: "auto", "bfloat16", "float16", "float32".
        offload: which parts wait in main memory: "none", whole "model"s, or each layer
            ("sequential").
        compile: whether torch.compile is worth its minutes at the first picture.
        batch_size: pictures that are drawn in one go at most; 0 for as many as pay.
        tiny_vae: path or name of a small decoder (TAESD); "" for the model's own.
        recorded: where a picture is drawn again: decides what the settings leave open.
    """

    device: str = "auto"
    dtype: str = "auto"
    offload: Offload = "auto"
    compile: bool = False
    batch_size: int = 0
    tiny_vae: str = ""
    recorded: Recorded = Recorded()

    def dtype_on(self, device: str) -> str:
        """The dtype as set, else that of the first time on the same device; else "auto".

        On another device nothing gives the same pixels, and that dtype may cost much there.

        Args:
            device: as a recipe has it; "" for a backend whose recipes have none.
        """
        if self.dtype != "auto" or self.recorded.device != device:
            return self.dtype
        return self.recorded.dtype or "auto"

    @property
    def uses_tiny_vae(self) -> bool:
        """Whether a small decoder is set, or decoded the first time."""
        return bool(self.tiny_vae or self.recorded.vae)


def unread_note(backend: str, options: LocalOptions, *names: str) -> str:
    """A sentence about those of the options that are set and not read by a backend; or ""."""
    plain = {field.name: field.default for field in fields(LocalOptions)}
    unread = [name for name in names if getattr(options, name) != plain[name]]
    if not unread:
        return ""
    settings = " and ".join(f"IMAGINE_{name.upper()}" for name in unread)
    return f"The backend '{backend}' does not read {settings}."
