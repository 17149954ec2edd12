"""Accounts that were opened before addresses were confirmed get theirs written down, not confirmed."""

from django.db import migrations

FORWARD = """
INSERT INTO account_emailaddress (user_id, email, verified, "primary")
    SELECT u.id, lower(u.email), false, true FROM accounts_users u
    WHERE NOT EXISTS (SELECT 1 FROM account_emailaddress a WHERE a.user_id = u.id);
INSERT INTO accounts_address_keys (address_id, user_id, email_key, verified)
    SELECT a.id, a.user_id, u.email_key, a.verified
    FROM account_emailaddress a JOIN accounts_users u ON u.id = a.user_id
    WHERE lower(u.email) = a.email
    ON CONFLICT DO NOTHING;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0009_mail_addresses_and_sign_ins"),
        ("account", "0009_emailaddress_unique_primary_email"),
    ]

    # Both tables stand outside row-level security, so the owner sees their rows without a scope.
    operations = [migrations.RunSQL(FORWARD, migrations.RunSQL.noop)]
