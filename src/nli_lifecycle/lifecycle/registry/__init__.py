"""The only package that talks to MLflow's model registry."""

from nli_lifecycle.lifecycle.documents import ModelRef
from nli_lifecycle.lifecycle.registry.mlflow_registry import MlflowRegistry
from nli_lifecycle.lifecycle.versions import Registry, RegistryError

__all__ = ["MlflowRegistry", "ModelRef", "Registry", "RegistryError"]
