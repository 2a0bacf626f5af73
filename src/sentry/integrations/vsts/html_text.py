"""From the platform's plain text to the HTML of work items' long fields, and back. Pure, total."""

import re
from html import escape
from html.parser import HTMLParser

_MARKER = re.compile(r"<p[^<>]*>\s*sentry-request: (?P<marker>[A-Za-z0-9_\-]+)\s*</p>\s*")
_SPACES = re.compile(r"^ | (?= )", re.MULTILINE)
_BLOCKS = frozenset(
    {"blockquote", "div", "h1", "h2", "h3", "h4", "h5", "h6", "li", "ol", "p", "pre", "table",
     "tr", "ul"}
)  # fmt: skip
_HIDDEN = frozenset({"script", "style", "head", "title"})


def to_html(text: str, *, marker: str = "") -> str:
    """A text as HTML that shows it as it is, indentation included.

    The marker stands in a last paragraph of its own: the host takes comments out of HTML.
    """
    shown = _SPACES.sub("&nbsp;", escape(text, quote=False)).replace("\r\n", "\n")
    body = f"<div>{shown.replace('\n', '<br>')}</div>"
    return f"{body}<p>sentry-request: {marker}</p>" if marker else body


def split_marker(html: str) -> tuple[str, str]:
    """HTML without its marker, and the marker; "" where there is none."""
    match = _MARKER.search(html)
    return (_MARKER.sub("", html, count=1), match["marker"]) if match else (html, "")


def to_text(html: str) -> str:
    """The text that HTML shows: lines where blocks begin and end, no markup."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    return reader.text()


class _Reader(HTMLParser):
    """Collects text; a block's border becomes one line end, once more text follows."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._parts: list[str] = []
        self._border = False
        self._hidden = 0

    def handle_starttag(
        self,
        tag: str,
        attrs: list[tuple[str, str | None]],  # noqa: ARG002  # guide: concrete-input - the base has it so
    ) -> None:
        if tag in _HIDDEN:
            self._hidden += 1
        elif tag == "br":
            self._add("\n")
        elif tag in _BLOCKS:
            self._border = bool(self._parts)

    def handle_endtag(self, tag: str) -> None:
        if tag in _HIDDEN:
            self._hidden = max(0, self._hidden - 1)
        elif tag in _BLOCKS:
            self._border = bool(self._parts)

    def handle_data(self, data: str) -> None:
        # what only separates two blocks in the source is not shown
        if not self._hidden and not (self._border and data.isspace()):
            self._add(data.replace("\xa0", " "))

    def _add(self, text: str) -> None:
        if self._border and not self._parts[-1].endswith("\n"):
            self._parts.append("\n")
        self._border = False
        self._parts.append(text)

    def text(self) -> str:
        return "".join(self._parts)
