"""`/problems/<code>/`: the page behind the `type` of every error of the API."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render

from accounts.registry import problems
from accounts.web.access import public
from accounts.web.frame import theme_of


@public
def index(request: HttpRequest) -> HttpResponse:
    listed = sorted(problems.values(), key=lambda problem: (problem.status, problem.code))
    return render(
        request, "accounts/problem_list.html", {"problems": listed, "theme": theme_of(request)}
    )


@public
def detail(request: HttpRequest, code: str) -> HttpResponse:
    problem = problems.get(code)
    if problem is None:
        raise Http404
    return render(
        request,
        "accounts/problem_detail.html",
        {
            "title": problem.title,
            "remedy": problem.remedy,
            "status": problem.status,
            "code_name": problem.code,
            "theme": theme_of(request),
        },
    )
