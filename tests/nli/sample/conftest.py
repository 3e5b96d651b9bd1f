"""The three corpora, generated once for all tests."""

from __future__ import annotations

import pandas as pd
import pytest

from nli_lifecycle.nli.sample import generate

ENVIRONMENTS = ("dev", "staging", "prod")


@pytest.fixture(scope="session")
def corpora() -> dict[str, pd.DataFrame]:
    """Environment → all of its pairs."""
    return {environment: pd.DataFrame(generate(environment)) for environment in ENVIRONMENTS}
