"""A model's files: where they lie goes in; what they are, read without torch, comes out."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import prod
from pathlib import Path
from typing import Any

from imagine.stages.generate.diffusers.pipeline_folder import fingerprint
from imagine.stages.generate.local.families import Described, ModelFamily
from imagine.stages.weights import Weights


@dataclass(frozen=True, slots=True)
class Source:
    """A model that can be loaded.

    Attributes:
        name: as messages and recipes name it.
        path: its folder or file.
        described: what its files say of it.
        family: what that makes of it.
        parts: headers of the weights, by part; of a single file all are in one.
        variant: what the names of weights have before ".safetensors": "fp16"; or None.
        config: of a single file: the folder with the description of its pipeline.
        index: bytes of that description, for the fingerprint.
        notes: what the user should know, a sentence each.
        packages: that it needs beside those that every model does, as they are imported.
    """

    name: str
    path: Path
    described: Described
    family: ModelFamily
    parts: Mapping[str, Mapping[Path, Weights]]
    variant: str | None = None
    config: Path | None = None
    index: bytes = b""
    notes: tuple[str, ...] = field(default=())
    packages: tuple[str, ...] = ()

    def fingerprint(self) -> str:
        """16 hexadecimal digits that other weights would not have.

        Raises:
            LocalBackendError: a file is gone.
        """
        folder = self.path if self.path.is_dir() else self.path.parent
        files = [file for weights in self.parts.values() for file in weights]
        return fingerprint(folder, self.index, files)

    def bytes_of(self, part: str, width: int | None = None) -> int:
        """Bytes of a part's weights in memory.

        Args:
            part: its name.
            width: bytes of a number; None for those that the files have.
        """
        return sum(
            tensor.end - tensor.begin if width is None else width * prod(tensor.shape)
            for weights in self.parts[part].values()
            for tensor in weights.tensors.values()
        )

    def parameters(self) -> int:
        """Numbers in all parts together."""
        return sum(self.bytes_of(part, 1) for part in self.parts)

    def kinds(self) -> set[str]:
        """Types of the numbers, as the files call them: {"F16"}."""
        return {
            tensor.kind
            for part in self.parts.values()
            for weights in part.values()
            for tensor in weights.tensors.values()
        }


def cell_of(vae: Mapping[str, Any]) -> int:
    """Pixels of a side of a latent cell, by the autoencoder's config.json; 0 where nobody says."""
    blocks = vae.get("block_out_channels") or vae.get("encoder_block_out_channels")
    if isinstance(blocks, list) and blocks:
        return int(2 ** (len(blocks) - 1))
    downsamples = vae.get("temperal_downsample")  # So it is spelt, in the autoencoder of videos.
    return int(2 ** len(downsamples)) if isinstance(downsamples, list) else 0
