"""Who waits for a turn is seen in its own workspace alone."""

from django.db import migrations

from accounts.rls import TenantPolicy


class Migration(migrations.Migration):
    dependencies = [("querygpt", "0005_turns_of_statements")]

    operations = [TenantPolicy("querygpt_slots")]
