"""Options and flags that a test sets."""

from contextlib import AbstractContextManager

import pytest

from sentry import features, options
from sentry.features import UnknownFeatureError
from sentry.options import UnknownOptionError
from sentry.testutils.cases import TestCase
from sentry.testutils.helpers.features import with_feature
from sentry.testutils.helpers.options import override_options

FLAG = "organizations:integrations-github"


def test_options_in_a_block() -> None:
    with override_options({"auth.cache-ttl": 1.0}):
        assert options.get("auth.cache-ttl") == 1.0
        with override_options({"auth.cache-ttl": 0}):
            assert options.get_float("auth.cache-ttl") == 0.0
        assert options.get("auth.cache-ttl") == 1.0
    assert options.get("auth.cache-ttl") == 5.0


def test_a_block_may_be_entered_again() -> None:
    block = override_options({"auth.cache-ttl": 1.0})
    for _ in range(2):
        with block:
            assert options.get("auth.cache-ttl") == 1.0
        assert options.get("auth.cache-ttl") == 5.0


@override_options({"auth.cache-ttl": 1.0})
def test_options_of_a_function(tmp_path) -> None:
    assert options.get("auth.cache-ttl") == 1.0
    assert tmp_path.is_dir()


@pytest.mark.parametrize(
    ("block", "error"),
    [
        (override_options({"nothing": 1}), UnknownOptionError),
        (with_feature("organizations:nothing"), UnknownFeatureError),
        (with_feature({"organizations:nothing": False}), UnknownFeatureError),
    ],
)
def test_unknown_names_are_refused(
    block: AbstractContextManager[None], error: type[Exception]
) -> None:
    with pytest.raises(error), block:
        pass


@pytest.mark.parametrize("block", [override_options({}), with_feature([])])
def test_a_class_cannot_be_decorated(block: override_options | with_feature) -> None:
    with pytest.raises(TypeError, match="decorates functions, not classes"):
        block(type("SomeTest", (), {}))


class OverridesTest(TestCase):
    @override_options({"auth.cache-ttl": 2.0})
    def test_options_of_a_method(self) -> None:
        assert options.get("auth.cache-ttl") == 2.0
        self.create_option(key="auth.cache-ttl", value=3.0)
        assert options.get("auth.cache-ttl") == 2.0

    def test_what_a_test_stores_is_seen_at_once(self) -> None:
        self.create_option(key="auth.cache-ttl", value=3.0)
        assert options.get("auth.cache-ttl") == 3.0
        self.create_feature_rule(feature=FLAG, organization_id=self.organization.id, percentage=0)
        assert features.has(FLAG, self.organization) is False

    def test_and_is_gone_in_the_next_test(self) -> None:
        assert options.get("auth.cache-ttl") == 5.0
        assert features.has(FLAG, self.organization) is True

    def test_flags(self) -> None:
        with self.feature({FLAG: False}):
            assert features.has(FLAG, self.organization) is False
            with self.feature(FLAG):
                assert features.has(FLAG, self.organization) is True
            with self.feature([FLAG]):
                assert features.has(FLAG, self.organization) is True
        assert features.has(FLAG, self.organization) is True

    @with_feature({FLAG: False})
    def test_flags_of_a_method(self) -> None:
        assert features.has(FLAG) is False
