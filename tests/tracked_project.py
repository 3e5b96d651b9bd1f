"""A tiny Kedro project that uses our session and tracking hook; its nodes end in every way.

Run as a script, it plays several sessions in one process and prints what MLflow recorded:
`python tracked_project.py FOLDER ENV:PIPELINE[,ENV:PIPELINE…]`.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from textwrap import dedent

FILES = {
    "pyproject.toml": """
        [tool.kedro]
        package_name = "tiny"
        project_name = "tiny"
        kedro_init_version = "1.7.0"
        source_dir = "src"
        """,
    "src/tiny/__init__.py": "",
    "src/tiny/settings.py": """
        from nli_lifecycle.hooks import TrackingHook
        from nli_lifecycle.replay.recording import RecordingHook
        from nli_lifecycle.session import NliSession
        from nli_lifecycle.settings import CONFIG_LOADER_ARGS

        SESSION_CLASS = NliSession
        HOOKS = (TrackingHook(), RecordingHook())
        """,
    "src/tiny/pipeline_registry.py": """
        import sys
        import time
        from kedro.pipeline import Node, Pipeline
        from pydantic import BaseModel


        class Knobs(BaseModel):
            epochs: int
            api_token: str


        def work(knobs: Knobs):
            assert isinstance(knobs, Knobs) and knobs.api_token == "hunter2"
            return 1


        def fail(knobs: Knobs):
            raise ValueError("no")


        def interrupt(knobs: Knobs):
            raise KeyboardInterrupt


        def leave(knobs: Knobs):
            sys.exit(3)


        def wait(knobs: Knobs):
            print("waiting", flush=True)
            time.sleep(60)


        def register_pipelines():
            names = (work, fail, interrupt, leave, wait)
            made = {f.__name__: Pipeline([Node(f, "params:knobs", "out")]) for f in names}
            return {**made, "__default__": made["fail"]}
        """,
    "conf/base/mlflow.yml": """
        server:
          mlflow_tracking_uri: ${globals:tracking_uri}
          mlflow_registry_uri: ${globals:registry_uri}
        tracking:
          experiment:
            name: "${globals:experiment}"
            create_experiment_kwargs: {artifact_location: "${home:artifacts}"}
          run: {nested: false}
          params: {dict_params: {flatten: true}}
        """,
    "conf/base/parameters.yml": "knobs: {epochs: 3, api_token: hunter2}",
    "conf/base/catalog.yml": "{}",
    "conf/dev/globals.yml": """
        environment: dev
        data_root: ${home:data/dev}
        tracking_uri: ${oc.env:MLFLOW_TRACKING_URI,"sqlite:///${home:dev.db}"}
        registry_uri: ${oc.env:MLFLOW_REGISTRY_URI,${.tracking_uri}}
        experiment: tiny-dev
        registered_model: dev.nli.classifier
        default_pipelines: [work]
        """,
    "conf/staging/globals.yml": """
        environment: staging
        data_root: ${home:data/staging}
        tracking_uri: ${oc.env:MLFLOW_TRACKING_URI,"sqlite:///${home:staging.db}"}
        registry_uri: ${oc.env:MLFLOW_REGISTRY_URI,${.tracking_uri}}
        experiment: tiny-staging
        default_pipelines: [work]
        """,
}


def write_project(folder: Path) -> Path:
    """Write the project's files below ``folder``."""
    for name, text in FILES.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(dedent(text).lstrip())
    return folder


def play(folder: Path, sessions: list[str]) -> None:
    """Run each ``environment:pipeline`` in turn and print MLflow's record as one JSON line."""
    os.environ["NLI_HOME"] = str(folder)
    import mlflow
    from kedro.framework.project import settings
    from kedro.framework.startup import bootstrap_project

    bootstrap_project(folder)
    outcomes = []
    for step in sessions:
        env, _, pipeline = step.partition(":")
        parameters = {"db_password": "hunter2"}
        try:
            with settings.SESSION_CLASS.create(
                folder, env=env or None, runtime_params=parameters
            ) as session:
                session.run(pipeline_names=[pipeline] if pipeline else None)
            outcomes.append("ok")
        except BaseException as error:  # noqa: B902  a test of Ctrl-C and sys.exit too
            outcomes.append(f"{type(error).__name__}: {error}")
        exported = any(
            name in os.environ for name in ("MLFLOW_TRACKING_URI", "MLFLOW_REGISTRY_URI")
        )
        outcomes.append("leaked" if mlflow.active_run() or exported else "closed")
    runs = []
    for store in sorted(folder.glob("*.db")):
        client = mlflow.MlflowClient(f"sqlite:///{store}")
        for experiment in client.search_experiments():
            for run in client.search_runs([experiment.experiment_id]):
                runs.append(
                    {
                        "store": store.stem,
                        "experiment": experiment.name,
                        "status": run.info.status,
                        "params": run.data.params,
                        "tags": run.data.tags,
                        "start": run.info.start_time,
                        "record": mlflow.artifacts.load_dict(
                            f"{run.info.artifact_uri}/replay.json"
                        ),
                    }
                )
    print("RESULT " + json.dumps({"outcomes": outcomes, "runs": runs}))


if __name__ == "__main__":
    play(write_project(Path(sys.argv[1])), sys.argv[2].split(","))
