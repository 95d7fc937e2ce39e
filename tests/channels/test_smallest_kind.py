"""The smallest kind as CONTRIBUTING.md has it: run through the whole suite, as a third party would, and with faults put
into it on purpose, each of which the suite has to find and explain.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple
from xml.etree import ElementTree

import pytest

from pipeline.testing import ChannelContract
from tests.standins.running import ROOT

GUIDE = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
FILES = dict(re.findall(r"^```python\n# (\w+\.py)\n(.+?)^```$", GUIDE, re.MULTILINE | re.DOTALL))
SUITE = sorted(name for name in dir(ChannelContract) if name.startswith("test_"))

FAULTS = [
    ("Unresolved", "test_pictures_are_shown", "which nobody can open", "channels.pictures makes the file"),
    ("Unannounced", "test_a_correction_goes_as_the_class_says", "corrects = NOTICE", "publish the notice in release"),
    ("Unannounced", "test_a_notice_tells_of_a_withdrawal", "数据有误", "put a notice in its place in withdraw"),
    ("Forgetful", "test_withdraw_after_correct", "find says absent", "deleting alone forgets"),
    (
        "Forgetful",
        "test_a_late_release_brings_nothing_back_after_a_withdrawal",
        "withdrawn, then a late worker released it again",
        "ask `delivery.is_late` first",
    ),
    (
        "Hasty",
        "test_a_late_release_of_an_older_revision_brings_nothing_back",
        "the public reads something else",
        "ask `delivery.is_late` first",
    ),
    ("Eager", "test_a_late_withdrawal_takes_nothing_away", "a late worker withdrew it", "ask `delivery.is_late` first"),
    ("Careless", "test_correction", "find says live of it", "compare what is public with this delivery's rendition"),
    ("Trusting", "test_verify_tells_the_truth", "somebody changed the public copy", "compare all of the copy"),
    (
        "Hoarding",
        "test_what_one_machine_released_another_corrects_and_withdraws",
        "withdrawn on one machine, and asked on another",
        "stands in Setting.notebook",
    ),
    ("Talkative", "test_no_secret_is_told", "TONGFA_BOARD_TOKEN stands in the receipt", "send it in a header"),
    (
        "Swallowing",
        "test_a_release_that_is_refused_leaves_nothing_public",
        "raised nothing, and find says absent",
        "never swallow it",
    ),
    ("Leaking", "test_a_release_that_is_refused_leaves_nothing_public", "raised HTTPError", "use channels.http"),
    ("Impatient", "test_find_after_lost_answer_of_release", "find says absent", "declare that as visibility_lag"),
]
"""(kind, the test that finds it, what it says happened, what it says to do)."""


class Result(NamedTuple):
    passed: bool
    told: str


Results = Mapping[tuple[str, str], Result]


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Results:
    """Of a run of pytest outside of this project, by (class, test): all of the good kinds, of the faulty ones the test
    that has to find the fault."""
    folder = tmp_path_factory.mktemp("third-party")
    for name, text in FILES.items():
        (folder / name).write_text(text, encoding="utf-8")
    faulty = Path(__file__).with_name("faulty_boards.py").read_text(encoding="utf-8")
    (folder / "test_faults.py").write_text(faulty, encoding="utf-8")
    chosen = [f"test_faults.py::Test{kind}::{test}" for kind, test, _, _ in FAULTS]
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "--basetemp", "tmp", "--junitxml", "told.xml"]
    done = subprocess.run(
        [*command, "test_board.py", "test_faults.py::TestLagging", *chosen],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTEST_ADDOPTS": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (folder / "told.xml").exists(), done.stdout + done.stderr
    found = {}
    for case in ElementTree.parse(folder / "told.xml").iter("testcase"):
        name = case.get("classname", "").rpartition(".")[2].removeprefix("Test")
        told = "".join(f"{part.get('message')}\n{part.text}" for part in case)
        found[name, case.get("name", "")] = Result(len(case) == 0, told)
    return found


def test_the_guide_has_the_kind_and_its_test() -> None:
    assert set(FILES) == {"board.py", "test_board.py"}


def test_the_smallest_kind_has_at_most_forty_lines() -> None:
    assert len([line for line in FILES["board.py"].splitlines() if line.strip()]) <= 40


@pytest.mark.parametrize("kind", ["Board", "Lagging"])
def test_it_passes_the_whole_suite(results: Results, kind: str) -> None:
    own = {test: result for (name, test), result in results.items() if name == kind}
    assert sorted({test.partition("[")[0] for test in own}) == SUITE
    assert {test: result.told for test, result in own.items() if not result.passed} == {}


@pytest.mark.parametrize(("kind", "test", "did", "do"), FAULTS, ids=[f"{kind}-{test}" for kind, test, _, _ in FAULTS])
def test_each_fault_is_found_and_explained(results: Results, kind: str, test: str, did: str, do: str) -> None:
    result = results[kind, test]
    assert not result.passed
    message, _, remedy = result.told.partition("what to do: ")
    assert did in message
    assert "the contract: " in message
    assert do in remedy


def test_a_failure_shows_its_values(results: Results) -> None:
    """Also outside of this project: assertions of the suite are rewritten there."""
    assert "where <Standing.LIVE: 'live'> = Evidence(" in results["Trusting", "test_verify_tells_the_truth"].told
