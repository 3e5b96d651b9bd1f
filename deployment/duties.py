"""Who does what: catalogs, models, triggers, principals, secrets."""

from __future__ import annotations

import re
from collections.abc import Iterator

from deployment.loading import Loaded, declared_variables, used_variables
from deployment.meaning import settings_of, texts
from deployment.tasks import Call, calls

SECRET_NAME = re.compile(r"token|secret|password|passwd|credential|webhook|_key$|_url$", re.I)
SECRET_VALUE = re.compile(
    r"\bdapi[0-9a-f]{8,}|\bdose[0-9a-f]{8,}|://[^/\s:@]+:[^/\s@]+@|^ey[\w-]+\.ey"
)
REFERRED = re.compile(r"\{\{secrets/([^/}]+)/[^}]+\}\}")
VARIABLE_MAPS = (".spark_env_vars.", ".environment_vars.", ".variables.")


def check_references(loaded: Loaded) -> Iterator[str]:
    """Every variable and resource that is referred to exists."""
    yield from loaded.findings


def check_unused(loaded: Loaded) -> Iterator[str]:
    """Every variable is used."""
    for name in sorted(declared_variables(loaded.folder) - used_variables(loaded.folder)):
        yield f"variables.{name}: nothing uses it"


def check_catalog(loaded: Loaded) -> Iterator[str]:
    """Models and experiments are those of conf/<environment>; releases follow the upstream's."""
    settings = settings_of(loaded.conf, loaded.target)
    resources = loaded.document.get("resources", {})
    models = {
        ".".join((one["catalog_name"], "nli", one["name"]))
        for one in resources.get("registered_models", {}).values()
    }
    if models != {settings["registered_model"]}:
        yield f"resources.registered_models: {sorted(models)}, and conf/{loaded.target} has " + (
            f"{settings['registered_model']}"
        )
    experiments = {one["name"] for one in resources.get("experiments", {}).values()}
    if experiments != {settings["experiment"]}:
        yield f"resources.experiments: {sorted(experiments)}, and conf/{loaded.target} has " + (
            f"{settings['experiment']}"
        )
    upstream = settings["upstream"]
    for name, job in loaded.jobs.items():
        model = job.get("trigger", {}).get("model")
        if model is None:
            continue
        watched = (model.get("securable_name"), model.get("condition"), model.get("aliases"))
        wanted = (upstream["model"] if upstream else None, "MODEL_ALIAS_SET", ["champion"])
        if watched != wanted:
            yield f"resources.jobs.{name}.trigger: it watches {watched[0]}, and a release " + (
                f"upstream sets alias champion of {wanted[0]}"
            )
    if upstream and not any("trigger" in one or "schedule" in one for one in _promoting(loaded)):
        yield f"target {loaded.target}: nothing begins a promotion when {upstream['model']} changes"


def check_duties(loaded: Loaded) -> Iterator[str]:
    """Who trains does not promote, and who reads does not move anything."""
    trainer, promoter = loaded.variables["trainer"], loaded.variables["promoter"]
    default = loaded.document.get("run_as", {}).get("service_principal_name")
    downstream = settings_of(loaded.conf, loaded.target)["upstream"] is not None
    if default is None:
        yield f"targets.{loaded.target}.run_as: jobs would run as whoever deploys them"
    for name, job in loaded.jobs.items():
        who = job.get("run_as", {}).get("service_principal_name", default)
        if downstream and who == trainer:
            yield f"resources.jobs.{name}: the trainer acts in {loaded.target}, where it must not"
        if downstream and job in _promoting(loaded) and who != promoter:
            yield f"resources.jobs.{name}: it promotes as {who}, and the promoter owns the model"
    for kind, resources in loaded.document.get("resources", {}).items():
        for name, resource in resources.items():
            for grant in resource.get("grants", []):
                if grant["principal"] == trainer and downstream:
                    path = f"resources.{kind}.{name}.grants"
                    yield f"{path}: the trainer has rights in {loaded.target}"


def check_secrets(loaded: Loaded) -> Iterator[str]:
    """Secrets come from a scope that is deployed, and stand nowhere themselves."""
    resources = loaded.document.get("resources", {})
    scopes = {one["name"] for one in resources.get("secret_scopes", {}).values()}
    for path, text in texts(loaded.document, "bundle"):
        for scope in REFERRED.findall(text):
            if scope not in scopes:
                yield f"{path}: no secret scope {scope!r} is deployed; there is {sorted(scopes)}"
        name = path.rpartition(".")[2]
        in_map = any(one in path for one in VARIABLE_MAPS) and not path.startswith(
            "bundle.variables"
        )
        literal = in_map and SECRET_NAME.search(name) and not REFERRED.fullmatch(text)
        if literal or SECRET_VALUE.search(text):
            yield f"{path}: a secret in plain text; write {{{{secrets/<scope>/<key>}}}}"


def _promoting(loaded: Loaded) -> list[dict[str, object]]:
    keys = {
        call.path.split(".")[2]
        for call in calls(loaded)
        if isinstance(call, Call) and "promotion" in (call.options.get("pipelines") or ())
    }
    return [job for name, job in loaded.jobs.items() if name in keys]
