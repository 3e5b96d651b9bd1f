"""Which parameters must be passed to have those of a run again."""

from nli_lifecycle.masking import MASK
from nli_lifecycle.replay.overrides import ABSENT, Change, changes, nested, overrides

TODAY = {
    "source": "sample",
    "training": {"epochs": 3, "learning_rate": 1e-4, "labels": {}, "keep": []},
    "policy": {"minimum_rows": 200},
}


def found(recorded, given=None, today=TODAY):
    return {
        change.name: (change.was, change.given)
        for change in overrides(recorded, given or {}, today)
    }


def test_a_parameter_of_today_that_was_not_there_cannot_be_passed_away() -> None:
    recorded = {"training": {**TODAY["training"], "labels": {}}}
    today = {"training": {**TODAY["training"], "labels": {"0": "entailment"}}}
    (change,) = overrides(recorded, {}, today)
    assert (change.name, change.was, change.now) == ("training.labels.0", ABSENT, "entailment")
    assert "is 'entailment': take it out of conf/" in str(change)
    assert nested([change]) == {}


def test_a_secret_that_was_given_must_be_given_again() -> None:
    given = {"mail": {"password": MASK}, "api_token": MASK}
    changed = overrides({"api_token": MASK}, given, {"api_token": MASK})
    assert [change.name for change in changed] == ["mail.password", "api_token"]
    assert all(change.secret and change.given for change in changed)
    assert changed[0].variable == "MAIL_PASSWORD"
    assert nested(changed, {"api_token": "x"}) == {"mail": {"password": MASK}, "api_token": "x"}


def test_a_secret_of_the_configuration_is_taken_from_there_while_it_is_there() -> None:
    recorded = {"mail": {"password": MASK, "host": "a"}}
    assert found(recorded, today={"mail": {"password": MASK, "host": "a"}}) == {}
    assert found(recorded, today={"mail": {"host": "a"}}) == {"mail.password": (MASK, False)}


def test_nothing_is_passed_where_nothing_differs() -> None:
    assert found({"source": "sample", "training": TODAY["training"]}) == {}
    assert found({"training": {**TODAY["training"], "epochs": 3.0}}) == {}


def test_only_what_differs_is_passed_with_its_type() -> None:
    training = {"epochs": 1, "learning_rate": None, "labels": {"a": "b"}, "keep": ["x", "y"]}
    changed = overrides({"training": training}, {"training": {"epochs": 1}}, TODAY)
    assert nested(changed) == {"training": training}
    assert [change.name for change in changed if change.given] == ["training.epochs"]
    assert str(changed[1]) == "parameter training.learning_rate was None, is 0.0001."


def test_true_is_not_one() -> None:
    assert [change.was for change in changes({"a": True}, {"a": 1})] == [True]


def test_a_whole_group_that_is_gone_is_passed_leaf_by_leaf() -> None:
    assert found({"export": {"int8": False, "more": {"a": 1}}}) == {
        "export.int8": (False, False),
        "export.more.a": (1, False),
    }


def test_what_steers_the_catalog_only_is_passed_as_it_was_given() -> None:
    assert found({"source": "sample"}, {"engine": "spark", "source": "sample"}) == {
        "engine": ("spark", True)
    }


def test_a_change_says_what_was_and_what_is() -> None:
    assert str(Change(("a", "b"), 1, ABSENT)) == "parameter a.b was 1, is not there."
    assert "its value was not recorded" in str(Change(("key",), f"https://{MASK}@host", "x"))
