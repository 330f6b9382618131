"""E-mail: one message as it is on the wire (RFC 5322) is one fragment, without what it quotes.

A thread is one conversation: it goes by the first message that it refers to. Whoever writes is the customer
unless `roles` knows the address or its domain. Addresses leave as pseudonyms, quoted text and signatures'
replies are cut by `mail-parser-reply`, which knows how the mail programs of many languages introduce them.
Source: RFC 5322 (References), RFC 2045.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from email import message_from_bytes
from email.errors import MessageError
from email.message import EmailMessage
from email.policy import default
from email.utils import parseaddr, parsedate_to_datetime

from cxstream.connectors.connector import Connector
from cxstream.connectors.proof import Token
from cxstream.connectors.session import Payload, Session
from cxstream.connectors.shaped import plain, utc
from cxstream.errors import RecordError
from cxstream.events import Fragment, Role, RoleSource, Source, Speaker, Transcript, record_id

LANGUAGES = ["en", "de", "fr", "es", "it", "nl", "pl", "pt", "sv", "da"]
_SOURCE = Source(vendor="email")


def read(payload: Payload, session: Session) -> Iterator[Transcript]:
    """See `Connector.read`; the payload's `raw` holds the message."""
    mail = _parsed(payload["raw"])
    message_id = _header(mail, "Message-ID")
    if not message_id:
        raise RecordError(
            "missing_field", field="Message-ID", mend="pass the message on as it came"
        )
    thread = (_header(mail, "References") or _header(mail, "In-Reply-To") or message_id).split()[0]
    address = parseaddr(_header(mail, "From"))[1].lower()
    if not address:
        raise RecordError("missing_field", field="From", mend="pass the message on as it came")
    speaker = _speaker(address, session)
    yield Fragment(
        conversation_id=session.conversation("email", record_id("thread", thread)),
        fragment_id=record_id("mail", message_id),
        text=_words(mail),
        speaker=speaker,
        channel="email",
        event_time=_date(mail),
        source=_SOURCE,
        customer_id=speaker.id if speaker.role is Role.CUSTOMER else None,
    )


def _parsed(raw: bytes) -> EmailMessage:
    try:
        return message_from_bytes(raw, policy=default)
    except (MessageError, ValueError, LookupError):
        raise RecordError("bad_value", field="$", mend="send one RFC 5322 message") from None


def _header(mail: EmailMessage, name: str) -> str:
    try:
        return str(mail.get(name, "")).strip()
    except (ValueError, LookupError, IndexError, AttributeError, TypeError):
        raise RecordError(
            "bad_value", field=name, mend="send this header as RFC 5322 has it"
        ) from None


def _words(mail: EmailMessage) -> str:
    """The new words of a message: its plain text, else its HTML's, without quotations."""
    from mailparser_reply import EmailReplyParser

    try:
        part = mail.get_body(preferencelist=("plain", "html"))
        text = "" if part is None else str(part.get_content())
    except (ValueError, LookupError, AttributeError, TypeError):
        raise RecordError(
            "bad_value", field="body", mend="send a text in a known charset"
        ) from None
    if part is not None and part.get_content_type() == "text/html":
        text = plain(text)
    found: str | None = EmailReplyParser(languages=LANGUAGES).parse_reply(text=text)
    return (found or "").strip()


def _date(mail: EmailMessage) -> datetime | None:
    try:
        return utc(parsedate_to_datetime(_header(mail, "Date")))
    except (ValueError, TypeError, OverflowError, IndexError):
        return None  # the arrival stands for it


def _speaker(address: str, session: Session) -> Speaker:
    person = session.pseudonym("mailto", address)
    domain = address.rpartition("@")[2]
    role = session.roles.get(address, session.roles.get(domain))
    if role is not None:
        return Speaker(role=role, role_source=RoleSource.LABEL, id=person)
    return Speaker(role=Role.CUSTOMER, role_source=RoleSource.UNKNOWN, id=person)


CONNECTOR = Connector(
    vendor="email",
    title="E-mail (RFC 5322)",
    read=read,
    proof=Token(),
    body="mime",
    needs="`roles` of your own domains, or everybody is taken for a customer",
)
