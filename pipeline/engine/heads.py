"""Heads of the event chain go outside: into a file, to an address, to a mailbox.

Any worker may send, each head is sent once, and no place gets one more often than `[audit] every`. What a place refuses
keeps nobody from sealing: it is tried again the next time, and `status` and `doctor` tell of it.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import structlog

from pipeline.article import Newsroom
from pipeline.channel import utc_now
from pipeline.lazily import lazily
from pipeline.newsroom import Outside
from pipeline.record import heads
from pipeline.record.chain import Head
from pipeline.record.database import Database

if TYPE_CHECKING:
    import smtplib
    import ssl
    from email import message as mail

    import requests
else:
    mail, requests, smtplib, ssl = map(lazily, ("email.message", "requests", "smtplib", "ssl"))

log = structlog.get_logger("tongfa")

PATIENCE = 15.0
"""Seconds that a place has to answer."""
USER, PASSWORD, TOKEN = "TONGFA_AUDIT_SMTP_USER", "TONGFA_AUDIT_SMTP_PASSWORD", "TONGFA_AUDIT_TOKEN"
"""Environment variables: the account of the mail server, and what the address gets as a bearer token."""


_HERE = ("127.0.0.1", "::1", "localhost")


class NotSent(Exception):
    """A place has not taken a head; the message says why."""


def places(outside: Outside) -> Iterator[str]:
    """The places that the newsroom's file names."""
    for name in ("file", "address", "mailbox"):
        if getattr(outside, name):
            yield name


def send_due(
    outside: Outside, newsroom: Newsroom, database: Database, environment: Mapping[str, str] = os.environ
) -> int:
    """Send the newest head wherever it is due; to how many places. Raises only what the database raises."""
    sent, known = 0, heads.Heads(database)
    for place in places(outside):
        head = known.due(place, outside.every)
        if head is None:
            continue
        try:
            _WAYS[place](outside, newsroom, head, environment)
        except (OSError, NotSent) as error:  # what requests and smtplib raise among them
            reason = str(error) or type(error).__name__
            log.warning("head not sent", place=place, number=head.number, error=reason)
            known.failed(place, reason)
        else:
            known.sent(place, head)
            sent += 1
    return sent


def _into_file(outside: Outside, _newsroom: Newsroom, head: Head, _environment: Mapping[str, str]) -> None:
    """One line more. It is on the disk when this returns; a line that a power cut left unfinished stays alone."""
    place = Path(outside.file or "")
    if not place.parent.is_dir():
        raise NotSent(f"{place.parent}: no such folder")  # a disk that is not there: nothing is made in its place
    file = os.open(place, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        size = os.fstat(file).st_size
        begun = size > 0 and os.pread(file, 1, size - 1) != b"\n"
        os.write(file, (b"\n" if begun else b"") + f"{_line(head)}\n".encode())
        os.fsync(file)
    finally:
        os.close(file)


def _to_address(outside: Outside, newsroom: Newsroom, head: Head, environment: Mapping[str, str]) -> None:
    told = {"newsroom": newsroom.name, "number": head.number, "hash": head.hash, "key": head.key, "head": _line(head)}
    token = environment.get(TOKEN, "")
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    answer = requests.post(outside.address, json=told, headers=headers, timeout=PATIENCE, allow_redirects=False)
    if not answer.ok or answer.is_redirect:
        raise NotSent(f"HTTP {answer.status_code}")


def _to_mailbox(outside: Outside, newsroom: Newsroom, head: Head, environment: Mapping[str, str]) -> None:
    message = mail.EmailMessage()
    message["Subject"] = f"Tongfa {newsroom.site.domain}: {head.number}"
    message["From"], message["To"] = outside.sender or outside.mailbox, outside.mailbox
    message.set_content(f"{_line(head)}\n", cte="7bit")  # in one line, as whoever compares it needs it
    with _mail_server(outside.smtp) as server:
        if user := environment.get(USER):
            server.login(user, environment.get(PASSWORD, ""))
        server.send_message(message)


def _mail_server(address: str) -> smtplib.SMTP:
    """Encrypted from the first byte on port 465; elsewhere as soon as it can be, but on this machine itself."""
    host, _, port = address.rpartition(":")
    host = host.strip("[]")
    if port == "465":
        return smtplib.SMTP_SSL(host, int(port), timeout=PATIENCE, context=ssl.create_default_context())
    server = smtplib.SMTP(host, int(port), timeout=PATIENCE)
    if host not in _HERE:
        with suppress(smtplib.SMTPNotSupportedError):
            server.starttls(context=ssl.create_default_context())
    return server


def _line(head: Head) -> str:
    return heads.line(head, utc_now())


def behind(standing: heads.Standing, head: Head, every: timedelta, now: datetime) -> bool:
    """Whether a place has not had a head for much longer than it should. `now`: the record's time."""
    if standing.number == head.number:
        return False
    return standing.sent_at is None or now - standing.sent_at > 10 * max(every, timedelta(minutes=1))


_WAYS: Mapping[str, Callable[[Outside, Newsroom, Head, Mapping[str, str]], None]] = {
    "file": _into_file,
    "address": _to_address,
    "mailbox": _to_mailbox,
}
