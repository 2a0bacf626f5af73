"""A person who signs in."""

from django.contrib.auth.models import AbstractUser

from sentry.db.models import ControlModel
from sentry.silo import control_silo_model


@control_silo_model
class User(AbstractUser, ControlModel):
    """A person; what they may do in an organization is their membership's role."""

    class Meta(AbstractUser.Meta):
        app_label = "sentry"
        db_table = "sentry_user"
