"""The cards of answers: shown again, stopped, tried again, run by hand, rated, drawn, taken along."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.core.exceptions import BadRequest
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from accounts.web.access import needs, principal_of
from querygpt import charts, exporting, rating
from querygpt.answering import asking, stopping
from querygpt.answering.asking import Asked
from querygpt.api.results import attachment
from querygpt.charts.spec import MOST_CATEGORIES, TYPES, chart
from querygpt.conversations import ConversationRefused
from querygpt.models import Message, Result
from querygpt.models.run import MAX_SQL_BYTES
from querygpt.rating import ChartRefused
from querygpt.results import paging, storing
from querygpt.results.cells import is_number, number, text
from querygpt.results.paging import UnknownColumn
from querygpt.results.storing import ResultGone, ResultUnreadable
from querygpt.summaries import Language, figure
from querygpt.views import cards
from querygpt.views.access import answer_of
from querygpt.views.chat import refused
from taishang.catalogue.refusals import LimitReached
from taishang.queue import QueueFull

ROWS = 100
# What a statement may take when somebody gives it more time once.
MOST_SECONDS = 120
REFUSALS = (ConversationRefused, LimitReached, QueueFull)
TYPE_NAMES = {
    "number": gettext_lazy("number"),
    "line": gettext_lazy("lines"),
    "area": gettext_lazy("areas"),
    "bar": gettext_lazy("bars"),
    "pie": gettext_lazy("slices"),
    "scatter": gettext_lazy("points"),
    "table": gettext_lazy("table"),
}


@require_GET
@never_cache
@needs("conversation.view")
def card(request: HttpRequest, pk: UUID) -> HttpResponse:
    """One answer's card, as it stands."""
    message = answer_of(request, pk)
    if not request.htmx:  # type: ignore[attr-defined]
        return redirect("query_conversation", pk=message.conversation_id)
    return _card(request, message)


@require_POST
@needs("connection.query")
def stop(request: HttpRequest, pk: UUID) -> HttpResponse:
    message = answer_of(request, pk)
    stopping.stop(principal=principal_of(request), message=message)
    return _shown(request, answer_of(request, pk))


@require_POST
@needs("connection.query")
def again(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Another answer to the same question."""
    return _asked(
        request,
        pk,
        lambda message: asking.regenerate(principal=principal_of(request), message=message),
    )


@require_POST
@needs("connection.run_sql")
def run(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The statement as the person edited it."""
    answer_of(request, pk)
    sql = request.POST.get("sql", "")
    if not sql.strip() or len(sql.encode()) > MAX_SQL_BYTES or "\x00" in sql:
        raise BadRequest
    seconds = MOST_SECONDS if request.POST.get("patience") == "more" else None
    return _asked(
        request,
        pk,
        lambda message: asking.rerun(
            principal=principal_of(request), message=message, sql=sql, timeout_seconds=seconds
        ),
    )


@require_POST
@needs("connection.query")
def choose(request: HttpRequest, pk: UUID) -> HttpResponse:
    """One of the readings that were offered, as the next question."""
    message = answer_of(request, pk)
    option = request.POST.get("option", "")
    if not (option.isascii() and option.isdigit() and len(option) == 1):
        raise BadRequest
    address = reverse("query_conversation", args=[message.conversation_id])
    try:
        found = asking.choose(principal=principal_of(request), message=message, option=int(option))
    except REFUSALS as error:
        return refused(request, error, address)
    if not request.htmx:  # type: ignore[attr-defined]
        return redirect(address)
    found.answer.conversation = message.conversation
    turn = cards.Turn(found.question, cards.card(request, found.answer, None, [found.answer.pk]))
    response = render(
        request, "query/_turn.html", {"turn": turn, "conversation": message.conversation}
    )
    response["HX-Retarget"] = "#thread"
    response["HX-Reswap"] = "beforeend"
    return response


@require_POST
@needs("conversation.update")
def rate(request: HttpRequest, pk: UUID) -> HttpResponse:
    message = answer_of(request, pk)
    wish = request.POST.get("feedback", "")
    if wish not in {"-1", "0", "1"}:
        raise BadRequest
    note = request.POST.get("note", "").replace("\x00", "")[:1000]
    rating.rate(principal=principal_of(request), message=message, feedback=int(wish), note=note)
    return _shown(request, answer_of(request, pk))


@require_GET
@never_cache
@needs("conversation.view")
def rows(request: HttpRequest, pk: UUID) -> HttpResponse:
    """A page of the rows, in the order the reader wants."""
    message = answer_of(request, pk)
    result = _result(message)
    start = request.GET.get("start", "0")
    sort = request.GET.get("sort", "")[:256]
    try:
        page = paging.page(
            columns=result.columns,
            rows=storing.rows_of(result),
            start=int(start) if start.isascii() and start.isdigit() and len(start) < 7 else 0,
            size=ROWS,
            sort=sort,
        )
    except UnknownColumn as error:
        raise Http404 from error
    except (ResultGone, ResultUnreadable):
        return render(request, "query/_rows_gone.html", {"card": cards.of(request, message)})
    context = {
        "message": message,
        "result": result,
        "columns": [_heading(column, sort) for column in result.columns],
        "rows": [_cells(row, result) for row in page.rows],
        "page": page,
        "sort": sort,
    }
    return render(request, "query/_rows.html", context)


@require_GET
@never_cache
@needs("conversation.view")
def figure_of(request: HttpRequest, pk: UUID) -> HttpResponse:
    """What the summary shows below its sentence: a number, a chart, or the first rows."""
    message = answer_of(request, pk)
    return render(request, "query/_figure.html", _picture(request, message, is_large=False))


@require_GET
@never_cache
@needs("conversation.view")
def chart_of(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The chart with what can be changed about it."""
    message = answer_of(request, pk)
    return render(request, "query/_chart.html", _picture(request, message, is_large=True))


@require_POST
@needs("conversation.update")
def redraw(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Another type, other axes, another order: kept with the answer."""
    message = answer_of(request, pk)
    spec = _spec(request, message)
    fault = ""
    try:
        rating.redraw(principal=principal_of(request), message=message, spec=spec)
    except (ChartRefused, ResultGone, ResultUnreadable):
        fault = _("This chart cannot be drawn from the result")
    context = _picture(request, answer_of(request, pk), is_large=True)
    return render(request, "query/_chart.html", {**context, "fault": fault})


@require_GET
@needs("result.export")
def export(request: HttpRequest, pk: UUID) -> HttpResponseBase:
    form = request.GET.get("format", "csv")
    if form not in exporting.FORMATS:
        raise Http404
    message = answer_of(request, pk)
    result = _result(message)
    try:
        pieces = exporting.export(
            principal=principal_of(request), message=message, result=result, form=form
        )
    except (ResultGone, ResultUnreadable):
        return render(request, "query/gone.html", {"message": message}, status=410)
    return attachment(pieces, message=message, form=form)


def _asked(request: HttpRequest, pk: UUID, deed: Callable[[Message], Asked]) -> HttpResponse:
    """The new variant's card in the place of the one that was shown."""
    message = answer_of(request, pk)
    try:
        found = deed(message)
    except REFUSALS as error:
        address = reverse("query_conversation", args=[message.conversation_id])
        return refused(request, error, address)
    return _shown(request, answer_of(request, found.answer.pk))


def _shown(request: HttpRequest, message: Message) -> HttpResponse:
    if not request.htmx:  # type: ignore[attr-defined]
        return redirect("query_conversation", pk=message.conversation_id)
    return _card(request, message)


def _card(request: HttpRequest, message: Message) -> HttpResponse:
    context = {"card": cards.of(request, message), "conversation": message.conversation}
    return render(request, "query/_card.html", context)


def _result(message: Message) -> Result:
    found = message.results.order_by("-created_at").first()
    if found is None:
        raise Http404
    return found


def _picture(request: HttpRequest, message: Message, *, is_large: bool) -> dict[str, Any]:
    """The chart's data worked out from the stored rows; nothing of it stands in the message."""
    spec = message.metadata.get("visualization")
    context: dict[str, Any] = {
        "card": cards.of(request, message),
        "message": message,
        "is_large": is_large,
    }
    result = message.results.order_by("-created_at").first()
    if spec is None or result is None:
        return context
    try:
        found = storing.rows_of(result)
    except (ResultGone, ResultUnreadable):
        return {**context, "gone": True}
    drawn = charts.drawn(spec, columns=result.columns, rows=found)
    if spec["type"] == "number" and found and not is_large:
        context["figure"] = _big(found[0], result, message)
    return {
        **context,
        "spec": spec,
        "drawn": drawn,
        "preview": [_cells(row, result) for row in found[: cards.MOST_PREVIEWED]],
        "more": max(0, result.rows_count - cards.MOST_PREVIEWED),
        "columns": [_heading(column, "") for column in result.columns],
        "measures": [one["name"] for one in result.columns if is_number(one)],
        "names": [one["name"] for one in result.columns],
        "types": [(name, TYPE_NAMES[name]) for name in TYPES if name != "number"],
        "may_change": principal_of(request).may("conversation.update"),
    }


def _big(row: list[Any], result: Result, message: Message) -> str:
    value = number(row[0])
    if value is None:
        return text(row[0])
    language: Language = "zh" if message.language == "zh" else "en"
    return figure(value, language, str(result.columns[0].get("unit") or ""))


def _heading(column: dict[str, Any], sort: str) -> dict[str, Any]:
    """A column's name, and what a click on it sorts by next: down, up, as it came."""
    name = column["name"]
    orders = {"": f"-{name}", f"-{name}": name, name: ""}
    current = sort if sort in orders and sort else ""
    return {
        **column,
        "numeric": is_number(column),
        "next": orders.get(sort, f"-{name}"),
        "aria": {f"-{name}": "descending", name: "ascending"}.get(current, "none"),
    }


def _cells(row: list[Any], result: Result) -> list[dict[str, Any]]:
    return [
        {
            "text": text(cell),
            "is_null": cell is None,
            "is_empty": cell == "",
            "numeric": is_number(column),
        }
        for cell, column in zip(row, result.columns, strict=True)
    ]


def _spec(request: HttpRequest, message: Message) -> dict[str, Any]:
    """The closed form out of the fields of the form; what is missing stays as it is."""
    given = request.POST
    now = message.metadata.get("visualization") or chart("table", title="")
    top = given.get("top", "")
    is_number_given = top.isascii() and top.isdigit() and len(top) < 4
    return chart(
        given.get("type", now["type"])[:20],
        title=now["title"],
        x=given.get("x") or now["data"]["x"],
        y=[one for one in given.getlist("y") if one] or now["data"]["y"],
        series=given.get("series") or None,
        sort=given.get("sort") or None,
        top=min(MOST_CATEGORIES, max(1, int(top))) if is_number_given else None,
        unit=now["data"]["unit"],
    )
