"""The engine entry: nothing is opened early, and what is missing is said."""

import builtins
from pathlib import Path
from typing import Any

import pytest

from nli_lifecycle.datasets.engine import EngineDataset
from nli_lifecycle.engines import session
from nli_lifecycle.engines.local import LocalEngine
from nli_lifecycle.engines.table import EngineError


def _dataset(engine: str) -> EngineDataset:
    return EngineDataset(engine=engine, master="local[1]", options={})


def test_pandas_needs_nothing() -> None:
    assert isinstance(_dataset("pandas").load(), LocalEngine)


def test_an_unknown_engine_is_named() -> None:
    with pytest.raises(Exception, match="engine: 'polars' is neither pandas nor spark"):
        _dataset("polars").load()


def test_without_java_the_message_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("pyspark")
    for name in ("JAVA_HOME", "SPARK_REMOTE", "DATABRICKS_RUNTIME_VERSION"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(EngineError, match="(?s)Java 17.*apt install.*SPARK_REMOTE.*engine: pandas"):
        session.open_session("local[1]", {})


def test_a_java_home_without_java_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    pytest.importorskip("pyspark")
    for name in ("SPARK_REMOTE", "DATABRICKS_RUNTIME_VERSION"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    with pytest.raises(EngineError, match=f"none was found in JAVA_HOME, which is {tmp_path}"):
        session.open_session("local[1]", {})


def test_what_java_says_is_handed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    protocol = pytest.importorskip("py4j.protocol")
    monkeypatch.delenv("SPARK_REMOTE", raising=False)

    def failing(*_: Any) -> None:
        raise protocol.Py4JError(
            "An error occurred while calling None.org.apache.spark.api.java.JavaSparkContext.\n"
            ": org.apache.spark.SparkException: Could not parse Master URL: 'local[x]'\n\tat …"
        )

    monkeypatch.setattr(session, "_own", failing)
    with pytest.raises(EngineError) as error:
        session.open_session("local[x]", {})
    assert str(error.value).startswith(
        "The Spark session cannot be opened at local[x]: "
        "org.apache.spark.SparkException: Could not parse Master URL: 'local[x]'. Check"
    )


@pytest.mark.parametrize("said", ["", "Gone.", " two\nlines"])
def test_whatever_goes_wrong_there_is_one_line_about_it(
    monkeypatch: pytest.MonkeyPatch, said: str
) -> None:
    pytest.importorskip("pyspark")
    monkeypatch.delenv("SPARK_REMOTE", raising=False)

    def failing(*_: Any) -> None:
        raise OSError(said)

    monkeypatch.setattr(session, "_own", failing)
    expected = {"": "OSError", "Gone.": "Gone", " two\nlines": "two"}[said]
    with pytest.raises(EngineError, match=rf"opened at local\[1\]: {expected}\. Check"):
        session.open_session("local[1]", {})


def test_without_pyspark_the_message_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    original = builtins.__import__

    def without(name: str, *others: Any) -> Any:
        if name.startswith("pyspark"):
            raise ImportError("No module named 'pyspark'")
        return original(name, *others)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(EngineError, match=r"pip install 'nli-lifecycle\[spark\]'"):
        session.open_session("local[1]", {})
    with pytest.raises(Exception, match=r"pip install 'nli-lifecycle\[spark\]'"):
        _dataset("spark").load()


def test_the_entry_holds_no_data() -> None:
    with pytest.raises(Exception, match="load-only"):
        _dataset("pandas").save("data")
