"""int8 arithmetic for an ONNX graph, in which no pair disturbs another.

onnxruntime's own dynamic quantisation gives all activations of a batch one range, so that a pair's
answer depends on the pairs beside it: on SICK by up to 0.3 of probability, enough to change one
label in forty. Here every token has a range of its own. A pair is then answered alike alone and in
any batch, and the error is smaller, for a few cheap operations per matrix product.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, helper, numpy_helper

#: Largest quantised weight. Seven bits, not eight: products of two then fit 16 bits also on
#: processors without VNNI, so every processor adds up the same integers.
WEIGHT_STEPS = 64
#: Largest quantised activation; stored as uint8 around 128, the form that x86 multiplies fastest.
ACTIVATION_STEPS = 127


def write_int8_graph(source: Path, path: Path) -> None:
    """Replace products with constant matrices, and embedding tables, by int8 ones.

    Args:
        source: the float graph, as traced: a fused one would hide products.
        path: the file to write.
    """
    model = onnx.load(str(source))
    quantiser = _Quantiser(model.graph)
    for node in list(model.graph.node):
        quantiser.add(node)
    quantiser.finish()
    if not any(entry.domain == "com.microsoft" for entry in model.opset_import):
        model.opset_import.append(helper.make_opsetid("com.microsoft", 1))
    onnx.save(model, str(path))


class _Quantiser:
    """Rewrites a graph node by node, in order."""

    def __init__(self, graph: onnx.GraphProto) -> None:
        self._graph = graph
        self._weights = {entry.name: entry for entry in graph.initializer}
        self._nodes: list[onnx.NodeProto] = []
        self._constants: dict[str, onnx.TensorProto] = {}
        self._rows: dict[str, tuple[str, str]] = {}  # activation → its quantised form, row maxima
        self._constant("int8_step", np.float32(1 / ACTIVATION_STEPS))
        self._constant("int8_zero", np.uint8(128))

    def add(self, node: onnx.NodeProto) -> None:
        """Append the node, or what replaces it."""
        if node.op_type == "MatMul" and self._is_matrix(node.input[1]):
            self._add_product(node)
        elif node.op_type == "Gather" and self._is_matrix(node.input[0]):
            self._add_lookup(node)
        elif node.op_type == "Identity" and self._is_matrix(node.input[0]):
            # The exporter stores equal weights once: DeBERTa's, for tokens and for positions.
            self._weights[node.output[0]] = self._weights[node.input[0]]
            self._nodes.append(node)
        else:
            self._nodes.append(node)

    def finish(self) -> None:
        """Write nodes and constants back, without the float weights that nothing reads any more."""
        read = {name for node in self._nodes for name in node.input}
        read |= {entry.name for entry in self._graph.output}
        nodes = [n for n in self._nodes if n.op_type != "Identity" or n.output[0] in read]
        read = {name for node in nodes for name in node.input}
        kept = [entry for entry in self._graph.initializer if entry.name in read]
        for field, entries in (
            (self._graph.node, nodes),
            (self._graph.initializer, [*kept, *self._constants.values()]),
        ):
            del field[:]
            field.extend(entries)

    def _add_product(self, node: onnx.NodeProto) -> None:
        """x·W = (row maxima of x) · (quantised x)·(quantised W)."""
        activation, weight = node.input
        quantised, maxima = self._quantise_rows(activation)
        whole, scale = self._quantise_weight(weight, axis=0)
        product = f"{node.output[0]}_per_maximum"
        self._node(
            "MatMulIntegerToFloat",
            [quantised, whole, "int8_step", scale, "int8_zero"],
            product,
            domain="com.microsoft",
        )
        self._node("Mul", [product, maxima], node.output[0])

    def _add_lookup(self, node: onnx.NodeProto) -> None:
        """An embedding: its row in int8, times that row's scale."""
        table, ids = node.input
        whole, scale = self._quantise_weight(table, axis=1)
        row, factor = f"{node.output[0]}_int8", f"{node.output[0]}_scale"
        self._node("Gather", [whole, ids], row)
        self._node("Gather", [scale, ids], factor)
        self._node("Cast", [row], f"{row}_float", to=TensorProto.FLOAT)
        self._node("Mul", [f"{row}_float", factor], node.output[0])

    def _quantise_rows(self, name: str) -> tuple[str, str]:
        """Divide each row by its largest magnitude and round it to 255 steps; once per tensor."""
        if name not in self._rows:
            magnitude, maxima = f"{name}_magnitude", f"{name}_maxima"
            self._node("Abs", [name], magnitude)
            self._node("ReduceMax", [magnitude], maxima, axes=[-1], keepdims=1)
            # A row of zeros gives 0/0 here; whatever it rounds to is multiplied by its maximum, 0.
            self._node("Div", [name, maxima], f"{name}_unit")
            self._node(
                "QuantizeLinear", [f"{name}_unit", "int8_step", "int8_zero"], f"{name}_uint8"
            )
            self._rows[name] = f"{name}_uint8", maxima
        return self._rows[name]

    def _quantise_weight(self, name: str, *, axis: int) -> tuple[str, str]:
        """Store a matrix as int8 with one scale per slice along the other axis."""
        name = self._weights[name].name
        whole, scale = f"{name}_int8", f"{name}_scale"
        if whole not in self._constants:
            values = numpy_helper.to_array(self._weights[name])
            scales = np.abs(values).max(axis=axis, keepdims=True) / WEIGHT_STEPS
            scales = np.maximum(scales, np.finfo(np.float32).tiny).astype(np.float32)
            self._constant(whole, np.rint(values / scales).astype(np.int8))
            self._constant(scale, scales if axis == 1 else scales.reshape(-1))
        return whole, scale

    def _is_matrix(self, name: str) -> bool:
        entry = self._weights.get(name)
        return entry is not None and entry.data_type == TensorProto.FLOAT and len(entry.dims) == 2

    def _node(self, kind: str, inputs: list[str], output: str, **attributes: object) -> None:
        self._nodes.append(helper.make_node(kind, inputs, [output], name=output, **attributes))

    def _constant(self, name: str, values: npt.ArrayLike) -> None:
        self._constants[name] = numpy_helper.from_array(np.asarray(values), name)
