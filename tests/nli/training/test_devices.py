"""Training takes the device it may have, and gives torch's global state back."""

from __future__ import annotations

import pytest
import torch

from nli_lifecycle.nli.training.devices import choose_device, mixed_precision, own_torch_state

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


@pytest.mark.parametrize(
    ("units", "precision", "computed"),
    [
        (True, "auto", torch.bfloat16),
        (True, "float32", torch.float32),
        (False, "auto", torch.float32),
    ],
)
def test_a_cpu_computes_in_bfloat16_only_with_units_for_it(
    units: bool, precision: str, computed: torch.dtype, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cpu, "_is_amx_tile_supported", lambda: units, raising=False)
    with mixed_precision(CPU, precision):
        assert (torch.ones(2, 2) @ torch.ones(2, 2)).dtype == computed


def test_a_torch_that_cannot_tell_has_no_units(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(torch.cpu, "_is_amx_tile_supported", raising=False)
    with mixed_precision(CPU, "auto"):
        assert (torch.ones(2, 2) @ torch.ones(2, 2)).dtype == torch.float32
