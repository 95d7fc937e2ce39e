"""What axe finds on a page that a browser shows."""

from __future__ import annotations

from typing import Any


def violations(page: Any, *rules: str) -> list[tuple[str, list[str]]]:
    """(rule, the elements that break it); `rules`: these alone."""
    from axe_playwright_python.sync_playwright import Axe  # noqa: PLC0415 - only where a browser is there

    options = {"resultTypes": ["violations"], **({"runOnly": list(rules)} if rules else {})}
    found = Axe().run(page, options=options).response["violations"]
    return [(one["id"], [node["html"] for node in one["nodes"]]) for one in found]
