"""The kill campaign (`tests.engine.campaign`) for half a minute, and its control, which must fail."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pipeline.channel import Action
from tests.conftest import LONG
from tests.engine.campaign import Campaign, Order, blows, orders
from tests.engine.judge import Broken
from tests.engine.restoring import Restoring

SEED = int(os.environ.get("TONGFA_SEED") or 7)
"""The same plan every time, to which the machine's timing answers differently; new plans are for `make chaos`."""


@pytest.mark.long
@pytest.mark.timeout(600)
def test_killed_again_and_again_it_keeps_its_promises(tmp_path: Path) -> None:
    outcome = Campaign(tmp_path, seed=SEED, seconds=60 if LONG else 25).run()
    print(outcome)
    assert not outcome.violations
    assert not outcome.unfinished
    assert outcome.figures["articles"] > 10
    assert outcome.figures["× kill worker"] + outcome.figures["× stop worker"] > 5


@pytest.mark.timeout(300)
def test_without_find_it_does_not(tmp_path: Path) -> None:
    """The control: nobody is killed, but the engine may not ask a receiver that takes no key whether it happened."""
    published = [Order(number / 5, Action.PUBLISH, number) for number in range(12)]
    outcome = Campaign(
        tmp_path, seed=7, seconds=3, find=False, planned=(published, []), weather="lossy", clears=False
    ).run()
    print(outcome)
    twice = [one for one in outcome.violations if "publish of revision 1" in one]
    assert twice
    assert all(one.startswith(Broken.TWICE) and " on asking: " in one for one in outcome.violations)


@pytest.mark.long
@pytest.mark.timeout(900)
@pytest.mark.parametrize("database", ["", "postgresql"])
def test_a_backup_is_put_back_over_newer_public_files(tmp_path: Path, database: str) -> None:
    """A copy under load and blows, the restoration, and a storm again (`tests.engine.restoring`)."""
    seconds, backlog = (60, 100) if LONG else (8, 12)
    outcome = Restoring(tmp_path, seed=SEED, seconds=seconds, backlog=backlog, database=database).run()
    print(outcome)
    assert not outcome.violations
    assert not outcome.unfinished
    assert outcome.figures["rollouts under way at the copy"] > 0


def test_a_seed_gives_one_plan() -> None:
    def plan(seed: int) -> tuple[object, object]:
        return orders(seed, 60), blows(seed, 60, ["asking", "keyed"])

    assert plan(1) == plan(1)
    assert plan(1) != plan(2)
    done = {(order.action, bool(order.ahead)) for order in orders(1, 600)}
    assert done >= {(action, False) for action in Action}
    assert {blow.what for blow in blows(1, 600, ["asking", "keyed"])} == {
        "kill",
        "stop",
        "continue",
        "forget",
        "restart",
        "weather",
    }
