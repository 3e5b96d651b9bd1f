"""Whether a head may be followed: never to an earlier epoch than one that was served."""

from __future__ import annotations

from nli_lifecycle.serving.head import Release


def going_back(latest: Release | None, head: Release | None) -> str | None:
    """Say why following a head would be going back.

    A rollback is a later epoch of older bytes, and no going back. An earlier epoch, or another
    release of the same one, is what a stale copy of the database shows, or one restored from a
    backup.

    Args:
        latest: the release of the highest epoch that was served; None: none was.
        head: champion by the ledger; None: it names none.

    Returns:
        A sentence; None where it may be followed.
    """
    if latest is None:
        return None
    served = f"epoch {latest.epoch} (version {latest.version}) was served already"
    if head is None:
        return f"The ledger of {latest.model} names no champion any more, but {served}."
    same_epoch = head.epoch == latest.epoch
    if head.epoch > latest.epoch or (same_epoch and head.digest == latest.digest):
        return None
    return (
        f"The ledger of {head.model} is at epoch {head.epoch} (version {head.version}), but "
        f"{served}: it is a stale copy, or was restored from an old one."
    )
