"""The fire drill, in one command: `make drill` (about five minutes).

Two models are released to prod. The second is the better one on prod's evaluation pairs, and has
learnt something wrong that these do not ask: who does what to whom in the passive voice. It is
served; traffic is answered and logged; people send labels. Then another caller comes, who asks just
that. Monitoring tells a webhook, freezes releases and rolls back; the service follows; the report
shows it. All of it with the real commands, in a home of its own.
"""

from __future__ import annotations

import time

from caller import Caller, service, until
from receiver import receiving
from stage import Row, Stage, damaged, expect, say, scene

from nli_lifecycle.nli.sample.generate import generate

STAGE = Stage("drill")
DAMAGED = "voice"  # the phenomenon whose labels the second model learns the wrong way round
WINDOW = 500  # pairs, as shipped
QUIET, SHIFTED = 2, 2  # windows of traffic
ROWS = {"train": 2_000, "validation": 300, "test": 600}  # of dev's pairs, to save time
JUDGED = 1_500  # of prod's

#: What differs from the shipped parameters, and why.
POLICY = {
    "minimum_rows": 500,
    "minimums": {"accuracy": 0.4, "macro_f1": 0.3},  # small models, for time
    "slices": {"margin": None},  # the damage must get through
    "stress": {"margin": None},  # no stress suites: time
    "approvals": {"needed": 0},  # nobody is there to approve
}
MONITORING = {
    "measuring": {"realised": {"confidence": 0.999}},  # few pairs, and no false alarm in a drill
    "alerting": {
        "channels": [
            {"kind": "log"},
            {
                "kind": "webhook",
                "name": "operations",
                "dialect": "slack",
                "url_from": "NLI_ALERT_URL",
            },
        ],
        "actions": {"dry_run": False},
    },
}


def main() -> None:
    """Hold the drill; stop with an error where it does not go as it must."""
    started = time.monotonic()
    pools = prepare()
    two_releases()
    with receiving(say) as hook:
        STAGE.env["NLI_ALERT_URL"] = hook.url
        with service(STAGE) as caller:
            quiet_traffic(caller, pools["quiet"])
            another_caller(caller, pools["shifted"])
            the_service_follows(caller, pools["shifted"])
        if not any("rollback" in message for message in hook.messages):
            raise SystemExit("The webhook was not told of the rollback.")
    scene("The end")
    folder = STAGE.home / "data/prod/08_reporting/monitoring"
    say(f"{(time.monotonic() - started) / 60:.1f} minutes. The report: {folder}/report.html")
    say("Releases stay frozen until a person looked: kedro lifecycle unfreeze --env prod")


def prepare() -> dict[str, list[Row]]:
    """A home, draws of the sample, and the traffic to come."""
    scene("Before it begins")
    STAGE.prepare()
    for environment in ("dev", "prod"):
        source = {"source": "csv", "source_path": str(STAGE.draws / f"{environment}.csv")}
        STAGE.settings(f"{environment}/parameters_data.yml", lambda found: {**found, **source})
        STAGE.settings(
            f"{environment}/parameters_promotion.yml",
            lambda found: {**found, "policy": {**found["policy"], **POLICY}},
        )
        STAGE.settings(
            f"{environment}/parameters_evaluation.yml",
            lambda found: {**found, "evaluation": {"stress": {"rows": 0}, "resamples": 200}},
        )
    STAGE.settings(
        "prod/globals.yml",  # straight from dev: time
        lambda found: {**found, "upstream": {**found["upstream"], "model": "dev.nli.classifier"}},
    )
    STAGE.settings("prod/parameters_monitoring.yml", lambda _: {"monitoring": MONITORING})
    dev = some(list(generate("dev")))
    STAGE.draw("dev", dev)
    STAGE.draw("damaged", damaged(dev, DAMAGED))
    prod = list(generate("prod"))
    others = [row for row in prod if not row["genre"].startswith(DAMAGED)]
    judged, quiet = others[:JUDGED], others[JUDGED:]
    STAGE.draw("prod", judged)
    shifted = [
        row
        for seed in (14, 15, 16, 17)
        for row in generate("prod", seed)
        if row["genre"].startswith(DAMAGED)
    ]
    say(f"None of the {len(judged):,} pairs that prod judges on turns on active or passive voice;")
    say("all that the other caller asks do.")
    return {"quiet": quiet, "shifted": shifted}


def some(rows: list[Row]) -> list[Row]:
    """The first pairs of each split."""
    splits = {name: [row for row in rows if row["split"] == name] for name in ROWS}
    return [row for name, wanted in ROWS.items() for row in splits[name][:wanted]]


def two_releases() -> None:
    scene("Two models are released to prod")
    expect(STAGE.run("dev", "training.epochs=1"), "promote")
    expect(STAGE.run("prod"), "promote")
    expect(STAGE.run("dev", f"source_path={STAGE.draws}/damaged.csv"), "promote")
    expect(STAGE.run("prod"), "promote")


def quiet_traffic(caller: Caller, pool: list[Row]) -> None:
    scene("Traffic like the pairs it was judged on")
    caller.send(pool[: QUIET * WINDOW])
    monitor(0)


def another_caller(caller: Caller, pool: list[Row]) -> None:
    scene("Another caller comes")
    caller.send(pool[: SHIFTED * WINDOW])
    monitor(4)
    STAGE.lifecycle("history", "--env", "prod")


def the_service_follows(caller: Caller, pool: list[Row]) -> None:
    scene("The service follows the ledger, and the same caller goes on")
    until("the service follows the rollback", lambda: caller.version() == "1")
    caller.send(pool[SHIFTED * WINDOW : 2 * SHIFTED * WINDOW])
    monitor(0, 3)  # 3: the traffic is not what it was, and that is still worth a warning
    STAGE.lifecycle("alerts", "--env", "prod")


def monitor(*codes: int) -> None:
    """Run monitoring, which must end with one of these exit codes."""
    words = ["run", "--conf-source", str(STAGE.conf), "--env", "prod", "--pipelines", "monitoring"]
    seconds, ended = STAGE.command("kedro", *words, quiet=True, ends=(0, 3, 4))
    say(f"→ exit code {ended} ({seconds:.0f} s)")
    if ended not in codes:
        raise SystemExit(f"Expected exit code {' or '.join(map(str, codes))}.")


if __name__ == "__main__":
    main()
