"""What keeps a command from its work and can be mended by a person, as words and an exit code."""

from __future__ import annotations

from gettext import gettext as _

from sqlalchemy.exc import SQLAlchemyError

from pipeline.commands import terminal
from pipeline.commands.answers import BAD, BROKEN, err
from pipeline.newsroom import BadConfiguration
from pipeline.record import waits
from pipeline.record.refusals import Impossible


def told(error: Exception) -> int:
    """Tell it, and the exit code; what no person can mend is raised again."""
    match error:
        case BadConfiguration():
            terminal.show_problems(err, error.problems, str(error.path) if error.path.exists() else "")
            return BAD
        case Impossible():
            terminal.show_problems(err, [error.problem])
            return BAD
        case SQLAlchemyError():
            terminal.show_problems(err, [waits.trouble(error)])
            return BROKEN
        case OSError():
            what = ": ".join(str(part) for part in (error.filename, error.strerror or error) if part)
            err.print(_("{what}. What is wrong with the installation: newsroom doctor").format(what=what))
            return BROKEN
    raise error
