"""What these console pages share: the operator's scope, and lists that nobody types into."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Any

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.functional import cached_property
from unfold.admin import ModelAdmin

from accounts import tenancy
from accounts.rls import OPERATOR
from accounts.web.console import ByPlatformRole
from laojun.audit import Actor

MAX_COUNTED = 5_000
View = Callable[..., HttpResponse]


@contextmanager
def operator_scope(reason: str) -> Iterator[None]:
    """Across all workspaces; entered once, also when the caller is inside already."""
    if tenancy.current().role == OPERATOR:
        yield
        return
    with tenancy.platform_scope(reason=reason):
        yield


def in_scope(view: View) -> View:
    """Run a method of a console page, and render its template, as the operator."""

    @wraps(view)
    def scoped(page: Any, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        with operator_scope(f"operator console: {page.opts.verbose_name_plural}"):
            response = view(page, request, *args, **kwargs)
            if isinstance(response, TemplateResponse):
                response.render()
            return response

    return scoped


def actor(request: HttpRequest) -> Actor:
    return Actor.of_principal(request.principal)  # type: ignore[attr-defined]


class CappedPaginator(Paginator):
    """Counts no further than a person would page: the log has millions of rows."""

    @cached_property
    def count(self) -> int:
        return int(self.object_list[:MAX_COUNTED].count())  # type: ignore[attr-defined]


class OperatorAdmin(ByPlatformRole, ModelAdmin):
    """A list across all workspaces, to look through; what may change is said by the class below it."""

    list_per_page = 50
    show_full_result_count = False

    @in_scope
    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        return super().changelist_view(request, extra_context)

    @in_scope
    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return super().changeform_view(request, *args, **kwargs)

    @in_scope
    def delete_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return super().delete_view(request, *args, **kwargs)

    @in_scope
    def history_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return super().history_view(request, *args, **kwargs)

    def has_add_permission(self, request: HttpRequest, *_: Any) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, *_: Any) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, *_: Any) -> bool:
        return False
