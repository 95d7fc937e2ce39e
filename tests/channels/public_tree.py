"""What the contract wants to know of kinds whose publications are files: all of them, and how they get lost."""

from __future__ import annotations

from channels.files import Files
from channels.tree import TreeChannel
from pipeline.testing import Rehearsal


class PublicTree:
    def everything(self, rehearsal: Rehearsal) -> dict[str, bytes]:
        files = _files(rehearsal)
        return {path: files.storage.fs.cat_file(f"{files.root}/{path}") for path in _paths(rehearsal)}

    def lose(self, rehearsal: Rehearsal) -> None:
        for path in _paths(rehearsal):
            _files(rehearsal).delete(path)


def _files(rehearsal: Rehearsal) -> Files:
    assert isinstance(rehearsal.channel, TreeChannel)
    return rehearsal.channel.files


def _paths(rehearsal: Rehearsal) -> list[str]:
    files = _files(rehearsal)
    files.storage.fs.invalidate_cache()
    found = (str(one).removeprefix(f"{files.root}/") for one in files.storage.fs.find(files.root))
    return sorted(path for path in found if not path.startswith(".staging"))
