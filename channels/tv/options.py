"""The channel's options: which there are, the device that they name, and what is wrong with them.

Those of the programme itself are `programme.Terms`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from channels import files
from channels.files import Files
from channels.options import ANYTHING, TEXT, Takes, seconds
from channels.tv import mos
from channels.tv.mos import Device, Names
from channels.tv.programme import Terms
from pipeline.channel import Problem, Setting, Text

ANSWER = seconds(mos.DEED)
AFTER_AIR = "after-air"
PUBLIC = Takes(
    lambda value: value in ("never", AFTER_AIR), Text.of('write "never" or "after-air", or leave it out: never')
)
OPTIONS = {
    **files.OPTIONS,
    **dict.fromkeys(Terms.model_fields, ANYTHING),
    **dict.fromkeys(("url", "mos", "mos_id", "ncs_id"), TEXT),
    "answer": ANSWER,
    "networks": ANYTHING,
    "public": PUBLIC,
}


def names_of(options: Mapping[str, Any]) -> Names:
    """How device and newsroom call each other."""
    return Names(mos=str(options.get("mos_id") or "PROMPTER"), ncs=str(options.get("ncs_id") or "TONGFA"))


def address_of(setting: Setting) -> str:
    """The device's address, as given by the option or by the environment; "" if there is no device."""
    outlet = setting.outlet
    variable = f"TONGFA_{outlet.id.replace('-', '_').upper()}_MOS"
    return str(outlet.options.get("mos") or setting.secrets.get(variable, ""))


def device_of(address: str, options: Mapping[str, Any], names: Names) -> Device | None:
    """The device of this address; None without one."""
    if not address:
        return None
    host, port, _ = _host_port(address)
    return Device(host, port, names, answer=ANSWER.of(options, "answer", mos.ANSWER))


def wrong_options(options: Mapping[str, Any], pages: Files) -> list[Problem]:
    """What is wrong with `verify`."""
    if options.get("verify") != "http" or pages.address:
        return []
    return [
        Problem(
            field="url",
            message=Text.of("{option} is {value}", option="verify", value="http"),
            remedy=Text.of("write with url where the folder of root is served, or leave verify out"),
        )
    ]


def wrong_address(address: str) -> Problem | None:
    """What is wrong with the device's address, if there is one."""
    if not address or _host_port(address)[2]:
        return None
    return Problem(
        field="mos",
        message=Text.of("{address} is no address of a prompter", address=address),
        remedy=Text.of("write host:port; the port is usually {port}", port=mos.UPPER_PORT),
    )


def _host_port(address: str) -> tuple[str, int, bool]:
    """Host, port and whether the address is one: `host` or `host:port`."""
    try:
        parts = urlsplit(f"//{address}")
        return parts.hostname or address, parts.port or mos.UPPER_PORT, bool(parts.hostname)
    except ValueError:
        return address, mos.UPPER_PORT, False
