"""A person who signs in."""

from collections.abc import Iterator

from django.conf import settings
from django.contrib.auth.models import AbstractUser
from django.db import models
from django.db.models.functions import Lower
from django.utils.crypto import salted_hmac

from sentry.db.models import ControlModel
from sentry.silo import control_silo_model


@control_silo_model
class User(AbstractUser, ControlModel):
    """A person; what they may do in an organization is their membership's role.

    A session is of one ``session_generation``: raising it ends every session of the user.
    """

    session_generation = models.PositiveIntegerField(default=0, db_default=0, editable=False)

    class Meta(AbstractUser.Meta):
        app_label = "sentry"
        db_table = "sentry_user"
        indexes = [
            models.Index(Lower("email"), name="sentry_user_email_lower"),
            models.Index(Lower("username"), name="sentry_user_username_lower"),
        ]

    def get_session_auth_hash(self) -> str:
        """What a session is compared with on each request: another password or generation ends it.

        The first generation is left out, so that sessions made before there were any go on.
        """
        return self._hash_of(self.password)

    def get_session_auth_fallback_hash(self) -> Iterator[str]:
        """The same under the keys that ``SECRET_KEY`` replaced."""
        for secret in settings.SECRET_KEY_FALLBACKS:
            yield self._hash_of(self.password, secret=secret)

    def _hash_of(self, password: str, *, secret: str | bytes | None = None) -> str:
        # Django's own salt: the hash of the first generation is Django's own too
        salt = "django.contrib.auth.models.AbstractBaseUser.get_session_auth_hash"
        generation = f"#{self.session_generation}" if self.session_generation else ""
        digest = salted_hmac(salt, password + generation, secret=secret, algorithm="sha256")
        return digest.hexdigest()
