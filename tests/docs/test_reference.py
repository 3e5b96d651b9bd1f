"""The generated reference is what the code says today."""

from __future__ import annotations

import ast
import re
import sys
from typing import Literal

from project import PROJECT
from pydantic import BaseModel, Field

sys.path.insert(0, str(PROJECT / "docsite"))
from diagram import PALETTES, draw  # noqa: E402
from pages import expand  # noqa: E402
from parameter_page import GROUPS, SERVICE, leaves  # noqa: E402
from reference import render  # noqa: E402

REFERENCE = PROJECT / "docs" / "reference"


def test_the_pages_are_up_to_date() -> None:
    stale = [name for name, text in render().items() if (REFERENCE / name).read_text() != text]
    assert stale == [], "run `make reference` and commit docs/reference"


def test_the_diagram_is_up_to_date() -> None:
    for name, colours in PALETTES.items():
        assert (PROJECT / f"docs/images/lifecycle-{name}.svg").read_text() == draw(colours)


def test_every_parameter_has_a_meaning() -> None:
    models = [group[0] for group in (*GROUPS.values(), SERVICE)]
    fields = [(model, *leaf) for model in models for leaf in leaves(model)]
    assert len(fields) > 150
    assert [
        f"{model.__name__}.{name}" for model, name, field, _ in fields if not field.description
    ] == []


class _Inner(BaseModel):
    share: float = Field(0.1, description="of rows")


class _Outer(BaseModel):
    inner: _Inner = Field(default_factory=lambda: _Inner(share=0.4))
    absent: _Inner | None = Field(None, description="null: off")
    kind: Literal["a", "b"] = Field(description="which")


def test_defaults_are_those_that_the_group_is_given() -> None:
    defaults = {name: default for name, _, default in leaves(_Outer)}
    assert defaults["inner.share"] == 0.4
    assert defaults["absent"] is None and defaults["absent.share"] == 0.1


def test_a_pattern_in_the_navigation_takes_the_pages_that_nobody_names() -> None:
    nav = [{"Guides": ["data.md", "later.md", "*.md"]}, {"Watch": ["monitoring*.md", "new/*.md"]}]
    pages = ["data.md", "review.md", "monitoring_page.md", "new/one.md"]
    assert expand(nav, pages) == [
        {"Guides": ["data.md", "review.md"]},
        {"Watch": ["monitoring_page.md", "new/one.md"]},
    ]


def test_documented_tags_are_written_by_the_code() -> None:
    """What ends in * is a beginning. Tags of a real run: test_train_and_release."""
    documented = re.findall(
        r"^\| `([a-z0-9_]+\*?)` \|", (REFERENCE / "mlflow_tags.md").read_text(), re.M
    )
    assert len(documented) > 40
    texts = set()
    for file in (PROJECT / "src").rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                texts.add(node.value)
            elif isinstance(node, ast.keyword) and node.arg:
                texts.add(node.arg)
    made_of_parts = {"training_run": "_run"}
    unknown = [tag for tag in documented if made_of_parts.get(tag, tag.rstrip("*")) not in texts]
    assert unknown == []
