"""How articles go out on an account, and how nothing goes out twice: the rules.

WeChat takes no key for what it makes (but for mass messages), answers a submission long before the public sees
anything, and has no way to change what is published. From this follow the rules here:

- Every draft bears a marker (`Marker`). Before a draft is made, the drafts are searched for the article;
  after an unknown outcome the drafts and the posts are. What a submission was answered with is kept in the ledger.
- While a submission has had no answer and WeChat may still be at it (`SETTLING`), nobody can tell what became of it:
  `find` says `Unavailable` until it can.
- A correction is a second post. The first one is deleted as soon as the second is public and never before, so that
  the article is never missing; this ends in `find`, which follows the second, because WeChat decides the moment. Only
  posts whose marker names an older revision of this very article are ever deleted, and a withdrawal deletes all of
  them. So whoever comes late, twice or in between can do no harm, and every repetition comes to the same end.
- A withdrawal also catches what is still in WeChat's queue: it stays ACCEPTED until that is out, and then deletes it.

Articles that go out together (`Delivery.companions`) are one draft and one publication, which one delivery, the leader,
makes, hands in and follows for all; its receipt is that of each of them:

- The marker of each says with which others, and which renditions of them, it was put into its draft (`together`). Only
  a draft that says exactly that is the delivery's own. One that says something else of this very revision is outdated:
  it goes, and what was prepared for three never brings out the one that has been overtaken since.
- A draft is handed in, or deleted as outdated, only by the one whose claim is in the ledger first (`Ledger.claim`): a
  worker that was stopped for long may still be at what another one has taken over.
- The receipt names the articles in their order (`articles`), so each finds its own place in the publication, and is
  deleted, corrected and read back by that place alone. A correction is a post of its own.

`steps` has what all modes share, `handing` what those two share that publish; `drafting`, `publishing` and `sending`
are the modes. `companions` says who goes out together, `sent` makes the articles of a draft, `traces` knows what
receipts name and what has been left on the account, `readback` what it shows, `remarks` what people are told. That the
day's calls of a question are used up is in the way of nothing that another question can tell (`errors.asked`).
"""
