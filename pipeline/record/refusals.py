"""Why something asked of the record cannot be done, with the way out."""

from __future__ import annotations

from pipeline.article import Article
from pipeline.channel import Problem, Text


class Impossible(Exception):
    """What was asked for cannot be done with this article or rollout; `problem` says why."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(str(problem.message))
        self.problem = problem


def no_article(known: str) -> Impossible:
    return Impossible(
        Problem(
            field="ID",
            message=Text.of("there is no article {article}", article=known),
            remedy=Text.of("newsroom list shows the articles and their ids"),
        )
    )


def leads_nowhere(known: str) -> Impossible:
    return Impossible(
        Problem(
            field="ID",
            message=Text.of("{article} is not public on a channel that has a lead", article=known),
            remedy=Text.of("newsroom report {article} shows where it stands", article=known),
        )
    )


def no_rollout(known: str) -> Impossible:
    return Impossible(
        Problem(
            field="ID",
            message=Text.of("there is no rollout {rollout}", rollout=known),
            remedy=Text.of("newsroom list shows the articles and their rollouts"),
        )
    )


def unreadable(known: str) -> Impossible:
    return Impossible(
        Problem(
            field="ID",
            message=Text.of("what the record has of {rollout} cannot be read: somebody wrote into it", rollout=known),
            remedy=Text.of("newsroom audit verify says what is wrong; compare the database with its last backup"),
        )
    )


def there_twice(article: Article) -> Impossible:
    return Impossible(
        Problem(
            field="",
            message=Text.of("“{headline}” is in it twice", headline=article.headline),
            remedy=Text.of("leave one out; if they are two articles, give one another headline or 编号"),
        )
    )


def anothers(article: str, other: str, record: Article, *, gone: bool) -> Impossible:
    message = (
        Text.of(
            "this is “{headline}”, {other}, which has been withdrawn; it is not {article}",
            headline=record.headline,
            other=other,
            article=article,
        )
        if gone
        else Text.of(
            "this is “{headline}”, {other}; it is not {article}", headline=record.headline, other=other, article=article
        )
    )
    remedy = (
        Text.of(
            "to publish it again, submit it: queue-submit FILE; if it is the text of {article}, give it another "
            "headline or 编号",
            article=article,
        )
        if gone
        else Text.of(
            "newsroom correct {other} FILE; if it is the text of {article}, give it another headline or 编号",
            other=other,
            article=article,
        )
    )
    return Impossible(Problem(field="ID", message=message, remedy=remedy))


def published_already(article: Article, known: str) -> Impossible:
    return Impossible(
        Problem(
            field="",
            message=Text.of("“{headline}” is {article} already", headline=article.headline, article=known),
            remedy=Text.of("leave it out: what goes out together is submitted together, and only once"),
        )
    )
