"""What the sign-up page asks while somebody types a password."""

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST
from zxcvbn import zxcvbn

from accounts.models import User
from accounts.passwords import normalized, too_long
from accounts.web.access import public

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
