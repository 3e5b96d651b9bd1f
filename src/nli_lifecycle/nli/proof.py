"""Prove that a bundle answers as it did when it was sealed: its own code, its golden probes."""

from __future__ import annotations

import sys
import uuid
from types import ModuleType

from nli_lifecycle.nli.bundle import Bundle, BundleError


def prove(bundle: Bundle) -> None:
    """Load a bundle with the code it brings along, which checks its golden probes.

    Args:
        bundle: verified byte by byte before.

    Raises:
        BundleError: it cannot be loaded here, or a golden probe is answered differently.
    """
    path = bundle.payload / "inference.py"
    module = ModuleType(f"nli_inference_{uuid.uuid4().hex}")
    module.__file__ = str(path)
    sys.modules[module.__name__] = module  # where dataclasses look their annotations up
    try:
        exec(compile(path.read_text(encoding="utf-8"), str(path), "exec"), module.__dict__)
        module.Classifier.load(bundle.payload)
    except Exception as error:  # whatever the bundle's own code raises, it does not work
        raise BundleError(
            f"The bundle {bundle.digest[:12]} does not answer as it was sealed: {error} "
            "It is not released; train or take it in again."
        ) from error
    finally:
        del sys.modules[module.__name__]
