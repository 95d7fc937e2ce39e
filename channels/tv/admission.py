"""Who may read a programme's papers before the public: the newsroom's own network, and whoever has a signed link.

A link names what it opens (a broadcast day, or all days) and until when; its signature is made with the channel's
secret (HMAC-SHA256, RFC 2104), so nothing of it is kept. It stands in the path, `~UNTIL.DAY.SIGNATURE/`, so that the
pages' own links to each other hold below it.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from pathlib import Path
from typing import Any

from channels.files import Files
from pipeline.article.value import Frozen
from pipeline.channel import Problem, Text

LOOPBACK = ("127.0.0.0/8", "::1/128")
"""The newsroom's own network where none is configured: the server's machine."""
ALL = "all"
"""What a link opens that is for all days."""
ASSETS = "assets/"
"""What every page loads."""
WHOLE_DAY = ("index", "prompter", "programme")
"""Pages of a whole day."""
LEAST = 16
"""Characters of a secret."""
_TOKEN = re.compile(r"~(?P<until>\d{10})\.(?P<what>all|\d{4}-\d\d-\d\d)\.(?P<signature>[0-9a-f]{64})")
_PAGE = re.compile(r"(?:(?:\d{4}-\d\d-\d\d|assets)/)?[A-Za-z0-9][A-Za-z0-9_-]*(?:\.[A-Za-z0-9_-]+)*\.[a-z]{2,4}")


class Admission(Frozen):
    """The rule of one channel."""

    channel: str
    networks: tuple[IPv4Network | IPv6Network, ...]
    secret: str
    """"": there are no links."""

    @classmethod
    def of(cls, channel: str, options: Mapping[str, Any], secrets: Mapping[str, str]) -> Admission:
        """As configured; a network that is none counts for nothing (`problems` tells of it)."""
        given = options.get("networks", LOOPBACK)
        found = [_network(one) for one in given] if isinstance(given, Sequence) and not isinstance(given, str) else []
        secret = secrets.get(variable(channel), "")
        networks = tuple(network for network in found if network is not None)
        return cls(channel=channel, networks=networks, secret=secret if len(secret) >= LEAST else "")

    def link(self, what: str, until: datetime) -> str:
        """What stands before a page's path in a signed link; `what` is a day, ISO 8601, or `ALL`."""
        seconds = int(until.timestamp())
        return f"~{seconds:010d}.{what}.{self._signature(seconds, what)}/"

    def opens(self, path: str, client: str, now: datetime) -> tuple[str, bool]:
        """(The page's path without a signature, whether it is open to this client by his address or by the link)."""
        first, _, rest = path.partition("/")
        signed = _TOKEN.fullmatch(first)
        if signed is None:
            return path, self.is_own(client)
        until, what = int(signed["until"]), signed["what"]
        good = bool(self.secret) and hmac.compare_digest(signed["signature"], self._signature(until, what))
        covers = what == ALL or rest.startswith((f"{what}/", ASSETS))
        return rest, good and covers and now < datetime.fromtimestamp(until, UTC)

    def is_own(self, client: str) -> bool:
        """Whether an address is of the newsroom's own network."""
        try:
            address = ip_address(client)
        except ValueError:
            return False
        mapped = getattr(address, "ipv4_mapped", None) or address
        return any(mapped in network for network in self.networks)

    def _signature(self, until: int, what: str) -> str:
        said = f"{self.channel}\n{what}\n{until}".encode()
        return hmac.new(self.secret.encode(), said, hashlib.sha256).hexdigest()


def is_of_one_story(path: str) -> bool:
    """Whether it is a page of one story, or what all pages load: a whole day's also name what was withdrawn."""
    folder, _, name = path.partition("/")
    return is_page(path) and bool(name) and (f"{folder}/" == ASSETS or name.partition(".")[0] not in WHOLE_DAY)


def in_public(files: Files, site: Path) -> list[Problem]:
    """That the pages would stand in the public site's folder, where nothing may be read before it is aired."""
    if not (files.is_local and Path(files.root).is_relative_to(site.absolute())):
        return []
    return [
        Problem(
            field="root",
            message=Text.of(
                "{folder} is in the public site: everybody could read what is to be aired", folder=files.root
            ),
            remedy=Text.of(
                "leave root out, or name a folder outside the public site; "
                'public = "after-air" shows the scripts to everybody once they have been aired'
            ),
        )
    ]


def is_page(path: str) -> bool:
    """Whether a path can be one of the papers: nothing hidden, nothing staged, no messages, no way out."""
    return bool(_PAGE.fullmatch(path))


def variable(channel: str) -> str:
    """The environment's variable that has the secret of a channel's links."""
    return f"TONGFA_{channel.replace('-', '_').upper()}_LINKS"


def problems(channel: str, options: Mapping[str, Any], secrets: Mapping[str, str]) -> list[Problem]:
    """What is wrong with the option `networks` and the secret."""
    given = options.get("networks", LOOPBACK)
    listed = given if isinstance(given, Sequence) and not isinstance(given, str) else [given]
    wrong = [
        Problem(
            field="networks",
            message=Text.of("{network} is no network", network=str(one)),
            remedy=Text.of('write a list of networks, such as ["127.0.0.0/8", "192.168.10.0/24"]'),
        )
        for one in listed
        if _network(one) is None
    ]
    if 0 < len(secrets.get(variable(channel), "")) < LEAST:
        wrong.append(
            Problem(
                field="links",
                message=Text.of("the secret in {variable} is too short", variable=variable(channel)),
                remedy=Text.of("give it at least {count} random characters", count=LEAST),
            )
        )
    return wrong


def _network(value: object) -> IPv4Network | IPv6Network | None:
    try:
        return ip_network(str(value), strict=False)
    except ValueError:
        return None
