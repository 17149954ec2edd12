"""A browser that was idle for a day is signed out, whatever its cookie says."""

import importlib

from django.db import migrations

BEFORE = importlib.import_module("accounts.migrations.0003_authentication").FORWARD.replace(
    "CREATE FUNCTION", "CREATE OR REPLACE FUNCTION"
)
AFTER = BEFORE.replace(
    "WHERE s.revoked_at IS NULL AND s.expires_at > now()",
    "WHERE s.revoked_at IS NULL AND s.expires_at > now()\n"
    "              AND (s.kind <> 'browser' OR s.last_seen_at > now() - interval '24 hours')",
)


class Migration(migrations.Migration):
    dependencies = [("accounts", "0003_authentication")]

    operations = [migrations.RunSQL(AFTER, BEFORE)]
