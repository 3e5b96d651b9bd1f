"""The project's pipelines, as visible arithmetic."""

from kedro.pipeline import Pipeline

from nli_lifecycle.pipelines import (
    batch_scoring,
    data_engineering,
    evaluation,
    intake,
    monitoring,
    promotion,
    training,
    tuning,
)


def register_pipelines() -> dict[str, Pipeline]:
    """Map names to pipelines.

    ``__default__`` is dev's, the same in every environment: what `kedro run --env staging`
    runs without names is ``default_pipelines`` in that environment's ``globals.yml``.
    """
    parts = {
        "data_engineering": data_engineering.create_pipeline(),
        "training": training.create_pipeline(),
        "tuning": tuning.create_pipeline(),
        "intake": intake.create_pipeline(),
        "evaluation": evaluation.create_pipeline(),
        "promotion": promotion.create_pipeline(),
        "batch_scoring": batch_scoring.create_pipeline(),
        "monitoring": monitoring.create_pipeline(),
    }
    stages = {name: Pipeline(pipeline, tags=name) for name, pipeline in parts.items()}
    judgement = stages["evaluation"] + stages["promotion"]
    train_and_release = stages["data_engineering"] + stages["training"] + judgement
    tune_and_release = stages["data_engineering"] + stages["tuning"] + judgement
    intake_and_release = stages["data_engineering"] + stages["intake"] + judgement
    return {
        **stages,
        "train_and_release": train_and_release,
        "tune_and_release": tune_and_release,
        "intake_and_release": intake_and_release,
        "__default__": train_and_release,
    }
