"""A model of one of spandrel's architectures: a .safetensors file in, a function of tiles out.

For what imagine.stages.upscale.{esrgan,compact} do not know: SPAN, SwinIR, DAT, HAT and others.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from imagine.stages.errors import LocalBackendError, UsageError, quoted_path
from imagine.stages.torch_device import torch_and_device, torch_reason

if TYPE_CHECKING:
    from imagine.stages.upscale.network import Tile


@dataclass(frozen=True, slots=True)
class TorchModel:
    """A model that is ready to run; it fills up what its architecture cannot divide.

    Attributes:
        descriptor: spandrel's own, with the model in it.
        device: where it computes.
        threads: that torch uses.
    """

    descriptor: Any
    device: str
    threads: int

    @property
    def factor(self) -> int:
        return int(self.descriptor.scale)

    @property
    def channels(self) -> int:
        return int(self.descriptor.input_channels)

    def evaluate(self, tile: "Tile") -> "Tile":
        """(channels, rows, columns) in and out.

        Raises:
            LocalBackendError: it failed, as when memory is short.
        """
        import numpy as np
        import torch

        try:
            result = self.descriptor(torch.from_numpy(tile[None]).to(self.device))
        except RuntimeError as error:
            raise LocalBackendError(
                f"The model failed in torch: {torch_reason(error)}; use another one."
            ) from error
        return np.array(result[0].cpu().numpy(), np.float32)


def torch_model(path: Path) -> TorchModel:
    """Load a .safetensors file of any architecture that spandrel knows.

    Raises:
        UsageError: it is none of them, or no model that enlarges a picture.
        LocalBackendError: spandrel is missing, or cannot be imported.
    """
    subject = f"The model {quoted_path(path)}, which ncnn does not run here,"
    torch, device = torch_and_device(subject, "spandrel", "spandrel", "safetensors")
    import spandrel

    # Its fastest convolutions add up in an order that changes from run to run.
    torch.backends.cudnn.benchmark = False
    torch.backends.cudnn.deterministic = True
    try:
        descriptor = spandrel.ModelLoader(device=device).load_from_file(path)
    except spandrel.UnsupportedModelError as error:
        raise UsageError(
            f"The model {quoted_path(path)} is of no architecture that is known here or to "
            "spandrel; use an upscaler such as ESRGAN, SPAN or SwinIR."
        ) from error
    except (RuntimeError, ValueError, KeyError, TypeError, OSError) as error:
        raise UsageError(
            f"The model {quoted_path(path)} cannot be loaded by spandrel: "
            f"{torch_reason(error)}; get it again from where it came from."
        ) from error
    if not isinstance(descriptor, spandrel.ImageModelDescriptor):
        raise UsageError(
            f"The model {quoted_path(path)} needs a mask beside the picture and does not "
            "enlarge; use an upscaler."
        )
    return TorchModel(descriptor.eval(), device, torch.get_num_threads())
