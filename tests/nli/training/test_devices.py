"""Training takes the device it may have, and gives torch's global state back."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from tiny_encoder import make_tiny_encoder

from nli_lifecycle.nli.training.checkpoint import load_classifier
from nli_lifecycle.nli.training.devices import (
    choose_device,
    mixed_precision,
    own_torch_state,
    suits_bfloat16,
)

CPU = torch.device("cpu")


@pytest.mark.parametrize(
    ("cuda", "mps", "chosen"),
    [(True, True, "cuda"), (False, True, "mps"), (False, False, "cpu")],
)
def test_auto_takes_the_fastest_there_is(
    cuda: bool, mps: bool, chosen: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: cuda)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: mps)
    assert choose_device("auto").type == chosen
    assert choose_device("cpu").type == "cpu"


def test_absent_device_names_those_present(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    with pytest.raises(ValueError, match="'mps', but this machine offers cpu. Use 'auto'"):
        choose_device("mps")


def test_a_cpu_quota_caps_the_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    before = torch.get_num_threads()
    torch.set_num_threads(4)  # as on a large host, of which the container may use 2 cores
    monkeypatch.setattr("joblib.cpu_count", lambda: 2)
    try:
        with own_torch_state(CPU):
            assert torch.get_num_threads() == 2
        assert torch.get_num_threads() == 4
    finally:
        torch.set_num_threads(before)


def test_fewer_threads_than_the_quota_stay_few(monkeypatch: pytest.MonkeyPatch) -> None:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    monkeypatch.setattr("joblib.cpu_count", lambda: 64)
    try:
        with own_torch_state(CPU):
            assert torch.get_num_threads() == 1
    finally:
        torch.set_num_threads(before)


def test_state_is_given_back_after_an_error() -> None:
    torch.manual_seed(3)
    expected = torch.rand(2)
    torch.manual_seed(3)
    with pytest.raises(RuntimeError, match="inside"), own_torch_state(CPU):
        torch.manual_seed(99)
        raise RuntimeError("inside")
    assert torch.equal(torch.rand(2), expected)


@pytest.mark.parametrize(("bfloat16", "computed"), [(True, torch.bfloat16), (False, torch.float32)])
def test_products_are_computed_as_asked(bfloat16: bool, computed: torch.dtype) -> None:
    with mixed_precision(CPU, bfloat16):
        assert (torch.ones(2, 2) @ torch.ones(2, 2)).dtype == computed


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Any:
    return load_classifier(make_tiny_encoder(tmp_path_factory.mktemp("devices") / "encoder"))


def _units(monkeypatch: pytest.MonkeyPatch, there: bool) -> None:
    monkeypatch.setattr(torch.cpu, "_is_amx_tile_supported", lambda: there, raising=False)


@pytest.mark.parametrize(
    ("there", "precision", "suits"),
    [(True, "auto", True), (True, "float32", False), (False, "auto", False)],
)
def test_bfloat16_only_with_units_for_it(
    there: bool, precision: str, suits: bool, model: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    _units(monkeypatch, there)
    assert suits_bfloat16(model, CPU, precision) is suits


def test_a_torch_that_cannot_tell_has_no_units(model: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(torch.cpu, "_is_amx_tile_supported", raising=False)
    assert not suits_bfloat16(model, CPU, "auto")


def test_an_encoder_that_cannot_is_trained_in_float32(
    model: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    _units(monkeypatch, True)

    def overflows(**_: Any) -> None:
        assert not model.training  # no number is drawn that a training would miss
        raise RuntimeError("value cannot be converted to type c10::BFloat16 without overflow")

    monkeypatch.setattr(model, "forward", overflows)
    assert not suits_bfloat16(model.train(), CPU, "auto")
    assert "A bert encoder cannot compute in bfloat16 (value cannot be" in caplog.text
