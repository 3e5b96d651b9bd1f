"""`nli-lifecycle endpoint`: bring a model serving endpoint in line with the ledger."""

from __future__ import annotations

import click

from nli_lifecycle.commands.options import located, say
from nli_lifecycle.commands.places import Place, only


@click.command()
@located
@click.option("--name", required=True, help="the endpoint's name; it is made where it is missing")
@click.option("--check", is_flag=True, help="only say how it stands; exit code 1 where it differs")
@click.option(
    "--wait", "wait_s", default=0.0, help="seconds to wait for updates", show_default=True
)
@click.option("--workload-size", default="Small", help="of the platform", show_default=True)
@click.option("--scale-to-zero", is_flag=True, help="stop where nobody asks")
@click.option("--inference-table", help="<catalog>.<schema>.<prefix> of a new endpoint's log")
def endpoint(
    places: list[Place],
    as_json: bool,
    name: str,
    check: bool,
    wait_s: float,
    workload_size: str,
    scale_to_zero: bool,
    inference_table: str | None,
) -> None:
    """Bring a Databricks serving endpoint in line with the ledger's head.

    Exit code 1 where it is not in line in the end, or, without --wait, not on its way.
    """
    from nli_lifecycle.endpoint.databricks import DatabricksEndpoint, ServingSettings
    from nli_lifecycle.endpoint.following import bring_in_line, compare
    from nli_lifecycle.lifecycle.registry.head import RegistryHead

    place = only(places)
    head = RegistryHead(
        place.model,
        environment=place.environment,
        tracking_uri=str(place.tracking_uri),
        registry_uri=place.registry_uri,
    )
    served = DatabricksEndpoint(
        name, ServingSettings(workload_size, scale_to_zero, inference_table)
    )
    found = compare(served, head) if check else bring_in_line(served, head, wait_s=wait_s)
    if as_json:
        say(found.document())
    else:
        click.echo(found.said)
    fine = {"in line", "nothing released"} | (set() if check or wait_s else {"updating"})
    if found.outcome not in fine:
        raise click.exceptions.Exit(1)
