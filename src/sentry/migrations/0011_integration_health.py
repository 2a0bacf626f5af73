"""What is known of an integration's credential: how often it was replaced, and whether it is broken."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("sentry", "0010_sync_jobs")]
    operations = [
        migrations.AddField(
            model_name="integration",
            name="credential_version",
            field=models.PositiveIntegerField(db_default=0, default=0),
        ),
        migrations.AddField(
            model_name="integration",
            name="broken_reason",
            field=models.CharField(blank=True, max_length=200, null=True),
        ),
        migrations.AddField(
            model_name="integration",
            name="broken_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="integration",
            name="probe_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
    ]
