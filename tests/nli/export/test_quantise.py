"""int8 products come close to float ones, row by row, whatever the other rows hold."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper, numpy_helper

from nli_lifecycle.nli.export.quantise import WEIGHT_STEPS, write_int8_graph

RNG = np.random.default_rng(0)
WEIGHT = RNG.normal(size=(48, 20)).astype(np.float32) * RNG.uniform(0.1, 9, 20).astype(np.float32)
TABLE = RNG.normal(size=(30, 48)).astype(np.float32)


def _float_graph(path: Path) -> Path:
    """Two products of one activation with one weight and another, and an embedding lookup."""
    nodes = [
        helper.make_node("MatMul", ["x", "w"], ["first"]),
        helper.make_node("MatMul", ["x", "v"], ["second"]),
        helper.make_node("MatMul", ["x", "x_transposed"], ["third"]),  # no constant: stays float
        helper.make_node("Transpose", ["x"], ["x_transposed"], perm=[0, 2, 1]),
        helper.make_node("Gather", ["table", "ids"], ["fourth"]),
    ]
    nodes[2], nodes[3] = nodes[3], nodes[2]
    graph = helper.make_graph(
        nodes,
        "products",
        [
            helper.make_tensor_value_info("x", TensorProto.FLOAT, ["batch", "tokens", 48]),
            helper.make_tensor_value_info("ids", TensorProto.INT64, ["batch"]),
        ],
        [
            helper.make_tensor_value_info(name, TensorProto.FLOAT, None)
            for name in ("first", "second", "third", "fourth")
        ],
        [
            numpy_helper.from_array(values, name)
            for name, values in (("w", WEIGHT), ("v", 2 * WEIGHT), ("table", TABLE))
        ],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.save(model, str(path))
    return path


@pytest.fixture(scope="module")
def quantised(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("quantise")
    write_int8_graph(_float_graph(folder / "float.onnx"), folder / "int8.onnx")
    return folder / "int8.onnx"


def _run(path: Path, x: npt.NDArray[np.float32]) -> list[npt.NDArray[np.float32]]:
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    answers: list[npt.NDArray[np.float32]] = session.run(None, {"x": x, "ids": np.arange(30)})
    return answers


def _x(*shape: int) -> npt.NDArray[np.float32]:
    return RNG.normal(size=shape).astype(np.float32)


def test_products_are_close_in_every_column(quantised: Path) -> None:
    x = _x(2, 3, 48)
    first, second, third, _ = _run(quantised, x)
    for found, expected in ((first, x @ WEIGHT), (second, 2 * x @ WEIGHT)):
        # Columns differ a hundredfold in size, and each keeps its own precision.
        error = np.abs(found - expected).max(axis=(0, 1)) / np.abs(expected).max(axis=(0, 1))
        assert 0 < error.max() < 0.03
    assert np.allclose(third, x @ x.transpose(0, 2, 1), rtol=1e-5, atol=1e-5)


def test_a_row_does_not_feel_its_neighbours(quantised: Path) -> None:
    x = _x(1, 1, 48)
    alone = _run(quantised, x)[0]
    beside_a_giant = _run(quantised, np.concatenate([x, 1000 * _x(1, 1, 48)]))[0]
    assert (beside_a_giant[0] == alone[0]).all()


def test_rows_of_zeros_stay_zero(quantised: Path) -> None:
    x = np.concatenate([np.zeros((1, 1, 48), np.float32), _x(1, 1, 48)], axis=1)
    first = _run(quantised, x)[0]
    assert (first[0, 0] == 0).all()
    assert np.isfinite(first).all()


def test_embeddings_keep_a_scale_per_row(quantised: Path) -> None:
    found = _run(quantised, _x(1, 1, 48))[3]
    largest = np.abs(TABLE).max(axis=1, keepdims=True)
    assert (np.abs(found - TABLE) <= largest / WEIGHT_STEPS / 2 * 1.001).all()


def test_weights_are_seven_bits_and_no_float_copy_is_left(quantised: Path) -> None:
    constants = {e.name: numpy_helper.to_array(e) for e in onnx.load(quantised).graph.initializer}
    assert not {"w", "v", "table"} & constants.keys()
    for name in ("w_int8", "v_int8", "table_int8"):
        assert constants[name].dtype == np.int8
        assert np.abs(constants[name]).max() == WEIGHT_STEPS


def test_two_products_of_one_activation_quantise_it_once(quantised: Path) -> None:
    kinds = [node.op_type for node in onnx.load(quantised).graph.node]
    assert kinds.count("QuantizeLinear") == 1
    assert kinds.count("MatMulIntegerToFloat") == 2
    assert kinds.count("MatMul") == 1


def test_a_column_of_zeros_is_no_division_by_zero(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hollow = WEIGHT.copy()
    hollow[:, 3] = 0
    monkeypatch.setattr(f"{__name__}.WEIGHT", hollow)
    write_int8_graph(_float_graph(tmp_path / "float.onnx"), tmp_path / "int8.onnx")
    first = _run(tmp_path / "int8.onnx", _x(1, 2, 48))[0]
    assert (first[..., 3] == 0).all()
    assert np.isfinite(first).all()


def test_a_weight_stored_once_for_two_products_is_quantised_for_both(tmp_path: Path) -> None:
    model = onnx.load(_float_graph(tmp_path / "float.onnx"))
    graph = model.graph
    graph.node[1].input[1] = "w_again"
    graph.node.insert(0, helper.make_node("Identity", ["w"], ["w_again"]))
    del graph.initializer[1]  # v
    onnx.save(model, tmp_path / "float.onnx")
    write_int8_graph(tmp_path / "float.onnx", tmp_path / "int8.onnx")
    found = onnx.load(tmp_path / "int8.onnx").graph
    assert {entry.name for entry in found.initializer if len(entry.dims) == 2} == {
        "w_int8", "table_int8", "table_scale"
    }  # fmt: skip
    assert "Identity" not in [node.op_type for node in found.node]
    first, second, *_ = _run(tmp_path / "int8.onnx", _x(2, 3, 48))
    assert (first == second).all()


def test_a_weight_that_is_also_read_as_it_is_stays(tmp_path: Path) -> None:
    model = onnx.load(_float_graph(tmp_path / "float.onnx"))
    graph = model.graph
    graph.node.insert(0, helper.make_node("Identity", ["w"], ["w_again"]))
    graph.node.append(helper.make_node("Transpose", ["w_again"], ["fifth"]))
    graph.output.append(helper.make_tensor_value_info("fifth", TensorProto.FLOAT, None))
    onnx.save(model, tmp_path / "float.onnx")
    write_int8_graph(tmp_path / "float.onnx", tmp_path / "int8.onnx")
    assert (_run(tmp_path / "int8.onnx", _x(1, 1, 48))[4] == WEIGHT.T).all()
