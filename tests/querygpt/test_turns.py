"""Whose turn it is: two of a person, three of a connection, ten of a workspace, in the order of asking."""

from django.utils import timezone

from accounts.ids import uuid7
from querygpt.execution import turns
from querygpt.models import Slot

NOW = timezone.now()


def slot(user: int, connection: int, *, runs: bool = False) -> Slot:
    return Slot(
        id=uuid7(), user_id=user, connection_id=connection, granted_at=NOW if runs else None
    )


def test_a_third_statement_of_a_person_waits_and_a_later_one_of_another_does_not():
    rows = [slot(1, 1, runs=True), slot(1, 2, runs=True), slot(1, 3), slot(2, 3)]

    assert turns._turns(rows) == {rows[3].pk}


def test_a_fourth_statement_of_a_connection_waits():
    rows = [slot(number, 1, runs=True) for number in range(3)] + [slot(9, 1), slot(9, 2)]

    assert turns._turns(rows) == {rows[4].pk}


def test_an_eleventh_statement_of_a_workspace_waits():
    rows = [slot(number, number, runs=True) for number in range(10)] + [slot(20, 20)]

    assert turns._turns(rows) == set()


def test_places_that_become_free_go_to_the_first():
    rows = [slot(1, 1), slot(1, 2), slot(1, 3)]

    assert turns._turns(rows) == {rows[0].pk, rows[1].pk}
