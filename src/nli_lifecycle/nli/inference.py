"""The classifier that every bundle carries: from pairs of texts to three probabilities.

This file's text is copied verbatim into each bundle and run from there, so it imports only the
standard library, numpy, onnxruntime and tokenizers, and nothing of this project.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnxruntime
from tokenizers import Encoding, Tokenizer

#: Order of the probability columns, whatever order the model's own outputs have.
LABELS = ("entailment", "neutral", "contradiction")
#: Formats of inference.json: what becomes of a premise that is too long. Code that knows only the
#: first refuses the second, where it would cut without a word.
FORMATS = {1: "cut", 2: "windows"}
BATCH_TOKENS = 1024  # padded tokens per batch: about what stays in a core's cache
SORTED_PAIRS = 8192  # sorted together: bounds memory, and more gain nothing
ENCODED_PAIRS = 512  # tokenised at once: what the tokenizer says of a document is large

Window = npt.NDArray[np.int32]  # (2, tokens): token ids, type ids


class PayloadError(ValueError):
    """A payload that is incomplete, malformed, or answers otherwise than it did when made."""


class Classifier:
    """An ONNX model, its tokenizer and its labels. Safe to use from several threads."""

    def __init__(
        self, session: onnxruntime.InferenceSession, tokenizer: Tokenizer, settings: dict[str, Any]
    ) -> None:
        self._session = session
        self._tokenizer = tokenizer
        self._inputs = {entry.name for entry in session.get_inputs()}
        self._columns = [settings["labels"].index(label) for label in LABELS]
        self._max_length = int(settings["max_length"])
        self._overlap: int | None = settings.get("window_overlap")
        self._temperature = float(settings["temperature"])
        self._pad_id = int(settings["pad_id"])
        self.precision = str(settings["precision"])

    @classmethod
    def load(cls, payload: Path, threads: int | None = None, verify: bool = True) -> Classifier:
        """Load a payload folder and check that it answers as it did where it was made.

        Args:
            payload: folder with model.onnx, tokenizer.json, inference.json and golden.json.
            threads: threads per batch; None: OMP_NUM_THREADS, else the CPUs this process may use.
            verify: compare the answers to the golden probes with the recorded ones.

        Returns:
            The classifier, ready to be used.

        Raises:
            PayloadError: naming the file or the golden probe that is wrong.
        """
        payload = Path(payload)
        settings = _settings(payload)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads or default_threads()
        options.inter_op_num_threads = 1
        options.enable_mem_pattern = False  # batches differ in shape: a plan for each would pile up
        options.log_severity_level = 3  # errors only
        try:
            session = onnxruntime.InferenceSession(
                str(_present(payload / "model.onnx")), options, providers=["CPUExecutionProvider"]
            )
            tokenizer = Tokenizer.from_file(str(_present(payload / "tokenizer.json")))
        except PayloadError:
            raise
        except Exception as error:  # onnxruntime and tokenizers raise classes of their own
            raise PayloadError(f"{payload} holds no usable model: {error}") from error
        tokenizer.no_padding()
        tokenizer.no_truncation()
        classifier = cls(session, tokenizer, settings)
        if verify:
            classifier.verify(_json(payload / "golden.json"))
        return classifier

    @property
    def labels(self) -> tuple[str, ...]:
        """Names of the columns of ``predict_proba``."""
        return LABELS

    def predict_proba(
        self, premises: Iterable[str], hypotheses: Iterable[str], *, progress: bool = False
    ) -> npt.NDArray[np.float64]:
        """Give each pair the probability of every label.

        Windows are batched with others of their length, so the padding stays small; a premise that
        is too long loses its end, or is read in several windows (see ``fit``).

        Args:
            premises: n texts.
            hypotheses: n texts, one per premise.
            progress: show the count of finished pairs on stderr, where that is a terminal.

        Returns:
            Array (n, 3), rows in the order given, columns in the order of ``labels``.

        Raises:
            TypeError: when an entry is not a string, naming its position.
            ValueError: when the two differ in length, a text holds half a surrogate pair, or the
                model answers with no number.
        """
        first, second = _texts(premises, "premises"), _texts(hypotheses, "hypotheses")
        if len(first) != len(second):
            raise ValueError(f"{len(first)} premises but {len(second)} hypotheses: give as many.")
        probabilities = np.empty((len(first), len(LABELS)))
        for start in range(0, len(first), SORTED_PAIRS):
            rows = slice(start, start + SORTED_PAIRS)
            pairs = list(self._encode(first[rows], second[rows]))
            windows = [window for pair in pairs for window in pair]
            logits = np.empty((len(windows), len(LABELS)))
            for batch in _batches([window.shape[1] for window in windows]):
                logits[batch] = self._logits([windows[i] for i in batch])
            firsts = np.cumsum([0, *map(len, pairs[:-1])])
            probabilities[rows] = _softmax(pool(logits, firsts) / self._temperature)
            if progress and sys.stderr.isatty():
                done = min(start + SORTED_PAIRS, len(first))
                end = "\n" if done == len(first) else ""
                print(f"\rclassified {done:,} of {len(first):,} pairs", end=end, file=sys.stderr)
        if not np.isfinite(probabilities).all():
            row = int(np.argmin(np.isfinite(probabilities).all(axis=1)))
            raise ValueError(f"The model gives no number for pair {row}: its weights are broken.")
        return probabilities

    def verify(self, golden: dict[str, Any]) -> None:
        """Compare this classifier's answers with recorded ones.

        Args:
            golden: ``tolerance`` and ``probes``, each a premise, a hypothesis and probabilities.

        Raises:
            PayloadError: naming the first probe answered otherwise, and by how much.
        """
        try:
            probes, tolerance = golden["probes"], float(golden["tolerance"])
            recorded = np.array([probe["probabilities"] for probe in probes], dtype=float)
            answered = self.predict_proba(
                [probe["premise"] for probe in probes], [probe["hypothesis"] for probe in probes]
            )
            differences = np.abs(answered - recorded).max(axis=1)
        except (KeyError, TypeError, ValueError) as error:
            raise PayloadError(f"golden.json cannot be used: {error!r}") from error
        for index, difference in enumerate(differences):
            if not difference <= tolerance:  # so that NaN fails too
                raise PayloadError(
                    f"Golden probe {index} ({probes[index]['hypothesis']!r}) is answered "
                    f"{difference:.4f} off its recorded probabilities (tolerance {tolerance:g}): "
                    "model, tokenizer or runtime is not the one that was evaluated. Export again, "
                    "or install the versions in requirements.txt."
                )

    def _encode(self, premises: list[str], hypotheses: list[str]) -> Iterator[list[Window]]:
        """Yield each pair's windows."""
        pairs = list(zip(premises, hypotheses))
        for start in range(0, len(pairs), ENCODED_PAIRS):
            for encoding in self._tokenizer.encode_batch(pairs[start : start + ENCODED_PAIRS]):
                yield fit(encoding, self._max_length, self._overlap)

    def _logits(self, windows: list[Window]) -> npt.NDArray[np.float64]:
        """Logits (rows, 3) of one batch, padded to its longest window."""
        shape = (len(windows), max(window.shape[1] for window in windows))
        ids = np.full(shape, self._pad_id, dtype=np.int64)
        mask = np.zeros(shape, dtype=np.int64)
        types = np.zeros(shape, dtype=np.int64)
        for row, window in enumerate(windows):
            here = row, slice(window.shape[1])
            ids[here], types[here] = window
            mask[here] = 1
        feeds = {"input_ids": ids, "attention_mask": mask, "token_type_ids": types}
        feeds = {name: array for name, array in feeds.items() if name in self._inputs}
        logits = self._session.run(["logits"], feeds)[0][:, self._columns]
        return np.asarray(logits, dtype=np.float64)


def fit(encoding: Encoding, max_length: int, overlap: int | None) -> list[Window]:
    """Fit a pair into the model's window, or into as many windows as its premise takes.

    Args:
        encoding: the whole pair, special tokens included.
        max_length: most tokens of a window.
        overlap: tokens of the premise that neighbouring windows share; None: one window, and the
            end of the premise is cut.

    Returns:
        The windows, each with the whole hypothesis. One holds the start of the premise where the
        hypothesis leaves less room than two overlaps: windows would hardly get on. The hypothesis
        is cut only where it alone leaves no room.
    """
    whole = np.array([encoding.ids, encoding.type_ids], dtype=np.int32)
    if len(encoding) <= max_length:
        return [whole]
    texts = np.array([-1 if text is None else text for text in encoding.sequence_ids])
    special, premise, hypothesis = (np.flatnonzero(texts == text) for text in (-1, 0, 1))
    room = max_length - len(special)
    kept = hypothesis[: room - min(1, len(premise))]  # never a bare hypothesis
    room -= len(kept)
    stretches = [slice(0, room)]
    if overlap is not None and len(kept) == len(hypothesis) and room >= 2 * overlap:
        stretches = stretch(len(premise), room, overlap)
    return [whole[:, np.sort(np.concatenate([special, premise[part], kept]))] for part in stretches]


def stretch(tokens: int, room: int, overlap: int) -> list[slice]:
    """Cover so many tokens by as few stretches as can be, equally long but for one token.

    Args:
        tokens: to cover; more than ``room``.
        room: most tokens of a stretch.
        overlap: tokens that neighbours share; fewer than ``room``.
    """
    count = -(-(tokens - overlap) // (room - overlap))
    total = tokens + (count - 1) * overlap
    ends = [total * number // count for number in range(count + 1)]
    return [slice(ends[i] - i * overlap, ends[i + 1] - i * overlap) for i in range(count)]


def pool(logits: npt.NDArray[np.float64], firsts: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    """Join the answers to a pair's windows: a label counts as much as in the window for it most.

    Labels are measured against neutral, so that a window without evidence changes nothing.

    Args:
        logits: (windows, 3), columns in the order of ``LABELS``.
        firsts: (pairs,) each pair's first window.

    Returns:
        Logits (pairs, 3); those of a pair with one window are left as they are.
    """
    neutral = logits[:, [LABELS.index("neutral")]]
    strongest = np.maximum.reduceat(logits - neutral, firsts)
    several = np.diff(firsts, append=len(logits)) > 1
    return np.where(several[:, None], strongest, logits[firsts])


def _softmax(logits: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    exponentials = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(exponentials / exponentials.sum(axis=1, keepdims=True))


def default_threads() -> int:
    """Threads to use: OMP_NUM_THREADS where it is set, else the CPUs this process may use."""
    configured = os.environ.get("OMP_NUM_THREADS", "")
    if configured.isdecimal() and int(configured) > 0:
        return int(configured)
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _batches(lengths: Sequence[int]) -> Iterator[list[int]]:
    """Positions, longest first, in groups of at most BATCH_TOKENS padded tokens."""
    order = sorted(range(len(lengths)), key=lambda i: -lengths[i])
    start = 0
    while start < len(order):
        size = max(1, BATCH_TOKENS // max(1, lengths[order[start]]))
        yield order[start : start + size]
        start += size


def _texts(values: Iterable[str], name: str) -> list[str]:
    if isinstance(values, str):
        raise TypeError(f"{name} is one string; give a list of strings.")
    texts = list(values)
    for position, text in enumerate(texts):
        if not isinstance(text, str):
            raise TypeError(f"{name}[{position}] is {text!r}, not a string.")
        if not text.isascii():
            try:
                text.encode()
            except UnicodeEncodeError as error:
                raise ValueError(f"{name}[{position}] is no valid text: {error}.") from None
    return texts


def _settings(payload: Path) -> dict[str, Any]:
    """Read and check inference.json."""
    settings = _json(payload / "inference.json")
    if settings.get("format") not in FORMATS:
        raise PayloadError(
            f"{payload / 'inference.json'} has format {settings.get('format')!r}; this code reads "
            f"formats {list(FORMATS)}. Use the inference.py that came with the bundle."
        )
    missing = {"labels", "max_length", "temperature", "pad_id", "precision"} - settings.keys()
    if missing:
        raise PayloadError(f"{payload / 'inference.json'} lacks {', '.join(sorted(missing))}.")
    if sorted(settings["labels"]) != sorted(LABELS):
        raise PayloadError(
            f"{payload / 'inference.json'} names the labels {settings['labels']}, "
            f"not {list(LABELS)} in some order."
        )
    long_premises, overlap = settings.get("long_premises", "cut"), settings.get("window_overlap")
    counted = type(overlap) is int and overlap >= 0
    fits = counted if long_premises == "windows" else overlap is None
    if long_premises != FORMATS[settings["format"]] or not fits:
        raise PayloadError(
            f"{payload / 'inference.json'} of format {settings['format']} says long_premises "
            f"{long_premises!r} and window_overlap {overlap!r}, which do not fit together."
        )
    return settings


def _json(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(_present(path).read_text(encoding="utf-8"))
    except ValueError as error:
        if isinstance(error, PayloadError):
            raise
        raise PayloadError(f"{path} is not JSON: {error}") from error
    if not isinstance(content, dict):
        raise PayloadError(f"{path} holds {type(content).__name__}, not a JSON object.")
    return content


def _present(path: Path) -> Path:
    if not path.is_file():
        raise PayloadError(f"{path} is missing from the payload.")
    return path
