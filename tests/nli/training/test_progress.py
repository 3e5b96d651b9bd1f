"""A training that is cut off goes on from its last good checkpoint, and ends with the same bits."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import torch
from safetensors.torch import load_file
from tiny_encoder import make_tiny_encoder

from nli_lifecycle.nli.labels import LABELS
from nli_lifecycle.nli.training import loop, progress
from nli_lifecycle.nli.training.loop import TrainingResult, train
from nli_lifecycle.parameters import TrainingParameters

PAIRS = pd.DataFrame(
    {
        "premise": [
            f"the {s} runs{' outside' * (i % 3)}" for i, s in enumerate(["dog", "man"] * 60)
        ],
        "hypothesis": [f"{['some', 'big', 'no'][i % 3]} dog runs" for i in range(120)],
        "label": [LABELS[i % 3] for i in range(120)],
    }
)
VALIDATION = PAIRS[:30]
FAST = TrainingParameters(
    epochs=3, batch_size=16, learning_rate=3e-3, max_length=32, patience=9, device="cpu",
    checkpoint_steps=3,
)  # fmt: skip
STEPS = 24

Curves = list[tuple[int, dict[str, float]]]


class CutOff(Exception):
    """The process is gone."""


@pytest.fixture(scope="module")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_tiny_encoder(tmp_path_factory.mktemp("progress") / "encoder")


def _train(encoder: Path, home: Path, note: Any = None, **changes: Any) -> TrainingResult:
    return train(
        PAIRS,
        VALIDATION,
        FAST.model_copy(update=changes),
        encoder=encoder,
        output=home / "checkpoint",
        progress=home / "progress",
        on_metrics=note,
    )


def _weights(home: Path) -> dict[str, torch.Tensor]:
    return load_file(home / "checkpoint/model.safetensors")


def _cut_at(step: int) -> Callable[[Any, int], None]:
    def note(_: Any, at: int) -> None:
        if at >= step:
            raise CutOff

    return note


@pytest.fixture(scope="module")
def whole(encoder: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Curves]:
    home, curves = tmp_path_factory.mktemp("whole"), []
    result = _train(encoder, home, lambda metrics, step: curves.append((step, dict(metrics))))
    assert (result.steps, result.resumed_at) == (STEPS, 0)
    return home, curves


@pytest.mark.parametrize("step", [4, 8, 9, 17, 24])
def test_cut_off_and_gone_on_ends_with_the_same_bits(
    step: int, encoder: Path, whole: tuple[Path, Curves], tmp_path: Path
) -> None:
    with pytest.raises(CutOff):
        _train(encoder, tmp_path, _cut_at(step))
    curves: Curves = []
    result = _train(encoder, tmp_path, lambda metrics, at: curves.append((at, dict(metrics))))
    assert result.steps == STEPS and step - 4 <= result.resumed_at < step
    expected, found = _weights(whole[0]), _weights(tmp_path)
    assert all(torch.equal(expected[name], found[name]) for name in expected)
    assert curves == [(at, metrics) for at, metrics in whole[1] if at > result.resumed_at]
    assert result.pairs_per_cpu_second > 0 and result.seconds > 0


def test_without_a_checkpoint_it_starts_anew(encoder: Path, tmp_path: Path) -> None:
    with pytest.raises(CutOff):
        _train(encoder, tmp_path, _cut_at(1))
    assert _train(encoder, tmp_path).resumed_at == 0


def test_a_finished_one_only_writes_its_checkpoint_again(
    encoder: Path, whole: tuple[Path, Curves]
) -> None:
    home, _ = whole
    before = _weights(home)
    curves: Curves = []
    result = _train(encoder, home, lambda metrics, at: curves.append((at, dict(metrics))))
    assert result.resumed_at == STEPS and curves == []
    assert all(torch.equal(before[name], weights) for name, weights in _weights(home).items())


def test_an_early_stop_is_not_undone(
    encoder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scores = {"accuracy": 0.5, "macro_f1": 0.5, "loss": 1.0}
    monkeypatch.setattr(loop, "validate", lambda *_, **__: scores)
    assert _train(encoder, tmp_path, patience=1).steps == 16
    again = _train(encoder, tmp_path, patience=1)
    assert (again.steps, again.resumed_at) == (16, 16)


# ---- damage


def _flip(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)


def _newest(home: Path) -> Path:
    return sorted((home / "progress").glob("step-*"))[-1]


@pytest.mark.parametrize("name", ["weights.safetensors", "moments.safetensors", "best.safetensors"])
def test_one_flipped_bit_sends_it_to_the_checkpoint_before(
    name: str, encoder: Path, whole: tuple[Path, Curves], tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    with pytest.raises(CutOff):
        _train(encoder, tmp_path, _cut_at(17))
    _flip(_newest(tmp_path) / name)
    result = _train(encoder, tmp_path)
    assert result.resumed_at == 15
    assert f"step-000000016 is damaged ({name} is not what was written)" in caplog.text
    expected, found = _weights(whole[0]), _weights(tmp_path)
    assert all(torch.equal(expected[name], found[name]) for name in expected)


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda folder: (folder / "state.json").unlink(), "No such file"),
        (lambda folder: (folder / "state.json").write_text('{"step": 1'), "JSONDecodeError"),
        (lambda folder: (folder / "state.json").write_text("[]"), "TypeError"),
        (lambda folder: (folder / "weights.safetensors").unlink(), "No such file"),
    ],
)
def test_any_damage_is_survived(
    damage: Callable[[Path], Any], message: str, encoder: Path, tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    with pytest.raises(CutOff):
        _train(encoder, tmp_path, _cut_at(17))
    damage(_newest(tmp_path))
    assert _train(encoder, tmp_path).resumed_at == 15
    assert "step-000000016 is damaged" in caplog.text and message in caplog.text


def test_a_changed_number_in_the_state_is_damage(encoder: Path, tmp_path: Path) -> None:
    with pytest.raises(CutOff):
        _train(encoder, tmp_path, _cut_at(17))
    file = _newest(tmp_path) / "state.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | {"step": 14}))
    assert _train(encoder, tmp_path).resumed_at == 15


def test_both_damaged_starts_anew(encoder: Path, tmp_path: Path) -> None:
    with pytest.raises(CutOff):
        _train(encoder, tmp_path, _cut_at(17))
    for folder in (tmp_path / "progress").glob("step-*"):
        _flip(folder / "weights.safetensors")
    assert _train(encoder, tmp_path).resumed_at == 0


def test_the_disk_it_takes_is_bounded(encoder: Path, tmp_path: Path) -> None:
    kept: list[int] = []
    _train(
        encoder,
        tmp_path,
        lambda *_: kept.append(len(list(tmp_path.glob("progress/*")))),
        checkpoint_steps=1,
    )
    assert max(kept) == progress.KEPT == 2


# ---- killed


SCRIPT = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
import test_progress as t
home = Path(sys.argv[3])
print("started", flush=True)
t._train(Path(sys.argv[2]), home, lambda m, step: print(step, flush=True), checkpoint_steps=1)
"""


@pytest.mark.slow
def test_killed_again_and_again_it_ends_with_the_same_bits(
    encoder: Path, whole: tuple[Path, Curves], tmp_path: Path
) -> None:
    here = str(Path(__file__).parent)
    command = [sys.executable, "-c", SCRIPT, here, str(encoder), str(tmp_path)]
    path = f"{here}:{Path(__file__).parents[2]}"
    last, kills = 0, 0
    for allowed in (5, 7, 100):  # lines it may print before it is killed
        with subprocess.Popen(
            command, stdout=subprocess.PIPE, text=True, env={**_environment(), "PYTHONPATH": path}
        ) as process:
            assert process.stdout
            for number, line in enumerate(process.stdout):
                last = int(line) if line.strip().isdigit() else last
                if number == allowed:
                    process.send_signal(signal.SIGKILL)
                    kills += 1
                    break
            process.stdout.read()
    assert kills == 2 and process.returncode == 0 and last == STEPS
    expected, found = _weights(whole[0]), _weights(tmp_path)
    assert all(torch.equal(expected[name], found[name]) for name in expected)


def _environment() -> dict[str, str]:
    # As many threads as here: another number adds up in another order.
    return os.environ | {"OMP_NUM_THREADS": str(torch.get_num_threads())}
