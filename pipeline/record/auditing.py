"""What the audit confirms: of the whole record, or of one rollout, whose report then says nothing else."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection, select

from pipeline.channel import Action
from pipeline.record import audit, chain, heads, tables
from pipeline.record.audit import Difference, Finding, Looked
from pipeline.record.beside import look_beside
from pipeline.record.chain import Chain, Flaw
from pipeline.record.heads import Compared, Sent
from pipeline.record.ids import number_of
from pipeline.record.refusals import unreadable
from pipeline.record.report import DeliveryReport, Published, Report
from pipeline.record.reports import Reports
from pipeline.record.rollouts import reports_of, spread
from pipeline.rollout import DeliveryState, RolloutState

_d, _r = tables.delivery.c, tables.rollout.c
_STATES = {
    "delivery": {"state": DeliveryState, "action": Action},
    "rollout": {"state": RolloutState, "action": Action},
}
_TEXTS = {"receipt": "receipt", "evidence": "evidence", "problem": "error"}
"""Columns of which events name the digest only, and what a report calls them."""


class Audit(NamedTuple):
    """What came of an audit of the whole record."""

    chain: Chain
    looked: Looked
    heads: Compared | None
    """None: there were none to hold it against."""

    @property
    def holds(self) -> bool:
        return self.chain.holds and not self.looked.findings and (self.heads is None or self.heads.agree)


class Confirmed(NamedTuple):
    """A rollout's report, of which nothing is left that the events do not say."""

    report: Report
    chain: Chain
    """Of the events of its articles."""
    findings: Sequence[Finding] = ()
    """What in the record is not so, and what events say instead."""
    account: str = ""
    """The account of the operating system under which it was submitted; "" where no event says."""

    @property
    def hidden(self) -> bool:
        """Whether nothing of the report is confirmed: no event speaks of it, or one is not what was written."""
        lost = any(one.table == "rollout" and one.difference is not Difference.CHANGED for one in self.findings)
        return lost or self.chain.flaw is Flaw.CHANGED or (self.chain.events == 0 and self.chain.broken is not None)

    @property
    def holds(self) -> bool:
        """Whether all of it is what events say, so far as that can be checked here."""
        return not self.findings and self.chain.broken is None and not self.chain.unkeyed

    @property
    def doubted(self) -> set[str]:
        """The articles whose text is not confirmed."""
        return {one.article for one in self.findings if one.table in ("article", "revision")}


class Auditing(Reports):
    """What auditors ask."""

    def audit(self, sent: Iterable[Sent] | None = None) -> Audit:
        """Seal what is there, if that may be, and hold the record against its events, and against heads that were
        sent outside. Some minutes for a hundred thousand articles; memory as for one."""
        self.seal_if_may()
        with self.reading(long=True) as tx:
            walked = chain.walk(tx, self.keys)
            looked = audit.look(tx)
            looked.add(look_beside(tx))
            return Audit(walked, looked, None if sent is None else heads.compare(tx, sent))

    def confirmed(self, known: str) -> Confirmed:
        """The report of a rollout as its events confirm it; reads its articles' events and rows only. `Impossible`
        where there is none, or somebody has left too little of it."""
        with self.reading(long=True) as tx:
            number = number_of(tx, known, "r")
            try:
                report = next(reports_of(tx, [number]))
            except (KeyError, ValueError) as error:
                raise unreadable(known) from error
            articles = _articles(tx, number)
            looked = audit.look_at(tx, articles)
            walked = chain.glance(tx, self.keys, articles)
            account = chain.account_of(tx, number, articles)
        findings = [one for one in looked.findings if _concerns(one, report)]
        return Confirmed(_as_told(report, findings), walked, findings, account)


def _articles(tx: Connection, rollout: int) -> Sequence[int]:
    its = select(_d.article_id).where(_d.rollout_id == rollout)
    return sorted({*tx.scalars(its), *tx.scalars(select(_r.article_id).where(_r.id == rollout))})


def _concerns(one: Finding, report: Report) -> bool:
    if one.table in ("rollout", "delivery", "placement"):
        return one.rollout == report.rollout
    revisions = {published.article: published.revision for published in report.articles}
    return one.revision is None or revisions.get(one.article, one.revision) == one.revision


def _as_told(report: Report, findings: Sequence[Finding]) -> Report:
    """The report with what events say in place of what the record does; empty where they name a digest only."""
    changed = [one for one in findings if one.difference is Difference.CHANGED]
    added = {one.key for one in findings if one.table == "delivery" and one.difference is Difference.ADDED}
    deliveries = tuple(
        one.model_copy(update=_told("delivery", (one.id,), changed, DeliveryReport))
        for one in report.deliveries
        if (one.id,) not in added
    )
    articles = tuple(_published(one, findings) for one in report.articles)
    mine = [one for one in changed if one.table == "rollout"]
    told = _told("rollout", mine[0].key, changed, Report) if mine else {}
    times = {
        "start_ms": spread(one.started_at for one in deliveries),
        "skew_ms": spread(one.released_at for one in deliveries),
    }
    return report.model_copy(update={**told, **times, "articles": articles, "deliveries": deliveries})


def _published(one: Published, findings: Sequence[Finding]) -> Published:
    """An article of a report; where its text or its own row is not what events say, no more than its digest as told."""
    mine = [each for each in findings if each.table in ("article", "revision") and each.article == one.article]
    if not mine:
        return one
    digest = next((str(each.should) for each in mine if each.field in ("record", "digest")), one.digest)
    lost = {"headline": "", "series": "", "imported_from": "", "digest": digest}
    return one.model_copy(update=lost)


def _told(
    table: str, key: tuple[int | str, ...], findings: Sequence[Finding], model: type[Report] | type[DeliveryReport]
) -> Mapping[str, Any]:
    """What events say of a row's columns, by the names that a report has for them."""
    told: dict[str, Any] = {}
    for one in findings:
        if one.table != table or one.key != key:
            continue
        if one.field in _TEXTS:
            told[_TEXTS[one.field]] = None
        elif one.field in model.model_fields:
            kind = _STATES[table].get(one.field)
            told[one.field] = kind(str(one.should)) if kind and one.should else one.should
    return told
