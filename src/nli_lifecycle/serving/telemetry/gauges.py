"""What /metrics says about the moment: the model, the registry, the queue, the log."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, is_dataclass
from typing import Any

from prometheus_client.core import GaugeMetricFamily, InfoMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from nli_lifecycle.serving.exchange import DIGEST_SHOWN
from nli_lifecycle.serving.model import Source
from nli_lifecycle.serving.standing import lag_epochs


class Gauges(Collector):
    """Asked anew at every scrape."""

    def __init__(
        self,
        source: Source,
        queued_pairs: Callable[[], int],
        parts: Mapping[str, object],
    ) -> None:
        """Prepare.

        Args:
            source: what is served.
            queued_pairs: gives how many pairs wait.
            parts: of the service, by name; the numbers that ``statistics()`` of one gives, a
                dataclass or a mapping, become gauges.
        """
        self._source = source
        self._queued_pairs = queued_pairs
        self._parts = parts

    def collect(self) -> Iterator[Metric]:
        """Yield the state of the moment."""
        yield _gauge("nli_queue_pairs", "Pairs that wait for a batch.", self._queued_pairs())
        standing, served = self._source.standing(), self._source.served
        reachable, alert = standing.reachable, standing.alert is not None
        yield _gauge("nli_registry_reachable", "Whether the last look succeeded.", reachable)
        yield _gauge("nli_alert", "Whether something keeps the head from being served.", alert)
        yield _gauge("nli_ready", "Whether a model answers.", served is not None)
        if served is not None:
            release = served.release
            model = InfoMetricFamily("nli_model", "The version that answers.")
            labels = {"name": release.model, "version": release.version}
            model.add_metric([], {**labels, "digest": release.digest[:DIGEST_SHOWN]})
            yield model
            yield _gauge("nli_epoch", "The ledger's epoch that is served.", release.epoch)
        lag = lag_epochs(self._source)
        if lag is not None:
            yield _gauge("nli_lag_epochs", "Epochs that the ledger's head is ahead.", lag)
        for part, told in self._parts.items():
            for name, value in _statistics(told).items():
                if isinstance(value, int | float):
                    yield _gauge(f"nli_{part}_{name}", f"The {part}'s {name}.", value)


def _statistics(part: object) -> Mapping[str, Any]:
    tell = getattr(part, "statistics", None)
    found: Any = tell() if tell is not None else {}
    if hasattr(found, "figures"):
        found = found.figures()
    if is_dataclass(found) and not isinstance(found, type):
        return asdict(found)
    return dict(found)


def _gauge(name: str, meaning: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, meaning, value=float(value))
