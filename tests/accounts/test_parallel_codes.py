"""One code, many requests at once: the row lock lets exactly one of them pass."""

from concurrent.futures import ThreadPoolExecutor

from django.db import connection

from accounts import second_factor
from tests import factories
from tests.accounts.codes import enrol


def test_of_eight_requests_with_one_code_one_passes(committed):
    person = factories.person("parallel")
    code = enrol(person.client).code(ahead=1)

    def attempt(_number):
        try:
            second_factor.accept(user=person.user, code=code)
        except second_factor.CodeWrong:
            return False
        else:
            return True
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(attempt, range(8))) == 1
