from pathlib import Path

import pytest
from kedro.io import DatasetError

from nli_lifecycle.datasets.registry import RegistryDataset


def dataset(tmp_path: Path, **changes) -> RegistryDataset:
    return RegistryDataset(
        **{
            "registered_model": "staging.nli.classifier",
            "environment": "staging",
            "experiment": "nli-staging",
            "downloads": str(tmp_path / "downloads"),
            "tracking_uri": "http://user:secret@127.0.0.1:9",
            **changes,
        }
    )


def test_it_is_load_only(tmp_path):
    with pytest.raises(DatasetError, match="load-only"):
        dataset(tmp_path).save("anything")


def test_it_contacts_nothing_and_hides_addresses(tmp_path):
    entry = dataset(tmp_path)
    assert "secret" not in str(entry)
    registry = entry.load()
    assert (registry.name, registry.environment) == ("staging.nli.classifier", "staging")
    assert registry.upstream is None


def test_it_knows_its_upstream(tmp_path):
    upstream = {
        "model": "dev.nli.classifier",
        "registry_uri": "http://127.0.0.1:9",
        "tracking_uri": "http://127.0.0.1:8",
    }
    registry = dataset(tmp_path, upstream=upstream).load().upstream
    assert (registry.name, registry.environment) == ("dev.nli.classifier", "dev")
