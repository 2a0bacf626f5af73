"""Base classes of models."""

from typing import Any, ClassVar

from django.db import IntegrityError, models, transaction

from sentry.types.region import get_local_region
from sentry.utils.snowflake import SnowflakeSequence

_ATTEMPTS = 5
_sequences: dict[int, SnowflakeSequence] = {}


def new_region_id() -> int:
    """A new 53-bit id for a row of this process's region."""
    region_id = get_local_region().snowflake_id
    sequence = _sequences.get(region_id)
    if sequence is None:
        sequence = _sequences.setdefault(region_id, SnowflakeSequence(region_id))
    return sequence.next_id()


class RegionModel(models.Model):
    """A row of a region silo: its id is a snowflake."""

    id = models.BigIntegerField(primary_key=True, default=new_region_id, editable=False)

    class Meta:
        abstract = True

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Saves the row; a new one whose id another process has just taken gets the next id."""
        if not self._state.adding:
            super().save(*args, **kwargs)
            return
        kwargs["force_insert"] = True
        for attempt in range(_ATTEMPTS):
            try:
                with transaction.atomic():
                    super().save(*args, **kwargs)
            except IntegrityError:
                taken = type(self)._default_manager.filter(pk=self.pk).exists()
                if not taken or attempt == _ATTEMPTS - 1:
                    raise
                self.pk = new_region_id()
            else:
                return


class ControlModel(models.Model):
    """A row of the control silo."""

    id: ClassVar = models.BigAutoField(primary_key=True)

    class Meta:
        abstract = True
