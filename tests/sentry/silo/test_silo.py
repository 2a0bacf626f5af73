"""Silo modes: what a process serves, where each table lives, and what is migrated where."""

import pytest
from django.apps import apps

from sentry.models import ApiKey, Group, IdempotencyRecord, Repository, SignatureNonce, User
from sentry.silo import SiloMode, silo_modes_of
from sentry.silo.router import SiloRouter
from sentry.types.region import get_local_region

CONTROL, REGION = frozenset({SiloMode.CONTROL}), frozenset({SiloMode.REGION})


def test_the_mode_of_a_process(settings):
    assert SiloMode.get_current_mode() is SiloMode.MONOLITH
    for mode in SiloMode:
        settings.SILO_MODE = mode.value
        assert SiloMode.get_current_mode() is mode
    settings.SILO_MODE = "NOWHERE"
    with pytest.raises(ValueError, match="NOWHERE"):
        SiloMode.get_current_mode()


def test_every_model_says_its_silo():
    for model in apps.get_app_config("sentry").get_models():
        assert silo_modes_of(model), model
    for model in apps.get_models():
        if model._meta.app_label != "sentry":
            assert not silo_modes_of(model), model


def test_where_tables_live():
    assert silo_modes_of(ApiKey) == silo_modes_of(User) == CONTROL
    assert silo_modes_of(Repository) == silo_modes_of(Group) == REGION
    assert silo_modes_of(IdempotencyRecord) == REGION
    assert silo_modes_of(SignatureNonce) == CONTROL | REGION


def test_a_historical_model_is_known_by_its_name():
    from django.db.migrations.loader import MigrationLoader

    state = MigrationLoader(None, ignore_no_migrations=True).project_state()
    old = state.apps.get_model("sentry", "Repository")
    assert old is not Repository
    assert silo_modes_of(old) == REGION


def test_no_relation_crosses_silos():
    for model in apps.get_app_config("sentry").get_models():
        here = silo_modes_of(model)
        for field in model._meta.get_fields():
            other = field.related_model if field.is_relation and field.concrete else None
            if other is not None and silo_modes_of(other):
                assert here <= silo_modes_of(other), f"{model.__name__}.{field.name}"


class TestRouter:
    def allows(self, **arguments):
        return SiloRouter().allow_migrate("default", "sentry", **arguments)

    def test_a_monolith_migrates_everything(self):
        assert self.allows(model_name="apikey") is None
        assert self.allows(silo=SiloMode.CONTROL) is None

    @pytest.mark.parametrize("mode", ["CONTROL", "REGION"])
    def test_a_silo_migrates_its_own(self, settings, mode):
        settings.SILO_MODE = mode
        is_control = mode == "CONTROL"
        assert self.allows(model_name="apikey") is is_control
        assert self.allows(model_name="repository") is not is_control
        assert self.allows(model_name="signaturenonce") is True

    def test_operations_without_a_model_say_their_silo(self, settings):
        settings.SILO_MODE = "REGION"
        assert self.allows(silo=SiloMode.REGION) is True
        assert self.allows(silo=SiloMode.CONTROL) is False
        assert self.allows() is None

    def test_other_apps_are_djangos_matter(self, settings):
        settings.SILO_MODE = "REGION"
        router = SiloRouter()
        assert router.allow_migrate("default", "sessions", model_name="session") is None


def test_the_local_region(settings):
    settings.SENTRY_REGION, settings.SENTRY_REGION_ID = "de", 3
    region = get_local_region()
    assert (region.name, region.snowflake_id, region.address) == ("de", 3, "")
