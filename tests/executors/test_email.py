"""email: a real SMTP server gets it whole; nothing that is given becomes a header or a recipient of its own."""

from __future__ import annotations

import asyncio
import email
import email.policy
import shutil
import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session

from executors.email import Email, compose
from executors.refused import Refused
from tests.executors.trial import Trial, problems, until

PASSWORD = "s3cret-pass"


class Post:
    """What the server took."""

    def __init__(self) -> None:
        self.envelopes: list[Envelope] = []
        self.logins: list[tuple[bytes, bytes]] = []

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if address.startswith("nobody"):
            return "550 no such user"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        self.envelopes.append(envelope)
        return "250 OK"

    def authenticate(self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any) -> AuthResult:
        self.logins.append((data.login, data.password))
        return AuthResult(success=data.password == PASSWORD.encode(), handled=False)

    def message(self) -> EmailMessage:
        content = self.envelopes[-1].content
        assert isinstance(content, bytes)
        message = email.message_from_bytes(content, policy=email.policy.default)
        assert isinstance(message, EmailMessage)
        return message


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@pytest.fixture
def post() -> Post:
    return Post()


@pytest.fixture
def server(post: Post) -> Iterator[int]:
    controller = Controller(post, hostname="127.0.0.1", port=_free_port())
    controller.start()
    yield controller.port
    controller.stop()


@pytest.fixture
def certificate(tmp_path: Path) -> ssl.SSLContext:
    if shutil.which("openssl") is None:
        pytest.skip("needs openssl to make a certificate")
    key, cert = tmp_path / "key.pem", tmp_path / "cert.pem"
    make = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"]
    subprocess.run([*make, "-keyout", str(key), "-out", str(cert)], check=True, capture_output=True)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(cert, key)
    return context


def mail(port: int, **inputs: Any) -> Trial:
    usual = {"from": "Ann <ann@example.com>", "to": ["bob@example.com"], "subject": "Hi", "body": "Hello.\n"}
    return Trial(Email, **{"server": "127.0.0.1", "port": port, "security": "none", **usual, **inputs})


async def test_a_mail_arrives_whole(server: int, post: Post, tmp_path: Path) -> None:
    file = tmp_path / "an 'odd'; name.bin"
    file.write_bytes(bytes(range(256)))
    result = await mail(
        server,
        to=["bob@example.com", "Carol Ü <carol@example.com>"],
        cc=["dave@example.com"],
        bcc=["eve@example.com"],
        reply_to="answers@example.com",
        subject="Grüße",
        body="Zeile\n.\nend\n",
        html="<p>Zeile</p>",
        attachments=[str(file)],
    ).result()
    assert result["status"] == "completed", result
    everyone = ["bob@example.com", "carol@example.com", "dave@example.com", "eve@example.com"]
    assert result["recipients"] == everyone == post.envelopes[0].rcpt_tos
    message = post.message()
    assert message["Subject"] == "Grüße" and message["Message-ID"] == result["message_id"] and message["Date"]
    assert "eve" not in str(message) and "Carol Ü" in str(message["To"])
    text, html = message.get_body(("plain",)), message.get_body(("html",))
    assert text and html and text.get_content().replace("\r\n", "\n") == "Zeile\n.\nend\n"
    (attached,) = message.iter_attachments()
    assert attached.get_content() == bytes(range(256)) and attached.get_filename() == file.name


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("subject", "Hi\r\nBcc: eve@example.com"),
        ("subject", "Hi\n\nbody"),
        ("from", "a@example.com\r\nBcc: eve@example.com"),
        ("from", "nobody"),
        ("to", ["bob@example.com\nBcc: eve@example.com"]),
        ("to", ["a b@example.com"]),
        ("to", ["@example.com"]),
        ("cc", ["x"]),
        ("reply_to", "a\r\n@b"),
    ],
)
async def test_nothing_becomes_a_header_of_its_own(server: int, post: Post, field: str, value: Any) -> None:
    usual = {"from": "ann@example.com", "to": ["bob@example.com"], "subject": "Hi", "body": "x"}
    inputs = {"server": "127.0.0.1", "port": server, "security": "none", **usual, field: value}
    result = await Trial(Email, checked=False, **inputs).result()
    assert (result["error_type"], result["field"]) == ("validation_error", field), result
    assert post.envelopes == []


async def test_some_recipients_are_refused(server: int, post: Post) -> None:
    result = await mail(server, to=["bob@example.com", "nobody@example.com"]).result()
    assert result["recipients"] == ["bob@example.com"] and "550" in result["refused"]["nobody@example.com"]
    none = await mail(server, to=["nobody@example.com"]).result()
    assert (none["error_type"], none["field"]) == ("recipients_refused", "to") and "no such user" in none["error"]


async def test_starttls_and_login(post: Post, certificate: ssl.SSLContext) -> None:
    controller = Controller(
        post, hostname="127.0.0.1", port=_free_port(), tls_context=certificate, authenticator=post.authenticate,
        auth_required=True, require_starttls=True,
    )  # fmt: skip
    controller.start()
    try:
        login = {"security": "starttls", "username": "ann", "password": PASSWORD}
        untrusted = await mail(controller.port, **login).result()
        assert untrusted["error_type"] == "tls_error" and post.logins == []
        trial = mail(controller.port, **login, verify_tls=False)
        assert (await trial.result())["status"] == "completed"
        assert post.logins == [(b"ann", PASSWORD.encode())] and PASSWORD not in repr(trial.lines)
        wrong = await mail(controller.port, **{**login, "password": "wrong-pass"}, verify_tls=False).result()
        assert (wrong["error_type"], wrong["field"]) == ("login_refused", "password") and "wrong-pass" not in repr(
            wrong
        )
    finally:
        controller.stop()


async def test_tls_from_the_start(post: Post, certificate: ssl.SSLContext) -> None:
    controller = Controller(post, hostname="127.0.0.1", port=_free_port(), ssl_context=certificate)
    controller.start()
    try:
        assert (await mail(controller.port, security="tls").result())["error_type"] == "tls_error"
        assert (await mail(controller.port, security="tls", verify_tls=False).result())["status"] == "completed"
    finally:
        controller.stop()


async def test_a_password_never_goes_without_tls(server: int, post: Post) -> None:
    inputs = {"security": "none", "username": "ann", "password": PASSWORD}
    assert problems(Email, **{"server": "x", "from": "a@b", "to": ["a@b"], "subject": "", "body": "", **inputs})
    usual = {"from": "ann@example.com", "to": ["bob@example.com"], "subject": "Hi", "body": "x"}
    result = await Trial(Email, checked=False, server="127.0.0.1", port=server, **usual, **inputs).result()
    assert (result["error_type"], result["field"]) == ("validation_error", "security") and post.envelopes == []


async def test_a_server_without_tls_or_without_anyone(server: int) -> None:
    plain = await mail(server, security="starttls").result()
    assert (plain["error_type"], plain["field"]) == ("smtp_error", "security")
    dead = await mail(1).result()
    assert (dead["error_type"], dead["field"]) == ("connect_error", "server")


async def test_a_server_that_says_nothing() -> None:
    """A timeout ends it, and a cancel at once; neither leaves its thread."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        assert (await mail(port, timeout=1).result())["error_type"] == "timeout_error"
        trial = mail(port, timeout=60)
        task = trial.start()
        (await asyncio.to_thread(silent.accept))[0].close()  # the first one's
        held, _ = await asyncio.to_thread(silent.accept)
        await trial.cancel()
        result = await task
        assert result["status"] == "cancelled" and "nothing was sent" in result["message"]
        held.close()
    await until(lambda: not any(thread.name == "email" for thread in threading.enumerate()))


async def test_lost_and_large_attachments(server: int, post: Post, tmp_path: Path) -> None:
    lost = await mail(server, attachments=["/no/such/file"]).result()
    assert (lost["error_type"], lost["field"]) == ("not_found", "attachments")
    assert (await mail(server, attachments=[str(tmp_path)]).result())["field"] == "attachments"
    large = tmp_path / "large"
    with large.open("wb") as file:
        file.truncate(21 * 1024 * 1024)
    assert "20 MiB" in (await mail(server, attachments=[str(large)]).result())["error"]
    assert post.envelopes == []


def test_a_dry_run_names_who_would_get_it() -> None:
    inputs = {"to": ["a@b"], "cc": ["c@d"]}
    assert Email().get_demo_result(inputs)["recipients"] == ["a@b", "c@d"]


def test_odd_names_are_encoded() -> None:
    message = compose({"from": '"Ann, \\"x\\"" <ann@example.com>', "to": ["b@c"], "subject": "s", "body": "b"})
    assert "ann@example.com" in message["From"]
    with pytest.raises(Refused):
        compose({"from": "a@b, c@d", "to": ["b@c"], "subject": "s", "body": "b"})
