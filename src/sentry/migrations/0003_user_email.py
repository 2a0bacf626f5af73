"""An index for finding a user by an address, upper and lower case being the same."""

from django.db import migrations, models
from django.db.models.functions import Lower


class Migration(migrations.Migration):
    dependencies = [("sentry", "0002_repository_search")]
    operations = [
        migrations.AddIndex(
            model_name="user",
            index=models.Index(Lower("email"), name="sentry_user_email_lower"),
        )
    ]
