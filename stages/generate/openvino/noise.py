"""The noise that a picture begins with: a seed in; the numbers that torch draws for it out.

torch fills arrays on the CPU with 32-bit draws of the Mersenne Twister, of which 24 bits become a
number below 1, and turns them into normal ones sixteen at a time (Box and Muller 1958). Drawn the
same way here, without torch, equal seeds give the pictures that diffusers draws from them.
"""

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Noise = NDArray[np.float32]

_BLOCK = 16


class TorchNoise:
    """Normal numbers for a seed, as `torch.Generator("cpu").manual_seed(seed)` gives them.

    Args:
        seed: 0 to 2**32 - 1.
    """

    def __init__(self, seed: int) -> None:
        self._twister = np.random.RandomState(seed)

    def randn(self, count: int) -> "Noise":
        """The next `count` numbers; torch draws fewer than 16 in another way, which nobody asks."""
        uniform = self._uniform(count)
        whole = count // _BLOCK * _BLOCK
        normal = np.empty(count, np.float32)
        normal[:whole] = _normal(uniform[:whole])
        if count > whole:
            normal[-_BLOCK:] = _normal(self._uniform(_BLOCK))[-count:]
        return normal

    def _uniform(self, count: int) -> "Noise":
        bits = self._twister.randint(0, 2**32, size=count, dtype=np.uint32)
        return (bits & np.uint32(2**24 - 1)).astype(np.float32) * np.float32(2**-24)


def _normal(uniform: "Noise") -> "Noise":
    """Each sixteen: the first eight give distances, the others angles."""
    pairs = uniform.reshape(-1, 2, _BLOCK // 2)
    distance = np.sqrt(np.float32(-2) * np.log(np.float32(1) - pairs[:, 0]))
    angle = np.float32(2 * np.pi) * pairs[:, 1]
    normal: Noise = np.stack([distance * np.cos(angle), distance * np.sin(angle)], axis=1)
    return normal.reshape(-1).astype(np.float32)


def generator(seed: int) -> Any:
    """That noise as OpenVINO GenAI takes it."""
    import openvino
    import openvino_genai

    noise = TorchNoise(seed)

    class Generator(openvino_genai.Generator):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()

        def next(self) -> float:
            return float(noise.randn(1)[0])

        def randn_tensor(self, shape: Any) -> Any:
            return openvino.Tensor(noise.randn(int(np.prod(shape))).reshape(tuple(shape)))

    return Generator()
