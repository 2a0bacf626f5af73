"""The pages of one table, as every table gets them."""

import logging
from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

from django.contrib.admin import ModelAdmin
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.views.main import ChangeList
from django.core.exceptions import BadRequest, ValidationError
from django.core.paginator import Paginator
from django.db.models import Field, JSONField, Model, QuerySet, TextField
from django.forms import CharField
from django.forms import Field as FormField
from django.http import HttpRequest, HttpResponse
from django.utils.functional import cached_property

from sentry.actions.validation import check_name
from sentry.integrations.source_code_management.errors import InvalidArgument
from sentry.web.admin.secret_fields import secret_names, shown_fields

if TYPE_CHECKING:
    _ModelAdmin = ModelAdmin[Any]
    _Paginator = Paginator[Any]
else:
    _ModelAdmin = ModelAdmin
    _Paginator = Paginator

logger = logging.getLogger(__name__)

_COLUMNS = 8
_ROWS = 50
# A list says how many rows there are up to here; counting more would read the whole table.
MOST_COUNTED = 5_000


def _validate_name(name: str, value: str) -> None:
    try:
        check_name(name, value, limit=len(value))  # the form's field knows the limit
    except InvalidArgument as error:
        raise ValidationError(error.description) from None


class BoundedPaginator(_Paginator):
    """Counts no further than ``MOST_COUNTED`` rows: what lies beyond is found by searching."""

    @cached_property
    def count(self) -> int:
        """The number of rows, at most ``MOST_COUNTED``."""
        rows: QuerySet[Any] = self.object_list  # type: ignore[assignment] # the admin gives a query
        return rows.order_by().values("pk")[:MOST_COUNTED].count()


class NewestFirst(ChangeList):
    """Keeps its order whatever the address asks for: to sort by a column reads the whole table."""

    def get_ordering_field(self, field_name: Any) -> None:
        """None: no column orders the list."""


class PlatformAdmin(_ModelAdmin):
    """Lists the rows of a table, newest first, and shows one; secrets are in neither.

    Staff read. Superusers change the fields named ``changeable``. Nobody adds or deletes here.
    A list is searched by whole values of indexed columns alone, and takes the same few statements
    whatever it holds. An address filters it by what ``list_filter`` offers and by nothing else:
    whoever may compare a column that is not shown can guess it letter by letter.
    """

    changeable: ClassVar[tuple[str, ...]] = ()

    ordering = ("-pk",)
    sortable_by = ()
    list_per_page = _ROWS
    list_max_show_all = _ROWS
    show_full_result_count = False
    paginator = BoundedPaginator
    search_help_text = "A whole value of an indexed column: an id, a name."

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """The rows without their secrets: those are not even read."""
        return super().get_queryset(request).defer(*secret_names(self.model))

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:  # noqa: ARG002
        """The list that keeps its order."""
        return NewestFirst

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        """Whether an address may filter by this: a column of ``list_filter``, by its whole value.

        Django would take every look-up of every column. No secret may be looked up, and nothing
        across relations, even where a subclass offered it. What is refused is answered 400.
        """
        name = lookup.removesuffix("__exact")
        shown = {field.name for field in shown_fields(self.model)}
        if name in shown and name in self.get_list_filter(request) and "\0" not in value:
            return True
        self._log_refusal(request, lookup)
        return False

    def to_field_allowed(self, request: HttpRequest, to_field: str) -> bool:
        """Whether rows may be named by this column: by their key alone."""
        if to_field == self.opts.pk.name:
            return True
        self._log_refusal(request, to_field)
        return False

    def _log_refusal(self, request: HttpRequest, lookup: str) -> None:
        facts = {"user_id": request.user.pk, "table": self.opts.label, "lookup": lookup}
        logger.warning("admin.lookup.refused", extra=facts)

    def get_object(
        self, request: HttpRequest, object_id: str, from_field: str | None = None
    ) -> Model | None:
        """The row; None where there is none. No key holds NUL, which PostgreSQL does not take."""
        return None if "\0" in object_id else super().get_object(request, object_id, from_field)

    def changelist_view(
        self, request: HttpRequest, extra_context: Mapping[str, Any] | None = None
    ) -> HttpResponse:
        """The list; or runs an action on the rows that were chosen in it.

        Raises:
            BadRequest: what was chosen can be no row's key.
        """
        for key in request.POST.getlist(ACTION_CHECKBOX_NAME):
            try:
                self.opts.pk.clean(key, None)
            except ValidationError:
                raise BadRequest("no key of a row") from None
        return super().changelist_view(request, dict(extra_context or {}))

    def get_list_display(self, request: HttpRequest) -> list[Any]:  # noqa: ARG002
        """The first short columns; a key of another table as it stands: nothing is joined."""
        short = [
            field.attname
            for field in shown_fields(self.model)
            if not isinstance(field, JSONField | TextField)
        ]
        return short[:_COLUMNS]

    def get_search_fields(self, request: HttpRequest) -> list[str]:  # noqa: ARG002
        """Exact matches of columns with an index of their own."""
        return [
            f"{field.name}__exact"
            for field in shown_fields(self.model)
            if not field.is_relation and (field.unique or getattr(field, "db_index", False))
        ]

    def get_fields(self, request: HttpRequest, obj: Model | None = None) -> list[Any]:  # noqa: ARG002
        """Every column that may be shown."""
        return [field.name for field in shown_fields(self.model)]

    def get_readonly_fields(self, request: HttpRequest, obj: Model | None = None) -> list[Any]:
        """All of them but the changeable ones."""
        return [name for name in self.get_fields(request, obj) if name not in self.changeable]

    def formfield_for_dbfield(
        self, db_field: "Field[Any, Any]", request: HttpRequest, **kwargs: Any
    ) -> "FormField | None":
        """The form's field; a text takes what the interfaces take as a name."""
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if isinstance(field, CharField):
            field.validators.append(partial(_validate_name, db_field.name))
        return field

    def save_model(self, request: HttpRequest, obj: Model, form: Any, change: bool) -> None:  # noqa: ARG002
        """Writes what was changed and nothing else: a newer secret beside it stays."""
        if form.changed_data:
            obj.save(update_fields=form.changed_data)

    def has_module_permission(self, request: HttpRequest) -> bool:
        """Whether the table is listed: to all staff."""
        return self.has_view_permission(request)

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:  # noqa: ARG002
        """Whether the user may read: all staff."""
        return self.admin_site.has_permission(request)

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Whether the user may change something: superusers."""
        is_superuser: bool = getattr(request.user, "is_superuser", False)
        return is_superuser and self.has_view_permission(request, obj)

    def has_add_permission(self, request: HttpRequest) -> bool:  # noqa: ARG002
        """Never."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:  # noqa: ARG002
        """Never."""
        return False
