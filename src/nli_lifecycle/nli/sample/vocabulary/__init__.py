"""The words each environment's sentences are made of."""

from __future__ import annotations

from collections.abc import Mapping

from nli_lifecycle.nli.sample.topic import Vocabulary
from nli_lifecycle.nli.sample.vocabulary.dev import DEV
from nli_lifecycle.nli.sample.vocabulary.prod import PROD
from nli_lifecycle.nli.sample.vocabulary.staging import STAGING

VOCABULARIES: Mapping[str, Vocabulary] = {"dev": DEV, "staging": STAGING, "prod": PROD}
