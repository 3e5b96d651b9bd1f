"""The page's files: right types, revalidated, and nothing beside them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib.resources import files

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from nli_lifecycle.serving.page.routes import FILES, page_router


@pytest.fixture(scope="module")
def client() -> Iterator[TestClient]:
    app = FastAPI(docs_url=None, redoc_url=None)
    app.include_router(page_router())
    with TestClient(app) as made:
        yield made


@pytest.mark.parametrize(
    "path",
    [
        "/page/routes.py",
        "/page/__init__.py",
        "/page/",
        "/page/..%2froutes.py",
        "/page/%2e%2e/%2e%2e/settings.py",
        "/page/....//settings.py",
        "/page//etc/passwd",
        "/page/%2fetc%2fpasswd",
        "/page/index.html%00.js",
        "/page/INDEX.HTML",
        "/page/page.css/",
        "/page/..\\settings.py",
    ],
)
def test_nothing_else_is_served(client, path):
    response = client.get(path, follow_redirects=False)
    assert response.status_code in (404, 307)  # 307: a slash too many, to a path that is known
    assert "import" not in response.text and "root:" not in response.text


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_the_page_is_read_only(client, method):
    assert client.request(method, "/").status_code == 405
    assert client.request(method, "/page/page.js").status_code == 405


@pytest.mark.parametrize(
    "path, media_type",
    [
        ("/", "text/html; charset=utf-8"),
        ("/docs", "text/html; charset=utf-8"),
        ("/page/page.css", "text/css; charset=utf-8"),
        ("/page/page.js", "text/javascript; charset=utf-8"),
    ],
)
def test_types_and_revalidation(client, path, media_type):
    response = client.get(path)
    assert response.status_code == 200
    assert response.headers["content-type"] == media_type
    assert response.headers["cache-control"] == "no-cache"
    etag = response.headers["etag"]
    assert re.fullmatch(r'"[0-9a-f]{32}"', etag)
    for condition in (etag, f"W/{etag}", f'"other", {etag}', "*"):
        again = client.get(path, headers={"If-None-Match": condition})
        assert again.status_code == 304 and again.content == b"" and again.headers["etag"] == etag
    assert client.get(path, headers={"If-None-Match": '"other"'}).content == response.content


def test_head_says_what_get_says(client):
    head, whole = client.head("/"), client.get("/")
    assert head.status_code == 200 and head.content == b""
    for name in ("etag", "content-type", "content-length"):
        assert head.headers[name] == whole.headers[name]


def test_each_file_has_its_own_tag_and_is_what_lies_in_the_package(client):
    folder = files("nli_lifecycle.serving.page")
    answers = {name: client.get(f"/page/{name}") for name in FILES}
    assert len({answer.headers["etag"] for answer in answers.values()}) == len(FILES)
    for name, answer in answers.items():
        assert answer.content == (folder / name).read_bytes()


def test_every_static_file_is_listed():
    lying = {entry.name for entry in files("nli_lifecycle.serving.page").iterdir()}
    assert {name for name in lying if name.endswith((".html", ".css", ".js"))} == set(FILES)


def test_the_page_stays_out_of_the_schema(client):
    assert client.get("/openapi.json").json()["paths"] == {}


def test_whatever_the_page_refers_to_is_served(client):
    html = client.get("/").text + client.get("/docs").text
    for path in re.findall(r'(?:src|href)="(page/[^"]+)"', html):
        assert client.get(f"/{path}").status_code == 200
    for name in FILES:
        for module in re.findall(r'from "\./([^"]+)"', client.get(f"/page/{name}").text):
            assert module in FILES


def test_nothing_inline_and_nothing_from_elsewhere(client):
    html = client.get("/").text + client.get("/docs").text
    assert not re.search(r"<style|\sstyle=|\son\w+=|<script(?![^>]*\ssrc=)", html)
    for name in FILES:
        text = client.get(f"/page/{name}").text
        addresses = set(re.findall(r"https?://[^\s'\"]+", text))
        assert addresses <= {"http://www.w3.org/2000/svg"}  # the name of SVG, never fetched
        assert not re.search(r"innerHTML|outerHTML|insertAdjacent|document\.write|\beval\(", text)
        assert not re.search(r"@import|\burl\(|localStorage|document\.cookie", text)
