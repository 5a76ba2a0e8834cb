"""Previews: the latents of a step go in, a small picture of them comes out, without the decoder.

Latents are near enough a linear picture: for each VAE the line from its channels to red, green and
blue is fitted once, through flat patches of colour that its own encoder has seen.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from itertools import product
from typing import TYPE_CHECKING, Any

from imagine.stages.generate.diffusers.loaded import Loaded

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from PIL.Image import Image

    Floats = NDArray[np.float32]

# Shades of each primary in the chart, 64 patches in all.
SHADES = (-0.9, -0.3, 0.3, 0.9)
ROWS = 8
# Cells of a patch along each side; what is read of it is the one in the middle.
CELLS = 3


class Colours:
    """What is known of one VAE; asked for by the thread that shows, fitted by the one that draws.

    Attributes:
        wanted: somebody looks at previews.
        tried: to fit the line was tried, whatever came of it.
        line: (channels + 1, 3), the last row the bias; None before it is fitted, or where the VAE
            gives nothing to fit.
    """

    def __init__(self) -> None:
        self.wanted = False
        self.tried = False
        self.line: Floats | None = None


def preview_of(
    loaded: Loaded, pipeline: Any, latents: Any, size: tuple[int, int]
) -> "Callable[[], Image] | None":
    """What draws the preview of the first picture, when somebody wants to see it.

    To be called in the thread that draws, in the callback of a step. The first preview that is
    asked for is grey; then the colours are fitted, here, at the next step: without looking at any
    generator, so that pictures are the same whether anybody looked or not.

    Args:
        loaded: the model.
        pipeline: of its parts, which is drawing.
        latents: of all pictures: (pictures, channels, rows, columns), or packed as FLUX has them;
            None where the pipeline does not tell.
        size: pixels of the picture, for packed ones.

    Returns:
        a function for any thread, which gives an RGB picture of a pixel for each latent cell; None
        where the latents are no picture.
    """
    vae = getattr(pipeline, "vae", None)
    if vae is None or getattr(latents, "ndim", 0) not in (3, 4):
        return None
    channels = _channels(vae)
    first = _unpacked(latents[:1], size) if latents.ndim == 3 else latents[:1]
    if first is None or first.shape[1] != channels:
        return None
    colours: Colours = loaded.colours or Colours()
    loaded.colours = colours
    if colours.wanted and not colours.tried:
        colours.tried = True
        # A preview that cannot be had is no reason to lose the picture.
        failures = (RuntimeError, ValueError, TypeError, AttributeError, KeyError)
        whole = nullcontext() if loaded.offloaded else _in_full_precision(vae)
        with suppress(*failures), whole:
            colours.line = _fitted(pipeline, vae)

    def draw() -> "Image":
        import torch

        colours.wanted = True
        try:
            cells = first[0].detach().to("cpu", torch.float32).numpy()
            return _picture(cells, colours.line)
        except (RuntimeError, ValueError, MemoryError):
            return _blank(first.shape[3], first.shape[2])

    return draw


def _blank(width: int, height: int) -> "Image":
    """Stands for a preview that cannot be had."""
    from PIL import Image

    return Image.new("RGB", (width, height), "grey")


def _channels(vae: Any) -> int:
    config = vae.config
    return int(config.get("latent_channels") or config.get("z_dim") or 0)


def _unpacked(latents: Any, size: tuple[int, int]) -> Any:
    """(1, cells, 4 * channels) as (1, channels, rows, columns): each cell is a square of four."""
    width, height = size
    count = latents.shape[1]
    # The cells have the shape of the picture: rows * columns = count, columns / rows = its ratio.
    rows = round((count * height / width) ** 0.5)
    if rows < 1 or count % rows or latents.shape[2] % 4:
        return None
    columns, channels = count // rows, latents.shape[2] // 4
    squares = latents.view(1, rows, columns, channels, 2, 2).permute(0, 3, 1, 4, 2, 5)
    return squares.reshape(1, channels, 2 * rows, 2 * columns)


def _picture(cells: "Floats", line: "Floats | None") -> "Image":
    """Cells, (channels, rows, columns), as RGB; their first channel in grey without a line."""
    import numpy as np
    from PIL import Image

    if line is None:
        low, high = float(cells[0].min()), float(cells[0].max())
        grey = (cells[0] - low) / max(high - low, 1e-6)
        colours = np.repeat(grey[..., None], 3, axis=-1)
    else:
        colours = np.tensordot(cells, line[:-1], axes=(0, 0)) + line[-1]
        colours = colours / 2 + 0.5
    pixels = np.nan_to_num(colours).clip(0, 1) * 255
    return Image.fromarray(pixels.round().astype(np.uint8))


def _fitted(pipeline: Any, vae: Any) -> "Floats | None":
    """The line of least squares from a chart's latents to its colours, of -1 to 1."""
    import numpy as np
    import torch

    colours = _chart()
    scale = int(getattr(pipeline, "vae_scale_factor", 8))
    patch = CELLS * scale
    grid = colours.reshape(ROWS, ROWS, 3)
    pixels = np.repeat(np.repeat(grid, patch, axis=0), patch, axis=1).transpose(2, 0, 1)
    with torch.no_grad():
        chart = torch.from_numpy(pixels.copy())[None]
        latents = _latents(vae, chart.to(pipeline._execution_device, vae.dtype))
    if latents is None or latents.shape[2:] != (ROWS * CELLS,) * 2:
        return None
    cells = latents[0].to("cpu", torch.float32).numpy()
    middles = cells[:, CELLS // 2 :: CELLS, CELLS // 2 :: CELLS].reshape(len(cells), -1).T
    # In half precision some encoders give no numbers.
    if not np.isfinite(middles).all():
        return None
    known = np.hstack([middles, np.ones((len(middles), 1), np.float32)])
    line: Floats = np.linalg.lstsq(known, colours, rcond=1e-4)[0].astype(np.float32)
    return line


@contextmanager
def _in_full_precision(vae: Any) -> Iterator[None]:
    """Within it, an autoencoder whose numbers grow too large for half precision has the room."""
    import torch

    if vae.dtype != torch.float16 or not vae.config.get("force_upcast"):
        yield
        return
    vae.to(dtype=torch.float32)
    try:
        yield
    finally:
        # Halves that were made whole are the same halves again.
        vae.to(dtype=torch.float16)


def _chart() -> "Floats":
    """Colours of -1 to 1, neighbours far from each other: (patches, 3)."""
    import numpy as np

    colours = np.array(list(product(SHADES, repeat=3)), np.float32)
    # 27 has no divisor in common with 64: every colour comes up once.
    return colours[np.arange(len(colours)) * 27 % len(colours)]


def _latents(vae: Any, chart: Any) -> Any:
    """The chart as the model's latents are scaled, (1, channels, rows, columns), or None."""
    import torch

    config = vae.config
    mean, std = config.get("latents_mean"), config.get("latents_std")
    norm = getattr(vae, "bn", None)
    scaling = config.get("scaling_factor") or (1 if mean or norm is not None else None)
    if scaling is None:
        return None
    # Those made for films take a picture as a film of one.
    film = "temperal_downsample" in config
    encoded = vae.encode(chart[:, :, None] if film else chart)
    if hasattr(encoded, "latent_dist"):
        # The mode, for a sample would be drawn from torch's own generator.
        latents = encoded.latent_dist.mode()
    else:
        latents = encoded.latents if hasattr(encoded, "latents") else encoded.latent
    latents = latents[:, :, 0] if film else latents
    if norm is not None:
        # FLUX.2 scales squares of four cells, by numbers of a layer of its own.
        squares = torch.nn.functional.pixel_unshuffle(latents, 2)
        middle, spread = (
            values.view(1, -1, 1, 1).to(latents)
            for values in (norm.running_mean, (norm.running_var + config["batch_norm_eps"]).sqrt())
        )
        return torch.nn.functional.pixel_shuffle((squares - middle) / spread, 2)
    if mean and std:
        middle, spread = (
            torch.tensor(values).view(1, -1, 1, 1).to(latents) for values in (mean, std)
        )
        return (latents - middle) / spread * scaling
    return (latents - (config.get("shift_factor") or 0)) * scaling
