"""Why a statement failed, whether another try may help, and which names are near."""

import pytest

from querygpt import repairing
from querygpt.catalogue import Catalogue

SHOP = Catalogue.from_dict(
    {
        "tables": {
            "orders": {"id": "int", "customer_id": "int", "total_amount": "decimal"},
            "customers": {"id": "int", "name": "text"},
            "order_items": {"id": "int"},
        }
    }
)


def near(code, detail, sql="SELECT 1"):
    return repairing.candidates(code=code, detail=detail, sql=sql, catalogue=SHOP)


def test_a_misspelt_table_is_found():
    assert near("table_unknown", "no such table: oders", "SELECT * FROM oders")[0] == "orders"
    assert near("relation_unknown", 'relation "custmers" does not exist')[0] == "customers"


def test_a_misspelt_column_is_found():
    found = near("column_unknown", 'column "total_amont" does not exist')

    assert found[0] == "orders.total_amount"
    assert len(found) <= 5


def test_other_errors_have_no_names():
    assert near("sql_syntax", 'near "oders"') == ()


@pytest.mark.parametrize(
    "code", ["function_forbidden", "write_inside", "relation_system", "locking", "timeout", "busy"]
)
def test_what_is_forbidden_or_slow_is_never_tried_again(code):
    assert not repairing.may_repair(code)


def test_every_rule_of_the_guard_that_is_for_good_is_a_refusal_without_a_button():
    found = repairing.advice("function_forbidden", verdict="refused")

    assert found is repairing.REFUSED
    assert not found.is_retryable
    assert repairing.is_refusal("function_forbidden", "refused")
    assert not repairing.is_refusal("column_unknown", "refused")


@pytest.mark.parametrize(
    ("code", "button"),
    [
        ("timeout", "longer"),
        ("cannot_reach", "connection"),
        ("provider_auth", "settings"),
        ("ai_quota_exceeded", "settings"),
        ("busy", "retry"),
        ("column_unknown", "edit"),
        ("something_new", "retry"),
    ],
)
def test_each_error_has_one_button_that_helps(code, button):
    assert repairing.advice(code).button == button


def test_the_servers_message_is_redacted_and_cut():
    said = repairing.said("password=hunter2\n" + "x" * 1_000)

    assert "hunter2" not in said
    assert len(said) <= 500
    assert "\n" not in said
