"""Texts for models that read them through CLIP: words go in, encoders that know them come out.

GenAI encodes a text when it draws, and cuts it off after 75 tokens. Here it is encoded before, in
pieces of any number (see imagine.stages.generate.openvino.chunks), and GenAI is given encoders
that hold what came of it.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from imagine.stages.generate.openvino.chunks import pieces
from imagine.stages.generate.openvino.runtime import Runtime

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Numbers = NDArray[np.float32]

# CLIP's context is 77 tokens, two of them the start and end marks (Radford et al. 2021).
ROOM = 75


@dataclass(frozen=True, slots=True)
class ClipEncoder:
    """A text encoder of a pipeline.

    Attributes:
        network: GenAI's own.
        tokenizer: GenAI's own, of its words.
        config: its config.json, as GenAI reads it.
        layers: hidden ones, by the same.
        projected: its first output is the pooled text.
    """

    network: Any
    tokenizer: Any
    config: Any
    layers: int
    projected: bool

    def pieces(self, text: str) -> list[str]:
        return pieces(text, count=self._count, room=ROOM)

    def _count(self, text: str) -> int:
        tokens = self.tokenizer.encode(text, add_special_tokens=False).input_ids
        return int(tokens.shape[1])


@dataclass(frozen=True, slots=True)
class Encoded:
    """One text, and the one to be avoided before it where the model is guided.

    Attributes:
        words: for each encoder what it made of all pieces, (1 or 2, tokens, width).
        pooled: for each encoder the pooled text of the first piece, (1 or 2, width).
    """

    words: "tuple[Numbers, ...]"
    pooled: "tuple[Numbers, ...]"


def encoded(
    encoders: list[ClipEncoder], text: str, negative: str | None, *, last_layer: bool
) -> Encoded:
    """Encode a text.

    Args:
        encoders: of the pipeline, in their order.
        text: of any length.
        negative: what is to be avoided, "" for nothing; None where the model is not guided, or the
            pipeline puts zeros in its place.
        last_layer: words are taken from the encoder's output, else from its last layer but one.
    """
    split = encoders[0].pieces(text)
    avoided = [] if negative is None else encoders[0].pieces(negative)
    count = max(len(split), len(avoided))
    split += [""] * (count - len(split))
    avoided += [""] * (count - len(avoided))
    words, pooled = [], []
    for encoder in encoders:
        parts, first = [], None
        for piece, avoid in zip(split, avoided, strict=True):
            output = encoder.network.infer(piece, avoid, negative is not None)
            first = _copied(output) if first is None else first
            place = 0 if last_layer else encoder.layers + 1
            parts.append(_copied(encoder.network.get_output_tensor(place)))
        assert first is not None  # noqa: S101  # there is one piece at least
        words.append(np.concatenate(parts, axis=1))
        pooled.append(first if encoder.projected else np.zeros((len(first), 1), np.float32))
    return Encoded(tuple(words), tuple(pooled))


def holding(
    runtime: Runtime, encoder: ClipEncoder, *, outputs: "tuple[Numbers, ...]", layers: int
) -> Any:
    """An encoder that gives `outputs` in their order, whatever it is asked.

    Args:
        runtime: compiles it; in float32, as nothing is computed.
        encoder: that it stands for.
        outputs: what it gives.
        layers: hidden ones that GenAI is to believe it has, by which it finds an output.
    """
    encoder.config.num_hidden_layers = layers
    made = (
        runtime.genai.CLIPTextModelWithProjection
        if encoder.projected
        else runtime.genai.CLIPTextModel
    )
    weights = np.frombuffer(b"".join(output.tobytes() for output in outputs), np.uint8)
    return made(
        _described(outputs),
        runtime.openvino.Tensor(weights.copy()),
        encoder.config,
        encoder.tokenizer,
        "CPU",
        INFERENCE_PRECISION_HINT="f32",
    )


def _copied(tensor: Any) -> "Numbers":
    """GenAI uses the memory of its tensors again."""
    return np.array(tensor.data, np.float32, copy=True)


def _described(outputs: "tuple[Numbers, ...]") -> str:
    """A network in OpenVINO's own format that gives its constants.

    https://docs.openvino.ai: "OpenVINO IR format".
    """
    layers = [
        '<layer id="0" name="input_ids" type="Parameter" version="opset1">'
        '<data shape="?,?" element_type="i64"/><output><port id="0" precision="I64" '
        'names="input_ids"><dim>-1</dim><dim>-1</dim></port></output></layer>'
    ]
    edges, offset = [], 0
    for place, output in enumerate(outputs):
        constant, result = 2 * place + 1, 2 * place + 2
        dims = "".join(f"<dim>{side}</dim>" for side in output.shape)
        shape = ",".join(map(str, output.shape))
        layers.append(
            f'<layer id="{constant}" name="held.{place}" type="Const" version="opset1">'
            f'<data element_type="f32" shape="{shape}" offset="{offset}" size="{output.nbytes}"/>'
            f'<output><port id="0" precision="FP32" names="held.{place}">{dims}</port></output>'
            "</layer>"
            f'<layer id="{result}" name="given.{place}" type="Result" version="opset1">'
            f'<input><port id="0" precision="FP32">{dims}</port></input></layer>'
        )
        edges.append(
            f'<edge from-layer="{constant}" from-port="0" to-layer="{result}" to-port="0"/>'
        )
        offset += output.nbytes
    return (
        '<?xml version="1.0"?><net name="held" version="11">'
        f"<layers>{''.join(layers)}</layers><edges>{''.join(edges)}</edges></net>"
    )
