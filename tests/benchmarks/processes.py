"""What the processes of a newsroom take: processor time and memory, as Linux tells them."""

from __future__ import annotations

import os
from pathlib import Path

TICK = os.sysconf("SC_CLK_TCK")


def processes(data: Path) -> dict[int, str]:
    """The processes of the newsroom in this data folder, by their number, each with what it is for."""
    wanted = f"TONGFA_DATA={data}".encode()
    found: dict[int, str] = {}
    for place in Path("/proc").glob("[0-9]*"):
        try:
            if wanted in (place / "environ").read_bytes().split(b"\0"):
                words = (place / "cmdline").read_text().split("\0")
                found[int(place.name)] = _role(words)
        except OSError:  # it has just ended, or is somebody else's
            continue
    found.pop(os.getpid(), None)
    return found


def _role(words: list[str]) -> str:
    if "pipeline" not in words:
        return "Redis" if any("broker" in one for one in words) else "stand-in"
    role = words[words.index("pipeline") + 1]
    return f"worker for {words[words.index('--queue') + 1]}" if "--queue" in words else role


def used(data: Path) -> float:
    """Seconds of processor time that the newsroom's processes have taken, the system's on their behalf included."""
    total = 0
    for one in processes(data):
        fields = _told(one, "stat").rpartition(")")[2].split()
        total += int(fields[11]) + int(fields[12]) if fields else 0
    return total / TICK


def peaks(data: Path) -> dict[str, float]:
    """The most memory that a process of each sort has had, in MB."""
    found: dict[str, float] = {}
    for one, role in processes(data).items():
        lines = (line for line in _told(one, "status").splitlines() if line.startswith("VmHWM:"))
        for line in lines:
            found[role] = max(found.get(role, 0.0), int(line.split()[1]) / 1024)
    return found


def _told(process: int, file: str) -> str:
    try:
        return Path(f"/proc/{process}/{file}").read_text()
    except OSError:
        return ""
