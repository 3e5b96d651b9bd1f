"""The web page: a fixed list of static files, read once from the package."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from importlib.resources import files

from fastapi import APIRouter, HTTPException, Request, Response

INDEX = "index.html"
DOCS = "docs.html"
_TYPES = {"html": "text/html", "css": "text/css", "js": "text/javascript"}
#: Only these are ever read: no part of a request's path becomes a path in the file system.
FILES = (
    INDEX,
    DOCS,
    "monitoring.css",
    "page.css",
    "page.js",
    "ask.js",
    "charts.js",
    "check.js",
    "classify.js",
    "docs.js",
    "elements.js",
    "environments.js",
    "live.js",
    "monitoring.js",
    "playground.js",
    "poll.js",
    "records.js",
    "strips.js",
    "tabs.js",
    "timeline.js",
    "token.js",
    "windows.js",
)


@dataclass(frozen=True)
class _File:
    body: bytes
    media_type: str
    etag: str

    @classmethod
    def read(cls, name: str) -> _File:
        body = (files(__package__) / name).read_bytes()
        media_type = f"{_TYPES[name.rpartition('.')[2]]}; charset=utf-8"
        return cls(body, media_type, f'"{hashlib.sha256(body).hexdigest()[:32]}"')

    def answer(self, request: Request) -> Response:
        # Asked for every time and sent only when new: a page never outlives its service's version.
        headers = {"ETag": self.etag, "Cache-Control": "no-cache"}
        if _names(request.headers.get("if-none-match", ""), self.etag):
            return Response(status_code=304, headers=headers)
        return Response(self.body, media_type=self.media_type, headers=headers)


def _names(condition: str, etag: str) -> bool:
    given = [tag.strip().removeprefix("W/") for tag in condition.split(",")]
    return etag in given or given == ["*"]


def page_router() -> APIRouter:
    """Routes of the web page, ``/``, ``/docs`` and ``/page/<file>``, which need no token.

    The page loads nothing from anywhere else and holds no inline script or style, so it works under
    ``default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src
    'self'``. The app that includes it sets the security headers.

    Returns:
        A router for ``FastAPI.include_router``; it does not appear in the API's schema.

    Raises:
        FileNotFoundError: the package was installed without its page.
    """
    router = APIRouter()
    known = {name: _File.read(name) for name in FILES}

    @router.api_route("/", methods=["GET", "HEAD"], include_in_schema=False)
    async def index(request: Request) -> Response:
        return known[INDEX].answer(request)

    @router.api_route("/docs", methods=["GET", "HEAD"], include_in_schema=False)
    async def docs(request: Request) -> Response:
        return known[DOCS].answer(request)

    @router.api_route("/page/{name}", methods=["GET", "HEAD"], include_in_schema=False)
    async def file(name: str, request: Request) -> Response:
        if name not in known:
            raise HTTPException(404, "The page has no such file.")
        return known[name].answer(request)

    return router
