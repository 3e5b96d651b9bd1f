"""Dropout by bits does what dropout does."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from nli_lifecycle.nli.training.dropout import BitDropout, draw_bits_on_cpu


def _layer(p: float, seed: int = 0) -> BitDropout:
    return BitDropout(p, np.random.default_rng(seed))


@pytest.mark.parametrize("p", [0.05, 0.1, 0.5, 0.9])
def test_share_and_mean(p: float) -> None:
    dropped = _layer(p)(torch.ones(1_000, 1_000))
    share = float((dropped == 0).float().mean())
    assert share == pytest.approx(p, abs=4 * np.sqrt(p * (1 - p) / 1e6))
    assert float(dropped.mean()) == pytest.approx(1, abs=4 * np.sqrt(p / (1 - p) / 1e6))
    assert dropped.unique().tolist() == pytest.approx([0, 1 / (1 - p)], rel=1e-3)


def test_gradients_pass_where_values_did() -> None:
    values = torch.ones(50, 50, requires_grad=True)
    dropped = _layer(0.3)(values)
    dropped.sum().backward()
    assert torch.equal(values.grad, dropped.detach())


def test_neighbours_are_independent() -> None:
    zeros = (_layer(0.5)(torch.ones(2_000_000)) == 0).float()
    for lag in (1, 2, 8):
        together = float((zeros[lag:] * zeros[:-lag]).mean())
        assert together == pytest.approx(0.25, abs=0.002)


def test_the_generator_decides_every_bit() -> None:
    values = torch.ones(1_000)
    assert torch.equal(_layer(0.5, 1)(values), _layer(0.5, 1)(values))
    layer = _layer(0.5, 1)
    assert not torch.equal(layer(values), layer(values))


def test_nothing_is_dropped_outside_of_training() -> None:
    values = torch.randn(100)
    assert _layer(0.5).eval()(values) is values


def test_half_precision_stays_what_it_was() -> None:
    assert _layer(0.5)(torch.ones(10, dtype=torch.bfloat16)).dtype == torch.bfloat16


def test_layers_of_a_model_are_replaced_on_a_cpu_only() -> None:
    def made() -> nn.Module:
        return nn.Sequential(nn.Dropout(0.1), nn.Sequential(nn.Dropout(0.0), nn.Linear(2, 2)))

    random = np.random.default_rng(0)
    on_cpu, on_gpu = made(), made()
    draw_bits_on_cpu(on_cpu, torch.device("cpu"), random)
    draw_bits_on_cpu(on_gpu, torch.device("cuda"), random)
    assert isinstance(on_cpu[0], BitDropout) and on_cpu[0].p == 0.1
    assert type(on_cpu[1][0]) is nn.Dropout  # drops nothing
    assert type(on_gpu[0]) is nn.Dropout
