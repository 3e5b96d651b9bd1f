"""What is counted of every answer: Prometheus' counters, and the last minute's traffic."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Histogram

from nli_lifecycle.serving.exchange import Exchange
from nli_lifecycle.serving.telemetry.traffic import Traffic

#: Paths that answer with predictions; the page's traffic counts these.
PREDICTING = frozenset({"/invocations", "/predict", "/classify", "/check"})
_OTHERS = frozenset(
    {
        "/ping", "/health", "/version", "/ready", "/status", "/lifecycle", "/metrics", "/feedback",
        "/admin/refresh", "/openapi.json", "/docs", "/",
    }
)  # fmt: skip
_SECONDS = (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30)
_POWERS = tuple(2**power for power in range(13))


class Meter:
    """Counters of one service; each has a registry of its own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.traffic = Traffic()
        self._requests = Counter(
            "nli_requests", "Answers given.", ("endpoint", "status"), registry=self.registry
        )
        self._seconds = Histogram(
            "nli_request_seconds",
            "From a request's headers to the end of its answer.",
            ("endpoint",),
            buckets=_SECONDS,
            registry=self.registry,
        )
        self._pairs = Counter("nli_pairs", "Pairs answered.", ("endpoint",), registry=self.registry)
        self._batch_pairs = Histogram(
            "nli_batch_pairs", "Pairs of a batch.", buckets=_POWERS, registry=self.registry
        )
        self._batch_tokens = Histogram(
            "nli_batch_tokens",
            "Estimated tokens of a batch.",
            buckets=_POWERS[3:],
            registry=self.registry,
        )
        self._batch_seconds = Histogram(
            "nli_batch_seconds",
            "Seconds a batch took in its worker.",
            buckets=_SECONDS,
            registry=self.registry,
        )

    def answered(self, path: str, exchange: Exchange) -> None:
        """Count an answer. Paths that do not exist share one name: callers may make up any."""
        endpoint = path if path in PREDICTING or path in _OTHERS else "other"
        elapsed_s = exchange.elapsed_s()
        self._requests.labels(endpoint, str(exchange.status)).inc()
        if endpoint in PREDICTING:
            self._seconds.labels(endpoint).observe(elapsed_s)
            self._pairs.labels(endpoint).inc(exchange.pairs)
            self.traffic.add(elapsed_s * 1000, exchange.pairs, exchange.status >= 500)

    def batch(self, pairs: int, tokens: int, seconds: float) -> None:
        """Count a batch."""
        self._batch_pairs.observe(pairs)
        self._batch_tokens.observe(tokens)
        self._batch_seconds.observe(seconds)
