"""Users get a generation of sessions: raising it ends all of them."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("sentry", "0006_options_and_flags")]
    operations = [
        migrations.AddField(
            model_name="user",
            name="session_generation",
            field=models.PositiveIntegerField(default=0, db_default=0, editable=False),
        ),
    ]
