"""`python -m tests.standins.account UID GID FILE COMMAND…`: give a command as another account of this machine does.

Python itself may lie where that account cannot read it: so all modules are imported, and the manuscript FILE is read
and rendered once, before the account is changed.
"""

from __future__ import annotations

import codecs
import encodings.aliases
import os
import pkgutil
import sys
from contextlib import redirect_stdout, suppress
from importlib import import_module
from pathlib import Path

from tests.standins import counted


def main(uid: int, gid: int, file: str, *words: str) -> None:
    for package in ("pipeline", "channels"):
        for found in pkgutil.walk_packages([str(Path(import_module(package).__file__ or "").parent)], f"{package}."):
            if not found.name.endswith("__main__") and ".migrations." not in found.name:
                import_module(found.name)
    for codec in (*set(encodings.aliases.aliases.values()), "idna"):
        with suppress(LookupError):
            codecs.lookup(codec)
    with open(os.devnull, "w", encoding="utf-8") as nowhere, redirect_stdout(nowhere), suppress(SystemExit):
        counted.main("queue-submit", "--check", file)
    os.setgroups([gid] if gid else [])
    os.setresgid(60_000, 60_000, 60_000)
    os.setresuid(uid, uid, uid)
    os.umask(0o022)
    counted.main(*words)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), *sys.argv[3:])
