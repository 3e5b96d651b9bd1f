"""Fixtures: the service's page, opened in a real browser and watched."""

from __future__ import annotations

import shutil
from collections.abc import Iterator

import pytest
from page_stub import Stub, running


@pytest.fixture(scope="module")
def browser() -> Iterator:
    programs = ("/usr/bin/chromium", "chromium", "chromium-browser")
    program = next((found for name in programs if (found := shutil.which(name))), None)
    if program is None:
        pytest.skip("Chromium is not installed (Debian: apt install chromium)")
    api = pytest.importorskip("playwright.sync_api")
    with api.sync_playwright() as playwright:
        launched = playwright.chromium.launch(
            executable_path=program,
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
        )
        yield launched
        launched.close()


@pytest.fixture(scope="module")
def stub_service() -> Iterator[Stub]:
    with running(Stub()) as stub:
        yield stub


@pytest.fixture
def stub(stub_service) -> Iterator[Stub]:
    yield stub_service
    stub_service.reset()


@pytest.fixture
def service_url(stub) -> str:
    """Address of a service whose page is tested; a module may put another service here."""
    return stub.url


@pytest.fixture
def context_options() -> dict:
    return {}


@pytest.fixture
def page(browser, service_url, context_options) -> Iterator:
    """The page, opened at 1280 px; what it said and asked for meanwhile must be in order."""
    wide = {"viewport": {"width": 1280, "height": 800}}
    context = browser.new_context(**wide | context_options)
    context.set_default_timeout(10_000)
    opened = context.new_page()
    opened.watched = Watched(opened, service_url)
    opened.goto(service_url)
    yield opened
    opened.watched.check()
    context.close()


class Watched:
    """What a page said and asked for; refusals are expected only where a test says so."""

    def __init__(self, page, origin: str) -> None:
        self.origin, self.refusals_expected = origin, False
        self.said: list[str] = []
        self.errors: list[str] = []
        self.elsewhere: list[str] = []
        page.on("console", self.hear)
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("request", self.see)

    def hear(self, message) -> None:
        if message.type in ("error", "warning"):
            self.said.append(message.text)

    def see(self, request) -> None:
        if not request.url.startswith((self.origin + "/", "data:")):
            self.elsewhere.append(request.url)

    def check(self) -> None:
        assert self.errors == [], "exceptions in the page"
        assert self.elsewhere == [], "requests to another origin"
        refused = "Failed to load resource"
        unexpected = [text for text in self.said if not text.startswith(refused)]
        assert unexpected == [] and (self.refusals_expected or self.said == [])
