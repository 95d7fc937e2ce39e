"""Four times as much of anything takes about four times as long: nothing in a text grows with the square of its length.

What is compared are the processor's seconds for two sizes in one process. What grows with the square takes sixteen
times as long; ten is allowed, and a start-up of its own that does not count.
"""

from __future__ import annotations

import contextlib
import time
from pathlib import Path

import pytest

from pipeline.manuscript import BadManuscript, read
from pipeline.manuscript.encodings import NoText, decoded
from tests.unit.manuscripts import written

SIZES = (6_000, 24_000)
SLACK = 10
FREE = 0.4
"""Seconds that do not count."""

FRONT = "---\n标题: 武山\n---\n"
HEAD = "<h1>武山</h1><p>正文一段，说了话。</p>"
MARKS = [
    "`", "``a`", "[", "![](", "[a](", "*", "**a ", "“**”", "_", "~", "^[", "<", "<a ", "<b>", "<!--", "&", "\\",
    "|", "> ", "- ", "#", "(", "[^a", "a*b_",
]  # fmt: skip
LINES = [
    "```\n", "|a|\n", "|a|b|\n|-|-|\n", "1. a\n", "文\n", "文，\n", "<div>\n", "[x]: y\n", "[a\n", "- [x] 办\n",
    "[^1]: 注\n", "![](a.png)\n", "　　段。\n", "~~~\n", "<!-- x -->\n",
]  # fmt: skip
TAGS = [
    "<", "<p", "<div>", "<b>", "<!--", "<![", "&#", "<a href='", "<p a=", "<table>", "<table>文", "<tr>", "<p>",
    "</p>", "<br>", "<o:p>", "<![if x]>", "<span style='x:y'>", "<a href=#>字</a>", "<i>&#xe600;</i>",
    "<p hidden>字</p>", "<nav>", "<p class='share x'>字。</p>", "<div>字，句。</div>",
    "<style>.a{color:red}</style>", "<meta name=a content=b>", "<a href='#_ftn1'>x</a>",
    "<p class=MsoNormal>字</p>", "<h2>字</h2>", "<ul><li>", "<p><a href=#>字</a><a href=#>字</a></p>",
]  # fmt: skip
WHOLE = {
    "attributes.html": lambda n: f"{HEAD}<p {''.join(f'a{k}=1 ' for k in range(n))}>字</p>",
    "classes.html": lambda n: f"{HEAD}<p class='{'content ' * n}'>字</p>",
    "style.html": lambda n: f"{HEAD}<p style='{'color:red;' * n}'>字</p>",
    "sheet.html": lambda n: f"<style>{''.join(f'.a{k}{{color:red;font-size:9pt}}' for k in range(n))}</style>{HEAD}",
    "braces.html": lambda n: f"<style>{'a{' * n}</style>{HEAD}",
    "media.html": lambda n: f"<style>{'@media x{' * n}</style>{HEAD}",
    "attributes.md": lambda n: f"{FRONT}<p {''.join(f'a{k}=1 ' for k in range(n))}>字</p>",
    "line.md": lambda n: f"{FRONT}{'正文，一段。' * n}",
    "line.html": lambda n: f"{HEAD}<p>{'正文，一段。' * n}",
    "line.txt": lambda n: f"武山\n{'正文，一段。' * n}",
    "lines.txt": lambda n: "武山\n" + "正文一段。\n" * (n // 4),
    "notes.md": lambda n: f"{FRONT}文[^1]{'[^x' * n}\n\n[^1]: 注",
    "private.txt": lambda n: "武山\n正文。" + "\ue000" * n,
    "twice.txt": lambda n: "武山\n正文。" + "武山".encode().decode("latin-1") * n,
}  # fmt: skip


def seconds(path: Path, content: str) -> float:
    written(path.parent, path.name, content)
    start = time.process_time()
    with contextlib.suppress(BadManuscript):
        read(path)
    return time.process_time() - start


def assert_linear(path: Path, few: str, many: str) -> None:
    first, second = seconds(path, few), seconds(path, many)
    if second > FREE + SLACK * first:  # once more: the machine may have been busy with something else
        first, second = max(first, seconds(path, few)), min(second, seconds(path, many))
    assert second <= FREE + SLACK * first


@pytest.mark.parametrize("mark", MARKS)
def test_a_flood_of_marks_in_markdown(tmp_path: Path, mark: str) -> None:
    assert_linear(tmp_path / "a.md", *(f"{FRONT}{mark * size}深" for size in SIZES))


@pytest.mark.parametrize("line", LINES)
def test_a_flood_of_lines_in_markdown(tmp_path: Path, line: str) -> None:
    assert_linear(tmp_path / "a.md", *(f"{FRONT}{line * (size // 12)}深" for size in SIZES))


@pytest.mark.parametrize("tag", TAGS)
def test_a_flood_of_tags_in_a_page(tmp_path: Path, tag: str) -> None:
    assert_linear(tmp_path / "a.html", *(f"{HEAD}{tag * (size // 8)}深" for size in SIZES))


@pytest.mark.parametrize("name", WHOLE)
def test_a_flood_of_anything_else(tmp_path: Path, name: str) -> None:
    assert_linear(tmp_path / name, *(WHOLE[name](size) for size in SIZES))


@pytest.mark.parametrize("unit", [b"\xce\xe4\xc9\xbd", b"\xff", b"\0a", b"\x81", "武山".encode(), b"a\xe9 "])
def test_the_evidence_of_an_encoding_is_found_in_one_walk(unit: bytes) -> None:
    def one(size: int) -> float:
        start = time.process_time()
        with contextlib.suppress(NoText):
            decoded(unit * size)
        return time.process_time() - start

    first, second = one(50_000), one(200_000)
    assert second <= FREE + SLACK * first
