"""Scores the manuscript reader against labelled cases.

    python -m tests.cases.score [DIR] [--all] [--only NAME]

DIR holds expected.json and the files it names; default: all folders of tests/cases/intake. Prints the failing cases
with what was expected and what came, and the totals.

Keys of a case (a key left out is not checked; "" or [] means: must be empty):
  headline kicker subhead column source editors_note summary   compared without white space (a list: one of these)
  reporters correspondents authors photographers editors proofreaders reviewers approvers keywords
        lists in order; names compare without the spaces in them; a field the project lacks counts as empty;
        «a|b»: what stands in a and b together; reviewers may also be split into reviewers + approvers
  body_has     texts that stand in the body in this order (a list inside: one of these); numbers of <ol> count as text
  body_once    texts that stand in the body (captions included) exactly once
  body_lacks   texts that stand nowhere in the body
  blocks_has   texts that are each a whole paragraph, heading, item or cell (or line of one)
  headings     the texts of h2 and h3, in order
  html_has     snippets of the body's HTML (a list inside: one of these)
  images       number of pictures;  image_sizes  [[width, height], …] in order
  captions     the captions that are not empty, in order (the same one on neighbours counts once; ▲ and 图为
               before it and «…摄» or «…供图» behind it may be there or not);  captions_any  a list of such lists
  notice_about texts (a list inside: one of these) that a notice, or the refusal, must contain, capitals ignored
  kept_or_told [{"text": …, "notice": […]}]: the text is in the body or a notice speaks of it
  refused      true: must be refused; "may": may be refused, otherwise all else holds; left out: must be read
"""

from __future__ import annotations

import argparse
import json
import re
from dataclasses import dataclass
from pathlib import Path

from lxml import etree, html

from pipeline.manuscript import BadManuscript, read

FOLDERS = sorted(one for one in (Path(__file__).parent / "intake").iterdir() if one.is_dir())

TEXTS = ("headline", "kicker", "subhead", "column", "source", "editors_note", "summary", "series", "short_headline")
CREDIT = re.compile(r"[（(]?(?:记者|通讯员|本报记者|融媒体记者)?[\u3400-\u9fff·、]{0,20}(?:摄|供图|图|摄影)[)）]?。?")


def bare(text: object) -> str:
    return re.sub(r"[\s\u3000\xa0\u200b]+", "", str(text or ""))


def alternatives(item: object) -> list[str]:
    return [str(one) for one in item] if isinstance(item, list) else [str(item)]


class Body:
    """The body's text without its captions, its blocks and headings."""

    def __init__(self, markup: str) -> None:
        self.markup = markup
        root = html.fragment_fromstring(markup or "<p></p>", create_parent="div")
        self.captions = [bare("".join(one.itertext())) for one in root.iter("figcaption")]
        for ol in root.iter("ol"):
            start = int(ol.get("start", "1")) if ol.get("start", "1").isdigit() else 1
            for number, item in enumerate(ol.iterchildren("li"), start):
                item.text = f"{number}. {item.text or ''}"
        self.headings = [bare("".join(one.itertext())) for one in root.iter("h1", "h2", "h3")]
        etree.strip_elements(root, "figcaption", with_tail=False)
        for br in root.iter("br"):
            br.tail = "\n" + (br.tail or "")
        self.blocks: list[str] = []
        for block in root.iter("p", "h1", "h2", "h3", "li", "td", "th"):
            self.blocks += [bare(line) for line in "".join(block.itertext()).split("\n")]
        self.text = bare("".join(root.itertext()))


def caption(text: str) -> str:
    return re.sub(r"^[▲△↑▼◆]*(?:图为)?", "", bare(text)).rstrip("。")


def captions_agree(got: list[str], expected: list[str]) -> bool:
    shown = [one for place, one in enumerate(got) if one and (not place or one != got[place - 1])]
    if len(shown) != len(expected):
        return False
    for one, wanted in zip(map(caption, shown), map(caption, expected), strict=True):
        if one != wanted and not (one.startswith(wanted) and CREDIT.fullmatch(one[len(wanted) :].lstrip("。，"))):
            return False
    return True


def names(article: object, key: str) -> list[str]:
    found: list[str] = []
    for field in key.split("|"):
        value = getattr(article, field, ()) or ()
        found += [bare(one) for one in ([value] if isinstance(value, str) else value)]
    return found


def check(key: str, wanted: object, manuscript: object, body: Body, told: str) -> tuple[bool, object]:
    """Whether the key holds, and what came instead."""
    article = manuscript.article
    if key in TEXTS:
        got = str(getattr(article, key, "") or "")
        edges = {"subhead": "—-", "column": "【】"}.get(key, "")
        return bare(got).strip(edges) in [bare(one).strip(edges) for one in alternatives(wanted)], got
    if key == "body_has":
        position = 0
        for item in wanted:
            hits = [(body.text.find(bare(one), position), len(bare(one))) for one in alternatives(item)]
            hits = [hit for hit in hits if hit[0] >= 0]
            if not hits:
                return False, f"no {item!r} (in this order) in: {body.text[:600]}"
            position = sum(min(hits))
        return True, None
    if key == "body_once":
        whole = body.text + "\n" + "\n".join(body.captions)
        bad = {one: whole.count(bare(one)) for one in wanted if whole.count(bare(one)) != 1}
        return not bad, bad
    if key == "body_lacks":
        bad = [one for one in wanted if bare(one) in body.text]
        return not bad, f"in the body: {bad}"
    if key == "blocks_has":
        bad = [one for one in wanted if bare(one) not in body.blocks]
        return not bad, f"no block of its own: {bad}"
    if key == "headings":
        return body.headings == [bare(one) for one in wanted], body.headings
    if key == "html_has":
        bad = [one for one in wanted if not any(two in body.markup for two in alternatives(one))]
        return not bad, f"no {bad} in {body.markup[:600]}"
    if key == "images":
        return len(article.images) == wanted, len(article.images)
    if key == "image_sizes":
        got = [[image.width, image.height] for image in article.images]
        return got == wanted, got
    if key in ("captions", "captions_any"):
        got = [image.caption for image in article.images]
        return any(captions_agree(got, one) for one in (wanted if key == "captions_any" else [wanted])), got
    if key == "notice_about":
        bad = [one for one in wanted if not any(two.lower() in told.lower() for two in alternatives(one))]
        return not bad, f"none about {bad}: {told[:400]!r}"
    if key == "kept_or_told":
        whole = body.text + "".join(body.captions)
        bad = [
            one["text"]
            for one in wanted
            if bare(one["text"]) not in whole and not any(two.lower() in told.lower() for two in one["notice"])
        ]
        return not bad, f"lost without a word: {bad}"
    got = names(article, key)
    expected = [bare(one) for one in wanted]
    if key == "reviewers" and got != expected:
        return names(article, "reviewers|approvers") == expected, names(article, "reviewers|approvers")
    return got == expected, got


def score(folder: Path, wanted: dict, read, refused: type[Exception]) -> tuple[list[tuple[str, object, object]], int]:
    """The keys of one case that fail, as (key, expected, got), and how many keys it has."""
    keys = [key for key in wanted if key not in ("file", "why", "refused")]
    total = max(len(keys), 1)
    may = wanted.get("refused", False)
    try:
        manuscript = read(folder / wanted["file"])
    except refused as error:
        if may:
            told = str(error)
            bad = [
                one
                for one in wanted.get("notice_about", [])
                if not any(two.lower() in told.lower() for two in alternatives(one))
            ]
            return ([("notice_about", bad, told[:300])] if bad else []), total
        return [("refused", False, str(error)[:400])] + [(key, wanted[key], "refused") for key in keys], total
    except Exception as error:
        return [("crash", None, f"{type(error).__name__}: {error}")] + [
            (key, wanted[key], "crash") for key in keys
        ], total
    if may is True:
        return [("refused", True, f"read as {manuscript.article.headline!r}")], total
    told = "\n".join(str(one) for one in manuscript.notices)
    body = Body(manuscript.article.body)
    failed = []
    for key in keys:
        try:
            holds, got = check(key, wanted[key], manuscript, body, told)
        except Exception as error:
            holds, got = False, f"{type(error).__name__}: {error}"
        if not holds:
            failed.append((key, wanted[key], got))
    return failed, total


@dataclass(frozen=True)
class Result:
    """One case as it was read."""

    file: Path
    why: str
    fields: int
    """How many of its keys are checked."""
    failed: list[tuple[str, object, object]]
    """(key, expected, got) of those that do not hold."""

    @property
    def lost(self) -> int:
        """Fields that are wrong; all of them if the manuscript could not be read."""
        keys = {key for key, _, _ in self.failed}
        return self.fields if keys & {"crash", "refused"} else len(keys)


def cases(folder: Path) -> list[dict]:
    """The labels of a folder's cases."""
    return json.loads((folder / "expected.json").read_text(encoding="utf-8"))


def result(folder: Path, wanted: dict) -> Result:
    """Read one case and compare it with its labels."""
    failed, total = score(folder, wanted, read, BadManuscript)
    return Result(folder / wanted["file"], wanted.get("why", ""), total, failed)


def summary(results: list[Result]) -> str:
    right, fields = sum(not one.failed for one in results), sum(one.fields for one in results)
    read_right = fields - sum(one.lost for one in results)
    return f"{right} of {len(results)} cases wholly right, {read_right} of {fields} fields right"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("folders", nargs="*", type=Path, default=FOLDERS)
    parser.add_argument("--all", action="store_true", help="name the cases that are right, too")
    parser.add_argument("--only", default="", help="only the cases whose file name contains this")
    arguments = parser.parse_args()
    for folder in arguments.folders:
        results = [result(folder, one) for one in cases(folder) if arguments.only in one["file"]]
        for one in results:
            if one.failed or arguments.all:
                print(f"{one.file.name}: {'WRONG' if one.failed else 'right'} — {one.why}")
            for key, expected, got in one.failed:
                print(f"    {key}: expected {json.dumps(expected, ensure_ascii=False)}  got {got}")
        print(f"{folder.name}: {summary(results)}")


if __name__ == "__main__":
    main()
