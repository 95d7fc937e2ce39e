"""What people are told of an article on the account, where a standing alone does not say it."""

from __future__ import annotations

from channels.label import is_labelled
from channels.wechat.account import Status
from pipeline.channel import Delivery, Problem, Receipt, Standing, Text, Unavailable

REMARKS = {
    Status.NOT_ORIGINAL: Text.of("WeChat's check of originality refused it: change the article and correct it"),
    Status.FAILED: Text.of("publishing failed at WeChat: look at mp.weixin.qq.com (发表记录), then newsroom retry"),
    Status.REJECTED: Text.of("WeChat's review rejected it: change the article and correct it"),
    Status.DELETED: Text.of("it was deleted by hand at mp.weixin.qq.com"),
    Status.BANNED: Text.of("WeChat has banned it: look at mp.weixin.qq.com (通知中心)"),
}
DELETED = REMARKS[Status.DELETED]
QUEUED = Text.of("WeChat is still publishing it: it is deleted as soon as that is done")
NO_DELETIONS = Text.of(
    "the day's deletions are used up: the earlier version of a corrected article, and a withdrawn article, stay public "
    "until after midnight in Beijing, unless a person deletes them at mp.weixin.qq.com (发表记录)"
)
LEFT_STANDING = Text.of(
    "this version is public; the earlier one stays so until after midnight in Beijing, because the day's deletions are "
    "used up: whoever cannot wait deletes it by hand at mp.weixin.qq.com (发表记录)"
)
UNSEEN = Text.of(
    "whether WeChat still publishes something of it cannot be asked today, for the day's questions are used up: what "
    "has come out is deleted; it is looked at again by itself, last after midnight in Beijing"
)
DECLARE = Text.of(
    "it was made by a machine, wholly or in part, which {account} has to declare by hand: at mp.weixin.qq.com set "
    "创作来源 of this article to 内容由AI生成; the interface has no field for it"
)


def declaring(delivery: Delivery, receipt: Receipt, account: str, *standings: Standing) -> Receipt:
    """The receipt with the step that only a person can take, if something of the article is labelled as AI-made and it
    stands so; unless there is something else that a person has to know first."""
    if receipt.note or receipt.standing not in standings or not is_labelled(delivery.revision.article):
        return receipt
    return receipt.model_copy(update={"note": DECLARE.given(account=account)})


def draft_lost(account: str) -> Unavailable:
    """Said with `sent`, so that the engine asks, finds nothing, and prepares again."""
    return Unavailable(
        Problem(
            field="draft",
            message=Text.of("the draft is no longer among those of {account}", account=account),
            remedy=Text.of("it is looked for, and made again if it is gone"),
        ),
        sent=True,
    )
