"""Answers that wait for somebody else: made after the request's transaction has ended, with nothing held meanwhile.

A view does what the database must know, and returns `Outside(answer)`. Its transaction commits, its connection goes
back, and only then the event loop runs `answer`, a coroutine function that gives the true response; `later(function)`
does the same with a plain function in the request's thread. What the middleware wrote into the headers of the
placeholder stays.
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


class Outside(HttpResponse):
    """Stands for an answer that is made outside any transaction. It may raise whatever a view may raise."""

    def __init__(self, answer: Answer) -> None:
        super().__init__()
        self.answer = answer
        self.followers: list[Follower] = []

    def then(self, follower: Follower) -> None:
        """Call `follower` with the answer, or with nothing when it could not be made, outside any transaction."""
        self.followers.append(follower)


def later(answering: Callable[[], HttpResponseBase]) -> Outside:
    """Answer with what `answering` returns. It reads the database by `tenancy.entered(principal.context)`."""
    return Outside(sync_to_async(answering))


class Handler(ASGIHandler):
    """Django under ASGI, with a last step: what was left to be answered outside is answered here."""

    async def get_response_async(self, request: HttpRequest) -> HttpResponseBase:
        response = await super().get_response_async(request)
        if not isinstance(response, Outside):
            return response
        made = await _made(request, response)
        made._resource_closers += response._resource_closers
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


async def _made(request: HttpRequest, placeholder: Outside) -> HttpResponseBase:
    language = getattr(request, "LANGUAGE_CODE", settings.LANGUAGE_CODE)
    response: HttpResponseBase | None = None
    try:
        with tenancy.adopted(principal_of(request).context), translation.override(language):
            response = await _answered(request, placeholder)
        for name, value in placeholder.items():
            if name.lower() not in OWN_HEADERS:
                response.headers.setdefault(name, value)
        response.headers.setdefault("Cache-Control", "private, no-store")
        return response
    finally:
        for follow in placeholder.followers:
            await sync_to_async(follow)(response)


async def _answered(request: HttpRequest, placeholder: Outside) -> HttpResponseBase:
    try:
        return await placeholder.answer()
    except Exception as error:  # noqa: BLE001 what a view raises is told by the same handlers
        return await sync_to_async(_told)(request, error)


async def _whole(request: HttpRequest, placeholder: Outside) -> HttpResponseBase:
    """Without an event loop to go on in, a stream is read to its end in this one."""
    response = await _made(request, placeholder)
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


def _rendered(answer: HttpResponseBase) -> HttpResponseBase:
    """A plain answer of REST framework written as JSON: its own negotiation was over long ago."""
    if isinstance(answer, Response) and not answer.is_rendered:
        answer.accepted_renderer = JsonRenderer()
        answer.accepted_media_type = JsonRenderer.media_type
        answer.renderer_context = {}
        answer.render()
    return answer
