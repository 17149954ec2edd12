"""The chains of the audit log in the console: how each stands, verify one or all, anchors and where they went."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import OuterRef, QuerySet, Subquery
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.functional import SimpleLazyObject
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.decorators import display

from accounts import registry
from accounts.models import Workspace
from laojun.admin.console import OperatorAdmin, actor, in_scope
from laojun.chain import anchors, inspections, sealing, wording
from laojun.models import AuditAnchor, AuditChain, AuditCheckpoint

STATES = {"ok": "success", "broken": "danger", "restored": "info"}
MOST_AT_ONCE = 20
PIECE = 8
HERE = "admin:laojun_auditchain_changelist"


@admin.register(AuditChain)
class AuditChainAdmin(OperatorAdmin):
    icon = "link"
    list_display = (
        "chain_id",
        "place",
        "shown_state",
        "head_seq",
        "sealed_at",
        "anchored_seq",
        "verified_seq",
        "verified_at",
    )
    list_filter = ("status",)
    search_fields = ("chain_id",)
    ordering = ("chain_id",)
    actions = ("verify_chosen",)
    list_before_template = "admin/laojun/chains.html"
    fields = readonly_fields = (
        "chain_id",
        "place",
        "status",
        "found",
        "head_seq",
        "shown_hash",
        "sealed_at",
        "anchored_seq",
        "anchored_at",
        "verified_seq",
        "verified_at",
    )

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        own = [
            path("part/", view(self.part), name="laojun_auditchain_part"),
            path("verification/", view(self.verify_all), name="laojun_auditchain_verify"),
        ]
        return [*own, *super().get_urls()]

    def get_queryset(self, request: HttpRequest) -> QuerySet[AuditChain]:
        owner = Workspace.objects.filter(pk=OuterRef("workspace_id")).values("name")
        return super().get_queryset(request).annotate(place=Subquery(owner[:1]))

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        with_part = {**(extra_context or {}), "proof": SimpleLazyObject(_proof)}
        return super().changelist_view(request, with_part)

    @in_scope
    def part(self, request: HttpRequest) -> HttpResponse:
        """The live part: the newest verification, its bar and its verdict."""
        return TemplateResponse(request, "admin/laojun/_chains.html", {"proof": _proof()})

    @in_scope
    def verify_all(self, request: HttpRequest) -> HttpResponse:
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        inspections.ask(by=actor(request), chain=None)
        messages.success(request, _("A worker is verifying every chain."))
        return redirect(HERE)

    @admin.action(description=gettext_lazy("Verify: hash every row of these chains again"))
    def verify_chosen(self, request: HttpRequest, queryset: QuerySet[AuditChain]) -> None:
        chosen = list(queryset.values_list("pk", flat=True)[:MOST_AT_ONCE])
        for chain_id in chosen:
            inspections.ask(by=actor(request), chain=chain_id)
        text = _("A worker is verifying %(count)d chains.")
        messages.success(request, text % {"count": len(chosen)})

    @display(description=gettext_lazy("workspace"), ordering="place")
    def place(self, chain: AuditChain) -> str:
        """Its name; the platform's own chain belongs to none, and a deleted workspace's goes on without."""
        if chain.workspace_id is None:
            return _("the platform")
        return getattr(chain, "place", None) or "–"

    @display(description=gettext_lazy("state"), label=STATES, ordering="status")
    def shown_state(self, chain: AuditChain) -> tuple[str, str]:
        return chain.status, str(chain.get_status_display())

    @display(description=gettext_lazy("last verification"))
    def found(self, chain: AuditChain) -> SafeString:
        words = wording.of_verdict(chain.verdict)
        return format_html("<strong>{}</strong><br>{}", words.title, words.text)

    @display(description=gettext_lazy("hash of the last row"))
    def shown_hash(self, chain: AuditChain) -> SafeString:
        return _in_pieces(bytes(chain.head_hash).hex())


@admin.register(AuditAnchor)
class AuditAnchorAdmin(OperatorAdmin):
    icon = "anchor"
    list_display = (
        "anchor_no",
        "kind",
        "created_at",
        "chains",
        "signing_key_id",
        "delivered",
        "digest",
    )
    list_filter = ("kind",)
    search_fields = ("sha256__startswith",)
    ordering = ("-anchor_no",)
    fields = readonly_fields = (
        "anchor_no",
        "kind",
        "created_at",
        "signing_key_id",
        "public_key",
        "digest_before",
        "digest",
        "delivered",
        "line",
    )

    @display(description=gettext_lazy("chains"))
    def chains(self, anchor: AuditAnchor) -> int:
        return len(anchor.heads)

    @display(description=gettext_lazy("written to"))
    def delivered(self, anchor: AuditAnchor) -> str:
        return ", ".join(
            f"{name} ({error})" if error else name for name, error in anchor.sinks.items()
        )

    @display(description=gettext_lazy("public key"))
    def public_key(self, anchor: AuditAnchor) -> SafeString | str:
        key = anchors.trusted().get(anchor.signing_key_id)
        return _in_pieces(key.public_bytes_raw().hex()) if key else _("not among our keys")

    @display(description=gettext_lazy("the signed line"))
    def line(self, anchor: AuditAnchor) -> SafeString:
        return _in_pieces(anchors.raw_of(anchor).decode())

    @display(description="SHA-256")
    def digest(self, anchor: AuditAnchor) -> SafeString:
        return _in_pieces(anchor.sha256)

    @display(description=gettext_lazy("SHA-256 of the line before"))
    def digest_before(self, anchor: AuditAnchor) -> SafeString:
        return _in_pieces(anchor.prev_sha256)


@admin.register(AuditCheckpoint)
class AuditCheckpointAdmin(OperatorAdmin):
    icon = "flag"
    list_display = ("workspace_id", "up_to_seq", "row_count", "archive_id", "created_at")
    search_fields = ("workspace_id",)
    ordering = ("-created_at", "-id")
    fields = readonly_fields = (
        "workspace_id",
        "up_to_seq",
        "shown_hash",
        "row_count",
        "bridged",
        "archive_id",
        "signing_key_id",
        "created_at",
    )

    @display(description=gettext_lazy("hash of that row"))
    def shown_hash(self, checkpoint: AuditCheckpoint) -> SafeString:
        return _in_pieces(bytes(checkpoint.hash).hex())

    @display(description=gettext_lazy("later rows that left too"))
    def bridged(self, checkpoint: AuditCheckpoint) -> str:
        return ", ".join(str(seq) for seq, _digest in checkpoint.bridge) or "–"


def _in_pieces(text: str) -> SafeString:
    """Long text without spaces that a narrow screen may break anywhere, and that copies as one."""
    pieces = [(text[start : start + PIECE],) for start in range(0, len(text), PIECE)]
    return format_html("<code>{}</code>", format_html_join(mark_safe("<wbr>"), "{}", pieces))


def _proof() -> dict[str, Any]:
    work = registry.latest_work(kind=inspections.KIND, workspace=None)
    backlog = sealing.backlog()
    return {
        "work": work,
        "words": wording.of_report(work.result) if work and work.result else None,
        "lag": int(backlog.lag.total_seconds()),
        "waiting": backlog.chains,
    }
