"""What numbers of 16 bits would spoil: a network goes in, with its sense of time and place marked.

Time and places go into sines and cosines after they are multiplied by up to 1000: of 999, bfloat16
makes 1000, a whole radian off. Devices compute what is marked in 32 bits, and all else as they are
told; without it, pictures drawn in bfloat16 follow another schedule than the model was trained on.
"""

from typing import Any

# By this name OpenVINO's format keeps a part of a network from numbers of 16 bits.
PRECISE = "precise_0"
_WAVES = ("Sin", "Cos")


def keep_precise(model: Any) -> None:
    """Mark everything that the sines and cosines of a network are computed from.

    Args:
        model: an openvino.Model; changed in place.
    """
    ahead = [node for node in model.get_ordered_ops() if node.get_type_name() in _WAVES]
    seen = set()
    while ahead:
        node = ahead.pop()
        if node.get_friendly_name() in seen:
            continue
        seen.add(node.get_friendly_name())
        node = _reshaping(node)
        node.get_rt_info()[PRECISE] = ""
        ahead += [value.get_node() for value in node.input_values()]


def _reshaping(node: Any) -> Any:
    """In place of an Unsqueeze of a list a Reshape: what is compiled of the other has no mark."""
    import numpy as np
    from openvino import opset13

    listed = node.get_type_name() == "Unsqueeze" and (
        node.input_value(0).get_partial_shape().rank.get_length() == 1
    )
    if not listed:
        return node
    axis = int(node.input_value(1).get_node().get_data().reshape(-1)[0])
    shape = np.array([1, -1] if axis == 0 else [-1, 1], np.int64)
    made = opset13.reshape(node.input_value(0), shape, special_zero=False)
    for target in node.output(0).get_target_inputs():
        target.replace_source_output(made.output(0))
    return made
