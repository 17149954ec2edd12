"""Forms of the account pages."""

from allauth.account.forms import LoginForm, SignupForm


class SignInForm(LoginForm):
    pass


class SignUpForm(SignupForm):
    pass
