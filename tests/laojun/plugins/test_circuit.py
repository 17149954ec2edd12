"""When a plugin that fails is left alone, and how it comes back."""

from datetime import UTC, datetime, timedelta

from laojun.plugins import circuit

NOW = datetime(2026, 3, 1, tzinfo=UTC)


def after(outcomes: str, start: dict | None = None, now: datetime = NOW) -> dict:
    state = start or {}
    for outcome in outcomes:
        state = circuit.after(state, ok=outcome == "+", now=now)
    return state


def test_a_plugin_that_works_leaves_nothing_to_write_down():
    assert after("+" * 30) == {}


def test_five_failures_in_a_row_open_it():
    assert not circuit.is_open(after("----"))
    assert circuit.is_open(after("-----"))


def test_a_success_between_them_begins_the_count_anew():
    assert not circuit.is_open(after("----+----"))


def test_half_of_the_last_twenty_open_it():
    assert not circuit.is_open(after("-+" * 9 + "-"))
    assert circuit.is_open(after("-+" * 10))


def test_less_than_half_does_not():
    assert not circuit.is_open(after("-++" * 20))


def test_old_failures_are_forgotten():
    assert after("-" + "+" * 20) == {}


def test_while_it_is_open_nobody_is_asked():
    permit = circuit.admit(after("-----"), NOW + timedelta(seconds=29))

    assert not permit.allowed
    assert permit.wait_until == NOW + timedelta(seconds=30)


def test_one_probe_goes_out_when_its_time_has_passed():
    later = NOW + timedelta(seconds=31)

    first = circuit.admit(after("-----"), later)
    second = circuit.admit(first.circuit, later)

    assert (first.allowed, second.allowed) == (True, False)


def test_a_probe_that_got_lost_is_sent_again():
    later = NOW + timedelta(seconds=31)
    lost = circuit.admit(after("-----"), later).circuit

    assert circuit.admit(lost, later + timedelta(seconds=circuit.PROBE_SECONDS)).allowed


def test_a_probe_that_succeeds_closes_it():
    assert after("+", after("-----")) == {}


def test_each_probe_that_fails_doubles_the_wait_up_to_ten_minutes():
    state, waits = after("-----"), []
    for _probe in range(6):
        state = after("-", state)
        waits.append(state["open_s"])

    assert waits == [60.0, 120.0, 240.0, 480.0, 600.0, 600.0]
