"""What other tools run, each in an interpreter of its own."""

#: Estimated accuracy of each window, by CBPE, calibrated on the reference.
NANNYML = """
import json
import sys
from pathlib import Path
import nannyml
import pandas as pd
labels = ("entailment", "neutral", "contradiction")
for folder in map(Path, sys.argv[2:]):
    reference, analysis = (pd.read_csv(folder / name) for name in ("before.csv", "now.csv"))
    cbpe = nannyml.CBPE(
        problem_type="classification_multiclass", y_pred="label", y_true="truth",
        y_pred_proba={label: f"p_{label}" for label in labels}, metrics=["accuracy"],
        chunk_size=int(sys.argv[1]),
    )
    cbpe.fit(reference)
    found = cbpe.estimate(analysis.drop(columns="truth")).filter(period="analysis").to_df()
    (folder / "found.json").write_text(json.dumps(found[("accuracy", "value")].tolist()))
print(nannyml.__version__)
"""

#: Share of drifted columns in each window, by Evidently's preset as it comes, and its seconds.
EVIDENTLY = """
import json
import sys
import time
from pathlib import Path
import evidently
import pandas as pd
from evidently import DataDefinition, Dataset, Report
from evidently.presets import DataDriftPreset
numbers = ["confidence", "premise_words", "hypothesis_words", "overlap", "unknown_share"]
kinds = DataDefinition(numerical_columns=numbers, categorical_columns=["label"])
columns, size = ["label", *numbers], int(sys.argv[1])
for folder in map(Path, sys.argv[2:]):
    reference, analysis = (pd.read_csv(folder / name) for name in ("before.csv", "now.csv"))
    before = Dataset.from_pandas(reference[columns], data_definition=kinds)
    shares, seconds = [], []
    for start in range(0, len(analysis), size):
        began = time.perf_counter()
        now = Dataset.from_pandas(analysis[columns].iloc[start : start + size],
                                  data_definition=kinds)
        found = Report([DataDriftPreset()]).run(reference_data=before, current_data=now)
        drifted = next(m["value"] for m in found.dict()["metrics"] if "Drifted" in m["metric_name"])
        seconds.append(time.perf_counter() - began)
        shares.append(drifted["share"])
    (folder / "found.json").write_text(json.dumps({"shares": shares, "seconds": seconds}))
print(evidently.__version__)
"""
