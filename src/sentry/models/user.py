"""A person who signs in."""

from django.contrib.auth.models import AbstractUser
from django.db import models
from django.db.models.functions import Lower

from sentry.db.models import ControlModel
from sentry.silo import control_silo_model


@control_silo_model
class User(AbstractUser, ControlModel):
    """A person; what they may do in an organization is their membership's role."""

    class Meta(AbstractUser.Meta):
        app_label = "sentry"
        db_table = "sentry_user"
        indexes = [models.Index(Lower("email"), name="sentry_user_email_lower")]
