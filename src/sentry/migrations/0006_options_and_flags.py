"""Options and feature flags that are changed while the platform runs."""

import django.utils.timezone
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("sentry", "0005_tasks")]
    operations = [
        migrations.CreateModel(
            name="FeatureRule",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("feature", models.CharField(max_length=128)),
                ("organization_id", models.BigIntegerField(default=0)),
                ("percentage", models.PositiveSmallIntegerField()),
                ("last_updated", models.DateTimeField(default=django.utils.timezone.now)),
                ("updated_by", models.CharField(default="", max_length=128)),
            ],
            options={
                "db_table": "sentry_featurerule",
                "constraints": [
                    models.UniqueConstraint(
                        fields=("feature", "organization_id"), name="sentry_featurerule_feature_org"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("percentage__lte", 100)),
                        name="sentry_featurerule_percentage",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Option",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("key", models.CharField(max_length=128)),
                ("value", models.JSONField()),
                ("last_updated", models.DateTimeField(default=django.utils.timezone.now)),
                ("updated_by", models.CharField(default="", max_length=128)),
            ],
            options={
                "db_table": "sentry_option",
                "constraints": [
                    models.UniqueConstraint(fields=("key",), name="sentry_option_key")
                ],
            },
        ),
    ]
