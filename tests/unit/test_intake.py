"""Manuscripts as they really come: labelled cases, what is read right of them, and that nothing of them vanishes."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cases.score import FOLDERS, cases, result, summary

CASES = [pytest.param(folder, one, id=one["file"]) for folder in FOLDERS for one in cases(folder)]


@pytest.mark.parametrize(("folder", "labels"), CASES)
def test_a_case_is_read_as_an_editor_reads_it(folder: Path, labels: dict[str, object]) -> None:
    assert result(folder, labels).failed == []


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_nearly_all_cases_and_fields_are_right(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    results = [result(folder, one) for one in cases(folder)]
    with capsys.disabled():
        print(f"\nintake, {folder.name}: {summary(results)}")
    assert sum(not one.failed for one in results) >= 0.95 * len(results)
    assert sum(one.lost for one in results) <= 0.01 * sum(one.fields for one in results)
