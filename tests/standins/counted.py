"""`python -m tests.standins.counted newsroom …`: a command as it is installed, whose record counts its ids, a1, r1 …"""

from __future__ import annotations

import sys

from pipeline.commands import main as commands
from pipeline.record import ids
from pipeline.record.reports import Reports


def main(*words: str) -> None:
    Reports.numbered = staticmethod(ids.counted)
    sys.argv = [*words]
    {"newsroom": commands.main_newsroom, "queue-submit": commands.main_queue_submit}[words[0]]()


if __name__ == "__main__":
    main(*sys.argv[1:])
