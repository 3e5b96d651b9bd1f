"""What a chain of entries means, and that no change to it goes unseen."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nli_lifecycle.lifecycle.ledger.entry import Entry, Held, LedgerGone
from nli_lifecycle.lifecycle.ledger.history import History, verified


def chain(*moves: tuple[str, str | None]) -> list[Entry]:
    """Entries from (kind, letter of the champion after it); the bootstrap entry comes by itself."""
    entries: list[Entry] = []
    champion = None
    for epoch, (kind, letter) in enumerate((("bootstrap", None), *moves)):
        after = Held(version="1", digest=letter * 64) if letter else champion
        entries.append(
            Entry(
                epoch=epoch,
                kind=kind,
                promotion=f"{epoch:032x}",
                before=champion,
                after=after,
                previous_hash=entries[-1].line_hash() if entries else "",
                actor="ann",
                time="2026-01-01T00:00:00+00:00",
                reason=f"reason {epoch}",
            )
        )
        champion = after
    return entries


def letters(history: History) -> str:
    return "".join(held.digest[0] for held in history.good)


@pytest.mark.parametrize(
    "moves, good",
    [
        ((), ""),
        ((("promote", "a"),), "a"),
        ((("promote", "a"), ("promote", "b"), ("promote", "c")), "cba"),
        ((("promote", "a"), ("promote", "b"), ("rollback", "a")), "a"),
        ((("promote", "a"), ("promote", "b"), ("promote", "c"), ("rollback", "b")), "ba"),
        ((("promote", "a"), ("promote", "b"), ("rollback", "a"), ("rollback", "b")), "ba"),
        ((("promote", "a"), ("adopt", "b"), ("restore", None), ("freeze", None)), "ba"),
        ((("promote", "a"), ("promote", "b"), ("rollback", "a"), ("promote", "c")), "ca"),
    ],
)
def test_rolling_back_walks_back_and_not_to_and_fro(moves, good):
    assert letters(verified(chain(*moves), "m")) == good


def test_what_was_rolled_back_from_is_withdrawn_until_it_comes_back():
    moves = [("promote", "a"), ("promote", "b"), ("rollback", "a")]
    assert verified(chain(*moves), "m").withdrawn("b" * 64).reason == "reason 3"
    assert verified(chain(*moves), "m").withdrawn("a" * 64) is None
    assert verified(chain(*moves, ("promote", "b")), "m").withdrawn("b" * 64) is None


def test_a_freeze_is_in_force_until_the_next_unfreeze():
    frozen = [("promote", "a"), ("freeze", None), ("rollback", "a")]
    assert verified(chain(*frozen), "m").freeze.epoch == 2
    assert verified(chain(*frozen, ("unfreeze", None)), "m").freeze is None


def test_chosen_and_previous_look_past_entries_that_move_nothing():
    moves = chain(("promote", "a"), ("promote", "b"), ("freeze", None), ("unfreeze", None))
    history = verified(moves, "m")
    assert (history.epoch, history.chosen.epoch) == (4, 2)
    assert history.previous.digest == "a" * 64


def test_an_empty_ledger_is_no_ledger():
    with pytest.raises(LedgerGone, match="is empty"):
        verified([], "m")


KINDS = st.lists(
    st.tuples(
        st.sampled_from(["promote", "rollback", "adopt", "freeze", "unfreeze", "restore"]),
        st.sampled_from("abc"),
    ).map(lambda move: move if move[0] in ("promote", "rollback", "adopt") else (move[0], None)),
    min_size=2,
    max_size=8,
)


@given(moves=KINDS, data=st.data())
def test_no_entry_can_be_altered_dropped_or_swapped(moves, data):
    entries = chain(*moves)
    assert verified(entries, "m").epoch == len(moves)
    at = data.draw(st.integers(0, len(entries) - 2), label="entry")  # not the last: the mirror's
    what = data.draw(st.sampled_from(["reason", "actor", "drop", "swap", "champion"]))
    if what == "drop":
        del entries[at]
    elif what == "swap":
        entries[at], entries[at + 1] = entries[at + 1], entries[at]
    elif what == "champion":
        held = Held(version="9", digest="f" * 64)
        entries[at] = entries[at].model_copy(update={"after": held})
    else:
        entries[at] = entries[at].model_copy(update={what: "somebody else"})
    with pytest.raises(LedgerGone, match="ledger of m"):
        verified(entries, "m")
