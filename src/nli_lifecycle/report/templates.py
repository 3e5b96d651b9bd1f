"""Where the reports' templates are, and how they are filled in."""

from jinja2 import Environment, PackageLoader, StrictUndefined


def templates() -> Environment:
    """The templates of this package: all that is put in is escaped, and nothing may be missing."""
    return Environment(
        loader=PackageLoader("nli_lifecycle.report", ""),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
