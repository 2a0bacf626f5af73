from io import StringIO

import pytest
from django.apps import apps
from django.core.management import call_command
from django.db.models import ForeignKey, ManyToManyField

from sentry.db.models import ControlModel, RegionModel
from sentry.silo import SiloMode, silo_modes_of
from sentry.silo.router import SiloRouter

MODELS = list(apps.get_app_config("sentry").get_models(include_auto_created=True))
# Django's own many-to-many tables of the user stand where the user stands.
DECLARED = [model for model in MODELS if not model._meta.auto_created]

every_model = pytest.mark.parametrize("model", DECLARED, ids=lambda model: model._meta.label)


@every_model
def test_every_model_declares_its_silo(model):
    assert silo_modes_of(model), f"{model._meta.label} declares no silo"


@every_model
def test_no_foreign_key_crosses_silos(model):
    for field in model._meta.get_fields():
        if not isinstance(field, ForeignKey | ManyToManyField):
            continue
        if field.related_model._meta.app_label != "sentry":
            assert silo_modes_of(model) == {SiloMode.CONTROL}, field
            continue
        assert silo_modes_of(model) <= silo_modes_of(field.related_model), field


@every_model
def test_ids_fit_the_silo(model):
    if silo_modes_of(model) == {SiloMode.REGION}:
        assert issubclass(model, RegionModel)
    if silo_modes_of(model) == {SiloMode.CONTROL}:
        assert issubclass(model, ControlModel)


@every_model
def test_a_table_is_migrated_where_its_silo_is(model, settings):
    router = SiloRouter()
    for mode in (SiloMode.CONTROL, SiloMode.REGION):
        settings.SILO_MODE = mode.value
        allowed = router.allow_migrate("default", "sentry", model._meta.model_name)
        assert allowed is (mode in silo_modes_of(model))
    settings.SILO_MODE = "MONOLITH"
    assert router.allow_migrate("default", "sentry", model._meta.model_name) is None


@every_model
def test_every_table_is_named_by_us(model):
    assert model._meta.db_table.startswith("sentry_")
    for index in (*model._meta.indexes, *model._meta.constraints):
        assert index.name.startswith("sentry_")
        assert len(index.name) <= 30 or not hasattr(index, "fields_orders")


@pytest.mark.django_db
def test_the_migrations_say_what_the_models_say():
    call_command("makemigrations", "--check", "--dry-run", stdout=StringIO())
