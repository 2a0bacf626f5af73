import re
from pathlib import Path

from sentry.api.errors import STATUSES

DOCS = (Path(__file__).parents[3] / "docs" / "rest-api.md").read_text()


def test_the_table_of_errors_is_that_of_the_code():
    section = DOCS.partition("## Errors")[2].partition("\n## ")[0]
    rows = dict(re.findall(r"^\| (\d{3}) \| (.*?) \|$", section, re.MULTILINE))
    for kind, status in STATUSES.items():
        assert re.search(rf"\b{kind.__name__}\b", rows[str(status.value)]), kind
    named = {
        name for text in rows.values() for name in re.findall(r"\b[A-Z]\w+[a-z][A-Z]\w+", text)
    }
    assert named - {"InvalidArgument"} <= {kind.__name__ for kind in STATUSES}
