"""An outlet that refuses, at once or in the middle of a deed; and what is never told, whatever happens."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pipeline.article import Revision
from pipeline.channel import Action, ChannelError, Delivery, Problem, Refused, Standing, Unavailable
from pipeline.testing.contract.kind import GONE, TAKEN, Kind, corrected, told
from pipeline.testing.rehearsal import Rehearsal, with_receipt

BREAKS = (0, 1, 2, 3, 5, 8, 13, 21, 34, 55, 89)
"""After so many calls a deed is broken off: every first place, and some of the later ones."""
LOST_AT_MOST = 5
SWALLOWED = "let the outlet's error pass: never swallow it, and never answer what was only meant to be done"
ERRORS = "an adapter reports trouble with Unpublishable, Refused or Unavailable, each with a Problem for a person"


class Trouble(Kind):
    def test_a_release_that_is_refused_leaves_nothing_public(self, rehearsal: Rehearsal, first: Revision) -> None:
        prepared = rehearsal.prepare(rehearsal.delivery(first))
        with self.refusing(rehearsal, 0):
            error = self._trouble("release", lambda: rehearsal.release(prepared))
        if error is None:  # a draft that a person publishes has been delivered without a call
            self._was_done(rehearsal, prepared, "the outlet refused every call of a release")
            return
        self.not_live(rehearsal, prepared, "the outlet refused the release", "do nothing public before the call")
        found = rehearsal.channel.find(prepared).standing
        assert found not in TAKEN, told(
            f"the outlet refused the release, and find says {found}",
            "find says where it stands: nothing of a refused deed is public",
            "ask the outlet instead of remembering what was meant to be done",
        )
        self.live(rehearsal, rehearsal.follow(rehearsal.resume(prepared)), "refused once, then released")

    def test_a_correction_that_is_refused_leaves_what_stood(
        self, rehearsal: Rehearsal, first: Revision, second: Revision
    ) -> None:
        rehearsal.publish(first)
        before = self.read(rehearsal, first)
        new = rehearsal.prepare(rehearsal.delivery(second))
        with self.refusing(rehearsal, 0):
            error = self._trouble("release", lambda: rehearsal.release(new))
        if error is not None:
            assert self.read(rehearsal, first) == before, told(
                "the outlet refused a correction, and the public no longer reads what stood there",
                "until a correction is public, what it corrects stays",
                "take the old one away only once the new one is there",
            )
            new = rehearsal.resume(new)
        else:
            self._was_done(rehearsal, new, "the outlet refused every call of a correction")
        self.live(rehearsal, rehearsal.follow(new), "a correction was refused once, then released")

    def test_a_withdrawal_that_is_refused_is_not_told_as_done(self, rehearsal: Rehearsal, first: Revision) -> None:
        rehearsal.publish(first)
        gone = rehearsal.withdrawal(first, "数据有误")
        with self.refusing(rehearsal, 0):
            error = self._trouble("withdraw", lambda: rehearsal.take_back(gone))
        found = rehearsal.channel.find(gone).standing
        assert error is None or found not in GONE, told(
            f"the outlet refused the withdrawal, and find says {found}",
            "for a withdrawal find says LIVE as long as any revision is public",
            "ask the outlet whether anything of the article is still there",
        )
        self._not_swallowed(error, found, "the outlet refused the withdrawal")
        self.withdrawn(rehearsal, rehearsal.resume(gone), "a withdrawal was refused once, then repeated")

    def test_prepare_that_is_refused_is_told_in_words(self, rehearsal: Rehearsal, first: Revision) -> None:
        if not rehearsal.channel.stages:
            return  # it need not ask anybody
        delivery = rehearsal.delivery(first)
        with self.refusing(rehearsal, 0):
            self._trouble("prepare", lambda: rehearsal.prepare(delivery))
        self.not_live(rehearsal, delivery, "the outlet refused to prepare", "prepare must bring nothing out")
        self.live(rehearsal, rehearsal.publish(first), "refused once, then prepared and released")

    def test_a_release_that_is_broken_off_is_finished(self, rehearsal: Rehearsal, elsewhere: Rehearsal) -> None:
        """After any number of calls: a publication by another machine, a correction by the same one."""
        for place in BREAKS:
            first = self.illustrated(rehearsal, f"a{place + 1}", f"第{place}条消息")
            errors = [
                self._break_off(rehearsal, machine, revision, place)
                for revision, machine in ((first, elsewhere), (corrected(first), rehearsal))
            ]
            if not any(errors):
                return

    def _break_off(
        self, rehearsal: Rehearsal, machine: Rehearsal, revision: Revision, place: int
    ) -> ChannelError | None:
        """Release, broken off after so many calls, and let a machine finish it; the error."""
        prepared = rehearsal.prepare(rehearsal.delivery(revision))
        with self.refusing(rehearsal, place):
            error = self._trouble("release", lambda: rehearsal.release(prepared))
        did = f"broken off after {place} calls, the release of revision {revision.number}"
        if error is None:
            self._was_done(rehearsal, prepared, did)
        found = rehearsal.channel.find(prepared)
        if found.standing is Standing.LIVE:
            self.live(
                rehearsal,
                with_receipt(prepared, found),
                f"{did}: find says live",
                "let find say LIVE only when all of the release is done: do last what find looks for",
            )
        self.live(rehearsal, machine.follow(self._again(machine, prepared, error)), f"{did}, then finished")
        self.once(rehearsal, revision, did)
        return error

    def test_a_release_whose_answer_is_lost_is_one_release(self, rehearsal: Rehearsal, elsewhere: Rehearsal) -> None:
        """Whichever of its calls it is; another machine has to find out."""
        for place in BREAKS[:LOST_AT_MOST]:
            first = self.illustrated(rehearsal, f"a{place + 1}", f"第{place}条消息")
            prepared = rehearsal.prepare(rehearsal.delivery(first))
            with self.losing(rehearsal, place):
                error = self._trouble("release", lambda: rehearsal.release(prepared))  # noqa: B023
            did = f"the answer of call {place + 1} of a release was lost"
            self.live(elsewhere, elsewhere.follow(self._again(elsewhere, prepared, error)), f"{did}, then finished")
            self.once(rehearsal, first, did)
            if error is None:
                return

    def test_a_withdrawal_that_is_broken_off_is_finished(self, rehearsal: Rehearsal, elsewhere: Rehearsal) -> None:
        for place in BREAKS:
            first = self.illustrated(rehearsal, f"a{place + 1}", f"第{place}条消息")
            rehearsal.publish(first)
            live = rehearsal.publish(corrected(first))
            gone = rehearsal.withdrawal(live.revision, "数据有误")
            with self.refusing(rehearsal, place):
                error = self._trouble("withdraw", lambda: rehearsal.take_back(gone))  # noqa: B023
            did = f"broken off after {place} calls, the withdrawal"
            found = rehearsal.channel.find(gone).standing
            self._not_swallowed(error, found, did)
            if found in GONE:
                self.not_live(
                    rehearsal,
                    live,
                    f"{did}: find says it is gone",
                    "let find say WITHDRAWN only when all of it is gone: do last what find looks for",
                )
            self.withdrawn(elsewhere, elsewhere.resume(gone), f"{did}, then finished on another machine")
            self.not_live(rehearsal, live, f"{did}, then finished on another machine", "take away all of it")
            if error is None:
                return

    def test_check_names_an_outlet_that_refuses(self, rehearsal: Rehearsal) -> None:
        with self.refusing(rehearsal, 0):
            problems = rehearsal.channel.check()
        assert problems, told(
            "the outlet refuses everything, and check finds nothing wrong",
            "check says what is wrong with the outlet, for newsroom doctor and before a rollout's moment",
            "ask the outlet something (or write something that nobody sees), and give the error's problem",
        )
        for problem in problems:
            self._in_words(problem, "check")

    def test_no_secret_is_told(self, rehearsal: Rehearsal, first: Revision, second: Revision) -> None:
        """In no receipt, evidence, rendition, problem or page of the notebook: all of these are kept, and shown."""
        channel, told_of = rehearsal.channel, dict[str, Any]()
        prepared = rehearsal.prepare(rehearsal.delivery(first))
        with self.refusing(rehearsal, 0):
            error = self._trouble("release", lambda: rehearsal.release(prepared))
        told_of["the rendition"] = prepared.rendition
        told_of["the receipt of prepare"] = prepared.receipt
        told_of["the problem of a refused release"] = f"{error} {error and error.problem} {error and error.detail}"
        live = rehearsal.publish(second)
        told_of["the receipt of release"] = live.receipt
        told_of["the receipt of find"] = channel.find(live)
        told_of["the evidence"] = rehearsal.verify(live)
        told_of["the receipt of withdraw"] = rehearsal.withdraw(second).receipt
        told_of["figures"] = channel.figures()
        for page in channel.setting.notebook.pages():
            told_of[f"the notebook's page {page}"] = channel.setting.notebook.read(page)
        for name, secret in channel.setting.secrets.items():
            where = [what for what, value in told_of.items() if len(secret) > 3 and secret in f"{value!r} {value}"]
            assert not where, told(
                f"the secret {name} stands in {', '.join(where)}",
                "receipts, evidence and notes are kept in the record and shown to people: never a secret in them",
                "send it in a header of the call, and give it to Http(secrets=[…]), which masks it in messages",
            )

    def _again(self, machine: Rehearsal, delivery: Delivery, error: ChannelError | None) -> Delivery:
        """What the engine does after this error, on this machine: repeat the step, or ask first if it may have been."""
        is_known = isinstance(error, Refused) or (isinstance(error, Unavailable) and not error.sent)
        return (
            machine.release(delivery)
            if is_known and delivery.action is not Action.WITHDRAW
            else machine.resume(delivery)
        )

    def _trouble(self, step: str, deed: Callable[[], Delivery]) -> ChannelError | None:
        """The error of a step while the outlet refuses, in the contract's words; None if it was done all the same."""
        try:
            deed()
        except (Refused, Unavailable) as error:
            self._in_words(error.problem, step)
            return error
        except Exception as error:
            raise AssertionError(
                told(
                    f"the outlet refused, and {step} raised {type(error).__name__}: {error}",
                    f"{ERRORS}; a refusal of the outlet is Refused or Unavailable",
                    "use channels.http and channels.files, or turn the outlet's errors into these two",
                )
            ) from error
        return None

    def _was_done(self, rehearsal: Rehearsal, delivery: Delivery, did: str) -> None:
        """Fail unless a release that raised nothing has been done."""
        found = rehearsal.channel.find(delivery).standing
        assert found in TAKEN, told(f"{did}, release raised nothing, and find says {found}", ERRORS, SWALLOWED)

    def _not_swallowed(self, error: ChannelError | None, found: Standing, did: str) -> None:
        """Fail if a withdrawal was to be done, raised nothing, and the article is still there."""
        assert error is not None or found not in (Standing.LIVE, Standing.STAGED), told(
            f"{did}, withdraw raised nothing, and find says {found}", ERRORS, SWALLOWED
        )

    def _in_words(self, problem: Problem, step: str) -> None:
        """Fail unless a person can act on the problem."""
        for name, text in (("field", problem.field), ("message", problem.message), ("remedy", problem.remedy)):
            assert str(text).strip(), told(
                f"{step} told of a problem without a {name}",
                "a Problem says what happened, where, and what to do",
                f"fill Problem.{name}",
            )
