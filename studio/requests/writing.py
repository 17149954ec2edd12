"""The work behind a request: its calls, one after the other, each settled with what it brought."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any
from uuid import UUID

from accounts.models import User
from studio.models import AIRequest
from studio.requests import finishing
from studio.requests.asking import SUBJECT
from studio.requests.live import Voice
from taishang import gateway
from taishang.catalogue import references
from taishang.catalogue.references import Place
from taishang.gateway import REFUSED
from taishang.gateway.asks import Caller
from taishang.gateway.events import Event, Text
from taishang.models import Model, ModelCall
from taishang.providers.base import ChatPrompt
from taishang.runs import Cancelled, Run

OnFinish = Callable[[ModelCall, str], None]


def write(run: Run) -> dict[str, Any] | None:
    """The handler of `studio.generate` and `studio.analyze`. A request is asked about once, however often it is run."""
    request_id = UUID(run.payload["request_id"])
    voice = Voice(request_id)
    with run.database():
        request = finishing.row(request_id)
        begun = finishing.begin(request_id)
    if request is None or not begun:
        return {"status": "gone"}
    voice.changed()
    try:
        _answered(run, request, voice)
    except Cancelled:
        with run.database():
            finishing.end(request_id, status=AIRequest.Status.CANCELLED)
        raise
    except REFUSED as error:
        # A call that was made has told its own end; one that was not has nobody else to tell it.
        with run.database():
            finishing.end(request_id, status=AIRequest.Status.FAILED, code=error.code)
    finally:
        voice.changed()
    return {"request_id": str(request_id)}


def _answered(run: Run, request: AIRequest, voice: Voice) -> None:
    with run.database():
        asker = User.objects.get(pk=request.user_id)
        model = references.resolve(
            request.context["model"], place=Place(request.workspace_id, request.user_id)
        ).model
    calls = request.context["calls"]
    # Variants ask the same thing again, pieces of a chapter each its own.
    rounds = calls if len(calls) > 1 else calls * request.variants
    for number, messages in enumerate(rounds, start=1):
        run.progress(number - 1, len(rounds))
        voice.begin(number)
        take = partial(finishing.take, request_id=request.pk, number=number, of=len(rounds))
        call(run=run, request=request, model=model, asker=asker, messages=messages, take=take, voice=voice)  # fmt: skip
        voice.changed()


def call(
    *,
    run: Run,
    request: AIRequest,
    model: Model,
    asker: User,
    messages: list[Mapping[str, str]],
    take: OnFinish,
    voice: Voice | None = None,
) -> gateway.Answer:
    """One call of a model, exactly as the request's row says. `take` runs in the transaction that settles it.

    Raises what the gateway refuses with, and what ends the run.
    """
    context = request.context
    heard = _teller(voice) if voice and model.supports_streaming else None
    return gateway.complete(
        prompt=ChatPrompt(
            messages, params=context["params"], response_format=context["response_format"]
        ),
        watch=run.check,
        heard=heard,
        model=model if str(model) == context["model"] else context["model"],
        purpose=f"studio.{request.request_type}",
        user=asker,
        workspace=request.workspace_id,
        subject=(SUBJECT, str(request.pk)),
        on_finish=take,
        caller=Caller(task_id=run.id, trace_id=request.trace_id),
    )


def _teller(voice: Voice) -> Callable[[Event], None]:
    def heard(event: Event) -> None:
        if isinstance(event, Text):
            voice.hear(event.text)

    return heard
