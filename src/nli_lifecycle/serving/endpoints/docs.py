"""GET /docs: the API's description as one plain page, without scripts and from nowhere else."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from html import escape
from typing import Any

import orjson
from fastapi import APIRouter
from starlette.responses import HTMLResponse, Response


def docs_routes(described: Callable[[], dict[str, Any]]) -> APIRouter:
    """The page.

    Args:
        described: gives the OpenAPI description.
    """
    router = APIRouter(include_in_schema=False)

    @router.get("/docs")
    async def docs() -> Response:
        """Show what the description says."""
        return HTMLResponse(page(described()))

    return router


def page(description: dict[str, Any]) -> str:
    """Write the description as HTML."""
    info = description["info"]
    operations = "\n".join(
        part
        for path, methods in description["paths"].items()
        for method, operation in methods.items()
        for part in _operation(path, method, operation)
    )
    schemas = "\n".join(
        f"<h3 id='{escape(name)}'>{escape(name)}</h3>{_json(schema)}"
        for name, schema in sorted(description["components"]["schemas"].items())
    )
    title = f"{escape(info['title'])} {escape(info['version'])}: API"
    return (
        "<!doctype html><html lang='en'><head><meta charset='utf-8'>"
        "<meta name='viewport' content='width=device-width, initial-scale=1'>"
        f"<title>{title}</title></head><body><main><h1>{title}</h1>"
        f"<p>{escape(info.get('summary', ''))} The same for programs: "
        "<a href='/openapi.json'>openapi.json</a>.</p>"
        f"{operations}<h2>Schemas</h2>{schemas}</main></body></html>"
    )


def _operation(path: str, method: str, operation: dict[str, Any]) -> Iterator[str]:
    yield f"<h2><code>{method.upper()} {escape(path)}</code></h2>"
    token = (
        " Needs a token: <code>Authorization: Bearer …</code>." if "security" in operation else ""
    )
    yield f"<p>{escape(operation.get('summary', ''))} {escape(operation['description'])}{token}</p>"
    for kind, content in operation.get("requestBody", {}).get("content", {}).items():
        example = content["examples"]["example"]["value"]
        shown = _json(example) if isinstance(example, dict) else f"<pre>{escape(example)}</pre>"
        yield f"<p>Body, <code>{escape(kind)}</code>, for example:</p>{shown}"
        yield f"<details><summary>Schema</summary>{_json(content['schema'])}</details>"
    yield "<table><thead><tr><th>Status</th><th>Meaning</th><th>Body</th></tr></thead><tbody>"
    for status, answer in sorted(operation["responses"].items()):
        bodies = ", ".join(_body(kind, c) for kind, c in answer.get("content", {}).items())
        yield f"<tr><td>{status}</td><td>{escape(answer['description'])}</td><td>{bodies}</td></tr>"
    yield "</tbody></table>"


def _body(kind: str, content: dict[str, Any]) -> str:
    name = content.get("schema", {}).get("$ref", "").rpartition("/")[2]
    return f"<a href='#{escape(name)}'>{escape(name)}</a>" if name else escape(kind)


def _json(content: Any) -> str:
    return f"<pre>{escape(orjson.dumps(content, option=orjson.OPT_INDENT_2).decode())}</pre>"
