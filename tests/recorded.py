"""What a run recorded, with the facts a test is about."""

from __future__ import annotations

from typing import Any

from nli_lifecycle.replay.record import Code, Record, Selection

CODE = Code(git_sha="a" * 40, git_dirty=False, version="v", source="s", libraries={})


def record(**facts: Any) -> Record:
    return Record.model_validate(
        {
            "environment": "dev",
            "pipelines": ("data_engineering", "training"),
            "selection": Selection(),
            "runtime_params": {},
            "parameters": {},
            "places": "p",
            "conf_source": None,
            "home": "/home",
            "code": CODE,
            **facts,
        }
    )
