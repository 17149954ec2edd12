import pytest


@pytest.fixture
def with_mail(settings):
    """An installation that can send mail, so addresses must be confirmed."""
    settings.EMAIL_URL = "smtp://mail.example.com"
    settings.ACCOUNT_EMAIL_VERIFICATION = "mandatory"
    settings.SOCIALACCOUNT_EMAIL_VERIFICATION = "mandatory"
