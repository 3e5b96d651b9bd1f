"""The Spark session: the one that is there, a Connect server's, a cluster's, or a local one."""

from __future__ import annotations

import atexit
import os
import shutil
import socket
import sys
import tempfile
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from nli_lifecycle.engines.table import EngineError
from nli_lifecycle.provenance import code_archive

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

#: What correctness needs whatever the cluster's own settings are.
REQUIRED = {
    # Without Arrow, pandas' missing text becomes the text "nan".
    "spark.sql.execution.arrow.pyspark.enabled": "true",
    "spark.sql.execution.arrow.pyspark.fallback.enabled": "false",
}

#: Seconds that a cluster may take to accept a connection.
KNOCK_SECONDS = 10

#: Session option that says which code was shipped.
SHIPPED = "nli.lifecycle.shipped"


def open_session(master: str, options: Mapping[str, str]) -> SparkSession:
    """Open the Spark session, and ship our code to its workers.

    Args:
        master: for a session of our own, such as ``local[*]`` or ``spark://host:7077``; not used
            where a session is active (Databricks), or SPARK_REMOTE names a Connect server.
        options: Spark options for a session of our own.

    Raises:
        EngineError: pyspark or Java is missing, or the cluster does not answer.
    """
    try:
        from py4j.protocol import Py4JError
        from pyspark.errors import PySparkException
        from pyspark.sql import SparkSession
    except ImportError as error:
        raise EngineError(
            f"engine: spark needs PySpark, which cannot be imported ({error}). Install it with "
            "`pip install 'nli-lifecycle[spark]'` (from a checkout: `make install-spark`), or "
            "set engine: pandas."
        ) from error
    try:
        session = SparkSession.getActiveSession() or _own(master, options)
        for name, value in REQUIRED.items():
            session.conf.set(name, value)
        _ship_code(session)
    except (PySparkException, Py4JError, OSError, RuntimeError) as error:
        raise EngineError(
            f"The Spark session cannot be opened at {_address(master)}: {_reason(error)}. Check "
            "that it is up and can be reached from here (SPARK_REMOTE for Spark Connect, "
            "SPARK_MASTER for a cluster), or set engine: pandas."
        ) from error
    return session


def _own(master: str, options: Mapping[str, str]) -> SparkSession:
    from pyspark.sql import SparkSession

    if "DATABRICKS_RUNTIME_VERSION" in os.environ:
        return SparkSession.builder.getOrCreate()
    builder = SparkSession.builder.appName("nli-lifecycle")
    if remote := os.environ.get("SPARK_REMOTE"):
        if remote.startswith("sc://"):
            _require_answer(remote)
        session: SparkSession = builder.remote(remote).getOrCreate()
        for name, value in options.items():
            if session.conf.isModifiable(name):
                session.conf.set(name, value)
        return session
    _require_java()
    if master.startswith("spark://"):
        _require_answer(master)
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    for name, value in {"spark.log.level": "ERROR", **options}.items():
        builder = builder.config(name, value)
    return builder.master(master).getOrCreate()


def _require_java() -> None:
    home = os.environ.get("JAVA_HOME")  # where it is set, Spark looks nowhere else
    if shutil.which("java", path=f"{home}/bin" if home else None):
        return
    place = f"in JAVA_HOME, which is {home}" if home else "on PATH, and JAVA_HOME is not set"
    raise EngineError(
        f"engine: spark needs Java 17 or newer on this machine, and none was found {place}. "
        "Install one (Debian/Ubuntu: apt install openjdk-17-jre-headless; macOS: brew install "
        "openjdk@17), or use a cluster without Java here through Spark Connect "
        "(SPARK_REMOTE=sc://host:15002), or set engine: pandas."
    )


def _require_answer(address: str) -> None:
    """Knock first: Spark's own clients go on trying for minutes where nobody answers.

    Args:
        address: ``sc://host:port/;options``, or ``spark://host:port`` of one master or several.

    Raises:
        OSError: nobody does.
    """
    refusals = []
    for place in address.partition("://")[2].partition("/")[0].partition(";")[0].split(","):
        try:
            server = urlsplit(f"//{place}")
            with socket.create_connection(
                (server.hostname, server.port or 15002), timeout=KNOCK_SECONDS
            ):
                return
        except (OSError, ValueError) as error:  # ValueError: that is no port
            refusals.append(str(error))
    raise OSError("; ".join(refusals))


def _reason(error: Exception) -> str:
    """What went wrong, in one line; Java's own word comes after a colon on a line of its own."""
    lines = str(error).strip().splitlines() or [type(error).__name__]
    return next((line[2:] for line in lines if line.startswith(": ")), lines[0]).rstrip(".")


def _address(master: str) -> str:
    return os.environ.get("SPARK_REMOTE") or master


def _ship_code(session: SparkSession) -> None:
    """Give the workers this very code, once: they need our dependencies, but no install of us."""
    packed = code_archive()
    version = sha256(packed).hexdigest()[:16]
    if session.conf.get(SHIPPED, None) == version:
        return
    # Workers fetch it from here whenever they start, so it stays for as long as the session may.
    folder = Path(tempfile.mkdtemp(prefix="nli-lifecycle-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    path = folder / f"nli_lifecycle_{version}.zip"
    path.write_bytes(packed)
    session.addArtifacts(str(path), pyfile=True)
    session.conf.set(SHIPPED, version)
