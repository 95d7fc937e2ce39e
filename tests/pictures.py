"""Pictures for the documents, of what the real commands print: `python -m tests.pictures` (make pictures).

docs/reading.png is `newsroom read` of the published sample as it stood on the web, in Chinese. Chromium draws it, with
fonts in which a Chinese character is as wide as two Latin ones (Noto Sans Mono CJK).
"""

from __future__ import annotations

import io
import os
import shutil
import sys
from pathlib import Path

from PIL import Image
from playwright.sync_api import sync_playwright
from rich.console import Console
from rich.terminal_theme import TerminalTheme

from pipeline.commands import language, reading

ROOT = Path(__file__).parents[1]
SAMPLE = "examples/wushan-sibuzhai.txt"
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
WIDTH = 92
"""Columns of the terminal."""
INK, PAPER, BAND = "#1f1c1a", "#fbfaf8", "#8e1a17"
THEME = TerminalTheme(
    (251, 250, 248),
    (31, 28, 26),
    [
        (31, 28, 26),
        (163, 24, 15),
        (23, 102, 58),
        (122, 82, 0),
        (29, 90, 150),
        (142, 26, 23),
        (29, 90, 150),
        (93, 87, 82),
    ],
)
PAGE = f"""<!DOCTYPE html><meta charset="utf-8"><style>{{stylesheet}}
body {{{{ margin: 0; display: inline-block; background: {PAPER}; color: {INK}; border-top: 8px solid {BAND} }}}}
pre {{{{ margin: 0; padding: 18px 24px 22px; font: 17px/1.55 "Noto Sans Mono CJK SC", monospace }}}}
</style><body><pre>{{code}}</pre></body>"""


def printed(*words: str) -> str:
    """What `newsroom read` shows on a terminal, as a page of HTML that loads nothing."""
    screen = Console(
        record=True, width=WIDTH, file=io.StringIO(), force_terminal=True, highlight=False, markup=False, soft_wrap=True
    )
    before, reading.out = reading.out, screen
    try:
        screen.print(f"$ newsroom read {' '.join(words)}", style="dim")
        reading.read_.main([*words, "--config", str(ROOT / "config/newsroom.toml")], standalone_mode=False)
    finally:
        reading.out = before
    return screen.export_html(theme=THEME, code_format=PAGE)


def draw(page: str, to: Path) -> None:
    """Draw a page and keep it as a PNG of few colours."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        tab = browser.new_page(viewport={"width": 1200, "height": 800})
        tab.set_content(page)
        shot = tab.locator("body").screenshot()
        browser.close()
    Image.open(io.BytesIO(shot)).convert("RGB").quantize(64).save(to, optimize=True)


def main() -> int:
    if CHROMIUM is None:
        print("Chromium is needed to draw the pictures", file=sys.stderr)
        return 1
    os.chdir(ROOT)
    os.environ |= {"LANGUAGE": "", "LC_ALL": "zh_CN.UTF-8"}
    language.choose("zh_CN")
    draw(printed(SAMPLE), ROOT / "docs/reading.png")
    return 0


if __name__ == "__main__":
    sys.exit(main())
