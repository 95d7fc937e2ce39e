"""The web client: the files of `templates/app/`, ready to be served, named by their digests where they may be kept.

The service worker's text names every file of the shell and so changes with each of them: that is how a browser learns
of a new version. Files of earlier versions are left where they are: pages that are open still read them.
"""

from __future__ import annotations

import hashlib
import json

from channels.app.icon import png, svg
from channels.templating import templates
from pipeline.article import Newsroom

MODULES = ("store.js", "sync.js", "app.js", "app.css")
"""In an order in which each is named only by later ones."""
ICONS = {"icon-192.png": 192, "icon-512.png": 512, "icon-180.png": 180}


def client_files(newsroom: Newsroom, name: str) -> dict[str, bytes]:
    """By path: the client called `name`. What names others comes after them, so nobody reads of a file too early."""
    files = {"icon.svg": svg(), **{path: png(size) for path, size in ICONS.items()}}
    words = {"name": name, "newsroom": newsroom, "language": newsroom.language}
    named: dict[str, str] = {}
    for module in MODULES:
        text = _text(module, **words, file=named)
        stem, _, ending = module.partition(".")
        named[module] = f"{stem}.{hashlib.sha256(text.encode()).hexdigest()[:16]}.{ending}"
        files[named[module]] = text.encode()
    files["manifest.webmanifest"] = (json.dumps(_manifest(name, words), ensure_ascii=False, indent=1) + "\n").encode()
    files["index.html"] = _text("index.html", **words, file=named).encode()
    shell = {path: hashlib.sha256(data).hexdigest() for path, data in files.items()}
    version = hashlib.sha256(json.dumps(shell).encode()).hexdigest()[:16]
    kept = ["./", *(path for path in shell if path != "index.html")]
    files["sw.js"] = _text("sw.js", **words, version=version, shell=json.dumps(kept)).encode()
    return files


def _text(template: str, **values: object) -> str:
    return templates("app").get_template(template).render(**values)


def _manifest(name: str, words: dict[str, object]) -> dict[str, object]:
    """https://www.w3.org/TR/appmanifest/"""
    icons: list[dict[str, str]] = [{"src": "icon.svg", "sizes": "any", "type": "image/svg+xml", "purpose": "any"}]
    for path, size in ICONS.items():
        for purpose in ("any", "maskable"):
            icons.append({"src": path, "sizes": f"{size}x{size}", "type": "image/png", "purpose": purpose})
    return {
        "id": "./",
        "name": name,
        "short_name": name,
        "description": _text("description.txt", **words).strip(),
        "lang": words["language"],
        "dir": "ltr",
        "start_url": "./",
        "scope": "./",
        "display": "standalone",
        "theme_color": "#b3261e",
        "background_color": "#f7f4f1",
        "categories": ["news"],
        "icons": icons,
    }
