"""Modules that are imported when something of them is first used.

    if TYPE_CHECKING:
        from PIL import Image as Pillow
    else:
        Pillow = lazily("PIL.Image")

For libraries that take long to import and that most commands do without.
"""

from __future__ import annotations

from importlib import import_module
from types import ModuleType
from typing import Any


def lazily(name: str) -> ModuleType:
    """Stands for the module: whatever is asked of it is asked of the real one. Any thread may be the first to ask."""
    return _Later(name)


class _Later(ModuleType):
    def __getattr__(self, attribute: str) -> Any:
        return getattr(import_module(self.__name__), attribute)
