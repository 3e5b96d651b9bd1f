"""From a PyTorch classifier to an ONNX graph."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from nli_lifecycle.nli.quiet import quiet

#: Bytes that one ONNX file can hold; the margin is for the graph beside the weights.
LARGEST = 2**31 - 2**24
#: Newest opset that the tracing exporter writes without converting afterwards.
OPSET = 17


class _Logits(torch.nn.Module):
    """The model as a function of positional tensors, which is what can be traced."""

    def __init__(self, model: Any, names: list[str]) -> None:
        super().__init__()
        self.model, self.names = model, names

    def forward(self, *inputs: torch.Tensor) -> Any:
        return self.model(**dict(zip(self.names, inputs)), return_dict=False)[0]


def write_float_graph(model: Any, inputs: dict[str, torch.Tensor], path: Path) -> None:
    """Trace a classifier into an ONNX file with free batch and sequence axes.

    Args:
        model: a sequence classification model, with 'eager' attention (the smallest graph).
        inputs: an example batch, int64 (rows, tokens) each; at least two rows of several tokens.
        path: the file to write.

    Raises:
        RuntimeError: when the architecture cannot be traced, or the model is too large.
    """
    kind, size = type(model).__name__, sum(w.nbytes for w in model.parameters())
    if size > LARGEST:
        raise RuntimeError(
            f"{kind} cannot be exported to ONNX: its weights take {size / 1e9:.1f} GB in float32, "
            f"and one file holds {LARGEST / 1e9:.1f} GB. Choose a smaller encoder."
        )
    names = list(inputs)
    axes = {name: {0: "batch", 1: "sequence"} for name in names} | {"logits": {0: "batch"}}
    wrapped = _Logits(model, names).eval()
    # The tracing exporter: five times faster than the one through torch.export, and its graph is
    # the faster one. It warns that it is deprecated, and of shapes that it would freeze; whether
    # it did is checked afterwards, on real pairs of other shapes.
    with quiet(), torch.no_grad():
        try:
            torch.onnx.export(
                wrapped,
                tuple(inputs.values()),
                str(path),
                dynamo=False,
                opset_version=OPSET,
                input_names=names,
                output_names=["logits"],
                dynamic_axes=axes,
            )
        except OSError:  # a full disk is no fault of the architecture
            raise
        except Exception as error:  # torch raises many classes here
            raise RuntimeError(f"{kind} cannot be exported to ONNX: {error}") from error
