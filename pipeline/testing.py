"""The contract suite: what every kind of channel must do, whoever wrote it.

    class TestMine(ChannelContract):
        @pytest.fixture
        def channel(self, rehearsal_setting): return Mine(rehearsal_setting("mine", name="我的"))

        def tamper(self, rehearsal, revision): ...   # make the public copy differ, so that verify can be caught lying
        def strike(self, rehearsal, revision, words): ...      # take these words out of the public copy
        def read(self, rehearsal, revision): return "<p>…</p>"  # what people read of it, as HTML or text

`Rehearsal` stands in for the engine: one channel, a catalogue in memory, the same order of calls.
"""

from __future__ import annotations

import dataclasses
import hashlib
import io
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from lxml import html as lxml_html
from PIL import Image as Pillow

from pipeline.article import (
    Announcement,
    Article,
    Column,
    Deed,
    Image,
    Newsroom,
    Outlet,
    Revision,
    Site,
    columns_after,
)
from pipeline.channel import (
    Action,
    Catalogue,
    Channel,
    Companion,
    Delivery,
    Entry,
    Evidence,
    Note,
    Problem,
    Receipt,
    Setting,
    Standing,
    Unpublishable,
    utc_now,
)
from pipeline.credit import Aigc, Certainty, Credit, Duty

NOON = datetime(2026, 11, 24, 4, 0, tzinfo=UTC)
FOLLOW_AT_MOST = 50


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


class MemoryNotebook:
    """A `Notebook` in memory, for tests and previews. Thread-safe. `now`: the record's clock.

    Two adapters that have one of these are one channel on two machines.
    """

    def __init__(self, now: Callable[[], datetime] = utc_now) -> None:
        self._now = now
        self._written: dict[str, tuple[str, int, datetime]] = {}
        self._versions = count(1)
        self._guard = threading.Lock()
        self._lock = threading.Lock()
        self._holder: int | None = None
        self.deeds: list[tuple[str, str, str]] = []
        """(by, deed, page) of every write, as its event has them."""

    def read(self, page: str) -> Note | None:
        with self._guard:
            if page not in self._written:
                return None
            text, version, at = self._written[page]
            return Note(text=text, version=version, age=max(self._now() - at, timedelta(0)))

    def write(self, page: str, text: str, over: int | None = None, *, by: str = "", deed: str = "") -> bool:
        with self._guard:
            if self._version(page) != over:
                return False
            self._written[page] = (text, next(self._versions), self._now())
            self.deeds.append((by or "engine", deed or "note", page))
            return True

    def drop(self, page: str, over: int) -> bool:
        with self._guard:
            return self._version(page) == over and self._written.pop(page, None) is not None

    def pages(self, prefix: str = "") -> Sequence[str]:
        with self._guard:
            return sorted(page for page in self._written if page.startswith(prefix))

    def prune(self, prefix: str, unwritten: timedelta) -> int:
        with self._guard:
            before = self._now() - unwritten
            old = [page for page, (_, _, at) in self._written.items() if page.startswith(prefix) and at <= before]
            for page in old:
                del self._written[page]
            return len(old)

    @contextmanager
    def exclusive(self) -> Iterator[None]:
        # In the record such a channel would wait for itself until its patience ends.
        assert self._holder != threading.get_ident(), "the channel's lock is taken inside itself"
        with self._lock:
            self._holder = threading.get_ident()
            try:
                yield
            finally:
                self._holder = None

    def _version(self, page: str) -> int | None:
        return self._written[page][1] if page in self._written else None


class MemoryCatalogue:
    """A `Catalogue` in memory; `place` and `remove` are what the engine does as a release or withdrawal starts.

    `lock` is the channel's: that of its notebook.
    """

    def __init__(
        self, configured: Sequence[Column] = (), lock: Callable[[], AbstractContextManager[None]] | None = None
    ) -> None:
        self._configured = configured
        self._entries: dict[str, Entry] = {}
        self._lock = lock or MemoryNotebook().exclusive

    def place(self, revision: Revision, receipt: Receipt | None = None) -> None:
        known = self._entries.get(revision.id)
        column = revision.article.column
        self._entries[revision.id] = Entry(
            revision=revision,
            receipt=receipt or (known.receipt if known else Receipt(standing=Standing.STAGED)),
            ordinal=known.ordinal if known else self.last() + 1,
            column_ordinal=known.column_ordinal if known else self.last(column) + 1,
        )

    def remove(self, article_id: str, at: datetime, reason: str) -> None:
        if known := self._entries.get(article_id):
            self._entries[article_id] = known.model_copy(update={"withdrawn_at": at, "reason": reason})

    def exclusive(self) -> AbstractContextManager[None]:
        return self._lock()

    def entry(self, article_id: str) -> Entry | None:
        return self._entries.get(article_id)

    def _of(self, column: str | None) -> list[tuple[int, Entry]]:
        """(ordinal, entry) of one column or all, oldest first."""
        chosen = [
            (entry.ordinal if column is None else entry.column_ordinal, entry)
            for entry in self._entries.values()
            if column is None or entry.revision.article.column == column
        ]
        return sorted(chosen, key=lambda pair: pair[0])

    def live(self, column: str | None = None, limit: int | None = None, before: int | None = None) -> Sequence[Entry]:
        found = [
            entry
            for ordinal, entry in reversed(self._of(column))
            if entry.withdrawn_at is None and (before is None or ordinal < before)
        ]
        return found[:limit]

    def span(self, first: int, last: int, column: str | None = None) -> Sequence[Entry]:
        return [entry for ordinal, entry in self._of(column) if first <= ordinal <= last]

    def last(self, column: str | None = None) -> int:
        return max((ordinal for ordinal, _ in self._of(column)), default=0)

    def neighbours(self, article_id: str) -> tuple[Entry | None, Entry | None]:
        here = self._entries[article_id]
        others = [
            entry
            for _, entry in self._of(here.revision.article.column)
            if entry.withdrawn_at is None and entry.revision.id != article_id
        ]
        before = [entry for entry in others if entry.column_ordinal < here.column_ordinal]
        after = [entry for entry in others if entry.column_ordinal > here.column_ordinal]
        return (before[-1] if before else None, after[0] if after else None)

    def columns(self) -> Sequence[Column]:
        live = sorted((one for one in self._entries.values() if one.withdrawn_at is None), key=lambda one: one.ordinal)
        announced = (entry.revision.article.announces for entry in live)
        return columns_after(self._configured, (one for one in announced if one is not None))


class MemoryMedia(dict[str, bytes]):
    """A `Media` in memory."""

    def read(self, digest: str) -> bytes:
        return self[digest]


class Rehearsal:
    """One channel driven as the engine drives it, without an engine."""

    def __init__(self, channel: Channel) -> None:
        self.channel = channel
        self.catalogue = MemoryCatalogue(channel.newsroom.columns, channel.setting.exclusive)
        self.media = MemoryMedia()
        self.receipts: dict[str, Receipt] = {}

    @property
    def newsroom(self) -> Newsroom:
        """The newsroom as it stands now."""
        return self.channel.newsroom.with_columns(self.catalogue.columns())

    def delivery(
        self,
        revision: Revision,
        action: Action | None = None,
        *,
        reason: str = "",
        companions: tuple[Companion, ...] = (),
    ) -> Delivery:
        action = action or (Action.PUBLISH if revision.number == 1 else Action.CORRECT)
        catalogue: Catalogue = self.catalogue
        return Delivery(
            key=f"{revision.id}.{revision.number}.{self.channel.outlet.id}.{action}",
            action=action,
            revision=revision,
            configured=self.channel.newsroom,
            rendition=None if action is Action.WITHDRAW else self.channel.render(revision, self.newsroom),
            previous=self.receipts.get(revision.id),
            reason=reason,
            companions=companions,
            catalogue=catalogue,
            media=self.media,
        )

    def together(self, revisions: Sequence[Revision]) -> list[Delivery]:
        """The deliveries of a rollout of several articles."""
        companions = tuple(
            Companion(revision=one, rendition=self.channel.render(one, self.newsroom)) for one in revisions
        )
        told = companions if self.channel.together else ()
        return [self.delivery(one, companions=told) for one in revisions]

    def prepare(self, delivery: Delivery) -> Delivery:
        return _with_receipt(delivery, self.channel.prepare(delivery))

    def release(self, delivery: Delivery) -> Delivery:
        """The prepared delivery released; the article stands in the catalogue from the call on, as with the engine."""
        self.catalogue.place(delivery.revision, delivery.receipt)
        delivery = _with_receipt(delivery, self.channel.release(delivery))
        self._remember(delivery)
        return delivery

    def follow(self, delivery: Delivery) -> Delivery:
        """Ask until the channel says LIVE; fails if it never does."""
        for _ in range(FOLLOW_AT_MOST):
            if delivery.receipt is not None and delivery.receipt.standing is Standing.LIVE:
                self._remember(delivery)
                return delivery
            delivery = _with_receipt(delivery, self.channel.find(delivery))
        raise AssertionError(f"not live after {FOLLOW_AT_MOST} questions: {delivery.receipt}")

    def publish(self, revision: Revision) -> Delivery:
        """Prepare, release and follow to LIVE."""
        return self.follow(self.release(self.prepare(self.delivery(revision))))

    def withdraw(self, revision: Revision, reason: str = "") -> Delivery:
        delivery = self.delivery(revision, Action.WITHDRAW, reason=reason)
        self.catalogue.remove(revision.id, NOON + timedelta(days=1), reason)
        delivery = _with_receipt(delivery, self.channel.withdraw(delivery))
        self._remember(delivery)
        return delivery

    def verify(self, delivery: Delivery) -> Evidence:
        return self.channel.verify(delivery)

    def _remember(self, delivery: Delivery) -> None:
        if delivery.receipt is not None:
            self.receipts[delivery.revision.id] = delivery.receipt
            entry = self.catalogue.entry(delivery.revision.id)
            if entry is not None and entry.withdrawn_at is None:
                self.catalogue.place(entry.revision, delivery.receipt)


def _with_receipt(delivery: Delivery, receipt: Receipt) -> Delivery:

    return dataclasses.replace(delivery, receipt=receipt)


class ChannelContract:
    """Subclass it as `Test…` with a `channel` fixture and a `tamper` method."""

    @pytest.fixture
    def rehearsal_setting(self, tmp_path: Path) -> Callable[..., Setting]:
        """(kind, **options) -> Setting in an empty data folder."""

        def setting(kind: str, *, name: str = "", secrets: dict[str, str] | None = None, **options: Any) -> Setting:
            outlet = Outlet(id=kind, kind=kind, name=name or kind, options=options)
            return Setting(
                outlet=outlet,
                newsroom=newsroom_of(outlet),
                data=tmp_path,
                notebook=MemoryNotebook(),
                secrets=secrets or {},
            )

        return setting

    @pytest.fixture
    def channel(self) -> Channel:
        raise NotImplementedError("give the contract a `channel` fixture")

    @pytest.fixture
    def rehearsal(self, channel: Channel) -> Rehearsal:
        return Rehearsal(channel)

    def tamper(self, rehearsal: Rehearsal, revision: Revision) -> None:
        """Change what the public sees of `revision`, behind the channel's back."""
        raise NotImplementedError("tell the contract how to tamper with the public copy")

    def strike(self, rehearsal: Rehearsal, revision: Revision, words: str) -> None:
        """Take these words out of what the public sees of `revision`, behind the channel's back."""
        raise NotImplementedError("tell the contract how to take words out of the public copy")

    def read(self, rehearsal: Rehearsal, revision: Revision) -> str:
        """What people read of `revision` where the public gets it, as HTML or text, without what only programs read.

        Where the text stands a second time for another purpose (the manuscript below a script), once.
        """
        raise NotImplementedError("tell the contract what people read in the public copy")

    @pytest.fixture
    def first(self, rehearsal: Rehearsal) -> Revision:
        image, data = picture(caption="架豆丰收")
        rehearsal.media[image.digest] = data
        return revision_of(article_of(images=[image]))

    @pytest.fixture
    def second(self, first: Revision) -> Revision:
        corrected = first.article.model_copy(update={"body": first.article.body.replace("5.2万亩", "5.3万亩")})
        return revision_of(corrected, 2, note="种植面积应为5.3万亩")

    def test_render_is_pure_and_deterministic(self, channel: Channel, first: Revision, tmp_path: Path) -> None:
        before = _tree(tmp_path)
        one, two = channel.render(first, channel.newsroom), channel.render(first, channel.newsroom)
        assert one == two
        assert one.digest == two.digest
        assert _tree(tmp_path) == before

    def test_render_tells_revisions_apart(self, channel: Channel, first: Revision, second: Revision) -> None:
        newsroom = channel.newsroom
        assert channel.render(first, newsroom).digest != channel.render(second, newsroom).digest

    def test_a_preview_shows_the_article(self, rehearsal: Rehearsal, first: Revision) -> None:
        rendition = rehearsal.channel.render(first, rehearsal.channel.newsroom)
        media_type, content = rehearsal.channel.preview(first, rendition, rehearsal.newsroom, rehearsal.media)
        assert "/" in media_type
        assert content

    def test_nothing_is_there_before(self, rehearsal: Rehearsal, first: Revision) -> None:
        delivery = rehearsal.delivery(first)
        assert rehearsal.channel.find(delivery).standing is Standing.ABSENT
        assert rehearsal.verify(delivery).standing is Standing.ABSENT

    def test_prepared_is_invisible(self, rehearsal: Rehearsal, first: Revision) -> None:
        delivery = rehearsal.prepare(rehearsal.delivery(first))
        assert delivery.receipt is not None
        assert delivery.receipt.standing is Standing.STAGED
        assert rehearsal.channel.find(delivery).standing is Standing.STAGED
        assert rehearsal.verify(delivery).standing is not Standing.LIVE

    def test_prepare_can_be_repeated(self, rehearsal: Rehearsal, first: Revision) -> None:
        delivery = rehearsal.prepare(rehearsal.prepare(rehearsal.delivery(first)))
        assert rehearsal.verify(rehearsal.follow(rehearsal.release(delivery))).standing is Standing.LIVE

    def test_released_is_live_and_verified(self, rehearsal: Rehearsal, first: Revision) -> None:
        evidence = rehearsal.verify(rehearsal.publish(first))
        assert evidence.standing is Standing.LIVE
        assert evidence.url
        assert evidence.digest
        assert evidence.extract

    def test_release_can_be_repeated(self, rehearsal: Rehearsal, first: Revision) -> None:
        prepared = rehearsal.prepare(rehearsal.delivery(first))
        once = rehearsal.follow(rehearsal.release(prepared))
        again = rehearsal.follow(rehearsal.release(prepared))
        assert once.receipt is not None
        assert again.receipt is not None
        assert again.receipt.url == once.receipt.url
        assert again.receipt.ids == once.receipt.ids
        assert rehearsal.verify(again).standing is Standing.LIVE

    def test_find_after_lost_answer_of_prepare(self, rehearsal: Rehearsal, first: Revision) -> None:
        delivery = rehearsal.delivery(first)
        rehearsal.channel.prepare(delivery)  # its answer is lost: `delivery` has no receipt
        found = rehearsal.channel.find(delivery)
        assert found.standing is Standing.STAGED
        assert (
            rehearsal.verify(rehearsal.follow(rehearsal.release(_with_receipt(delivery, found)))).standing
            is Standing.LIVE
        )

    def test_find_after_lost_answer_of_release(self, rehearsal: Rehearsal, first: Revision) -> None:
        prepared = rehearsal.prepare(rehearsal.delivery(first))
        rehearsal.release(prepared)  # its answer is lost: `prepared` has the old receipt
        assert rehearsal.channel.find(prepared).standing in (Standing.ACCEPTED, Standing.LIVE)
        assert rehearsal.verify(rehearsal.follow(prepared)).standing is Standing.LIVE

    def test_correction(self, rehearsal: Rehearsal, first: Revision, second: Revision) -> None:
        old = rehearsal.publish(first)
        new = rehearsal.delivery(second)
        assert rehearsal.channel.find(new).standing is Standing.ABSENT
        new = rehearsal.prepare(new)
        assert rehearsal.verify(old).standing is Standing.LIVE
        new = rehearsal.follow(rehearsal.release(new))
        assert rehearsal.verify(new).standing is Standing.LIVE
        assert rehearsal.verify(old).standing is not Standing.LIVE

    def test_a_late_release_of_an_older_revision_brings_nothing_back(
        self, rehearsal: Rehearsal, first: Revision, second: Revision
    ) -> None:
        late = rehearsal.prepare(rehearsal.delivery(first))
        rehearsal.follow(rehearsal.release(late))
        new = rehearsal.publish(second)
        rehearsal.channel.release(late)
        assert rehearsal.verify(new).standing is Standing.LIVE

    def test_withdraw_after_correct(self, rehearsal: Rehearsal, first: Revision, second: Revision) -> None:
        rehearsal.publish(first)
        live = rehearsal.publish(second)
        gone = rehearsal.withdraw(second, "数据有误")
        assert gone.receipt is not None
        assert gone.receipt.standing in (Standing.WITHDRAWN, Standing.ABSENT)
        assert rehearsal.verify(gone).standing in (Standing.WITHDRAWN, Standing.ABSENT)
        assert rehearsal.verify(live).standing is not Standing.LIVE
        assert rehearsal.channel.find(gone).standing in (Standing.WITHDRAWN, Standing.ABSENT)

    def test_withdraw_can_be_repeated(self, rehearsal: Rehearsal, first: Revision) -> None:
        rehearsal.publish(first)
        rehearsal.withdraw(first)
        again = rehearsal.withdraw(first)
        assert rehearsal.verify(again).standing in (Standing.WITHDRAWN, Standing.ABSENT)

    def test_withdraw_of_what_never_was_there(self, rehearsal: Rehearsal, first: Revision) -> None:
        gone = rehearsal.withdraw(first)
        assert gone.receipt is not None
        assert gone.receipt.standing in (Standing.WITHDRAWN, Standing.ABSENT)

    def test_withdraw_of_what_was_only_staged(self, rehearsal: Rehearsal, first: Revision) -> None:
        staged = rehearsal.prepare(rehearsal.delivery(first))
        assert staged.receipt is not None
        rehearsal.receipts[first.id] = staged.receipt
        gone = rehearsal.withdraw(first)
        assert rehearsal.verify(gone).standing in (Standing.WITHDRAWN, Standing.ABSENT)

    def test_verify_tells_the_truth(self, rehearsal: Rehearsal, first: Revision) -> None:
        delivery = rehearsal.publish(first)
        self.tamper(rehearsal, first)
        assert rehearsal.verify(delivery).standing is not Standing.LIVE

    def test_awkward_text_goes_out_or_is_refused_by_name(self, rehearsal: Rehearsal) -> None:
        awkward = article_of(
            headline="“3+3”<冲刺>&清零 \U0001f33d 一二三四五",
            body="<p>a &lt; b &amp; c “引号” ‘单引号’ — … ]]&gt; </p><ul><li>一</li><li>二</li></ul>"
            "<table><tbody><tr><th>甲</th><td>1,024</td></tr></tbody></table>"
            '<blockquote><p>引文</p></blockquote><p><a href="https://example.org/?a=1&amp;b=2">链接</a></p>',
            column="tuopin",
        )
        revision = revision_of(awkward)
        refused = ""
        try:
            rehearsal.channel.render(revision, rehearsal.channel.newsroom)
        except Unpublishable as refusal:
            refused = refusal.problem.field
        if refused:
            assert refused in Article.model_fields
        else:
            assert rehearsal.verify(rehearsal.publish(revision)).standing is Standing.LIVE

    def test_many_articles_keep_apart(self, rehearsal: Rehearsal) -> None:
        published = [
            rehearsal.publish(revision_of(article_of(f"第{n}条消息"), id=f"a{n}", at=NOON + timedelta(minutes=n)))
            for n in range(1, 6)
        ]
        rehearsal.withdraw(published[2].revision)
        standings = [rehearsal.verify(delivery).standing for delivery in published]
        assert [standing is Standing.LIVE for standing in standings] == [True, True, False, True, True]

    # -- what the record holds: people, notes, readings, labels of AI-made content --------------------------

    @pytest.fixture
    def laden(self, rehearsal: Rehearsal) -> Revision:
        image, data = picture("#5a6f2f", caption="架豆装车")
        rehearsal.media[image.digest] = data
        return revision_of(laden_of(image))

    def _read(self, rehearsal: Rehearsal, revision: Revision) -> str:
        """What people read, without tags and white space."""
        shown = lxml_html.fragment_fromstring(self.read(rehearsal, revision), create_parent=True)
        return "".join(shown.text_content().split())

    def test_whatever_an_article_holds_goes_out(self, rehearsal: Rehearsal, laden: Revision) -> None:
        assert rehearsal.verify(rehearsal.publish(laden)).standing is Standing.LIVE

    def test_everybody_is_named_and_called_what_he_is(self, rehearsal: Rehearsal, laden: Revision) -> None:
        rehearsal.publish(laden)
        shown = self._read(rehearsal, laden)
        for credit in laden.article.credits:
            for name in credit.everybody:
                assert name in shown
                if credit.duty in (Duty.REPORTER, Duty.CORRESPONDENT):
                    before = shown[: shown.index(name)]
                    assert max(("记者", "通讯员"), key=before.rfind) == credit.role, name

    def test_text_and_notes_stand_once(self, rehearsal: Rehearsal, laden: Revision) -> None:
        rehearsal.publish(laden)
        shown = self._read(rehearsal, laden)
        assert shown.count("种植户们把豆荚装箱，连夜运往外地。") == 1
        assert shown.count("岞山镇在青河县北部。") == 1

    def test_a_reading_is_not_taken_for_text(self, rehearsal: Rehearsal, laden: Revision) -> None:
        rehearsal.publish(laden)
        shown = self._read(rehearsal, laden)
        assert "岞zuò" not in shown
        assert "岞山镇" in shown.replace("（zuò）", "")

    def test_a_label_of_ai_made_content_is_read(self, rehearsal: Rehearsal, laden: Revision) -> None:
        rehearsal.publish(laden)
        shown = self._read(rehearsal, laden)
        assert [words for words in LABELS if words not in shown] == []

    @pytest.mark.parametrize("words", LABELS)
    def test_a_label_that_is_missing_is_found(self, rehearsal: Rehearsal, laden: Revision, words: str) -> None:
        delivery = rehearsal.publish(laden)
        self.strike(rehearsal, laden, words)
        assert words not in self._read(rehearsal, laden)
        assert rehearsal.verify(delivery).standing is not Standing.LIVE

    def test_an_article_without_a_label_says_nothing_of_machines(self, rehearsal: Rehearsal, first: Revision) -> None:
        rehearsal.publish(first)
        assert "人工智能" not in self._read(rehearsal, first)

    # -- columns: an opening is a record like any other ---------------------------------------------------

    @pytest.fixture
    def column(self, rehearsal: Rehearsal) -> Column:
        """A column that is not configured, with banner, 编者按 and a series."""
        banner, data = picture("#8e1a17", (1200, 300))
        rehearsal.media[banner.digest] = data
        return Column(
            id="xczx",
            name="乡村振兴看武山",
            description="展示武山县乡村振兴的成效",
            keywords=("乡村振兴", "武山县"),
            note="即日起，武山县融媒体中心开设《乡村振兴看武山》栏目，敬请关注。",
            series="2026年乡村振兴系列报道",
            banner=banner.model_copy(update={"alt": "乡村振兴看武山"}),
        )

    @pytest.fixture
    def opened(self, rehearsal: Rehearsal, column: Column) -> Delivery:
        return rehearsal.publish(revision_of(opening_of(column), id="a21"))

    def in_series(self, column: Column, number: int) -> Article:
        """An article of the column as the engine completes it."""
        return article_of(
            f"乡村振兴第{number}篇",
            column=column.id,
            series=column.line(number),
            number=number,
            banner=column.banner,
            editors_note=column.note if number == 1 else "",
        )

    def test_an_opening_goes_out_like_an_article(self, rehearsal: Rehearsal, opened: Delivery, column: Column) -> None:
        assert rehearsal.verify(opened).standing is Standing.LIVE
        assert rehearsal.newsroom.column(column.name) == column

    def test_a_prepared_opening_is_invisible(self, rehearsal: Rehearsal, column: Column) -> None:
        delivery = rehearsal.prepare(rehearsal.delivery(revision_of(opening_of(column), id="a21")))
        assert rehearsal.channel.find(delivery).standing is Standing.STAGED
        assert rehearsal.verify(delivery).standing is not Standing.LIVE

    def test_an_opening_can_be_corrected_and_withdrawn(
        self, rehearsal: Rehearsal, opened: Delivery, column: Column
    ) -> None:
        better = column.model_copy(update={"note": "即日起，开设《乡村振兴看武山》栏目。"})
        corrected = rehearsal.publish(revision_of(opening_of(better), 2, id="a21", note="文字有误"))
        assert rehearsal.verify(corrected).standing is Standing.LIVE
        assert rehearsal.verify(opened).standing is not Standing.LIVE
        gone = rehearsal.withdraw(corrected.revision, "栏目推迟开设")
        assert rehearsal.verify(gone).standing in (Standing.WITHDRAWN, Standing.ABSENT)

    def test_articles_of_an_opened_column(self, rehearsal: Rehearsal, opened: Delivery, column: Column) -> None:
        series = [
            rehearsal.publish(revision_of(self.in_series(column, n), id=f"a{21 + n}", at=NOON + timedelta(minutes=n)))
            for n in range(1, 4)
        ]
        assert [rehearsal.verify(one).standing for one in [opened, *series]] == [Standing.LIVE] * 4
        rehearsal.withdraw(series[1].revision, "数据有误")
        kept = [rehearsal.verify(one).standing is Standing.LIVE for one in [opened, *series]]
        assert kept == [True, True, False, True]

    def test_a_column_is_renamed_and_closed(self, rehearsal: Rehearsal, opened: Delivery, column: Column) -> None:
        rehearsal.publish(revision_of(self.in_series(column, 1), id="a22"))
        renamed = column.model_copy(
            update={
                "name": "和美乡村",
                "address": "hmxc",
                "former_names": (column.name,),
                "former_addresses": (column.address,),
            }
        )
        told = rehearsal.publish(revision_of(opening_of(renamed, Deed.RENAME), id="a23"))
        assert rehearsal.verify(told).standing is Standing.LIVE
        assert rehearsal.newsroom.column(column.name).name == "和美乡村"
        closed = renamed.model_copy(update={"closed": "《和美乡村》栏目今日收官，感谢关注。"})
        told = rehearsal.publish(revision_of(opening_of(closed, Deed.CLOSE), id="a24"))
        assert rehearsal.verify(told).standing is Standing.LIVE
        assert rehearsal.verify(opened).standing is Standing.LIVE

    # -- several articles at once -------------------------------------------------------------------------

    @pytest.fixture
    def three(self, rehearsal: Rehearsal) -> list[Delivery]:
        """Three articles of one rollout, prepared."""
        revisions = [revision_of(article_of(f"专题之{n}"), id=f"a{n}") for n in range(1, 4)]
        return [rehearsal.prepare(one) for one in rehearsal.together(revisions)]

    def test_articles_together(self, rehearsal: Rehearsal, three: list[Delivery]) -> None:
        assert [rehearsal.channel.find(one).standing for one in three] == [Standing.STAGED] * 3
        assert all(rehearsal.verify(one).standing is not Standing.LIVE for one in three)
        released = [rehearsal.release(one) for one in three]
        live = [rehearsal.follow(one) for one in released]
        assert [rehearsal.verify(one).standing for one in live] == [Standing.LIVE] * 3
        rehearsal.withdraw(live[1].revision, "数据有误")
        assert [rehearsal.verify(one).standing is Standing.LIVE for one in live] == [True, False, True]

    def test_one_of_several_is_overtaken_before_its_moment(self, rehearsal: Rehearsal, three: list[Delivery]) -> None:
        """What was prepared for three does not bring the overtaken one out: asked, the channel says so or leaves it."""
        left = [three[0], three[2]]
        companions = tuple(one for one in three[0].companions if one.revision.id != "a2")
        live = []
        for one in left:
            again = dataclasses.replace(one, companions=companions)
            if rehearsal.channel.find(again).standing is Standing.ABSENT:
                again = rehearsal.prepare(again)
            live.append(again)
        live = [rehearsal.follow(rehearsal.release(one)) for one in live]
        assert [rehearsal.verify(one).standing for one in live] == [Standing.LIVE] * 2
        assert rehearsal.verify(three[1]).standing is not Standing.LIVE

    def test_check_answers_with_problems(self, channel: Channel) -> None:
        assert all(isinstance(problem, Problem) for problem in channel.check())


def _tree(folder: Path) -> list[str]:
    return sorted(str(path) for path in folder.rglob("*"))
