"""Databricks Model Serving as an endpoint that can be brought in line."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from nli_lifecycle.endpoint.state import (
    EndpointError,
    EndpointState,
    Served,
    digest_in,
    entity_name,
)
from nli_lifecycle.serving.head import Release

if TYPE_CHECKING:
    from databricks.sdk import WorkspaceClient


@dataclass(frozen=True)
class ServingSettings:
    """How an endpoint is made; what answers is the ledger's to say.

    Attributes:
        workload_size: Databricks' name for how many requests at once: Small is up to 4.
        scale_to_zero: stop where nobody asks; the first request then waits for a start.
        inference_table: ``catalog.schema.prefix`` of the table that logs requests; None: none.
    """

    workload_size: str = "Small"
    scale_to_zero: bool = False
    inference_table: str | None = None

    def __post_init__(self) -> None:
        if self.inference_table is not None and self.inference_table.count(".") != 2:
            raise EndpointError(
                f"{self.inference_table!r} names no inference table: <catalog>.<schema>.<prefix>."
            )


class DatabricksEndpoint:
    """See ``Endpoint``.

    Args:
        name: the endpoint's name.
        settings: how it is made.
        client: of the workspace; None: by the environment, as Databricks' own tools log in.
    """

    def __init__(
        self, name: str, settings: ServingSettings, client: WorkspaceClient | None = None
    ) -> None:
        self.name = name
        self._settings = settings
        self._client = client

    def read(self) -> EndpointState | None:
        """See ``Endpoint.read``."""
        from databricks.sdk.errors import NotFound
        from databricks.sdk.service.serving import EndpointStateConfigUpdate as Update
        from databricks.sdk.service.serving import EndpointStateReady

        with self._asking("read"):
            try:
                found = self._workspace().serving_endpoints.get(self.name)
            except NotFound:
                return None
        state, update = found.state, found.state.config_update if found.state else None
        return EndpointState(
            served=_served(found.config),
            pending=_served(found.pending_config),
            updating=update is Update.IN_PROGRESS,
            failed=update in (Update.UPDATE_FAILED, Update.UPDATE_CANCELED),
            ready=bool(state and state.ready is EndpointStateReady.READY),
        )

    def create(self, release: Release) -> None:
        """See ``Endpoint.create``."""
        from databricks.sdk.service import serving

        gateway = None
        if self._settings.inference_table:
            catalog, schema, prefix = self._settings.inference_table.split(".")
            table = serving.AiGatewayInferenceTableConfig(
                catalog_name=catalog, schema_name=schema, table_name_prefix=prefix, enabled=True
            )
            gateway = serving.AiGatewayConfig(inference_table_config=table)
        config = serving.EndpointCoreConfigInput(
            self.name, served_entities=[self._entity(release)], traffic_config=_all_to(release)
        )
        with self._asking("create"):
            self._workspace().serving_endpoints.create(self.name, config=config, ai_gateway=gateway)

    def update(self, release: Release) -> None:
        """See ``Endpoint.update``."""
        with self._asking("update"):
            self._workspace().serving_endpoints.update_config(
                self.name,
                served_entities=[self._entity(release)],
                traffic_config=_all_to(release),
            )

    def _entity(self, release: Release) -> Any:
        from databricks.sdk.service.serving import ServedEntityInput

        return ServedEntityInput(
            name=entity_name(release),
            entity_name=release.model,
            entity_version=release.version,
            workload_size=self._settings.workload_size,
            scale_to_zero_enabled=self._settings.scale_to_zero,
        )

    def _workspace(self) -> WorkspaceClient:
        if self._client is None:
            from databricks.sdk import WorkspaceClient

            self._client = WorkspaceClient()
        return self._client

    @contextmanager
    def _asking(self, what: str) -> Iterator[None]:
        try:
            yield
        except ImportError as error:
            raise EndpointError(
                "The Databricks SDK is not installed: pip install 'nli-lifecycle[databricks]'."
            ) from error
        except Exception as error:  # the SDK has a class for every status, and requests' own
            said = " ".join(str(error).split())[:300]
            raise EndpointError(
                f"Cannot {what} endpoint {self.name}: {type(error).__name__}: {said}. Its "
                "principal needs CAN_MANAGE on the endpoint and EXECUTE on the model."
            ) from error


def _all_to(release: Release) -> Any:
    from databricks.sdk.service.serving import Route, TrafficConfig

    route = Route(served_model_name=entity_name(release), traffic_percentage=100)
    return TrafficConfig(routes=[route])


def _served(config: Any) -> tuple[Served, ...]:
    """Versions of a configuration; None and what is no registered model's version count too."""
    entities = (config.served_entities or []) if config else []
    return tuple(
        Served(
            entity.entity_name or "a model from outside",
            entity.entity_version or "?",
            digest_in(entity.name, entity.entity_version or ""),
        )
        for entity in entities
    )
