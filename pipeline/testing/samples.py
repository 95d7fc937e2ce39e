"""Newsrooms, articles and revisions for tests: made up, small, and with every common field filled."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from PIL import Image as Pillow

from pipeline.article import Announcement, Article, Column, Deed, Image, Newsroom, Outlet, Revision, Site
from pipeline.article.credit import Aigc, Certainty, Credit, Duty

NOON = datetime(2026, 11, 24, 4, 0, tzinfo=UTC)


def newsroom_of(*outlets: Outlet, url: str = "http://127.0.0.1:8000") -> Newsroom:
    """A small newsroom with three columns and these outlets."""
    return Newsroom(
        name="武山县融媒体中心",
        short_name="武山融媒",
        tag_authority="www.wushan.gov.cn,2020",
        site=Site(
            url=url,
            name="武山县人民政府",
            domain="www.wushan.gov.cn",
            id_code="6205240001",
            organiser="武山县人民政府办公室",
            contact="0938-0000000",
            icp="陇ICP备00000000号",
            police="甘公网安备00000000000000号",
            description="武山县人民政府门户网站",
        ),
        columns=(
            Column(id="yaowen", name="武山要闻", description="重要新闻", keywords=("武山县", "要闻")),
            Column(id="tuopin", name="脱贫攻坚奔小康", description="脱贫攻坚成效", keywords=("脱贫攻坚",)),
            Column(id="xiangzhen", name="乡镇动态", description="乡镇工作", keywords=("乡镇",)),
        ),
        outlets=outlets or (Outlet(id="website", kind="website", name="县政府网站"),),
    )


def picture(colour: str = "#2f6f4f", size: tuple[int, int] = (1600, 900), caption: str = "") -> tuple[Image, bytes]:
    """A plain JPEG and its record."""
    out = io.BytesIO()
    Pillow.new("RGB", size, colour).save(out, "JPEG", quality=70)
    data = out.getvalue()
    image = Image(
        digest=hashlib.sha256(data).hexdigest(),
        media_type="image/jpeg",
        width=size[0],
        height=size[1],
        size=len(data),
        alt=caption or "配图",
        caption=caption,
    )
    return image, data


def article_of(headline: str = "武山架豆喜获丰收", *, images: Sequence[Image] = (), **fields: Any) -> Article:
    """A short article with every common field filled; `fields` override."""
    figures = "".join(
        f'<figure><img src="image:{image.digest}" alt="{image.alt}"/><figcaption>{image.caption}</figcaption></figure>'
        for image in images
    )
    values: dict[str, Any] = {
        "headline": headline,
        "body": "<p>11月24日，武山县山丹镇的架豆喜获丰收，种植面积5.2万亩。</p><p>“今年收成好。”种植户说。</p>"
        + figures,
        "images": tuple(images),
        "source": "武山县融媒体中心",
        "reporters": ("记者甲",),
        "photographers": ("摄影乙",),
        "editors": ("编辑丙",),
        "reviewers": ("审核丁",),
        "approvers": ("签发戊",),
        "keywords": ("武山县", "架豆"),
        "column": "yaowen",
    }
    return Article(**{**values, **fields})


LABELS = ("可能由人工智能生成", "图片由人工智能生成")
"""What has to be read of the text and the picture of `laden_of`."""


def laden_of(image: Image, **fields: Any) -> Article:
    """An article with all that a record can hold: credits of every group, a note, a reading, labels of AI-made content.

    Its text, 种植户们把豆荚装箱，连夜运往外地。, is not in its summary.
    """
    made = image.model_copy(update={"aigc": Aigc(label=Certainty.IS, producer="某模型", produce_id="p-1")})
    credits = (
        Credit(role="记者", duty=Duty.REPORTER, names=("张三", "欧阳四")),
        Credit(role="通讯员", duty=Duty.CORRESPONDENT, names=("李五",), organisations=("岞山镇党政办",)),
        Credit(role="航拍", duty=Duty.PHOTOGRAPHER, names=("王六",)),
        Credit(role="配音", duty=Duty.PRODUCER, names=("赵七",)),
        Credit(role="责编", duty=Duty.EDITOR, names=("钱八",)),
        Credit(role="校对", duty=Duty.PROOFREADER, names=("孙九",)),
        Credit(role="一审", duty=Duty.REVIEWER, names=("周十",)),
        Credit(role="二审", duty=Duty.REVIEWER, names=("吴一",)),
        Credit(role="三审", duty=Duty.REVIEWER, names=("郑二",)),
        Credit(role="签发", duty=Duty.APPROVER, names=("冯三",)),
        Credit(role="总监制", duty=Duty.SUPERVISOR, names=("陈四",)),
    )
    values: dict[str, Any] = {
        "headline": "岞山镇架豆喜获丰收",
        "body": '<p>日前，青河县<ruby>岞<rt>zuò</rt></ruby>山镇<sup><a href="#note-1">[1]</a></sup>的架豆喜获丰收。</p>'
        "<p>种植户们把豆荚装箱，连夜运往外地。</p>"
        f'<figure><img src="image:{image.digest}" alt="示意图"/><figcaption>架豆装车</figcaption></figure>'
        '<p id="note-1">[1] 岞山镇在青河县北部。</p>',
        "images": (made,),
        "source": "青河县融媒体中心",
        "credits": credits,
        "aigc": Aigc(label=Certainty.MAY_BE),
        "summary": "架豆丰收。",
        "keywords": ("架豆",),
        "column": "yaowen",
    }
    return Article(**{**values, **fields})


def opening_of(column: Column, deed: Deed = Deed.OPEN, **fields: Any) -> Article:
    """A record that opens (or renames, or closes) a column, as the engine makes it."""
    headline = {
        Deed.OPEN: f"《{column.name}》今日开栏",
        Deed.RENAME: f"栏目更名为《{column.name}》",
        Deed.CLOSE: f"《{column.name}》收官",
    }
    values: dict[str, Any] = {
        "headline": headline[deed],
        "body": f"<p>{column.closed if deed is Deed.CLOSE else column.note or column.description}</p>",
        "column": column.id,
        "banner": column.banner,
        "images": (),
        "announces": Announcement(deed=deed, column=column),
    }
    return article_of(**{**values, **fields})


def revision_of(article: Article, number: int = 1, *, id: str = "a1", at: datetime = NOON, note: str = "") -> Revision:
    return Revision(
        id=id,
        number=number,
        article=article,
        published_at=at,
        corrected_at=at + timedelta(hours=number - 1) if number > 1 else None,
        note=note,
    )
