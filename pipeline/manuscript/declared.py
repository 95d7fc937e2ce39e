"""What a page says of itself where no reader sees it: meta elements and JSON-LD. The page's own words go first."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lxml import html as lxml_html

from pipeline.article.credit import Credit, Duty, Group
from pipeline.channel import Text
from pipeline.manuscript import fields, names
from pipeline.manuscript.characters import one_line
from pipeline.manuscript.draft import Draft
from pipeline.manuscript.label import NoLabel, labelled

_META = {
    "headline": ("articletitle", "og:title", "twitter:title"),
    "source": ("contentsource", "source", "article:source"),
    "author": ("author", "article:author", "og:article:author", "byl", "articleauthor"),
    "date": ("pubdate", "article:published_time", "og:published_time", "publishdate", "publish-date", "apub:time"),
    "keywords": ("keywords",),
    "summary": ("description", "og:description"),
    "section": ("columnname", "article:section"),
    "site": ("sitename", "og:site_name"),
    "aigc": ("aigc",),
}
"""What is said, and the names under which pages say it, the surest first (《政府网站发展指引》, Open Graph)."""
_NEWS = frozenset({"newsarticle", "article", "reportagenewsarticle", "blogposting"})
_NAMED = re.compile(r"[\u3400-\u9fff]|[A-Za-z] [A-Za-z]")
"""What tells a name from that of an account."""
_MOST_METAS = 500
_LONGEST_JSON = 200_000
_PREFIX = re.compile(r"^(?:来源|作者|记者|文章来源|稿件来源)\s*[:：]\s*")
_SITE_NAME = re.compile(r"\s*(?:_+|\||｜|\s[-–—]\s|--+|\s[»«]\s).*$")
"""What stands behind the title in the name of a window."""
_DASH = re.compile(r"[-–—](?=[^-–—\d]+$)")
_NO_TITLE = re.compile(
    r"(?:文档|新建文档|新建 ?(?:Microsoft )?Word ?文档|无标题|未命名|Document|Untitled|无标题文档)\s*[\d（）()]*",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Declared:
    """What a page declares, by the keys of `_META`, and what its window is called."""

    said: Mapping[str, str]
    title: str = ""

    def get(self, name: str) -> str:
        return self.said.get(name, "")

    def headline_of(self, text: str, draft: Draft) -> str:
        """A title without the names of site and section behind it."""
        text = _SITE_NAME.sub("", text) or text
        own = {_bare(self.get("site")), _bare(self.get("section"))} - {""}
        while (dash := _DASH.search(text)) and dash.start():
            last = text[dash.end() :]
            if _bare(last) not in own and not names.is_organisation(last, draft.words):
                break
            text = text[: dash.start()].rstrip()
        return text


def declared(document: lxml_html.HtmlElement) -> Declared:
    """What the whole page declares. Nothing of a broken JSON-LD is taken: it is evidence, no part of the text."""
    metas: dict[str, str] = {}
    for meta in document.xpath("//meta[@content]")[:_MOST_METAS]:
        name = (meta.get("name") or meta.get("property") or meta.get("itemprop") or "").strip().lower()
        if name and (content := one_line(meta.get("content"))):
            metas.setdefault(name, content)
    said = {key: found for key, known in _META.items() if (found := next((metas[n] for n in known if n in metas), ""))}
    for key, value in _linked(document):
        said.setdefault(key, value)
    title = one_line(" ".join(document.xpath("//head/title//text()")))
    return Declared(said, "" if _NO_TITLE.fullmatch(title) or "word" in metas.get("generator", "").lower() else title)


def _linked(document: lxml_html.HtmlElement) -> Iterator[tuple[str, str]]:
    for script in document.xpath("//script[@type='application/ld+json']/text()")[:10]:
        try:
            found = json.loads(str(script)) if len(script) < _LONGEST_JSON else {}
        except (ValueError, RecursionError):
            continue
        for one in _articles(found):
            for key, name in (("headline", "headline"), ("date", "datePublished"), ("summary", "description")):
                if isinstance(one.get(name), str) and one_line(one[name]):
                    yield key, one_line(one[name])
            people = "、".join(_names(one.get("author")))
            if people:
                yield "author", people


def _articles(found: Any) -> Iterator[dict[str, Any]]:
    for one in found if isinstance(found, list) else [found]:
        if isinstance(one, dict):
            kinds = one.get("@type")
            if any(str(kind).lower() in _NEWS for kind in (kinds if isinstance(kinds, list) else [kinds])):
                yield one
            elif isinstance(one.get("@graph"), list):
                yield from _articles(
                    [part for part in one["@graph"] if isinstance(part, dict) and "@graph" not in part]
                )


def _names(author: Any) -> Iterator[str]:
    for one in author if isinstance(author, list) else [author]:
        name = one.get("name") if isinstance(one, dict) else one
        if isinstance(name, str) and one_line(name):
            yield one_line(name)


def take(page: Declared, draft: Draft, body: Iterable[str]) -> None:
    """Fill what the page's own words left open. `body`: the text's paragraphs."""
    _source(page, draft)
    _author(page, draft)
    if date := page.get("date"):
        _note(draft, "date", date, bool(not draft.date))
        draft.date = draft.date or date
    _words(page, draft, list(body))
    if section := page.get("section"):
        draft.dropped(
            section, Text.of("a section of a site is no column of the newsroom; a column is called 栏目 or column")
        )
    if label := page.get("aigc"):
        try:
            draft.aigc = draft.aigc or labelled(label)
        except NoLabel as no:
            draft.notice("aigc", no.message, no.remedy)


def _note(draft: Draft, field: str, text: str, taken: bool) -> None:
    why = Text.of("the page declares it") if taken else Text.of("the page declares it, and the text says it itself")
    draft.took(text, (field,) if taken else (), why)


def _source(page: Declared, draft: Draft) -> None:
    if source := _PREFIX.sub("", page.get("source")):
        _note(draft, "source", source, not draft.text("source"))
        if not draft.text("source"):
            draft.put("source", source)


def _author(page: Declared, draft: Draft) -> None:
    """Who is declared as author is one where nobody is named; it may as well be who typed the page."""
    said = _PREFIX.sub("", page.get("author"))
    known = {name for credit in draft.credits for name in credit.everybody}
    people = tuple(
        name for name in names.split(said) if _NAMED.search(name) and names.is_person(name, draft.words, strictly=True)
    )
    if not said or set(names.split(said)) <= known:
        return
    taken = bool(people) and not any(credit.group is Group.BYLINE for credit in draft.credits)
    if taken:
        draft.credit(Credit(role="作者", duty=Duty.AUTHOR, names=people))
    draft.took(said, ("credits",) if taken else (), Text.of("the page declares its author"), guessed=taken)


def _words(page: Declared, draft: Draft, body: Sequence[str]) -> None:
    """Key words, unless they are the site's; the description, unless it is cut out of the text by a machine."""
    words = fields.keywords(page.get("keywords"))
    site = _bare(page.get("site"))
    if words and "keywords" not in draft.fields and not any(site and _bare(word) in site for word in words):
        own = tuple(word for word in words if _bare(word) != _bare(page.get("section")) and len(word) <= 20)
        draft.put("keywords", own)
    elif words:
        draft.dropped(page.get("keywords"), Text.of("they are the site's key words"))
    summary = page.get("summary")
    if not summary:
        return
    text = _bare("".join(body))
    copied = _bare(summary).rstrip("。…．.！？!?”")[:40] in text or _bare(summary) == _bare(draft.text("headline"))
    whole = summary.endswith(("。", "！", "？", "”", "!", "?"))
    if whole and not copied and not draft.text("summary") and not (site and site in _bare(summary)):
        draft.put("summary", summary)
    else:
        draft.dropped(summary, Text.of("a machine cut it out of the text, or it describes the site"))


def _bare(text: str) -> str:
    return "".join(text.split())
