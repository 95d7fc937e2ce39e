"""Under which account of the operating system this process acts: it stands beside the name that a person gives."""

from __future__ import annotations

import os
import pwd
import socket
from functools import cache

NOBODY = frozenset({"engine", "reader"})
"""Who an event names where no person of the newsroom acted."""


@cache
def account() -> str:
    """`name (uid) @ host`, of the real user; a uid without a name is given alone."""
    uid = os.getuid()
    try:
        name = f"{pwd.getpwuid(uid).pw_name} ({uid})"
    except KeyError:  # a container's user without a name
        name = str(uid)
    return f"{name} @ {socket.gethostname()}"
