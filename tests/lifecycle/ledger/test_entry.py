"""What a ledger line may be: short, canonical, chained."""

import pytest

from nli_lifecycle.lifecycle.ledger.entry import Entry, Held, LedgerError, LedgerGone, shortened

HELD = Held(version="12345", digest="d" * 64)
LONGEST = Entry(
    epoch=999_999,
    kind="bootstrap",
    promotion="p" * 32,
    before=HELD,
    after=HELD,
    decision="d" * 64,
    run="r" * 32,
    previous_hash="h" * 64,
    actor="a" * 120,
    time="2026-01-01T00:00:00+00:00",
    reason="ü" * 200,
)


def test_the_longest_entry_there_can_be_fits_a_tag():
    assert 700 < len(LONGEST.checked()) <= 1_000


def test_a_line_that_a_store_would_cut_off_is_refused():
    quoted = LONGEST.model_copy(update={"reason": '"' * 200})  # every quote takes two characters
    assert len(quoted.checked()) <= 1_000 or pytest.fail("room is left")
    with pytest.raises(LedgerError, match="over 1000. Give a shorter reason"):
        LONGEST.model_copy(update={"reason": '"' * 400}).checked()


def test_a_line_reads_back_as_it_was_written():
    text = LONGEST.text()
    assert Entry.parse(text, "here") == LONGEST
    assert '"e":999999' in text and '"epoch"' not in text


@pytest.mark.parametrize(
    "alter, why",
    [
        (lambda text: text.replace('"k":"bootstrap"', '"k":"blessing"'), "Input should be"),
        (lambda text: text.replace("999999", "-1"), "greater than or equal to 0"),
        (lambda text: text + " ", "not in canonical form"),
        (lambda text: text[:-1] + ',"extra":1}', "Extra inputs"),
        (lambda text: "", "Invalid JSON"),
    ],
)
def test_an_altered_line_is_named(alter, why):
    with pytest.raises(LedgerGone, match=f"Entry 7 was altered: .*{why}.*reconcile --rebuild"):
        Entry.parse(alter(LONGEST.text()), "Entry 7")


def test_reasons_are_one_short_line():
    assert shortened("a\n  b\tc") == "a b c"
    assert len(shortened("x" * 500)) == 200 and shortened("x" * 500).endswith("…")
