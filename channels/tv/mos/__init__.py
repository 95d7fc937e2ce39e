"""MOS 2.8.5, what a newsroom system (NCS) says to a prompter or playout (the MOS device), and how it is understood.

Three parts, each usable by itself: `plan`, `line` and `merge`; `words` is what they share.

    plan(order, body, view)  which messages bring a device from what it has acknowledged to the running order wanted
    Device, Folder           two ways to say them: over TCP, one at a time with its acknowledgement; or as files
    merge(messages)          our own reader: the running order that a sequence of messages makes

The connection to a device stands, with heartbeats, as long as both live. A device asks the newsroom for what it lacks,
never the other way; so after any doubt the whole running order goes out again as `roReplace`, which is safe to repeat.
A message that has to be said again, because nobody answered, keeps its number. Of a story's status the device tells by
itself (`roElementStat`), on the connection that stands.

The wire: TCP to the device's upper port, UTF-16 big endian, no length prefix: a message is `<mos>` … `</mos>`.
Stories are moved upwards only, one at a time: the standard, mosromgr and @mos-connection agree on what that means.
"""

from channels.tv.mos.line import (
    ANSWER,
    DEED,
    UPPER_PORT,
    Ack,
    Device,
    Folder,
    Line,
    Status,
    Stream,
    Talk,
    answer_to,
    heard,
    status_of,
)
from channels.tv.mos.merge import Merged, merge
from channels.tv.mos.plan import acknowledged, end, plan, story_message
from channels.tv.mos.words import (
    FIRST,
    LIMIT_MESSAGE,
    Bodies,
    Body,
    Item,
    Listed,
    Message,
    Names,
    Order,
    Sending,
    View,
    digest_of,
    parse,
)

__all__ = [
    "ANSWER",
    "DEED",
    "FIRST",
    "LIMIT_MESSAGE",
    "UPPER_PORT",
    "Ack",
    "Bodies",
    "Body",
    "Device",
    "Folder",
    "Item",
    "Line",
    "Listed",
    "Merged",
    "Message",
    "Names",
    "Order",
    "Sending",
    "Status",
    "Stream",
    "Talk",
    "View",
    "acknowledged",
    "answer_to",
    "digest_of",
    "end",
    "heard",
    "merge",
    "parse",
    "plan",
    "status_of",
    "story_message",
]
