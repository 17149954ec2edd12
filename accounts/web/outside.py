"""Answers that wait for somebody else: made after the request's transaction has ended, with nothing held meanwhile.

A view does what the database must know and returns a promise; its transaction commits and its connection goes back.
`later(function)` goes on in the request's thread, as pages need it. `Outside(coroutine function)` goes on in the event
loop and holds no thread either, as many waiting programs need it. What the middleware wrote into the headers of the
promise stays.
"""

import logging
from collections.abc import Awaitable, Callable

from asgiref.sync import async_to_sync, sync_to_async
from django.conf import settings
from django.core.handlers.asgi import ASGIHandler, ASGIRequest
from django.core.handlers.exception import response_for_exception
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.utils import translation
from rest_framework.response import Response

from accounts import tenancy
from accounts.web import problems
from accounts.web.authentication import principal_of
from accounts.web.parsing import JsonRenderer

OWN_HEADERS = frozenset({"content-type", "content-length", "cache-control"})
logger = logging.getLogger(__name__)
Answer = Callable[[], Awaitable[HttpResponseBase]]
Follower = Callable[[HttpResponseBase | None], None]


class Promise(HttpResponse):
    """Stands for an answer that is made outside any transaction. Making it may raise whatever a view may raise."""

    def __init__(self) -> None:
        super().__init__()
        self.followers: list[Follower] = []

    def then(self, follower: Follower) -> None:
        """Call `follower` with the answer, or with nothing when it could not be made, outside any transaction."""
        self.followers.append(follower)

    def handed_over(self, answer: HttpResponseBase) -> HttpResponseBase:
        """The answer, written, with the headers of the promise."""
        if isinstance(answer, Response) and not answer.is_rendered:
            # Its own negotiation was over long ago.
            answer.accepted_renderer = JsonRenderer()
            answer.accepted_media_type = JsonRenderer.media_type
            answer.renderer_context = {}  # type: ignore[attr-defined]
            answer.render()
        for name, value in self.items():
            if name.lower() not in OWN_HEADERS:
                answer.headers.setdefault(name, value)
        return answer


class Later(Promise):
    """Kept in the request's thread, inside the middleware that opened the transaction."""

    def __init__(self, answering: Callable[[], HttpResponseBase]) -> None:
        super().__init__()
        self.answering = answering


class Outside(Promise):
    """Kept in the event loop, after all middleware."""

    def __init__(self, answer: Answer) -> None:
        super().__init__()
        self.answer = answer


def later(answering: Callable[[], HttpResponseBase]) -> Later:
    """Answer with what `answering` returns. It reads the database by `tenancy.entered(principal.context)`."""
    return Later(answering)


def fulfilled(request: HttpRequest, promise: Later) -> HttpResponseBase:
    """The answer that was promised. Called once, outside the transaction; a page's errors are raised as a view's are."""
    answer: HttpResponseBase | None = None
    try:
        with (
            tenancy.adopted(principal_of(request).context),
            translation.override(_language(request)),
        ):
            try:
                answer = promise.answering()
            except Exception as error:
                if not request.path.startswith(problems.API_PREFIX):
                    raise
                answer = _told(request, error)
            answer = promise.handed_over(answer)
        if request.path.startswith(problems.API_PREFIX):
            answer.headers.setdefault("Cache-Control", "private, no-store")
        return answer
    finally:
        for follow in promise.followers:
            follow(answer)


class Handler(ASGIHandler):
    """Django under ASGI, with a last step: what was left to be answered outside is answered here."""

    async def get_response_async(self, request: HttpRequest) -> HttpResponseBase:
        response = await super().get_response_async(request)
        if not isinstance(response, Outside):
            return response
        made = await _made(request, response)
        made._resource_closers += response._resource_closers  # type: ignore[attr-defined]
        return made


class OutsideMiddleware:
    """The same where no event loop serves the request (the test client): the answer is waited for, streams are read whole."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        if isinstance(response, Outside) and not isinstance(request, ASGIRequest):
            return async_to_sync(_whole)(request, response)
        return response


async def _made(request: HttpRequest, promise: Outside) -> HttpResponseBase:
    answer: HttpResponseBase | None = None
    try:
        with (
            tenancy.adopted(principal_of(request).context),
            translation.override(_language(request)),
        ):
            try:
                answer = await promise.answer()
            except Exception as error:  # noqa: BLE001 what a view raises is told by the same handlers
                answer = await sync_to_async(_told)(request, error)
            answer = promise.handed_over(answer)
        answer.headers.setdefault("Cache-Control", "private, no-store")
        return answer
    finally:
        for follow in promise.followers:
            await sync_to_async(follow)(answer)


async def _whole(request: HttpRequest, promise: Outside) -> HttpResponseBase:
    """Without an event loop to go on in, a stream is read to its end in this one."""
    response = await _made(request, promise)
    if isinstance(response, StreamingHttpResponse) and response.is_async:
        response.streaming_content = [b"".join([part async for part in response])]
    return response


def _told(request: HttpRequest, error: Exception) -> HttpResponseBase:
    if not request.path.startswith(problems.API_PREFIX):
        return response_for_exception(request, error)
    found = problems.handle(error, {"request": request})
    if found is None:
        logger.error("answer failed path=%s", request.path, exc_info=error)
        return problems.of_status(request, 500)
    return found


def _language(request: HttpRequest) -> str:
    return str(getattr(request, "LANGUAGE_CODE", settings.LANGUAGE_CODE))
