"""Secrets never reach a tag, a parameter or a log line."""

import pytest

from nli_lifecycle.masking import MASK, command_line, mask_text, mask_values


@pytest.mark.parametrize(
    "text",
    [
        "--params api_key=hunter2",
        "--params=db.password=hunter2,epochs=3",
        "token: hunter2",
        "--token hunter2",
        "MLFLOW_TRACKING_PASSWORD=hunter2",
        "postgresql+psycopg2://scott:hunter2@db/mlflow",
        "aws_secret_access_key=hunter2",
    ],
)
def test_secrets_in_text_are_blanked(text: str) -> None:
    masked = mask_text(text)
    assert "hunter2" not in masked
    assert MASK in masked


def test_ordinary_text_is_untouched() -> None:
    text = "kedro run --env staging --params batch_tokens=64,source=sick http://host:5000/x"
    assert mask_text(text) == text


def test_values_are_masked_by_key_at_any_depth_and_the_original_stays() -> None:
    original = {
        "mail": {"smtp_password": "hunter2", "hosts": ["a", "https://u:hunter2@h"]},
        "epochs": 3,
        "token": None,
    }
    masked = mask_values(original)
    assert masked == {
        "mail": {"smtp_password": MASK, "hosts": ["a", f"https://{MASK}@h"]},
        "epochs": 3,
        "token": None,
    }
    assert original["mail"]["smtp_password"] == "hunter2"  # type: ignore[index]


def test_command_line_shortens_the_program_and_masks() -> None:
    typed = ["/home/me/.venv/bin/kedro", "run", "--params", "secret=x,epochs=1"]
    assert command_line(typed) == f"kedro run --params secret={MASK},epochs=1"
