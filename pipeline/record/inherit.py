"""What version 0.1.0 kept in files of the data folder goes into the channels' notebooks, once.

    {tv}/2026-11-24/programme.json, {tv}/2026-11-24/a1.2.json, {tv}/numbers.json     running orders, scripts, numbers
    {wechat}/account.db                                                              the account's ledger

A file that has been carried over gets the ending `.inherited`; a page that is there already is the newer one. Two who
do this at once write the same.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import structlog

from pipeline.channel import Notebook
from pipeline.newsroom import Configuration
from pipeline.record.database import sqlite_module
from pipeline.record.store import Store

log = structlog.get_logger("tongfa")

Page = tuple[str, str]
"""Its name and its text."""
DEED = "taken over from 0.1.0"
ENDING = ".inherited"


def inherit(configuration: Configuration, store: Store) -> None:
    """Carry over what each configured channel left in this data folder. Raises what database and files raise."""
    for outlet in configuration.newsroom.outlets:
        folder = configuration.data / outlet.id
        match outlet.kind:
            case "tv":
                _go_on_from(store.notebook(outlet.id), folder / "numbers.json")
                files = [*folder.glob("*/programme.json"), folder / "numbers.json", folder / "days.json"]
                _carry(store.notebook(outlet.id), _running_orders(folder), files)
            case "wechat" if (ledger := folder / "account.db").exists():
                _carry(store.notebook(outlet.id), _ledger(ledger), [ledger])


def _carry(notebook: Notebook, pages: Iterable[Page], files: Iterable[Path]) -> None:
    for page, text in pages:
        if notebook.write(page, text, deed=DEED):
            log.info("taken over from an older version", page=page)
        elif (note := notebook.read(page)) is not None and note.text != text:
            log.warning("not taken over: the record has a newer one, or another machine's", page=page)
    for file in files:
        with suppress(FileNotFoundError):  # another process was quicker
            file.rename(file.with_name(f"{file.name}{ENDING}"))


def _go_on_from(notebook: Notebook, file: Path) -> None:
    """Message numbers go on from the highest that any machine has used: a device takes each once."""
    if file.exists():
        text, note = file.read_text(encoding="utf-8"), notebook.read("numbers")
        while (note is None or json.loads(note.text)["next"] < json.loads(text)["next"]) and not notebook.write(
            "numbers", text, None if note is None else note.version, deed=DEED
        ):
            note = notebook.read("numbers")


def _running_orders(folder: Path) -> Iterator[Page]:
    """Every day's running order, and the scripts of what is or was in it by their renditions' digests."""
    for file in sorted(folder.glob("*/programme.json")):
        day, text = file.parent.name, file.read_text(encoding="utf-8")
        programme = json.loads(text)
        for story in [*programme["stories"], *programme["withdrawn"]]:
            script = file.with_name(f"{story['article']}.{story['revision']}.json")
            if script.exists():
                yield f"script/{day}/{story['digest']}", script.read_text(encoding="utf-8")
        yield f"programme/{day}", text


def _ledger(file: Path) -> list[Page]:
    """An account's claims, answers, pictures and counts. What it had asked lately is not needed any more.

    A damaged one was begun anew by that version, too: the platform is asked instead.
    """
    try:
        return _read(file)
    except sqlite_module().DatabaseError as error:
        log.warning("the account's memory is damaged and not taken over", file=str(file), error=str(error))
        return []


def _read(file: Path) -> list[Page]:
    with closing(sqlite_module().connect(file)) as ledger:
        rows = ledger.execute
        pages = [
            (f"submission/{draft}", json.dumps({"claim": f"0.1.0 {at}", "publication": publication}))
            for draft, at, publication in rows("SELECT draft, at, publication FROM submission")
        ]
        pages += [
            (f"deleted/{name.removeprefix('deleted:')}", "")
            for (name,) in rows("SELECT publication FROM outcome WHERE publication LIKE 'deleted:%'")
        ]
        pages += [(f"upload/{purpose}/{picture}", answer) for purpose, picture, answer in rows("SELECT * FROM upload")]
        return pages + _days(rows("SELECT day, name, count FROM call"), rows("SELECT day, name FROM used_up"))


def _days(calls: Iterable[tuple[str, str, int]], used_up: Iterable[tuple[str, str]]) -> list[Page]:
    counted: Mapping[str, Any] = defaultdict(lambda: {"calls": {}, "used_up": []})
    for day, name, count in calls:
        counted[day]["calls"][name] = count
    for day, name in used_up:
        counted[day]["used_up"].append(name)
    return [(f"day/{day}", json.dumps(told)) for day, told in counted.items()]
