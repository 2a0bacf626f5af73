"""The table of analytics, filled where ``analytics.backend`` is ``database``."""

import django.utils.timezone
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("sentry", "0007_user_sessions")]
    operations = [
        migrations.CreateModel(
            name="AnalyticsEvent",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("type", models.CharField(max_length=64)),
                ("organization_id", models.BigIntegerField()),
                ("data", models.JSONField(default=dict)),
                ("date_added", models.DateTimeField(default=django.utils.timezone.now)),
                ("expires_at", models.DateTimeField(db_index=True)),
            ],
            options={
                "db_table": "sentry_analyticsevent",
                "indexes": [
                    models.Index(
                        fields=["organization_id", "type", "date_added"],
                        name="sentry_analytics_org_type",
                    )
                ],
            },
        )
    ]
