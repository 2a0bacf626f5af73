"""The table through which processes share what they found out on hosts."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("sentry", "0011_integration_health")]
    operations = [
        migrations.CreateModel(
            name="SharedResult",
            fields=[
                (
                    "key",
                    models.CharField(max_length=64, primary_key=True, serialize=False),
                ),
                ("holder", models.CharField(max_length=32)),
                ("value", models.BinaryField(null=True)),
                ("expires_at", models.DateTimeField(db_index=True)),
            ],
            options={"db_table": "sentry_sharedresult"},
        )
    ]
