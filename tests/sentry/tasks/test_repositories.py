"""Deleting repositories in the background."""

import pytest
from django.utils import timezone

from sentry.actions.operator import operator_in
from sentry.integrations.source_code_management.actions import deletion
from sentry.integrations.source_code_management.actions.repositories import (
    delete_repository,
    get_repository,
    list_repositories,
)
from sentry.integrations.source_code_management.errors import InvalidArgument, NotFound
from sentry.models import (
    Commit,
    Repository,
    RepositoryProjectPathConfig,
    RepositoryStatus,
    TaskRecord,
)
from sentry.tasks import sweep_deletions
from sentry.testutils.cases import TestCase
from sentry.testutils.tasks import run_due_tasks


class DeleteRepositoryTest(TestCase):
    def setUp(self):
        self.repository = self.create_repo(organization_id=self.organization.id)
        self.caller = operator_in(self.organization.id)
        for _ in range(5):
            self.create_commit(self.repository)
        self.create_code_mapping(project=self.project, repo=self.repository)
        self.other = self.create_repo(organization_id=self.organization.id)
        self.create_commit(self.other)
        self.create_code_mapping(project=self.project, repo=self.other)

    @pytest.fixture(autouse=True)
    def _small_batches(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(deletion, "_ROWS_AT_ONCE", 2)
        monkeypatch.setattr(deletion, "_BATCHES_OF_ONE_RUN", 3)

    def delete(self):
        delete_repository(self.caller, repository_id=self.repository.id)

    def assert_only_the_other_is_left(self):
        assert Repository.objects.get() == self.other
        assert Commit.objects.get().repository == self.other
        assert RepositoryProjectPathConfig.objects.get().repository == self.other
        assert not TaskRecord.objects.exists()

    def test_it_is_gone_for_readers_at_once_and_from_the_tables_after_some_runs(self):
        self.delete()
        with pytest.raises(NotFound):
            get_repository(self.caller, repository_id=self.repository.id)
        assert [each.id for each in list_repositories(self.caller).items] == [self.other.id]
        assert Commit.objects.count() == 6
        assert run_due_tasks() == 2
        self.assert_only_the_other_is_left()

    def test_what_is_not_there_or_anothers_is_not_found(self):
        foreign = self.create_repo(organization_id=self.create_organization().id)
        self.delete()
        for number in (foreign.id, self.repository.id, 1):
            with pytest.raises(NotFound):
                delete_repository(self.caller, repository_id=number)
        with pytest.raises(InvalidArgument):
            delete_repository(self.caller, repository_id=-1)
        foreign.refresh_from_db()
        assert foreign.status == RepositoryStatus.ACTIVE
        assert TaskRecord.objects.count() == 1

    def test_the_sweep_starts_what_was_left_and_nothing_twice(self):
        self.delete()
        assert deletion.schedule_left_deletions() == 1
        assert TaskRecord.objects.count() == 1
        TaskRecord.objects.all().delete()
        Repository.objects.filter(id=self.repository.id).update(
            status=RepositoryStatus.DELETION_IN_PROGRESS
        )
        sweep_deletions.delay()
        assert run_due_tasks() == 3
        self.assert_only_the_other_is_left()

    def test_a_repository_that_is_not_marked_is_never_touched(self):
        deletion.schedule_deletion(
            organization_id=self.organization.id, repository_id=self.repository.id
        )
        run_due_tasks()
        assert Repository.objects.count() == 2
        assert Commit.objects.count() == 6

    def test_an_interrupted_deletion_goes_on(self):
        self.delete()
        TaskRecord.objects.update(attempts=1, available_at=timezone.now())
        where = {"organization_id": self.organization.id, "repository_id": self.repository.id}
        assert not deletion.delete_contents(**where)
        assert Commit.objects.filter(repository=self.repository).count() == 1
        run_due_tasks()
        self.assert_only_the_other_is_left()
