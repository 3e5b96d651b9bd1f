"""The sample corpus: NLI pairs from a deterministic grammar of ours, labels right by construction.

Pure and offline, so a fresh machine has data for every environment. What it is and is not:
``docs/sample.md``.
"""

from __future__ import annotations

from nli_lifecycle.nli.sample.generate import SAMPLE_VERSION, generate

__all__ = ["SAMPLE_VERSION", "generate"]
