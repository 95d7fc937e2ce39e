"""A command of the newsroom whose process stops itself in the middle of a transaction, as one that is frozen does.

    python -m tests.engine.stopping "UPDATE delivery SET lease_until" worker --queue steps

After the first statement that contains these words it sends itself SIGSTOP; SIGCONT lets it go on.
"""

from __future__ import annotations

import signal
import sys
import threading
from typing import Any

from sqlalchemy import Engine, event

from pipeline.commands.main import main_newsroom


def main() -> None:
    words, sys.argv = sys.argv[1], ["newsroom", *sys.argv[2:]]

    @event.listens_for(Engine, "after_cursor_execute")
    def _executed(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if words in statement:
            event.remove(Engine, "after_cursor_execute", _executed)
            # To this very thread: sent to the process, another may get it, and this one commits before that runs.
            signal.pthread_kill(threading.get_ident(), signal.SIGSTOP)

    main_newsroom()


if __name__ == "__main__":
    main()
