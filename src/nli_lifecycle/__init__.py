"""nli-lifecycle: one Kedro project for the whole life of an NLI model."""

import os

# Both report their use to their makers unless this is set before they are imported; of DO_NOT_TRACK
# ONNX Runtime knows nothing, and MLflow only the value `true`.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")

__version__ = "0.1.0"
