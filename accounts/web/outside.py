"""Answers that wait for the world outside: made once the request's transaction has ended, with no connection held.

A view does its own work in the transaction as always (rights, parsing, look-ups) and returns `later(…)`; the
transaction commits, and only then the function is called. What it raises becomes a problem like anywhere else.
A plain function is called in the request's thread, a coroutine function by the event loop, so that whoever waits
for long holds no thread either.
"""

import logging
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import cast

from asgiref.sync import async_to_sync, iscoroutinefunction, sync_to_async
from django.conf import settings
from django.core.handlers.asgi import ASGIHandler, ASGIRequest
from django.core.handlers.exception import response_for_exception
from django.db import connection
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.utils import translation

from accounts import tenancy
from accounts.web import problems

Answering = Callable[[], HttpResponseBase] | Callable[[], Awaitable[HttpResponseBase]]
Follower = Callable[[HttpResponseBase | None], None]
OWN_HEADERS = frozenset({"Content-Type", "Content-Length"})
logger = logging.getLogger(__name__)


class Later(HttpResponse):
    """Stands for an answer until the transaction is over; what middleware puts on it goes to the answer itself."""

    def __init__(self, answering: Answering) -> None:
        super().__init__()
        self.answering = answering
        self.followers: list[Follower] = []

    def then(self, follower: Follower) -> None:
        """Call `follower` with the answer, or with nothing when it could not be made, outside any transaction."""
        self.followers.append(follower)

    def follow(self, answer: HttpResponseBase | None) -> None:
        for follower in self.followers:
            follower(answer)

    def lend(self, answer: HttpResponseBase) -> None:
        for name, value in self.items():
            if name not in OWN_HEADERS:
                answer.headers.setdefault(name, value)


def later(answering: Answering) -> Later:
    """Answer with what `answering` returns, called after the commit in nobody's transaction.

    It reads the database by `tenancy.entered(principal.context)`, in transactions of its own.
    """
    return Later(answering)


def fulfilled(request: HttpRequest, promise: Later) -> HttpResponseBase:
    """The answer that was promised, or the promise where the event loop makes it. Called outside the transaction, once."""
    if not connection.in_atomic_block:
        connection.close()
    if not iscoroutinefunction(promise.answering):
        return _answered(request, promise)
    if isinstance(request, ASGIRequest):
        return promise
    return async_to_sync(_read)(request, promise)


class Handler(ASGIHandler):
    """Django under ASGI, with a last step: the answers that the event loop makes."""

    async def get_response_async(self, request: HttpRequest) -> HttpResponseBase:
        response = await super().get_response_async(request)
        if not isinstance(response, Later):
            return response
        try:
            answer = await _awaited(request, response)
        except Exception as error:  # noqa: BLE001 the error log gets it, the client a 500
            answer = await sync_to_async(_crashed)(request, error)
        answer._resource_closers += response._resource_closers  # type: ignore[attr-defined]
        return answer


def _answered(request: HttpRequest, promise: Later) -> HttpResponseBase:
    answer: HttpResponseBase | None = None
    try:
        with _nobodys(request):
            try:
                answer = cast(HttpResponseBase, promise.answering())
            except Exception as error:  # noqa: BLE001 a view may raise anything
                answer = _told(request, error)
            promise.lend(answer)
            return answer
    finally:
        promise.follow(answer)


async def _awaited(request: HttpRequest, promise: Later) -> HttpResponseBase:
    answer: HttpResponseBase | None = None
    try:
        with _nobodys(request):
            try:
                answer = await cast(Awaitable[HttpResponseBase], promise.answering())
            except Exception as error:  # noqa: BLE001 a view may raise anything
                answer = _told(request, error)
            promise.lend(answer)
            return answer
    finally:
        if promise.followers:
            await sync_to_async(promise.follow)(answer)


def _crashed(request: HttpRequest, error: Exception) -> HttpResponseBase:
    if not request.path.startswith(problems.API_PREFIX):
        return response_for_exception(request, error)
    logger.error("answer failed path=%s", request.path, exc_info=error)
    return problems.of_status(request, 500)


async def _read(request: HttpRequest, promise: Later) -> HttpResponseBase:
    """Without an event loop to go on in, a stream is read to its end in this one."""
    answer = await _awaited(request, promise)
    if isinstance(answer, StreamingHttpResponse) and answer.is_async:
        answer.streaming_content = [b"".join([part async for part in answer])]
    return answer


@contextmanager
def _nobodys(request: HttpRequest) -> Iterator[None]:
    language = getattr(request, "LANGUAGE_CODE", settings.LANGUAGE_CODE)
    with tenancy.adopted(tenancy.NOBODY), translation.override(language):
        yield


def _told(request: HttpRequest, error: Exception) -> HttpResponseBase:
    """What was raised, as the API says it. Raises it again where it is no refusal, and at pages."""
    problem = problems.handle(error, {"request": request})
    if problem is None or not request.path.startswith(problems.API_PREFIX):
        raise error
    return problem
