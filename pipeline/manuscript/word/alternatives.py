"""`mc:AlternateContent`: one thing written in several ways, for newer and for older programs."""

from __future__ import annotations

from lxml import etree

from pipeline.manuscript.word.names import Element, name

_WEIGHED = frozenset({"a:blip", "v:imagedata", "v:textpath", "sym", "drawing", "pict"})
_ALTERNATIVES = "{http://schemas.openxmlformats.org/markup-compatibility/2006}AlternateContent"
_BRANCHES = frozenset({"mc:Choice", "mc:Fallback"})


def settle(root: Element) -> None:
    """Take out of every `AlternateContent` all branches but the one with the most that can be read, text or pictures;
    of equal ones the first. Linear in the size of the tree, however deep they stand in each other."""
    if next(root.iter(_ALTERNATIVES), None) is None:
        return
    lost: list[Element] = []
    weights = [0]
    branches: list[list[tuple[int, Element]]] = []
    for event, element in etree.iterwalk(root, events=("start", "end")):
        called = name(element)
        if event == "start":
            weights.append(0)
            if called == "mc:AlternateContent":
                branches.append([])
            continue
        weight = weights.pop()
        if called in ("t", "m:t"):
            weight += len((element.text or "").strip())
        elif called in _WEIGHED:
            weight += 1
        if called in _BRANCHES and branches:
            branches[-1].append((weight, element))
        elif called == "mc:AlternateContent":
            found = branches.pop()
            weight = max((one for one, _ in found), default=0)
            kept = next((branch for one, branch in found if one == weight), None)
            lost.extend(branch for _, branch in found if branch is not kept)
        weights[-1] += weight
    for branch in lost:
        parent = branch.getparent()
        if parent is not None:
            parent.remove(branch)
