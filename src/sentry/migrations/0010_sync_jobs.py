"""Synchronizations of repositories that callers ask for."""

import django.db.models.deletion
import django.utils.timezone
import sentry.db.models
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('sentry', '0009_user_names'),
    ]

    operations = [
        migrations.CreateModel(
            name='SyncJob',
            fields=[
                ('id', models.BigIntegerField(default=sentry.db.models.new_region_id, editable=False, primary_key=True, serialize=False)),
                ('integration_id', models.BigIntegerField()),
                ('query', models.CharField(default='', max_length=200)),
                ('status', models.PositiveSmallIntegerField(choices=[(0, 'waiting'), (1, 'running'), (2, 'succeeded'), (3, 'failed')], default=0)),
                ('created', models.PositiveIntegerField(default=0)),
                ('updated', models.PositiveIntegerField(default=0)),
                ('unchanged', models.PositiveIntegerField(default=0)),
                ('skipped', models.PositiveIntegerField(default=0)),
                ('error', models.JSONField(null=True)),
                ('date_added', models.DateTimeField(default=django.utils.timezone.now)),
                ('started_at', models.DateTimeField(null=True)),
                ('finished_at', models.DateTimeField(null=True)),
                ('expires_at', models.DateTimeField(db_index=True)),
                ('organization', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to='sentry.organization')),
            ],
            options={
                'db_table': 'sentry_syncjob',
                'constraints': [models.UniqueConstraint(condition=models.Q(('status__in', [0, 1])), fields=('organization', 'integration_id', 'query'), name='sentry_syncjob_one_active')],
            },
        ),
    ]
