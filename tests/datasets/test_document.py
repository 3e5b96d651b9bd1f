from dataclasses import dataclass

import pytest
from ready_evidence import CANDIDATE, evidence

from nli_lifecycle.datasets.document import DocumentDataset, DocumentError
from nli_lifecycle.lifecycle.documents import ModelRef
from nli_lifecycle.lifecycle.evidence import Evidence


@dataclass(frozen=True)
class Note:
    text: str
    pages: int = 1


def dataset(path, model=ModelRef) -> DocumentDataset:
    return DocumentDataset(filepath=str(path), model=f"{model.__module__}.{model.__qualname__}")


@pytest.mark.parametrize(
    "content, why",
    [
        ("", "the file: Invalid JSON"),
        ('{"name": "m", "version"', "the file: Invalid JSON"),
        ('{"name": "m", "version": "1"}', "digest: Field required"),
        ('{"name": "m", "version": "1", "digest": "d", "stage": "x"}', "stage: Extra inputs"),
    ],
)
def test_a_malformed_file_is_refused_with_its_name_and_the_key(tmp_path, content, why):
    path = tmp_path / "candidate.json"
    path.write_text(content)
    with pytest.raises(Exception) as caught:
        dataset(path).load()
    assert isinstance(caught.value.__cause__, DocumentError)
    assert f"{path} is no ModelRef: {why}" in str(caught.value)
    assert "Run the pipeline that writes it again." in str(caught.value)


def test_another_kind_of_document_is_not_written(tmp_path):
    path = tmp_path / "candidate.json"
    dataset(path).save(CANDIDATE)
    with pytest.raises(Exception, match="validation error"):
        dataset(path).save(evidence())
    assert dataset(path).load() == CANDIDATE
    assert [file.name for file in tmp_path.iterdir()] == ["candidate.json"]


def test_a_failing_write_keeps_the_old_document(tmp_path, monkeypatch):
    path = tmp_path / "candidate.json"
    dataset(path).save(CANDIDATE)

    def full(source, target):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.replace", full)
    with pytest.raises(Exception, match="No space left"):
        dataset(path).save(CANDIDATE.model_copy(update={"version": "3"}))
    monkeypatch.undo()
    assert dataset(path).load() == CANDIDATE
    assert [file.name for file in tmp_path.iterdir()] == ["candidate.json"]


def test_documents_come_back_as_they_were(tmp_path):
    path = tmp_path / "new" / "evidence.json"
    entry = dataset(path, Evidence)
    assert not entry.exists()
    entry.save(evidence())
    assert entry.exists()
    assert entry.load() == evidence()
    assert '\n  "environment": "dev"' in path.read_text()
    assert entry.preview() == path.read_text()


def test_dataclasses_are_documents_too(tmp_path):
    entry = dataset(tmp_path / "note.json", Note)
    entry.save(Note("a", 2))
    assert entry.load() == Note("a", 2)


@pytest.mark.parametrize("content", [None, '{"pages": 2}', '{"text": "a", "page', ""])
def test_an_optional_document_is_none_where_there_is_none_of_this_version(tmp_path, content):
    path = tmp_path / "note.json"
    if content is not None:
        path.write_text(content)
    name = f"{Note.__module__}.{Note.__qualname__}"
    entry = DocumentDataset(filepath=str(path), model=name, optional=True)
    assert entry.exists()
    assert entry.load() is None
    dataset(path, Note).save(Note("a"))
    assert entry.load() == Note("a")


def test_a_document_that_is_not_there_is_named(tmp_path):
    with pytest.raises(Exception, match="candidate.json"):
        dataset(tmp_path / "candidate.json").load()
