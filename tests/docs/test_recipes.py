"""The recipe of ``docs/adding-an-endpoint.md``, word for word, in a copy of the platform."""

from pathlib import Path

from tests.docs import recipe

TEST = "tests/sentry/api/endpoints/test_group_counts.py"
FILES = (
    "src/sentry/actions/group_counts.py",
    "src/sentry/api/serializers/models/group_counts.py",
    "src/sentry/api/endpoints/group_counts.py",
    TEST,
)


def block(mark: str) -> str:
    return recipe.block("docs/adding-an-endpoint.md", f"recipe: {mark}")


def test_the_recipe_for_an_endpoint_works_word_for_word(tmp_path: Path) -> None:
    top = recipe.copy_platform(tmp_path)
    recipe.add_files(top, {name: block(name) for name in FILES})
    recipe.extend(top / "src/sentry/auth/policy.py", beginning=block("policy"))
    urls = top / "src/sentry/api/urls.py"
    recipe.insert_import(urls, line=block("import"))
    recipe.extend(urls, beginning=block("path"))
    recipe.check_style(top)
    assert "2 passed" in recipe.run_tests(top, TEST)
