"""A real server and a real browser for the journeys."""

import os
import secrets
from collections.abc import Iterator

import pytest
from django.utils import translation

from tests import factories
from tests.e2e import serving
from tests.e2e.watching import Watch
from tests.rig import limits

# The browser's driver runs an event loop in the test's thread; the database is used between its calls only.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
TAGS = {"zh-hans": "zh-CN", "en": "en-US"}
SETTINGS = {"zh-hans": "zh-CN", "en": "en"}


@pytest.fixture(scope="session")
def e2e_environment(django_db_setup, django_db_blocker) -> Iterator[dict[str, str]]:
    """The names a process needs to work on the journeys' database and keys; a worker takes the same."""
    with django_db_blocker.unblock(), limits.eased():
        yield serving.environment(f"e2e-{secrets.token_hex(4)}")


@pytest.fixture(scope="session")
def address(e2e_environment, tmp_path_factory) -> Iterator[str]:
    """Where the application answers."""
    with serving.served(tmp_path_factory.mktemp("served"), e2e_environment) as url:
        yield url


@pytest.fixture(scope="session")
def browser_type_launch_args() -> dict[str, object]:
    if not serving.CHROMIUM.exists():
        pytest.skip(
            "NOT PROVEN HERE: chromium is missing (apt-get install chromium fonts-noto-cjk)"
        )
    return dict(serving.LAUNCH)


@pytest.fixture(params=["zh-hans", "en"])
def language(request) -> Iterator[str]:
    """The journey is made once in each language; `gettext` finds the words on the page."""
    with translation.override(request.param):
        yield request.param


@pytest.fixture
def browser_context_args(address, language) -> dict[str, object]:
    viewport = {"width": 1440, "height": 900}
    return {"base_url": address, "viewport": viewport, "locale": TAGS[language]}


@pytest.fixture
def watched(page) -> Iterator[Watch]:
    """A page whose every complaint fails the test at its end."""
    watch = Watch(page)
    yield watch
    watch.assert_clean()


@pytest.fixture
def newcomer(e2e_environment, language, django_db_blocker) -> factories.Account:
    """Somebody with an account, stored for the server to see."""
    with django_db_blocker.unblock():
        return factories.account(f"person{secrets.token_hex(4)}", language=SETTINGS[language])


@pytest.fixture
def operator(e2e_environment, language, django_db_blocker) -> factories.Account:
    """Somebody who runs the platform."""
    with django_db_blocker.unblock():
        return factories.account(
            f"operator{secrets.token_hex(4)}", staff=True, language=SETTINGS[language]
        )
