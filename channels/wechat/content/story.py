"""Picture stories (图片新闻) as messages of pictures (图片消息, `article_type = newspic`) with a plain text below them.

Rules: 新建草稿 (developers.weixin.qq.com/doc/subscription/api/draftbox/draftmanage/api_draft_add.html): at most twenty
pictures of the account's library, the first is the cover; the text is plain. A message of pictures is alone in its
draft, so what goes out together with others goes as any article does.
"""

from __future__ import annotations

from lxml import html as lxml_html

from channels import byline, label
from channels.body import blocks, column_of
from channels.templating import templates
from channels.wechat.content.look import Look
from pipeline.article import Article, Newsroom, Revision, note_meant
from pipeline.article.credit import Group

LEAST, MOST = 3, 20
"""Pictures."""
RUNNING = 300
"""Characters of text beside the captions: with more, it is an article with pictures."""
TEXT = 1000
"""Characters of the text below the pictures, all told: what the console takes."""


def is_story(article: Article) -> bool:
    """Whether the pictures tell it: several, nothing but paragraphs between them, and little text."""
    parts = list(blocks(article))
    text = [part for part in parts if part.tag == "p"]
    return (
        LEAST <= len(article.images) <= MOST
        and all(part.tag in ("p", "figure") for part in parts)
        and not any(image.animated for image in article.images)
        and not (article.announces or article.number or article.banner)
        and not any(note_meant(inside) or inside.tag in ("a", "sub", "sup") for part in text for inside in part.iter())
        and sum(len("".join(part.text_content().split())) for part in text) <= RUNNING
    )


def text_of(revision: Revision, newsroom: Newsroom, look: Look, title: str) -> str:
    """The text below the pictures of a story; "" if it is longer than a message of pictures takes."""
    article = revision.article
    column = column_of(article, newsroom)
    headline = " ".join(article.headline.split())
    written = (
        templates("wechat")
        .get_template("story.txt")
        .render(
            article=article,
            headline="" if headline == title else headline,
            column=column,
            account=look.account,
            newsroom=newsroom,
            corrected=(
                f"{revision.corrected_at.astimezone(newsroom.zone):%Y-%m-%d %H:%M}" if revision.corrected_at else ""
            ),
            note=revision.note,
            label=label.of_text(article),
            paragraphs=[_line(part) for part in blocks(article) if part.tag == "p"],
            captions=[
                (number, image.caption, label.of_picture(image))
                for number, image in enumerate(article.images, 1)
                if image.caption or image.aigc
            ],
            credits=byline.lines(article, newsroom.house, *Group),
        )
    )
    lines = [line for line in (" ".join(line.split()) for line in written.splitlines()) if line]
    told = "\n".join(lines)
    return told if len(told) <= TEXT else ""


def _line(part: lxml_html.HtmlElement) -> str:
    return " ".join(part.text_content().split())
