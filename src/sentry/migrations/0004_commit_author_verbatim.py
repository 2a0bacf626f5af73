"""What a commit says of its author, letter for letter; null for commits stored before."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("sentry", "0003_user_email")]
    operations = [
        migrations.AddField(
            model_name="commit", name="author_name", field=models.TextField(null=True)
        ),
        migrations.AddField(
            model_name="commit", name="author_email", field=models.TextField(null=True)
        ),
    ]
