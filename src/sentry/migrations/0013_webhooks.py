"""Webhooks: the inbox, their secrets, and what deliveries become: changed files, pull requests."""

import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models
from django.db.models import Q

import sentry.db.fields
import sentry.db.models


class Migration(migrations.Migration):
    dependencies = [("sentry", "0012_shared_results")]
    operations = [
        migrations.AddField(
            model_name="integration",
            name="webhook_secrets",
            field=sentry.db.fields.EncryptedJSONField(blank=True, null=True),
        ),
        migrations.CreateModel(
            name="WebhookPayload",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("delivery_id", models.CharField(default="", max_length=255)),
                ("digest", models.CharField(max_length=64)),
                ("event", models.CharField(default="", max_length=64)),
                ("payload", sentry.db.fields.EncryptedJSONField(null=True)),
                (
                    "status",
                    models.PositiveSmallIntegerField(
                        choices=[(0, "pending"), (1, "done"), (2, "dead")], default=0
                    ),
                ),
                ("attempts", models.PositiveIntegerField(default=0)),
                ("reason", models.CharField(default="", max_length=255)),
                ("received_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("expires_at", models.DateTimeField(db_index=True, null=True)),
                (
                    "integration",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        to="sentry.integration",
                    ),
                ),
            ],
            options={
                "db_table": "sentry_webhookpayload",
                "constraints": [
                    models.UniqueConstraint(
                        fields=["integration", "digest"], name="sentry_webhook_intg_digest"
                    ),
                    models.UniqueConstraint(
                        condition=~Q(delivery_id=""),
                        fields=["integration", "delivery_id"],
                        name="sentry_webhook_intg_delivery",
                    ),
                ],
                "indexes": [
                    models.Index(
                        fields=["status", "received_at", "id"], name="sentry_webhook_stat_recv_id"
                    ),
                    models.Index(
                        fields=["integration", "status", "id"], name="sentry_webhook_intg_stat_id"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="CommitFileChange",
            fields=[
                (
                    "id",
                    models.BigIntegerField(
                        default=sentry.db.models.new_region_id,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("filename", models.CharField(max_length=512)),
                (
                    "type",
                    models.CharField(
                        choices=[("A", "added"), ("M", "modified"), ("D", "removed")], max_length=1
                    ),
                ),
                (
                    "commit",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        to="sentry.commit",
                    ),
                ),
                (
                    "organization",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        to="sentry.organization",
                    ),
                ),
            ],
            options={
                "db_table": "sentry_commitfilechange",
                "constraints": [
                    models.UniqueConstraint(
                        fields=["commit", "filename"], name="sentry_commitfilechange_file"
                    )
                ],
                "indexes": [
                    models.Index(
                        fields=["organization", "filename"], name="sentry_filechange_org_file"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="PullRequest",
            fields=[
                (
                    "id",
                    models.BigIntegerField(
                        default=sentry.db.models.new_region_id,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("key", models.CharField(max_length=64)),
                ("title", models.TextField(null=True)),
                ("message", models.TextField(null=True)),
                (
                    "state",
                    models.CharField(
                        choices=[("open", "open"), ("closed", "closed"), ("merged", "merged")],
                        default="open",
                        max_length=8,
                    ),
                ),
                ("head_branch", models.TextField(default="")),
                ("base_branch", models.TextField(default="")),
                ("merge_commit_sha", models.CharField(max_length=64, null=True)),
                ("date_added", models.DateTimeField(default=django.utils.timezone.now)),
                ("date_updated", models.DateTimeField(null=True)),
                ("merged_at", models.DateTimeField(null=True)),
                (
                    "author",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        to="sentry.commitauthor",
                    ),
                ),
                (
                    "organization",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        to="sentry.organization",
                    ),
                ),
                (
                    "repository",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        to="sentry.repository",
                    ),
                ),
            ],
            options={
                "db_table": "sentry_pullrequest",
                "constraints": [
                    models.UniqueConstraint(
                        fields=["repository", "key"], name="sentry_pullrequest_repo_key"
                    )
                ],
                "indexes": [
                    models.Index(
                        fields=["organization", "merge_commit_sha"],
                        name="sentry_pullrequest_org_merge",
                    )
                ],
            },
        ),
    ]
