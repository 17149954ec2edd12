"""Around signing in: confirming an address, coming back, and what a letter's link leads to."""

from typing import Any

from allauth.account.internal.flows.email_verification import send_verification_email_at_login
from allauth.account.internal.stagekit import unstash_login
from allauth.account.views import ConfirmEmailView, LoginView
from allauth.socialaccount.models import SocialAccount
from django.contrib import messages
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST
from zxcvbn import zxcvbn

from accounts import closing, recovery, sign_ins, tenancy
from accounts.models import User
from accounts.passwords import normalized, too_long
from accounts.web.access import public, signed_in

# zxcvbn's time grows with the square of the length; what decides is decided within these.
LOOKED_AT = 72


@public
@require_POST
def password_strength(request: HttpRequest) -> HttpResponse:
    """A meter of four bars with the reason in the reader's language. Nothing is stored."""
    password = request.POST.get("password1", "")
    person = User(username=request.POST.get("username", ""), email=request.POST.get("email", ""))
    reason, score = "", 0
    if password and not too_long(password):
        score = max(1, zxcvbn(normalized(password)[:LOOKED_AT])["score"])
    try:
        validate_password(password, person)
    except ValidationError as error:
        reason, score = error.messages[0], min(score, 2)
    words = reason or _("A good password.")
    return render(
        request,
        "account/_password_meter.html",
        {"score": score, "words": words if password else "", "good": not reason},
    )


@public
@require_http_methods(["GET", "POST"])
@never_cache
def confirmation_sent(request: HttpRequest) -> HttpResponse:
    """ "Look into your mail". A POST sends the letter again, and answers the same when there is nobody."""
    login = unstash_login(request, peek=True)
    if request.method == "POST":
        if login is not None:
            send_verification_email_at_login(request, login)
        return redirect("account_email_verification_sent")
    return render(request, "account/verification_sent.html", {"can_repeat": login is not None})


class SignIn(LoginView):
    """The password is judged outside any transaction; what a right one changes happens in one."""

    def form_valid(self, form: Any) -> HttpResponse:
        with tenancy.entered(tenancy.NOBODY):
            answer: HttpResponse = super().form_valid(form)
        return answer


class ConfirmAddress(ConfirmEmailView):
    """A GET shows the button and changes nothing, since mail scanners follow links; the POST confirms."""

    def logout_other_user(self, confirmation: Any) -> None:
        """Who reads this in somebody else's browser signs nobody out."""

    def post(self, *args: Any, **kwargs: Any) -> HttpResponse:
        self.object = self._found()
        if self.object is None:
            return self.render_to_response(self.get_context_data())
        return super().post(*args, **kwargs)

    def _found(self) -> Any:
        """The pending confirmation behind the link; None when it was used or is older than a day."""
        try:
            return self.get_object()
        except Http404:
            return None


@public
@require_http_methods(["GET", "POST"])
@never_cache
def reactivation(request: HttpRequest) -> HttpResponse:
    """Somebody with the right password came back to a closed account: open it again?"""
    user = User.objects.filter(pk=request.session.get(closing.RETURNING_KEY)).first()
    if user is None:
        return redirect("account_login")
    if request.method == "POST":
        del request.session[closing.RETURNING_KEY]
        try:
            closing.reopen(user=user)
        except closing.CannotReopen:
            return redirect("account_inactive")
        messages.success(request, _("Your account is open again. Sign in."))
        return redirect("account_login")
    return render(request, "account/reactivation.html", {"due": user.deletion_due_at})


@public
@require_http_methods(["GET", "POST"])
@never_cache
def not_me(request: HttpRequest, token: str) -> HttpResponse:
    """The link of a "new sign-in" letter: end that sign-in and lock the password."""
    try:
        session = sign_ins.session_of(token)
    except sign_ins.LinkInvalid:
        return render(request, "account/not_me.html", {"session": None}, status=404)
    if request.method == "POST" and session.revoked_at is None:
        recovery.disown(session=session)
        return render(request, "account/not_me.html", {"session": session, "done": True})
    return render(
        request, "account/not_me.html", {"session": session, "done": session.revoked_at is not None}
    )


@signed_in
@never_cache
def prove_by_service(request: HttpRequest) -> HttpResponse:
    """Who has no password proves themselves by signing in at their service once more."""
    mine = SocialAccount.objects.filter(user=request.user)
    services = sorted(set(mine.values_list("provider", flat=True)))
    return render(request, "account/prove_by_service.html", {"services": services})


@public
@require_GET
def change_password(request: HttpRequest) -> HttpResponse:
    """Where password managers send people (W3C: a well-known URL for changing passwords)."""
    return redirect("account_change_password")
