import hashlib

import pytest
from pydantic import ValidationError
from ready_evidence import CANDIDATE, evidence

from nli_lifecycle.lifecycle.documents import ModelRef
from nli_lifecycle.lifecycle.evidence import Evidence


def test_unknown_keys_are_refused():
    with pytest.raises(ValidationError, match="stage"):
        ModelRef.model_validate({**CANDIDATE.model_dump(), "stage": "Production"})


def test_documents_do_not_change():
    with pytest.raises(ValidationError, match="frozen"):
        CANDIDATE.version = "3"  # type: ignore[misc]


def test_the_hash_is_of_the_canonical_json():
    ref = ModelRef(name="m", version="1", digest="d")
    expected = hashlib.sha256(b'{"digest":"d","name":"m","version":"1"}').hexdigest()
    assert ref.content_hash() == expected


def test_the_hash_survives_a_round_trip_through_json():
    before = evidence()
    after = Evidence.model_validate_json(before.model_dump_json(indent=2))
    assert after == before
    assert after.content_hash() == before.content_hash()
