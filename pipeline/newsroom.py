"""The configuration file: who the newsroom is, its columns, its channels, and where the engine keeps things."""

from __future__ import annotations

import hashlib
import importlib
import json
import os
import re
import tomllib
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import timedelta
from functools import cache, cached_property
from importlib.metadata import EntryPoints, entry_points
from pathlib import Path
from typing import Any

from pydantic import Field, ValidationError

from pipeline import faults
from pipeline.article import Newsroom, Outlet
from pipeline.article.value import Frozen
from pipeline.channel import Channel, Notebook, Problem, Setting, Text
from pipeline.rollout import Pace
from pipeline.whereabouts import candidates, line_of

GROUP = "tongfa.channels"
"""The entry-point group by which kinds enter, built-in and third-party alike."""

_HERE = Path(__file__).parent
_INSTALLED = (_HERE / "_config").is_dir()


class Misconfigured(Problem):
    """A problem and where in the newsroom's file it is; `line`: from 1, None where it is on no single one."""

    line: int | None = None


class BadConfiguration(Exception):
    """The configuration cannot be used; `problems` say where and why."""

    def __init__(self, path: Path, problems: tuple[Problem, ...]) -> None:
        super().__init__(f"{path}: {problems[0].message}")
        self.path = path
        self.problems = problems


class Outside(Frozen):
    """Where heads of the event chain are kept outside, see `pipeline.engine.heads`; nowhere by default."""

    file: Path | None = None
    address: str = Field("", pattern=r"^$|^https?://\S+$")
    mailbox: str = Field("", pattern=r"^$|^\S+@\S+$")
    sender: str = Field("", pattern=r"^$|^\S+@\S+$")
    """Whom a mail is from; default: the mailbox itself."""
    smtp: str = Field("127.0.0.1:25", pattern=r"^.+:[0-9]{1,5}$")
    """`host:port` of the mail server."""
    every: timedelta = Field(timedelta(minutes=1), ge=timedelta(0))
    """Between two heads to one place at least."""


class Configuration(Frozen):
    """One newsroom as configured, with every path absolute."""

    path: Path
    newsroom: Newsroom
    pace: Pace
    data: Path
    """The folder of everything the newsroom keeps on this machine."""
    group: str = ""
    """The group of accounts that may use it, see `pipeline.workers.folder`; empty: only who owns it."""
    database: str
    """SQLAlchemy URL."""
    broker: str
    """Redis URL; empty: the embedded server in the data folder."""
    workers: int
    """Threads for preparing, following and verifying, in each worker; two for each channel where that is more."""
    releases: int
    """Threads for releases: at least the number of channels, so that all can wait for one instant; several times that
    where many rollouts are under way, for each delivery waits in a thread."""
    real_time: bool = False
    """Whether the workers for releases ask the system for the processors before all others."""
    turn: timedelta = Field(timedelta(milliseconds=5), gt=timedelta(0))
    """How long a thread of those workers works while others wait for the interpreter; Python's own default."""
    listen: str = Field(pattern=r"^$|^[^:].*:[0-9]{1,5}$")
    """`host:port` of the public web server; empty: a port of the system's choice on loopback."""
    audit: Outside = Outside()
    access_log: Path | None = None
    """The file in which the web server writes who asked for what; None: nowhere."""
    sources: tuple[Path, ...] = ()
    """The files that it was read from."""
    text: str = ""
    """Names what stood in them, see `text_of`."""

    @cached_property
    def digest(self) -> str:
        """Names what is the same on all machines of a newsroom: whom it is, its columns and channels, its pace."""
        shared = self.model_dump(mode="json", include={"newsroom", "pace"})
        return hashlib.sha256(json.dumps(shared, ensure_ascii=False, sort_keys=True).encode()).hexdigest()

    @property
    def site(self) -> Path:
        """The public folder that `newsroom serve` serves."""
        return self.data / "site"


READING = "reading.toml"
"""Beside the newsroom's file: its own words for reading manuscripts."""
LISTEN = "127.0.0.1:8000"
"""Where the web server listens if nobody says it."""
_PERSON = re.compile(r"[#,，;；\t]")
"""What ends the name in a line of `[house] people`: a comment, or the next cell of a table."""

_TABLES, _LISTS = ("newsroom", "site", "house", "engine", "audit"), ("column", "channel")
_DATA = re.compile(r"""^\s*data\s*=\s*["']([^"'\n]+)["']""", re.MULTILINE)
_AT_LINE = re.compile(r"at line (\d+)")

_OVERRIDES = (
    ("site", "url", "TONGFA_SITE_URL"),
    ("engine", "data", "TONGFA_DATA"),
    ("engine", "database", "TONGFA_DATABASE_URL"),
    ("engine", "broker", "TONGFA_BROKER_URL"),
    ("engine", "listen", "TONGFA_LISTEN"),
)
"""(table, key, environment variable)."""


def demo_file() -> Path:
    """The demo newsroom's file: in this package where it is installed from a wheel, else in the checkout."""
    return (_HERE / "_config" if _INSTALLED else _HERE.parent / "config") / "newsroom.toml"


def examples() -> Path:
    """The folder of example manuscripts."""
    return _HERE / "_examples" if _INSTALLED else _HERE.parent / "examples"


def templates(part: str) -> Path:
    """The folder of Jinja2 templates of a part of the engine; all templates lie together, as the channels need them."""
    return (_HERE.parent / "channels" / "_templates" if _INSTALLED else _HERE.parent / "templates") / part


def environment(configuration: Configuration) -> dict[str, str]:
    """This process's environment, with the newsroom named for child processes."""
    return {**os.environ, "TONGFA_CONFIG": str(configuration.path)}


def locate(given: str | None, environment: Mapping[str, str] = os.environ) -> Path:
    """The configuration file: as given, or TONGFA_CONFIG, or the usual places below the current folder."""
    places = candidates(given, environment)
    for place in places:
        if place.is_file():
            return place.absolute()
    raise BadConfiguration(
        places[0],
        (
            Problem(
                field="--config",
                message=Text.of("there is no newsroom at {path}", path=str(places[0])),
                remedy=Text.of("make one with: newsroom init DIR; or name its file with --config or TONGFA_CONFIG"),
            ),
        ),
    )


def data_of(path: Path, environment: Mapping[str, str] = os.environ) -> Path:
    """The data folder of a newsroom, also where its file is wrong: then by the line that seems to name it."""
    named = environment.get("TONGFA_DATA", "")
    if not named:
        with suppress(OSError, UnicodeDecodeError):
            found = _DATA.search(path.read_text(encoding="utf-8"))
            named = str(path.parent / found[1]) if found else ""
    return Path(named or path.parent / "var").absolute().resolve()


def load(path: Path, environment: Mapping[str, str] = os.environ) -> Configuration:
    """Read the file; the environment overrides it (`_OVERRIDES`). Raises `BadConfiguration`."""
    raw, written = _parsed(path)
    site, engine = dict(raw.get("site", {})), dict(raw.get("engine", {}))
    for table, key, name in _OVERRIDES:
        if value := environment.get(name):
            # A folder named in the environment counts from where one stands, one in the file from the file.
            {"site": site, "engine": engine}[table][key] = str(Path(value).absolute()) if key == "data" else value
    data = (path.parent / str(engine.pop("data", "var"))).absolute().resolve()
    own = {
        "database": engine.pop("database", f"sqlite:///{data / 'newsroom.db'}"),
        "broker": engine.pop("broker", ""),
        "workers": engine.pop("workers", 4),
        "releases": engine.pop("releases", 32),
        "listen": engine.pop("listen", LISTEN),
        "access_log": data / str(engine.pop("access_log")) if engine.get("access_log") else None,
        **{name: engine.pop(name) for name in ("real_time", "turn", "group") if name in engine},
        "audit": _audit(raw.get("audit", {}), path),
    }
    house, people = _house(raw.get("house", {}), path)
    sources = (path, *people)
    try:
        newsroom = Newsroom(
            **raw.get("newsroom", {}),
            site=site,
            columns=raw.get("column", []),
            outlets=[_outlet(table) for table in raw.get("channel", [])],
            house=house,
        )
        newsroom.zone  # noqa: B018 - looked up now, so that a wrong name is told at once
        told = {"sources": sources, "text": text_of(sources, written.encode())}
        return Configuration(path=path, newsroom=newsroom, pace=Pace(**engine), data=data, **own, **told)
    except ValidationError as error:
        found = error.errors()
        inside = {one["loc"][:depth] for one in found for depth in range(len(one["loc"]))}
        places = [_place(error.title, one["loc"]) for one in found]
        problems = tuple(
            Misconfigured(
                field=".".join(str(part + 1) if isinstance(part, int) else part for part in place),
                line=line_of(written, place),
                message=Text.of("{reason}", reason=one["msg"]),
                remedy=Text.of("see the comments in the demo newsroom's file (newsroom init writes one)"),
            )
            for one, place in zip(found, places, strict=True)
            if one["loc"] not in inside  # a list with a bad item would also be told to be empty
        )
        raise BadConfiguration(path, problems) from error
    except (KeyError, ValueError, OSError) as error:  # zoneinfo's three ways to know no zone
        problem = Misconfigured(
            field="newsroom.timezone",
            line=line_of(written, ("newsroom", "timezone")),
            message=Text.of("there is no time zone {timezone}", timezone=str(raw["newsroom"]["timezone"])),
            remedy=Text.of("write it like Asia/Shanghai"),
        )
        raise BadConfiguration(path, (problem,)) from error


def _parsed(path: Path) -> tuple[dict[str, Any], str]:
    """What a file says, and its text. Raises `BadConfiguration`."""
    try:
        written = path.read_bytes().decode()
        raw = tomllib.loads(written)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        at = _AT_LINE.search(str(error))
        problem = Misconfigured(
            field="TOML",
            line=int(at[1]) if at else None,
            message=Text.of("the file is not valid TOML: {reason}", reason=str(error)),
            remedy=Text.of("correct the line named; strings stand in double quotes"),
        )
        raise BadConfiguration(path, (problem,)) from error
    except OSError as error:
        problem = Misconfigured(
            field="--config",
            message=Text.of("it cannot be read: {reason}", reason=error.strerror or str(error)),
            remedy=Text.of("put the file back, or give this user the right to read it"),
        )
        raise BadConfiguration(path, (problem,)) from error
    if wrong := [_shapeless(name, written) for name, value in raw.items() if not _is_shaped(name, value)]:
        raise BadConfiguration(path, tuple(wrong))
    return raw, written


def _is_shaped(name: str, value: object) -> bool:
    """Whether a table of the file has the form that it must have."""
    if name in _LISTS:
        return isinstance(value, list) and all(isinstance(one, dict) for one in value)
    return name in _TABLES and isinstance(value, dict)


def _shapeless(name: str, written: str) -> Misconfigured:
    tables = ", ".join([*(f"[{one}]" for one in _TABLES), *(f"[[{one}]]" for one in _LISTS)])
    message = Text.of("there is no such table, or it is written otherwise")
    remedy = Text.of("a newsroom's file has these: {tables}", tables=tables)
    return Misconfigured(field=name, line=line_of(written, (name,)), message=message, remedy=remedy)


def text_of(sources: Sequence[Path], first: bytes | None = None) -> str:
    """Names what stands in these files now, or that one cannot be read; `first`: what the first was read as."""
    seen = hashlib.sha256() if first is None else hashlib.sha256(b"\0" + first)
    for source in sources if first is None else sources[1:]:
        try:
            seen.update(b"\0" + source.read_bytes())
        except OSError as error:
            seen.update(f"\1{error.errno}".encode())
    return seen.hexdigest()


def _place(model: str, place: tuple[int | str, ...]) -> tuple[int | str, ...]:
    """A value's place as the file has it: `site.icp`, `column.1.name` (of the second column), `engine.lease`."""
    tables: dict[int | str, str] = {"site": "site", "house": "house", "columns": "column", "outlets": "channel"}
    if place and place[0] in tables:
        return (tables[place[0]], *place[1:])
    if place and place[0] == "audit":
        return place
    return ("newsroom" if model == "Newsroom" else "engine", *place)


def _outlet(table: Mapping[str, Any]) -> dict[str, Any]:
    """What is not one of an outlet's own keys is an option of its kind."""
    own = Outlet.model_fields.keys() - {"options"}
    return {
        **{key: value for key, value in table.items() if key in own},
        "options": {key: value for key, value in table.items() if key not in own},
    }


def _audit(table: Any, path: Path) -> Any:
    """The table, with the file's place from the newsroom's own."""
    return {**table, "file": path.parent / table["file"]} if isinstance(table, dict) and table.get("file") else table


def _house(table: Any, path: Path) -> tuple[Any, tuple[Path, ...]]:
    """The table, with the names in place of the file that it gives for `people`, and that file. Raises
    `BadConfiguration`."""
    if not isinstance(table, dict) or not isinstance(table.get("people"), str):
        return table, ()
    listed = path.parent / table["people"]
    try:
        lines = listed.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        reason = (error.strerror if isinstance(error, OSError) else None) or str(error)
        problem = Problem(
            field="house.people",
            message=Text.of("the list {path} cannot be read: {reason}", path=str(listed), reason=reason),
            remedy=Text.of("make it a text in UTF-8 with one name a line, or take the line out"),
        )
        raise BadConfiguration(path, (problem,)) from error
    names = [name for line in lines if (name := _PERSON.split(line, maxsplit=1)[0].strip())]
    return {**table, "people": names}, (listed,)


def files(path: Path) -> list[Path]:
    """The files of a newsroom that can be loaded: its own, those that it names, and its words for readings."""
    raw = tomllib.loads(path.read_text(encoding="utf-8"))
    house = raw.get("house", {})
    named = [path.parent / house["people"]] if isinstance(house.get("people"), str) else []
    return [path, *(one for one in (*named, path.parent / READING) if one.is_file())]


@cache
def _registered() -> EntryPoints:
    """The kinds of every installed package, which are looked through once."""
    return entry_points(group=GROUP)


def kinds() -> list[str]:
    """The names of every registered kind."""
    return sorted(_registered().names)


def kind(name: str) -> type[Channel]:
    """The class of a kind, loaded now: a registered name, or `module:Class`. KeyError if there is none."""
    if ":" in name:
        module, _, attribute = name.partition(":")
        found = getattr(importlib.import_module(module), attribute)
    else:
        found = _registered()[name].load()
    if not issubclass(found, Channel):
        raise TypeError(f"{name} is no Channel")
    return found  # type: ignore[no-any-return]


def open_channel(
    configuration: Configuration,
    outlet: Outlet,
    notebook: Notebook,
    *,
    environment: Mapping[str, str] = os.environ,
) -> Channel:
    """The adapter of one configured channel. Raises `BadConfiguration`, also where the adapter fails."""
    if ":" not in outlet.kind and outlet.kind not in _registered().names:
        problem = Problem(
            field=f"channel {outlet.id}",
            message=Text.of("there is no kind of channel called {kind}", kind=outlet.kind),
            remedy=Text.of("the kinds are {kinds}; a third party's comes with its package", kinds=", ".join(kinds())),
        )
        raise BadConfiguration(configuration.path, (problem,))
    try:
        found = kind(outlet.kind)
    except Exception as error:  # a module may fail by anything when it is imported
        problem = Problem(
            field=f"channel {outlet.id}",
            message=Text.of("the kind {kind} cannot be loaded: {reason}", kind=outlet.kind, reason=str(error)),
            remedy=Text.of("install what it lacks, or ask its maker"),
        )
        raise BadConfiguration(configuration.path, (problem,)) from error
    setting = Setting(
        outlet=outlet,
        newsroom=configuration.newsroom,
        data=configuration.data,
        notebook=notebook,
        secrets=dict(environment),
    )
    try:
        return found(setting)
    except Exception as error:
        raise BadConfiguration(configuration.path, (faults.fault(outlet, error, found),)) from error
