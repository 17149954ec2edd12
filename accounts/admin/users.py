"""People, as operators see them: no password, no secret, nothing to type into."""

from typing import Any
from uuid import UUID

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.contrib import admin
from django.db.models import Count, Exists, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from accounts import addresses, people, recovery, second_factor, sessions
from accounts.admin.base import Console, Rows, operator, with_reason
from accounts.models import Membership, Session, SignIn, User


class SessionRows(Rows):
    model = Session
    fk_name = "user"
    fields = readonly_fields = ("kind", "device_name", "ip", "last_seen_at", "revoked_at")
    ordering = ("-last_seen_at",)


class SignInRows(Rows):
    model = SignIn
    fields = readonly_fields = ("created_at", "result", "ip", "user_agent")
    ordering = ("-created_at",)
    show_change_link = False


class AddressRows(Rows):
    model = EmailAddress
    fields = readonly_fields = ("email", "verified", "primary")
    ordering = ("-primary", "email")
    show_change_link = False


class FactorFilter(admin.SimpleListFilter):
    title = _("second factor")
    parameter_name = "factor"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("yes", _("with one")), ("no", _("without"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        if self.value() is None:
            return queryset
        has_one = Exists(factors_of_user())
        return queryset.filter(has_one if self.value() == "yes" else ~has_one)


class MembershipRows(Rows):
    model = Membership
    fk_name = "user"
    fields = readonly_fields = ("workspace", "status", "joined_at")
    show_change_link = False


def factors_of_user() -> QuerySet:
    return Authenticator.objects.filter(user=OuterRef("pk"), type__in=second_factor.FACTORS)


@admin.register(User)
class UserAdmin(Console):
    icon = "person"
    list_display = (
        "username",
        "email",
        "status",
        "plan",
        "is_staff",
        "with_factor",
        "devices",
        "last_login",
    )
    list_filter = ("status", "plan", "is_staff", FactorFilter, "last_login", "created_at")
    search_fields = ("username_key", "email_key")
    ordering = ("-created_at",)
    fields = readonly_fields = (
        "id",
        "username",
        "email",
        "status",
        "plan",
        "subscription_expires_at",
        "is_staff",
        "is_superuser",
        "last_login",
        "mfa_due_at",
        "password_changed_at",
        "created_at",
        "updated_at",
    )
    inlines = (SessionRows, SignInRows, AddressRows, MembershipRows)
    actions = (
        "suspend",
        "activate",
        "end_sessions",
        "resend_confirmation",
        "send_reset_link",
        "require_second_factor",
        "set_plan_free",
        "set_plan_pro",
        "set_plan_enterprise",
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        live = Session.objects.filter(user=OuterRef("pk"), revoked_at__isnull=True)
        counted = live.order_by().values("user").annotate(count=Count("pk")).values("count")
        return (
            super()
            .get_queryset(request)
            .annotate(
                device_count=Coalesce(Subquery(counted), 0), has_factor=Exists(factors_of_user())
            )
        )

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet, search_term: str
    ) -> tuple[QuerySet, bool]:
        try:
            return queryset.filter(pk=UUID(search_term.strip())), False
        except ValueError:
            return super().get_search_results(request, queryset, search_term.casefold())

    @display(description=_("devices"), ordering="device_count")
    def devices(self, user: Any) -> int:
        return int(user.device_count)

    @display(description=_("second factor"), boolean=True)
    def with_factor(self, user: Any) -> bool:
        return bool(user.has_factor)

    @admin.action(description=_("Suspend: shut out at once, keep everything"))
    def suspend(self, request: HttpRequest, queryset: QuerySet) -> HttpResponse | None:
        others = queryset.exclude(pk=request.user.pk)

        def run(user: Any, reason: str) -> None:
            people.suspend(user=user, reason=reason, by=operator(request))

        effect = _("Every session, token and key of these people is refused from now on.")
        return with_reason(self, request, others, effect=str(effect), run=run)

    @admin.action(description=_("Activate: let in again"))
    def activate(self, request: HttpRequest, queryset: QuerySet) -> HttpResponse | None:
        def run(user: Any, reason: str) -> None:
            people.activate(user=user, reason=reason, by=operator(request))

        effect = _("These people may sign in again.")
        return with_reason(self, request, queryset, effect=str(effect), run=run)

    @admin.action(description=_("End all sessions"))
    def end_sessions(self, request: HttpRequest, queryset: QuerySet) -> HttpResponse | None:
        def run(user: Any, reason: str) -> None:
            sessions.end_all(user=user, by=operator(request), note=reason)

        effect = _("These people are signed out everywhere and sign in again.")
        return with_reason(self, request, queryset, effect=str(effect), run=run)

    @admin.action(description=_("Resend the confirmation"))
    def resend_confirmation(self, request: HttpRequest, queryset: QuerySet) -> HttpResponse | None:
        def run(user: Any, reason: str) -> None:
            addresses.resend(user=user, reason=reason, by=operator(request))

        effect = _("These people get the letter with the confirmation link once more.")
        return with_reason(self, request, queryset, effect=str(effect), run=run)

    @admin.action(description=_("Send a link to a new password"))
    def send_reset_link(self, request: HttpRequest, queryset: QuerySet) -> HttpResponse | None:
        def run(user: Any, reason: str) -> None:
            recovery.send_for(user=user, reason=reason, by=operator(request))

        effect = _("These people get a letter with a link to a new password.")
        return with_reason(self, request, queryset, effect=str(effect), run=run)

    @admin.action(description=_("Require a second factor"))
    def require_second_factor(
        self, request: HttpRequest, queryset: QuerySet
    ) -> HttpResponse | None:
        def run(user: Any, reason: str) -> None:
            second_factor.require(user=user, reason=reason, by=operator(request))

        effect = _("These people need a second factor in seven days.")
        return with_reason(self, request, queryset, effect=str(effect), run=run)

    @admin.action(description=_("Set the plan to Free"))
    def set_plan_free(self, request: HttpRequest, queryset: QuerySet) -> HttpResponse | None:
        return self._set_plan(request, queryset, User.Plan.FREE)

    @admin.action(description=_("Set the plan to Pro"))
    def set_plan_pro(self, request: HttpRequest, queryset: QuerySet) -> HttpResponse | None:
        return self._set_plan(request, queryset, User.Plan.PRO)

    @admin.action(description=_("Set the plan to Enterprise"))
    def set_plan_enterprise(self, request: HttpRequest, queryset: QuerySet) -> HttpResponse | None:
        return self._set_plan(request, queryset, User.Plan.ENTERPRISE)

    def _set_plan(self, request: HttpRequest, queryset: QuerySet, plan: str) -> HttpResponse | None:
        def run(user: Any, reason: str) -> None:
            people.set_plan(user=user, plan=plan, reason=reason, by=operator(request))

        effect = _("These people are on this plan from now on.")
        return with_reason(self, request, queryset, effect=str(effect), run=run)
