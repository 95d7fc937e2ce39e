"""The documents say what is so: the feature table, the commands, the settings, the compose file."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import click
import pytest
import yaml

from pipeline.channel import Recovery
from pipeline.commands.main import newsroom as newsroom_command
from pipeline.newsroom import _OVERRIDES, kind, kinds, load

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
README_ZH = (ROOT / "README.zh-CN.md").read_text(encoding="utf-8")
SETTLED = {Recovery.ASK: "asking (`find`)", Recovery.KEY: "the same key again", Recovery.PERSON: "a person"}


def table() -> dict[str, list[str]]:
    rows = re.findall(r"^\| `(\w+)` \| (.+) \|$", (ROOT / "docs/channels.md").read_text(encoding="utf-8"), re.MULTILINE)
    cells = {name: [cell.strip() for cell in rest.split("|")] for name, rest in rows}
    return {name: row for name, row in cells.items() if len(row) == 5}


def test_every_kind_has_its_row() -> None:
    assert sorted(table()) == kinds()


@pytest.mark.parametrize("name", kinds())
def test_the_feature_table_is_true(name: str) -> None:
    corrects, together, settled, _read_from, options = table()[name]
    found = kind(name)
    assert corrects == found.corrects.value
    assert together == (f"{found.together} in one" if found.together else "each its own")
    assert settled == SETTLED[found.recovers]
    declared = __import__(found.__module__, fromlist=["OPTIONS"]).OPTIONS
    assert set(re.findall(r"`(\w+)`", options)) == set(declared)


@pytest.mark.parametrize("name", kinds())
def test_every_kind_has_its_contract_class(name: str) -> None:
    tests = (ROOT / f"tests/channels/test_{name}.py").read_text(encoding="utf-8")
    assert "ChannelContract)" in tests


@pytest.mark.parametrize("document", [README, README_ZH], ids=["README.md", "README.zh-CN.md"])
def test_every_command_is_described(document: str) -> None:
    with click.Context(newsroom_command) as context:
        for name in newsroom_command.list_commands(context):
            command = newsroom_command.get_command(context, name)
            assert command is not None
            assert command.hidden or f"`newsroom {name}" in document, name
    assert "`queue-submit " in document


@pytest.mark.parametrize("document", [README, README_ZH], ids=["README.md", "README.zh-CN.md"])
def test_links_lead_somewhere(document: str) -> None:
    for target in re.findall(r"\]\((?!https?:)([^)#]+)", document):
        assert (ROOT / target).exists(), target
    for target in re.findall(r"(?:^|`)make (\w+)", document, re.MULTILINE):
        assert re.search(rf"^{target}:", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE), target


def test_the_demo_newsroom_is_valid_and_complete() -> None:
    configuration = load(ROOT / "config/newsroom.toml", {})
    assert {outlet.kind for outlet in configuration.newsroom.outlets} == set(kinds())


def test_the_compose_file_uses_what_there_is() -> None:
    compose = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
    known = {"TONGFA_CONFIG", "TONGFA_LOG", "REMAP_SIGTERM", *(variable for _table, _key, variable in _OVERRIDES)}
    for name, service in compose["services"].items():
        if service.get("image") != "tongfa":
            continue
        assert set(service["environment"]) <= known
        program, command, *arguments = shlex.split(service["command"])
        assert program == "newsroom"
        found = newsroom_command.commands[command]
        with found.make_context(command, list(arguments), resilient_parsing=False) as context:
            assert isinstance(context, click.Context), name


def test_the_constraints_name_versions_only() -> None:
    run, tests = (
        (ROOT / name).read_text(encoding="utf-8").splitlines() for name in ("constraints.txt", "constraints-test.txt")
    )
    lines = [*run, *tests]
    assert len(run) > 40
    assert len({line.partition("==")[0] for line in lines}) == len(lines), "a version is pinned once"
    assert not any(line.startswith(("pytest", "mypy", "moto")) for line in run)
    assert all(re.fullmatch(r"[A-Za-z0-9._-]+==[A-Za-z0-9.!+_-]+", line) for line in lines), lines
