"""Tables as HTML has them: rows of cells, and nothing between them.

What people and programs write between the cells no reader of tables would look for. `settle` puts it where browsers
show it, so that nothing of it is lost (HTML, 13.2.6.1 and 13.2.6.4.9: foster parenting, and rows that are implied).
"""

from __future__ import annotations

from typing import TypeAlias

from lxml import html as lxml_html

from pipeline.manuscript.elements import is_block

_CELLS = ("td", "th")
_PARTS = frozenset({"thead", "tbody", "tfoot", "tr", "colgroup"})
_KEPT = frozenset({*_CELLS, "col", "table"})
"""What may stay where it stands: a table between the cells of another makes both a layout of the page."""

Element: TypeAlias = lxml_html.HtmlElement


def settle(body: Element) -> None:
    """Put what stands in a table but in none of its cells before it, and cells that stand in no row in rows of their
    own. Doing it twice changes nothing."""
    holders = {name: _around(body, *names) for name, names in {"tr": ("tr",), "part": ("tr", *_CELLS)}.items()}
    for table in list(body.iter("table")):
        if table.getparent() is not None:
            _Table(table, holders["tr"], holders["part"]).foster(table)
    for cell in list(body.iter(*_CELLS)):
        parent = cell.getparent()
        if parent is not None and parent.tag != "tr" and next(cell.iterancestors("table"), None) is not None:
            _give_row(cell)


def _around(body: Element, *names: str) -> set[Element]:
    """All elements in which one of these stands, up to its table."""
    found: set[Element] = set()
    for part in body.iter(*names):
        for outer in part.iterancestors():
            if outer in found or outer.tag == "table":
                break
            found.add(outer)
    return found


def _give_row(cell: Element) -> None:
    """A row around a cell that has none; the cells right behind it belong to it as well."""
    row = cell.makeelement("tr", {})
    row.sourceline = cell.sourceline
    cell.addprevious(row)
    while cell is not None and cell.tag in _CELLS:
        following = cell.getnext()
        row.append(cell)
        cell = following


class _Table:
    """One table whose strays are put before it; those next to each other make one paragraph, but for blocks."""

    def __init__(self, table: Element, around_rows: set[Element], around_parts: set[Element]) -> None:
        self.table = table
        self.around_rows = around_rows
        self.around_parts = around_parts
        self.paragraph: Element | None = None

    def foster(self, element: Element) -> None:
        """Move what stands in this part of the table and belongs to none."""
        self._move_text(element.text)
        element.text = None
        for child in list(element):
            tail, child.tail = child.tail, None
            if self._stays(child, element):
                self.paragraph = None
            elif child.tag in _PARTS or child in self.around_parts:
                self.paragraph = None
                self.foster(child)
                if element.tag == "tr" and child.tag not in _PARTS and child not in self.around_rows:
                    child.drop_tag()  # what it holds are cells of this row
            elif is_block(child):
                self.paragraph = None
                self.table.addprevious(child)
            else:
                self._opened().append(child)
            self._move_text(tail)
        self.paragraph = None

    def _stays(self, child: Element, element: Element) -> bool:
        if not isinstance(child.tag, str) or child.tag in _KEPT:
            return True
        return child.tag == "caption" and element is self.table

    def _move_text(self, text: str | None) -> None:
        if not text or (self.paragraph is None and not text.strip()):
            return
        paragraph = self._opened()
        if len(paragraph):
            paragraph[-1].tail = (paragraph[-1].tail or "") + text
        else:
            paragraph.text = (paragraph.text or "") + text

    def _opened(self) -> Element:
        if self.paragraph is None:
            self.paragraph = self.table.makeelement("p", {})
            self.paragraph.sourceline = self.table.sourceline
            if line := self.table.get("data-line"):
                self.paragraph.set("data-line", line)
            self.table.addprevious(self.paragraph)
        return self.paragraph
