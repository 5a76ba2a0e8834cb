"""Cropping early: a model in, the same without what its last layers would compute for nothing out.

A halo is there for the many layers that look far. Most of them come before the picture is
enlarged, and few of the others look far: so most of the halo is cut off in between, where it would
grow with the picture. Of RealESRGAN x4plus, tiles of 160 take 4.4 s in place of 6.4 and half the
memory, and give the same but for rounding (1e-6).
"""

from dataclasses import replace
from math import floor

from imagine.stages.upscale.ncnn_model import Layer, Model
from imagine.stages.upscale.ncnn_shapes import blobs_of

_ENLARGING = ("Deconvolution", "Interp", "PixelShuffle")
# In the place of a size: what is left is what remains.
_REST = -233


def cropped_early(model: Model, halo: int) -> Model:
    """The model, for tiles of which `halo` pixels around are not used; it loses some of those.

    A model that adds to what it has enlarged what stood before that is left as it is.

    Raises:
        UsageError: the model's layers do not fit each other.
    """
    place = _place(model)
    if place is None:
        return model
    blobs = blobs_of(model)
    name = model.layers[place].inputs[0]
    reach_after = blobs[model.output].reach - blobs[name].reach
    # One pixel is left for what rounding takes.
    pixels = floor((halo - reach_after) * blobs[name].scale) - 1
    if pixels < 1:
        return model
    parameters = {0: pixels, 1: pixels, 3: _REST, 4: _REST, 5: _REST, 6: pixels, 7: pixels}
    # A name that no file can have.
    crop = Layer("Crop", "crop", (name,), "cropped early", parameters)
    after = [
        replace(layer, inputs=tuple(crop.output if blob == name else blob for blob in layer.inputs))
        for layer in model.layers[place:]
    ]
    return Model((*model.layers[:place], crop, *after), model.input, model.output)


def _place(model: Model) -> int | None:
    """Of the first layer that enlarges, if nothing passes it by."""
    enlarging = [index for index, layer in enumerate(model.layers) if layer.kind in _ENLARGING]
    if not enlarging:
        return None
    place = enlarging[0]
    before = {model.input, *(layer.output for layer in model.layers[:place])}
    read = {blob for layer in model.layers[place:] for blob in layer.inputs} & before
    return place if read == {model.layers[place].inputs[0]} else None
