"""Answers that wait for the world outside: made once the request's transaction has ended, with no connection held.

A view does its own work in the transaction as always (rights, parsing, look-ups) and returns `later(…)`; the
transaction commits, and only then the function is called. What it raises becomes a problem like anywhere else.
"""

from collections.abc import Callable

from django.conf import settings
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils import translation

from accounts import tenancy
from accounts.web import problems

Answering = Callable[[], HttpResponseBase]
Follower = Callable[[HttpResponseBase | None], None]
OWN_HEADERS = frozenset({"Content-Type", "Content-Length"})


class Later(HttpResponse):
    """Stands for an answer until the transaction is over; what middleware puts on it goes to the answer itself."""

    def __init__(self, answering: Answering) -> None:
        super().__init__()
        self.answering = answering
        self.followers: list[Follower] = []

    def then(self, follower: Follower) -> None:
        """Call `follower` with the answer, or with nothing when it could not be made, outside any transaction."""
        self.followers.append(follower)


def later(answering: Answering) -> Later:
    """Answer with what `answering` returns, called after the commit in nobody's transaction.

    It reads the database by `tenancy.entered(principal.context)`, in transactions of its own.
    """
    return Later(answering)


def fulfilled(request: HttpRequest, promise: Later) -> HttpResponseBase:
    """The answer that was promised. Called outside the transaction, once."""
    if not connection.in_atomic_block:
        connection.close()
    answer: HttpResponseBase | None = None
    language = getattr(request, "LANGUAGE_CODE", settings.LANGUAGE_CODE)
    try:
        with tenancy.adopted(tenancy.NOBODY), translation.override(language):
            answer = _answered(request, promise)
            for name, value in promise.items():
                if name not in OWN_HEADERS:
                    answer.headers.setdefault(name, value)
            return answer
    finally:
        for follow in promise.followers:
            follow(answer)


def _answered(request: HttpRequest, promise: Later) -> HttpResponseBase:
    try:
        return promise.answering()
    except Exception as error:
        problem = problems.handle(error, {"request": request})
        if problem is None or not request.path.startswith(problems.API_PREFIX):
            raise
        return problem
