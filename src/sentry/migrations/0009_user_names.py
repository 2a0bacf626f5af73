"""An index for finding a user by a name, upper and lower case being the same."""

from django.db import migrations, models
from django.db.models.functions import Lower


class Migration(migrations.Migration):
    dependencies = [("sentry", "0008_analytics")]
    operations = [
        migrations.AddIndex(
            model_name="user",
            index=models.Index(Lower("username"), name="sentry_user_username_lower"),
        )
    ]
