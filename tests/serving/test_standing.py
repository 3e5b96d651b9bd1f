"""How the service says it stands."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import pytest
from running_service import (
    PAIR,
    Client,
    FixedReader,
    FixedSource,
    make_settings,
    running,
)

from nli_lifecycle.serving.app import create_app
from nli_lifecycle.serving.endpoints.lifecycle import LifecycleView
from nli_lifecycle.serving.head import Release
from nli_lifecycle.serving.problems import Problem
from nli_lifecycle.serving.settings import ServingSettings

MODEL = {"name": "dev.nli.classifier", "version": "3", "digest": "0123456789ab", "epoch": 7}


class TestStanding:
    def test_without_a_model(self, client: Client, source: FixedSource) -> None:
        """Predicting endpoints say when to come back; everything else goes on."""
        source.served = None
        for path in ("/predict", "/classify", "/check", "/invocations"):
            reply = client.post(path, PAIR)
            assert reply.status == 503 and reply.headers["retry-after"] == "5"
            assert reply.json()["error_code"] == "TEMPORARILY_UNAVAILABLE"
        assert client.get("/ping").status == client.get("/health").status == 404
        ready = client.get("/ready")
        assert ready.status == 503 and ready.json()["ready"] is False
        assert client.get("/status").json()["model"] is None
        assert "nli_ready 0.0" in client.get("/metrics").body.decode()

    def test_behind_the_registry(self, client: Client, source: FixedSource) -> None:
        """A head that is not served is told, and why; it is ready all the same."""
        source.head = Release("dev.nli.classifier", "4", "f" * 64, 9)
        source.alert, source.reachable = "Version 4 was altered.", False
        ready = client.get("/ready")
        assert ready.status == 200
        assert ready.json() == {
            "ready": True,
            "model": MODEL,
            "epoch": 7,
            "reachable": False,
            "looked": 1_700_000_000.0,
            "lag_epochs": 2,
            "alert": "Version 4 was altered.",
        }
        metrics = client.get("/metrics").body.decode()
        for line in (
            "nli_lag_epochs 2.0",
            "nli_registry_reachable 0.0",
            "nli_alert 1.0",
            "nli_epoch 7.0",
            'nli_model_info{digest="0123456789ab",' 'name="dev.nli.classifier",version="3"} 1.0',
        ):
            assert line in metrics.splitlines()

    def test_status_and_metrics_count(self, client: Client) -> None:
        """Requests by endpoint and status, pairs, batches, the log's own numbers."""
        client.post("/predict", {"pairs": [PAIR] * 3})
        client.post("/predict", {})
        client.get("/made/up")
        status = client.get("/status").json()
        assert list(status) == [
            *("environment", "model", "registry", "traffic", "queue", "shadow", "uptime_s")
        ]
        traffic = status["traffic"]
        assert (traffic["requests"], traffic["errors"], traffic["pairs"]) == (2, 0, 3)
        assert 0 < traffic["p50_ms"] <= traffic["p99_ms"]
        assert sum(point["requests"] for point in traffic["series"]) == 2
        assert status["queue"] == {"pairs": 0, "limit": 2048}
        metrics = client.get("/metrics").body.decode().splitlines()
        for line in (
            'nli_requests_total{endpoint="/predict",status="200"} 1.0',
            'nli_requests_total{endpoint="/predict",status="422"} 1.0',
            'nli_requests_total{endpoint="other",status="404"} 1.0',
            'nli_pairs_total{endpoint="/predict"} 3.0',
            'nli_request_seconds_count{endpoint="/predict"} 2.0',
            "nli_queue_pairs 0.0",
            "nli_log_rows 3.0",
        ):
            assert line in metrics
        assert any(line.startswith("nli_batch_pairs_sum 3.0") for line in metrics)


class TestLifecycle:
    def run(self, settings: ServingSettings, source: FixedSource, reader: FixedReader) -> Any:
        """A service that follows a registry."""
        return running(create_app(settings, source, None, reader, environment={}), settings)

    def test_it_is_asked_rarely(self, source: FixedSource) -> None:
        """A page that many look at costs the registry nothing."""
        settings, reader = make_settings(), FixedReader({"environments": [1]})
        with self.run(settings, source, reader) as client:
            for _ in range(5):
                assert client.get("/lifecycle").json() == {"environments": [1]}
            assert client.get("/status").json()["environment"] == "dev"
        assert reader.asked == 1

    def test_while_the_registry_is_away_the_last_known_is_told(self) -> None:
        """As such, with a 503."""
        reader = FixedReader({"environments": [1]})
        view = LifecycleView(reader)

        async def look(later_s: float) -> dict[str, Any]:
            view._asked -= later_s
            return await view.look()

        async def story() -> None:
            await look(0)
            reader.away = True
            assert await look(1) == {"environments": [1]}  # fresh enough
            with pytest.raises(Problem) as told:
                await look(10)
            assert told.value.status == 503
            assert told.value.details["last_known"] == {"environments": [1]}
            reader.away = False
            assert await look(10) == {"environments": [1]}

        asyncio.run(story())

    def test_a_registry_that_hangs_keeps_nobody_waiting(self) -> None:
        """It is asked once, and believed when it answers after all."""
        hanging, reader = threading.Event(), FixedReader({"environments": [1]})

        class Slow(FixedReader):
            def lifecycle(self) -> dict[str, Any]:
                hanging.wait(30)
                return reader.lifecycle()

        async def story() -> None:
            view = LifecycleView(Slow(), patience_s=0.02)
            for _ in range(3):
                with pytest.raises(Problem) as told:
                    await view.look()
                assert told.value.details["last_known"] is None
            hanging.set()
            while not reader.asked:
                await asyncio.sleep(0.01)
            await asyncio.sleep(0.05)
            assert await view.look() == {"environments": [1]}

        asyncio.run(story())
        assert reader.asked == 1

    def test_refresh_looks_at_once(self, source: FixedSource) -> None:
        """And says how things stand afterwards."""
        settings = make_settings()
        with self.run(settings, source, FixedReader()) as client:
            reply = client.send("POST", "/admin/refresh")
        assert reply.status == 200 and reply.json()["epoch"] == 7 and source.refreshed == 1
