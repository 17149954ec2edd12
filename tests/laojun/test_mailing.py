"""Letters leave by the server in force, through the guard, or end in a folder."""

import pytest
from django.core import mail
from django.core.mail import EmailMessage

from accounts import mail as letters
from laojun import configs, mailing
from laojun.audit import Actor
from laojun.configs import Change, InvalidValue
from laojun.outbound import BlockedAddress

pytestmark = pytest.mark.django_db


def put(**values):
    changes = [Change(f"email.{key}", value) for key, value in values.items()]
    configs.write(changes=changes, workspace_id=None, actor=Actor.system("test"))


def send():
    message = EmailMessage("Hello", "text", to=["ada@example.com"])
    return mailing.Backend().send_messages([message]), message


@pytest.fixture
def _no_server(settings, tmp_path):
    settings.EMAIL_URL = ""
    settings.EMAIL_FILE_PATH = tmp_path
    settings.MAIL_TRANSPORT = "django.core.mail.backends.filebased.EmailBackend"


@pytest.mark.usefixtures("_no_server")
def test_without_a_server_letters_are_files(tmp_path):
    assert letters.is_filed()
    assert send()[0] == 1
    assert len(list(tmp_path.glob("*.log"))) == 1


@pytest.mark.usefixtures("_no_server")
def test_a_live_server_holds_for_the_next_letter(monkeypatch):
    seen = []

    def sent(backend, messages):
        seen.append(
            (backend.host, backend.port, backend.username, backend.password, backend.use_ssl)
        )
        return len(messages)

    monkeypatch.setattr(mailing.GuardedBackend, "send_messages", sent)
    put(host="mail.example.com", username="platform", password="canary")
    assert not letters.is_filed()
    send()
    put(**{"port": 465, "from": "news@example.com"})
    _count, message = send()

    assert seen == [
        ("mail.example.com", 587, "platform", "canary", False),
        ("mail.example.com", 465, "platform", "canary", True),
    ]
    assert message.from_email == "news@example.com"


@pytest.mark.parametrize("host", ["127.0.0.1", "169.254.169.254", "10.0.0.1", "localhost"])
def test_an_inner_host_is_never_dialled(host):
    put(host=host, port=2525)

    with pytest.raises(BlockedAddress):
        send()


@pytest.mark.parametrize("sender", ["nobody", "a@b\nBcc: x@example.com", "<>"])
def test_a_sender_is_an_address(sender):
    with pytest.raises(InvalidValue):
        put(**{"from": sender})


def test_the_password_is_nowhere_in_the_console(olga):
    put(password="canary-of-the-mail-server")

    page = olga.get("/admin/laojun/config/").content.decode()

    assert "canary-of-the" not in page
    assert mail.outbox == []
