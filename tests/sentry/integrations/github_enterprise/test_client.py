"""What is true of GitHub, on a company's own server: GitHub's tests, over this folder's fixtures."""

from tests.sentry.integrations.github.test_blame_lines import (
    test_a_binary_file_has_no_code,
    test_a_whole_file_is_blamed_in_order,
    test_files_beyond_ten_take_a_second_query,
    test_what_the_host_gives_up_on_is_asked_in_halves,
)
from tests.sentry.integrations.github.test_client import (
    test_a_conditional_answer_costs_nothing,
    test_a_file_as_of_an_older_commit,
    test_a_files_bytes_are_gits,
    test_a_folder_and_what_is_not_there_are_no_files,
    test_a_path_that_leads_elsewhere_asks_nothing,
    test_a_repository_is_found,
    test_access_is_told,
    test_an_abbreviation_is_resolved_in_either_case,
    test_an_issue_that_is_not_there,
    test_every_commit_is_as_git_tells_it,
    test_every_fault_is_one_error_of_the_tree,
    test_history_comes_in_pages,
    test_refs_are_resolved,
)

__all__ = [
    "test_a_binary_file_has_no_code",
    "test_a_conditional_answer_costs_nothing",
    "test_a_file_as_of_an_older_commit",
    "test_a_files_bytes_are_gits",
    "test_a_folder_and_what_is_not_there_are_no_files",
    "test_a_path_that_leads_elsewhere_asks_nothing",
    "test_a_repository_is_found",
    "test_a_whole_file_is_blamed_in_order",
    "test_access_is_told",
    "test_an_abbreviation_is_resolved_in_either_case",
    "test_an_issue_that_is_not_there",
    "test_every_commit_is_as_git_tells_it",
    "test_every_fault_is_one_error_of_the_tree",
    "test_files_beyond_ten_take_a_second_query",
    "test_history_comes_in_pages",
    "test_refs_are_resolved",
    "test_what_the_host_gives_up_on_is_asked_in_halves",
]
