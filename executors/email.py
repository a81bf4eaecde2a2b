"""Sends a mail through a server, over TLS unless told otherwise."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from engine import executor_register
from executors.refused import Refused
from executors.stoppable import Stoppable, Stopped, in_own_thread

if TYPE_CHECKING:
    import smtplib
    import ssl
    from email.headerregistry import Address
    from email.message import EmailMessage

MOST_BYTES = 20 * 1024 * 1024
"""Of all attachments together; most servers refuse more."""
PORTS = {"starttls": 587, "tls": 465, "none": 25}
ONE_LINE = "^[^\\r\\n\\u0000]*$"
ADDRESS = {
    "type": "string",
    "pattern": "^[^\\r\\n\\u0000]+@[^\\r\\n\\u0000]+$",
    "x-errorMessage": "must be like ann@example.com or Ann <ann@example.com>",
}


def _addresses(title: str, description: str, least: int = 0) -> dict[str, Any]:
    field = {"type": "array", "title": title, "description": description, "items": ADDRESS, "maxItems": 100}
    return {**field, "minItems": least, "examples": [["ann@example.com"]]} if least else field


@executor_register()
class Email(Stoppable):
    """A mail that was sent cannot be called back, so a person is asked before each launch."""

    id = "email"
    name = "Email"
    description = "Sends a mail through an SMTP server"
    tags = ("notification", "mail", "network")
    confirm = True
    examples = (
        {
            "server": "smtp.example.com",
            "username": "taskdeck",
            "password": "env:SMTP_PASSWORD",
            "from": "Taskdeck <taskdeck@example.com>",
            "to": ["ann@example.com"],
            "subject": "The backup is done",
            "body": "All went well.",
        },
        {
            "server": "localhost",
            "security": "none",
            "port": 1025,
            "from": "taskdeck@example.com",
            "to": ["ann@example.com"],
            "subject": "To try it",
            "body": "Hello.",
        },
    )
    inputs_schema: ClassVar[dict[str, Any]] = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "properties": {
            "server": {
                "type": "string",
                "title": "Server",
                "description": "The SMTP server's name or address",
                "pattern": "^[A-Za-z0-9_:][A-Za-z0-9_.:-]*$",
                "x-errorMessage": "must be a host's name or address",
                "examples": ["smtp.example.com"],
            },
            "security": {
                "type": "string",
                "title": "Security",
                "description": "starttls (587), tls from the start (465), or none (25), which takes no password",
                "enum": list(PORTS),
                "default": "starttls",
            },
            "port": {
                "type": "integer",
                "title": "Port",
                "description": "Absent: the usual one of its security",
                "minimum": 1,
                "maximum": 65_535,
            },
            "username": {
                "type": "string",
                "title": "User",
                "description": "Who logs in; absent: no log-in",
                "minLength": 1,
            },
            "password": {
                "type": "string",
                "title": "Password",
                "description": "Shown nowhere; env:NAME or keyring:NAME keeps it out of the form too",
                "writeOnly": True,
                "minLength": 1,
            },
            "from": {**ADDRESS, "title": "From", "description": "Who it comes from", "examples": ["ann@example.com"]},
            "to": _addresses("To", "Who gets it", 1),
            "cc": _addresses("Copy", "Who gets a copy"),
            "bcc": _addresses("Blind copy", "Who gets a copy that nobody else sees"),
            "reply_to": {**ADDRESS, "title": "Reply to", "description": "Where answers go; absent: to From"},
            "subject": {
                "type": "string",
                "title": "Subject",
                "description": "One line",
                "pattern": ONE_LINE,
                "x-errorMessage": "must be one line",
                "maxLength": 200,
            },
            "body": {
                "type": "string",
                "title": "Body",
                "description": "The text",
                "contentMediaType": "text/plain",
                "maxLength": 1_000_000,
            },
            "html": {
                "type": "string",
                "title": "HTML",
                "description": "The same as HTML, for readers that show it",
                "contentMediaType": "text/html",
                "maxLength": 1_000_000,
            },
            "attachments": {
                "type": "array",
                "title": "Attachments",
                "description": "Files on the machine of the console, 20 MiB in all",
                "items": {"type": "string", "format": "file-path", "minLength": 1},
                "maxItems": 50,
            },
            "verify_tls": {
                "type": "boolean",
                "title": "Verify TLS",
                "description": "Refuse certificates that are not trusted",
                "default": True,
            },
            "timeout": {
                "type": "number",
                "title": "Timeout",
                "description": "Seconds that each answer of the server may take",
                "minimum": 1,
                "maximum": 300,
                "default": 30,
            },
        },
        "required": ["server", "from", "to", "subject", "body"],
        "dependentRequired": {"password": ["username"]},
        "if": {"properties": {"security": {"const": "none"}}, "required": ["security"]},
        "then": {"properties": {"username": False, "password": False, "verify_tls": False}},
        "additionalProperties": False,
    }

    async def execute(self, inputs: dict[str, Any]) -> dict[str, Any]:
        """Returns `{"message_id", "recipients", "refused", "size"}`; `refused` has what the server said, by address.

        Failures have `error_type` validation_error, not_found (an attachment), connect_error, tls_error,
        login_refused, sender_refused, recipients_refused, timeout_error or smtp_error. A cancel closes the connection.
        """
        sending = Sending(inputs, self)
        try:
            return await self.unless_stopped(in_own_thread("email", sending.run, sending.stop))
        except Stopped:
            sending.stop()
            words = "it was handed over already" if sending.is_handed_over else "nothing was sent"
            return {"status": "cancelled", "message": f"cancelled; {words}"}
        except Refused as refusal:
            return refusal.result

    def get_demo_result(self, inputs: dict[str, Any]) -> Any:
        everyone = [one for field in ("to", "cc", "bcc") for one in inputs.get(field) or []]
        told = {"message_id": "", "recipients": everyone, "refused": {}, "size": 0}
        return {"status": "completed", "demo": True, **told}


class Sending:
    """One mail on its way. `run` blocks; `stop`, from any thread, makes it end."""

    def __init__(self, inputs: dict[str, Any], owner: Stoppable) -> None:
        self._inputs = inputs
        self._owner = owner
        self._client: smtplib.SMTP | None = None
        self.is_handed_over = False

    def stop(self) -> None:
        import socket

        sock = getattr(self._client, "sock", None)
        if sock is not None:
            try:
                sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def run(self) -> dict[str, Any]:
        import smtplib
        import ssl

        security, server = self._inputs.get("security", "starttls"), self._inputs["server"]
        if security == "none" and self._inputs.get("password"):
            raise Refused("a password is never sent without TLS", "security")
        message = compose(self._inputs)
        everyone = [_address(one, field) for field in ("to", "cc", "bcc") for one in self._inputs.get(field) or []]
        size = len(message.as_bytes())
        where = f"{server}:{self._inputs.get('port') or PORTS[security]}"
        try:
            with self._connected(security) as client:
                self._owner.report_progress(0.5, f"connected to {where}")
                self._log_in(client)
                if self._owner.is_stopped:
                    raise Refused("cancelled", "server")
                self._owner.log(f"sending {size} bytes to {len(everyone)} by {where}")
                self.is_handed_over = True
                refused = client.send_message(message, _address(self._inputs["from"], "from"), everyone)
        except smtplib.SMTPException as error:
            self.is_handed_over = False
            if isinstance(error.__context__, TimeoutError):  # smtplib takes it for the end of the connection
                raise self._too_late(where) from error
            raise _refusal(error, where) from error
        except ssl.SSLError as error:
            words = f"no secure connection to {where}: {getattr(error, 'verify_message', '') or error.reason or error}"
            raise Refused(words, "security", "tls_error") from error
        except TimeoutError as error:
            raise self._too_late(where) from error
        except OSError as error:
            raise Refused(f"cannot connect to {where}: {error.strerror or error}", "server", "connect_error") from error
        told = {address: f"{code} {_said(words)}" for address, (code, words) in refused.items()}
        for address, words in told.items():
            self._owner.log(f"refused: {address}: {words}")
        return {
            "status": "completed",
            "message_id": message["Message-ID"],
            "recipients": [one for one in everyone if one not in told],
            "refused": told,
            "size": size,
        }

    def _too_late(self, where: str) -> Refused:
        limit = self._inputs.get("timeout", 30)
        return Refused(f"{where} did not answer within {limit:g} s", "timeout", "timeout_error")

    def _connected(self, security: str) -> smtplib.SMTP:
        import smtplib

        timeout, server = self._inputs.get("timeout", 30), self._inputs["server"]
        port = self._inputs.get("port") or PORTS[security]
        # an object first, so that a cancel can reach it while it connects
        if security == "tls":
            self._client = smtplib.SMTP_SSL(timeout=timeout, context=_trust(self._inputs))
        else:
            self._client = smtplib.SMTP(timeout=timeout)
        self._client._host = server  # type: ignore[attr-defined]  # what TLS checks the certificate against
        code, words = self._client.connect(server, port)
        if code != 220:
            raise smtplib.SMTPConnectError(code, words)
        if security == "starttls":
            self._client.starttls(context=_trust(self._inputs))
        return self._client

    def _log_in(self, client: smtplib.SMTP) -> None:
        username = self._inputs.get("username")
        if username:
            client.login(username, self._inputs.get("password") or "")


def compose(inputs: dict[str, Any]) -> EmailMessage:
    """The mail. Raises `Refused` for what makes no header or address, and for attachments that cannot be read."""
    import mimetypes
    from email.errors import MessageError
    from email.message import EmailMessage
    from email.utils import formatdate, make_msgid

    message = EmailMessage()
    try:
        message["From"] = _mailbox(inputs["from"], "from")
        for header, field in (("To", "to"), ("Cc", "cc")):
            if inputs.get(field):
                message[header] = [_mailbox(one, field) for one in inputs[field]]
        if inputs.get("reply_to"):
            message["Reply-To"] = _mailbox(inputs["reply_to"], "reply_to")
        message["Subject"] = inputs["subject"]
    except (MessageError, ValueError) as error:  # a line end would begin a header of its own
        raise Refused(f"this makes no header: {error}", "subject") from error
    message["Date"] = formatdate(localtime=True)
    message["Message-ID"] = make_msgid(domain=_address(inputs["from"], "from").rpartition("@")[2])
    message.set_content(inputs["body"])
    if inputs.get("html"):
        message.add_alternative(inputs["html"], subtype="html")
    for name, data in _attached(inputs.get("attachments") or []):
        kind, _, subtype = (mimetypes.guess_type(name)[0] or "application/octet-stream").partition("/")
        message.add_attachment(data, maintype=kind, subtype=subtype, filename=name)
    return message


def _address(text: str, field: str) -> str:
    """The bare address in `Ann <ann@example.com>`."""
    from email.utils import getaddresses

    found = getaddresses([text])
    address = found[0][1] if len(found) == 1 else ""
    local, at, domain = address.rpartition("@")
    if not (local and at and domain) or any(sign in text for sign in "\r\n\0") or any(s.isspace() for s in address):
        raise Refused(f"{text!r:.80} is no address; write it like ann@example.com", field)
    return address


def _mailbox(text: str, field: str) -> Address:
    from email.errors import MessageError
    from email.headerregistry import Address
    from email.utils import parseaddr

    try:
        return Address(parseaddr(text)[0], addr_spec=_address(text, field))
    except (MessageError, ValueError, IndexError) as error:
        raise Refused(f"{text!r:.80} is no address: {error}", field) from error


def _attached(paths: list[str]) -> Iterator[tuple[str, bytes]]:
    size = 0
    for given in paths:
        try:
            path = Path(given).expanduser()
            status = path.stat()
            if not stat.S_ISREG(status.st_mode):
                raise Refused(f"{given} is no regular file", "attachments")
            size += status.st_size
            if size > MOST_BYTES:
                raise Refused(f"the attachments are more than {MOST_BYTES // 1024**2} MiB together", "attachments")
            yield path.name, path.read_bytes()
        except FileNotFoundError as error:
            raise Refused(f"File not found: {given}", "attachments", "not_found") from error
        except (OSError, ValueError, RuntimeError) as error:
            raise Refused(f"cannot read {given}: {error}", "attachments") from error


def _trust(inputs: dict[str, Any]) -> ssl.SSLContext:
    import ssl

    context = ssl.create_default_context()
    if not inputs.get("verify_tls", True):
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def _refusal(error: smtplib.SMTPException, where: str) -> Refused:
    import smtplib

    if isinstance(error, smtplib.SMTPAuthenticationError):
        words = f"{where} refuses the log-in: {error.smtp_code} {_said(error.smtp_error)}"
        return Refused(f"{words}; check user and password", "password", "login_refused")
    if isinstance(error, smtplib.SMTPSenderRefused):
        return Refused(f"{where} refuses the sender: {_said(error.smtp_error)}", "from", "sender_refused")
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        said = "; ".join(f"{address}: {code} {_said(words)}" for address, (code, words) in error.recipients.items())
        return Refused(f"{where} refuses all recipients: {said:.500}", "to", "recipients_refused")
    if isinstance(error, smtplib.SMTPNotSupportedError):
        return Refused(f"{where}: {error}; choose another security, or no user", "security", "smtp_error")
    if isinstance(error, smtplib.SMTPServerDisconnected):
        return Refused(f"{where} closed the connection: {error}", "server", "connect_error")
    if isinstance(error, smtplib.SMTPResponseException):
        return Refused(f"{where} says {error.smtp_code} {_said(error.smtp_error)}", "server", "smtp_error")
    return Refused(f"{where}: {error}", "server", "smtp_error")


def _said(words: bytes | str) -> str:
    return words.decode("utf-8", "replace") if isinstance(words, bytes) else words
