"""Forms of signing up, signing in, proving oneself and getting back in."""

from typing import Any

from allauth.account import forms as account
from allauth.account.internal.flows.signup import prevent_enumeration
from allauth.mfa.base import forms as mfa
from allauth.mfa.totp.forms import ActivateTOTPForm
from allauth.mfa.totp.internal import auth as totp
from allauth.socialaccount.forms import SignupForm as SocialForm
from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext_lazy as _

from accounts import addresses, identity, languages, recovery, second_factor, secrets, signup
from accounts.models import User
from accounts.passwords import HashQueueFull

ENROLMENT_KEY = "mfa_enrolment"
ENROLMENT_PLACE = "django_session.mfa_enrolment"
BUSY = _("Many people are signing in. Try again in a moment.")
PASSWORD_HINT = _("At least 10 characters; a few unrelated words are best.")
STRENGTH = {
    "autocomplete": "new-password",
    "hx-post": "/password-strength/",
    "hx-trigger": "input changed delay:300ms",
    "hx-target": "#password-meter",
    "hx-sync": "this:replace",
}


class SignInForm(account.LoginForm):
    """One field for the address or the name; one neutral sentence when they do not fit."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["login"].label = _("E-mail or user name")
        self.fields["login"].widget.attrs = {
            "autocomplete": "username webauthn",
            "autocapitalize": "none",
        }
        _describe(self, "password", _("Password"), autocomplete="current-password")
        self.fields["remember"].label = _("Stay signed in on this device")

    def user_credentials(self) -> dict[str, Any]:
        """`identity` tells addresses from names; what was typed is never taken for a stored address."""
        return {
            "username": self.cleaned_data["login"],
            "password": self.cleaned_data["password"],
        }

    def clean(self) -> dict[str, Any]:
        try:
            cleaned: dict[str, Any] = super().clean()
        except HashQueueFull as error:
            raise forms.ValidationError(BUSY, code="busy") from error
        return cleaned


class _OpensAccount(forms.Form):
    """What sign-up with a password and sign-up by a service have in common."""

    account_already_exists = False

    def name_fields(self) -> None:
        self.fields["email"].label = _("E-mail")
        self.fields["email"].widget.attrs = {"autocomplete": "email"}
        self.fields["username"].label = _("User name")
        self.fields["username"].help_text = _("2 to 32 letters or digits; others see it.")
        self.fields["username"].widget.attrs = {"autocomplete": "username"}

    def clean_username(self) -> str:
        name = identity.clean_username(self.cleaned_data["username"])
        if identity.find(name):
            raise forms.ValidationError(_("This name is taken."), code="username_taken")
        return name

    def validate_unique_email(self, value: str) -> str:
        """Where mail can be sent, only the owner of a taken address is told so, and by mail."""
        self.account_already_exists = identity.find(value) is not None
        if self.account_already_exists and not addresses.must_be_confirmed():
            raise forms.ValidationError(
                _("No account can be opened with this address. If it is yours, sign in."),
                code="email_taken",
            )
        return value

    def opened(self, request: HttpRequest, *, password: str | None, verified: bool) -> User:
        return signup.open_account(
            email=self.cleaned_data["email"],
            username=self.cleaned_data["username"],
            password=password,
            language=_language(request),
            verified=verified,
        )

    def pretended(self, request: HttpRequest, *, password: str | None) -> HttpResponse:
        signup.rehearse(password=password, language=_language(request))
        return prevent_enumeration(request, email=self.cleaned_data["email"])


class SignUpForm(_OpensAccount, account.SignupForm):
    """Opens the account together with its first workspace."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.name_fields()
        _describe(self, "password1", _("Password"), hint=PASSWORD_HINT, **STRENGTH)

    def try_save(self, request: HttpRequest) -> tuple[User | None, HttpResponse | None]:
        """Somebody may take the name between the check and the insert: then the form is shown again."""
        password = self.cleaned_data["password1"]
        if self.account_already_exists:
            return None, self.pretended(request, password=password)
        try:
            return self.opened(request, password=password, verified=False), None
        except signup.AccountTaken:
            return None, redirect("account_signup")


class SocialSignUpForm(_OpensAccount, SocialForm):
    """The name, and the address where the service vouches for none, of somebody who came by a service."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.name_fields()

    def try_save(self, request: HttpRequest) -> tuple[User | None, HttpResponse | None]:
        if self.account_already_exists:
            return None, self.pretended(request, password=None)
        try:
            user = self.opened(request, password=None, verified=self._is_vouched_for())
        except signup.AccountTaken:
            return None, redirect("socialaccount_signup")
        account_of_service = self.sociallogin.account
        account_of_service.user = self.sociallogin.user = user
        account_of_service.save()
        return user, None

    def _is_vouched_for(self) -> bool:
        vouched = [one.email for one in self.sociallogin.email_addresses if one.verified]
        typed = identity.email_key(self.cleaned_data["email"])
        return typed in {identity.email_key(one) for one in vouched}


class AddressForm(account.AddEmailForm):
    """One more address of a person, compared with the ones they have by its canonical form."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["email"].label = _("New address")
        self.fields["email"].widget.attrs = {"autocomplete": "email"}

    def clean_email(self) -> str:
        value: str = super().clean_email()
        if addresses.has_address(user=self.user, email=value):
            raise forms.ValidationError(_("You have this address already."), code="duplicate")
        return value


class ResetForm(forms.Form):
    """Asks for a reset link. Says the same, after the same work, for every address."""

    email = forms.EmailField(
        label=_("E-mail"), widget=forms.EmailInput(attrs={"autocomplete": "email"})
    )

    def save(self, request: HttpRequest, **_options: Any) -> str:
        typed = str(self.cleaned_data["email"])
        recovery.ask(login=typed)
        return typed


class _ChoosesPassword(forms.Form):
    """Typed once, with the means to look at it; twice only makes people paste."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields.pop("password2", None)
        _describe(self, "password1", _("New password"), hint=PASSWORD_HINT, **STRENGTH)


class NewPasswordForm(_ChoosesPassword, account.ResetPasswordKeyForm):
    pass


class SetPasswordForm(_ChoosesPassword, account.SetPasswordForm):
    pass


class ChangePasswordForm(_ChoosesPassword, account.ChangePasswordForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        label = _("Current password")
        _describe(self, "oldpassword", label, autocomplete="current-password")


class _TakesCode(forms.Form):
    """A code from the app or one of the recovery codes, each good once."""

    user: User

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        hint = _("Six digits from your app, or one of your recovery codes.")
        _describe(self, "code", _("One-time code"), hint=hint, autocomplete="one-time-code")

    def clean_code(self) -> str:
        typed = str(self.cleaned_data["code"])
        try:
            self.authenticator = second_factor.accept(user=self.user, code=typed)
        except second_factor.CodeWrong as error:
            raise forms.ValidationError(
                _("This code is wrong or was used. Wait for the next one."), code="mfa_code_invalid"
            ) from error
        self.authenticator.user = self.user
        return typed


class SignInCodeForm(_TakesCode, mfa.AuthenticateForm):
    pass


class ProofCodeForm(_TakesCode, mfa.ReauthenticateForm):
    pass


class EnrolForm(ActivateTOTPForm):
    """Switches the app on. Until then its secret waits, sealed, in the session."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.secret = _enrolment(fresh=not self.is_bound)
        hint = _("Six digits, as your app shows them now.")
        _describe(self, "code", _("One-time code"), hint=hint, autocomplete="one-time-code")


def _enrolment(*, fresh: bool) -> str:
    session = totp.context.request.session
    totp.clear_totp_secret(totp.context.request)
    if fresh or ENROLMENT_KEY not in session:
        session[ENROLMENT_KEY] = secrets.seal(totp.generate_totp_secret(), place=ENROLMENT_PLACE)
    return secrets.unseal(session[ENROLMENT_KEY], place=ENROLMENT_PLACE)


def _describe(form: forms.Form, name: str, label: Any, *, hint: Any = "", **attrs: str) -> None:
    form.fields[name].label = label
    form.fields[name].help_text = hint
    form.fields[name].widget.attrs = attrs


def _language(request: HttpRequest) -> str:
    return languages.STORED[str(request.LANGUAGE_CODE)]
