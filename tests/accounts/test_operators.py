"""An installation gets its first operator by its shell, and the deed leaves its trace."""

import pytest
from django.core.management import CommandError, call_command

from accounts import tenancy
from accounts.models import User
from laojun.models import AuditLog


def test_the_shell_opens_the_console_to_somebody_who_exists(charlie):
    assert charlie.get("/admin/").status_code != 200

    call_command("make_operator", charlie.user.email.upper())

    assert charlie.get("/admin/").status_code == 200
    trace = AuditLog.objects.filter(
        action="platform_scope.entered", resource_id=f"make_operator {charlie.user.pk}"
    )
    with tenancy.platform_scope(reason="test"):
        assert trace.exists()


def test_nobody_and_a_closed_account_become_no_operator(charlie):
    User.objects.filter(pk=charlie.user.pk).update(status="suspended", is_active=False)

    for login in ("nobody@example.com", charlie.user.email):
        with pytest.raises(CommandError):
            call_command("make_operator", login)

    assert not User.objects.get(pk=charlie.user.pk).is_superuser
