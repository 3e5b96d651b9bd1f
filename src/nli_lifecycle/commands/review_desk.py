"""What the review commands work on: an environment's catalog entries, parameters and policy."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kedro.io import DataCatalog

from nli_lifecycle.commands.places import Place, PlaceError, load_configuration
from nli_lifecycle.lifecycle.policy import Policy
from nli_lifecycle.review.feedback import words_of_log
from nli_lifecycle.review.importing import Account, take_in
from nli_lifecycle.review.parameters import ReviewParameters
from nli_lifecycle.review.progress import describe
from nli_lifecycle.review.records import Asked, Word
from nli_lifecycle.review.settling import settle, still_open, training_pairs
from nli_lifecycle.review.sheets import write_csv, write_jsonl
from nli_lifecycle.review.store import ReviewStore

#: What is told of a pair whose own label reviewers do not confirm.
_SHOWN = {"review_id", "pair_id", "premise", "hypothesis", "label"}

_ENTRIES = ("reviews", "review_queue", "reviewed_pairs", "inference_log")


class ReviewError(ValueError):
    """A review command that cannot be carried out as asked."""


@dataclass(frozen=True)
class Desk:
    """One environment's reviews."""

    environment: str
    catalog: DataCatalog
    parameters: ReviewParameters
    reviewers: int  # different people that a label needs

    @property
    def store(self) -> ReviewStore:
        """What was asked and said."""
        store: ReviewStore = self.catalog.load("reviews")
        return store

    def write_sheet(self, file: Path, reviewer: str, show_answers: bool) -> int:
        """Write what is open; says how many pairs.

        Raises:
            ReviewError: there is no queue, or the file's name says no format.
        """
        layouts = {".csv": write_csv, ".jsonl": write_jsonl}
        if file.suffix not in layouts:
            raise ReviewError(f"{file}: say the format by the name, .csv or .jsonl.")
        if not self.catalog.exists("review_queue"):
            raise ReviewError(
                f"{self.environment} has no review queue yet. Make it with `kedro run --env "
                f"{self.environment} --pipelines review`, after evaluation."
            )
        words = self.store.words()
        rows = still_open(self.catalog.load("review_queue"), settle(words, self.reviewers))
        if reviewer:
            done = {word.review_id for word in words if word.reviewer == reviewer}
            rows = rows[~rows["review_id"].isin(done)]
        file.write_text(layouts[file.suffix](rows, show_answers, reviewer), "utf-8", newline="\n")
        return len(rows)

    def take_sheet(self, file: Path, reviewer: str, dry_run: bool) -> Account:
        """Take a sheet in, or only say what would become of its rows.

        Raises:
            DataError: it cannot be read, or is no sheet.
        """
        asked = self.store.asked()
        return self._kept(lambda known: take_in(file, reviewer, asked, known), dry_run)

    def take_feedback(self, dry_run: bool) -> Account:
        """Take in what came by the service's ``/feedback``, or only say what would become of it.

        Raises:
            NoLogHere: there is no inference log of the service's.
        """
        from nli_lifecycle.serving.log.reading import LogReader, NoLogHere

        log = self.catalog.load("inference_log")
        if not isinstance(log, LogReader):
            raise NoLogHere(
                "The catalog entry inference_log is a table, which the service's feedback is not "
                "in. Take labels in by file."
            )
        asked, account = words_of_log(log, self.store.words())
        if not dry_run:
            self.store.ask(asked)
        return self._kept(lambda known: account, dry_run)

    def hand_on(self) -> None:
        """Write the settled pairs that training may have."""
        settled = settle(self.store.words(), self.reviewers)
        pairs = training_pairs(self.store.asked(), settled, self.parameters)
        self.catalog.save("reviewed_pairs", pairs)

    def status(self) -> dict[str, Any]:
        """The last queue's progress, labels by person, disputed pairs, corrected labels."""
        words, asked = self.store.words(), self.store.asked()
        settled = settle(words, self.reviewers)
        queue = _last_queue(asked)
        progress = describe(queue, settled)
        pairs = {one.review_id: one for one in asked}
        said = (
            f"{progress.reviewed:,} of {progress.pairs:,} pairs reviewed, {progress.open:,} open, "
            f"{progress.disputed:,} of them disputed (candidate {queue[0].candidate[:12]})."
            if queue
            else "nothing was asked yet."
        )
        return {
            "said": said,
            "candidate": queue[0].candidate if queue else None,
            "pairs": progress.pairs,
            "reviewed": progress.reviewed,
            "open": progress.open,
            "reasons": {name: part.model_dump() for name, part in progress.reasons.items()},
            "reviewers": dict(Counter(word.reviewer for word in words)),
            "disputed": [
                {"review_id": name, "pair_id": pairs[name].pair_id, "votes": votes}
                for name, votes in sorted(settled.disputed.items())
            ],
            "relabelled": [
                {**pairs[name].model_dump(include=_SHOWN), "reviewed": label}
                for name, label in sorted(settled.labels.items())
                if pairs[name].label not in (None, label)
            ],
        }

    def _kept(self, judge: Callable[[Sequence[Word]], Account], dry_run: bool) -> Account:
        if dry_run:
            return judge(self.store.words())
        accounts: list[Account] = []

        def keep(known: Sequence[Word]) -> Sequence[Word]:
            accounts.append(judge(known))
            return accounts[0].taken

        self.store.add(keep)
        return accounts[0]


def open_desk(place: Place) -> Desk:
    """Read an environment's configuration; nothing else is read yet.

    Raises:
        PlaceError: a registry was named, which has no reviews.
    """
    if not place.conf_source:
        raise PlaceError("Reviews lie in a project's data root: give --env, not --model.")
    loader = load_configuration(place.conf_source, place.environment)
    entries = loader["catalog"]
    parameters = loader["parameters"]
    policy = Policy.model_validate(parameters["policy"])
    return Desk(
        place.environment,
        DataCatalog.from_config({name: entries[name] for name in _ENTRIES}),
        ReviewParameters.model_validate(parameters["review"]),
        policy.reviews.reviewers if policy.reviews else 1,
    )


def _last_queue(asked: Sequence[Asked]) -> list[Asked]:
    """What was asked about the candidate that was asked about last; feedback is no queue."""
    queues = [one for one in asked if one.reason != "feedback"]
    return [one for one in queues if one.candidate == queues[-1].candidate]
