"""Background work: its records, the schedule, leases; an index of repositories in deletion."""

import django.utils.timezone
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('sentry', '0004_commit_author_verbatim'),
    ]

    operations = [
        migrations.CreateModel(
            name='Lease',
            fields=[
                ('name', models.CharField(max_length=64, primary_key=True, serialize=False)),
                ('holder', models.CharField(max_length=64)),
                ('expires_at', models.DateTimeField()),
            ],
            options={
                'db_table': 'sentry_lease',
            },
        ),
        migrations.CreateModel(
            name='PeriodicTask',
            fields=[
                ('name', models.CharField(max_length=128, primary_key=True, serialize=False)),
                ('next_run_at', models.DateTimeField()),
            ],
            options={
                'db_table': 'sentry_periodictask',
            },
        ),
        migrations.CreateModel(
            name='TaskRecord',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('name', models.CharField(max_length=128)),
                ('queue', models.CharField(max_length=64)),
                ('key', models.CharField(max_length=128, null=True)),
                ('arguments', models.TextField()),
                ('status', models.PositiveSmallIntegerField(choices=[(0, 'pending'), (1, 'failed')], default=0)),
                ('attempts', models.PositiveIntegerField(default=0)),
                ('available_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('message_due_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('claim', models.CharField(default='', max_length=32)),
                ('claimed_until', models.DateTimeField(null=True)),
                ('error', models.CharField(default='', max_length=255)),
                ('request_id', models.CharField(default='', max_length=128)),
                ('date_added', models.DateTimeField(default=django.utils.timezone.now)),
            ],
            options={
                'db_table': 'sentry_taskrecord',
            },
        ),
        migrations.AddIndex(
            model_name='repository',
            index=models.Index(condition=models.Q(('status__in', [2, 3])), fields=['id'], name='sentry_repo_in_deletion'),
        ),
        migrations.AddIndex(
            model_name='taskrecord',
            index=models.Index(fields=['status', 'available_at', 'id'], name='sentry_task_stat_avail_id'),
        ),
        migrations.AddIndex(
            model_name='taskrecord',
            index=models.Index(fields=['status', 'queue', 'available_at'], name='sentry_task_stat_queue_avail'),
        ),
        migrations.AddIndex(
            model_name='taskrecord',
            index=models.Index(fields=['status', 'message_due_at'], name='sentry_task_stat_message'),
        ),
        migrations.AddConstraint(
            model_name='taskrecord',
            constraint=models.UniqueConstraint(fields=('name', 'key'), name='sentry_taskrecord_name_key'),
        ),
    ]
