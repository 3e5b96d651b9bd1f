"""nli-lifecycle: one Kedro project for the whole life of an NLI model."""

import os

# ONNX Runtime's wheels report their use to their maker unless this is set before they are imported.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")

__version__ = "0.1.0"
