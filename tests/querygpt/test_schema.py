"""What is known of a database: read again without losing what people wrote, guessed, related, ranked."""

from datetime import timedelta

import pytest
from django.core.cache import cache
from django.utils import timezone

from accounts import tenancy
from laojun.files import Owner
from querygpt import schema, values
from querygpt.catalogue import Catalogue
from querygpt.catalogue import Column as KnownColumn
from querygpt.catalogue import Relationship as KnownRelationship
from querygpt.catalogue import Table as KnownTable
from querygpt.catalogue import Term as KnownTerm
from querygpt.models import Column, Connection, Relationship, Table
from querygpt.schema import ranking, reading, refreshing
from querygpt.schema.guessing import guess
from querygpt.schema.names import terms_of, words_of
from querygpt.schema.suggesting import suggest
from tests.querygpt import rows

pytestmark = pytest.mark.django_db


def column(name, family="int", **changes):
    plain = {
        "data_type": family,
        "is_nullable": True,
        "is_primary_key": name == "id",
        "is_unique": name == "id",
        "comment": "",
    }
    return {"name": name, "family": family, **plain, **changes}


def table(name, *columns, **changes):
    plain = {"schema": "", "kind": "table", "comment": "", "rows": 10}
    return {"name": name, "columns": list(columns), **plain, **changes}


def key(source, name, target):
    return {
        "from_schema": "",
        "from_table": source,
        "from_columns": [name],
        "to_schema": "",
        "to_table": target,
        "to_columns": ["id"],
    }


def told(*tables, keys=(), **changes):
    plain = {"version": "17.0", "flavour": "", "tables_found": len(tables), "is_partial": False}
    return {"tables": list(tables), "relationships": list(keys), **plain, **changes}


CUSTOMERS = table("customers", column("id"), column("name", "text"), column("phone", "text"))
ORDERS = table(
    "orders",
    column("id"),
    column("customer_id"),
    column("total", "decimal"),
    column("placed_at", "datetime"),
)


def read(shop, *tables, at=None, **changes):
    return refreshing.write(
        connection=shop, told=told(*tables, **changes), now=at or timezone.now()
    )


# Reading again


def test_a_first_reading_writes_everything(inside):
    shop = rows.connection(inside)

    diff = read(shop, CUSTOMERS, ORDERS, keys=[key("orders", "customer_id", "customers")])

    shop.refresh_from_db()
    assert diff.added == ["customers", "orders"]
    assert (shop.catalogue_version, shop.server_version) == (1, "17.0")
    names = Column.objects.filter(table__name="orders").order_by("ordinal")
    assert list(names.values_list("name", "role")) == [
        ("id", "id"),
        ("customer_id", "id"),
        ("total", "measure"),
        ("placed_at", "time"),
    ]
    link = Relationship.objects.get()
    assert (link.source, link.is_active, link.cardinality) == ("fk", True, "N:1")


def test_the_version_rises_only_with_the_structure(inside):
    shop = rows.connection(inside)
    read(shop, CUSTOMERS)
    grown = {**CUSTOMERS, "rows": 99_999, "comment": "all of them"}

    assert read(shop, grown).version == 1
    assert Table.objects.get().rows_estimate == 99_999

    diff = read(shop, {**grown, "columns": [*grown["columns"], column("city", "text")]})
    assert (diff.version, diff.columns_added) == (2, ["customers.city"])

    retyped = {**grown, "columns": [column("id", "text"), *grown["columns"][1:]]}
    diff = read(shop, retyped)
    assert (diff.version, diff.columns_changed) == (3, ["customers.id"])
    assert diff.columns_vanished == ["customers.city"]


def test_a_guess_never_overwrites_an_edit(inside):
    shop = rows.connection(inside)
    read(shop, CUSTOMERS)
    phone = Column.objects.get(name="phone")
    assert phone.is_sensitive

    Column.objects.filter(pk=phone.pk).update(
        is_sensitive=False, role="name", edits=["is_sensitive", "role"], description_zh="电话"
    )
    read(shop, {**CUSTOMERS, "columns": [*CUSTOMERS["columns"], column("city", "text")]})

    phone.refresh_from_db()
    assert (phone.is_sensitive, phone.role, phone.description_zh) == (False, "name", "电话")


def test_a_vanished_table_keeps_what_people_wrote(inside):
    shop = rows.connection(inside)
    read(shop, CUSTOMERS, ORDERS)
    Table.objects.filter(name="orders").update(description_zh="订单", access="denied")

    diff = read(shop, CUSTOMERS)
    assert diff.vanished == ["orders"]
    assert [one.name for one in schema.catalogue(connection=shop).tables] == ["customers"]

    diff = read(shop, CUSTOMERS, ORDERS)
    back = Table.objects.get(name="orders")
    assert diff.added == ["orders"]
    assert (back.description_zh, back.access, back.vanished_at) == ("订单", "denied", None)


def test_a_partial_answer_proves_nothing_vanished(inside):
    shop = rows.connection(inside)
    read(shop, CUSTOMERS, ORDERS)

    diff = read(shop, CUSTOMERS, is_partial=True)

    shop.refresh_from_db()
    assert diff.vanished == []
    assert shop.catalogue_truncated
    assert Table.objects.present().count() == 2


def test_a_foreign_table_is_closed_until_somebody_opens_it(inside):
    shop = rows.connection(inside)
    away = table("away", column("id"), kind="foreign")
    read(shop, away)
    assert Table.objects.get().access == "denied"

    Table.objects.update(access="allowed")
    read(shop, away, CUSTOMERS)
    assert Table.objects.get(name="away").access == "allowed"


def test_declared_keys_come_and_go_and_a_switched_off_one_stays_off(inside):
    shop = rows.connection(inside)
    keys = [key("orders", "customer_id", "customers")]
    read(shop, CUSTOMERS, ORDERS, keys=keys)
    Relationship.objects.update(is_active=False)

    read(shop, CUSTOMERS, ORDERS, keys=keys)
    assert not Relationship.objects.get().is_active

    read(shop, CUSTOMERS, ORDERS)
    assert not Relationship.objects.filter(source="fk").exists()


def test_names_suggest_relationships_that_join_nothing_yet(inside):
    shop = rows.connection(inside)

    read(shop, CUSTOMERS, ORDERS)

    link = Relationship.objects.get()
    assert (link.source, link.is_active) == ("name", False)
    assert schema.catalogue(connection=shop).relationships == ()

    read(shop, CUSTOMERS, ORDERS, keys=[key("orders", "customer_id", "customers")])
    link.refresh_from_db()
    assert (link.source, link.is_active) == ("fk", True)


def test_strange_names_are_kept_as_they_are(inside):
    shop = rows.connection(inside)
    names = ['a"b', "a`b", "select", "订单 明细", "🙂", "Orders", "orders"]

    read(shop, *(table(name, column("id"), column('x"y')) for name in names))

    assert {one.name for one in schema.catalogue(connection=shop).tables} == set(names)


# The catalogue


def test_the_catalogue_is_kept_until_something_is_said(inside, django_assert_max_num_queries):
    shop = rows.connection(inside)
    read(shop, CUSTOMERS, ORDERS)
    first = schema.catalogue(connection=shop)

    with django_assert_max_num_queries(8) as seen:
        assert schema.catalogue(connection=shop) is first
    assert sum("querygpt_" in query["sql"] for query in seen.captured_queries) == 1

    Column.objects.filter(name="total").update(description_en="what was paid")
    again = schema.catalogue(connection=shop)
    assert again is not first
    assert again.tables[1].columns[2].description_en == "what was paid"


def test_another_process_reads_it_from_the_cache(inside):
    shop = rows.connection(inside)
    read(shop, CUSTOMERS, ORDERS)
    first = schema.catalogue(connection=shop)
    reading._kept.clear()

    assert schema.catalogue(connection=shop) == first
    reading._kept.clear()
    cache.clear()
    assert schema.catalogue(connection=shop) == first


def test_terms_of_the_house_and_of_the_database_are_in_it(inside):
    shop, other = rows.connection(inside), rows.connection(inside, "other")
    rows.term(inside, "销售额", connection=shop)
    rows.term(inside, "成交额")
    rows.term(inside, "别处", connection=other)
    rows.term(inside, "坏了", connection=shop, state="broken")

    found = {term.name_zh for term in schema.catalogue(connection=shop).terms}

    assert found == {"销售额", "成交额"}


def test_tables_of_one_name_are_called_by_their_schema(inside):
    shop = rows.connection(inside)
    one = rows.table(shop, "orders", {"id": "int"}, schema_name="a")
    rows.table(shop, "orders", {"id": "int"}, schema_name="b")
    people = rows.table(shop, "people", {"id": "int"}, schema_name="b")
    rows.relationship(one, people, "person_id")

    link = schema.catalogue(connection=shop).relationships[0]

    assert (link.from_table, link.to_table) == ("a.orders", "people")


# Guesses


@pytest.mark.parametrize(
    ("name", "family", "role"),
    [
        ("order_id", "int", "id"),
        ("客户编号", "text", "id"),
        ("isActive", "int", "flag"),
        ("是否会员", "text", "flag"),
        ("created_at", "datetime", "time"),
        ("下单日期", "text", "time"),
        ("total_amount", "decimal", "measure"),
        ("status", "text", "category"),
        ("所在城市", "text", "category"),
        ("product_name", "text", "name"),
        ("notes", "text", "other"),
        ("payload", "json", "other"),
    ],
)
def test_a_column_is_for_what_its_name_says(name, family, role):
    assert guess(name=name, family=family).role == role


@pytest.mark.parametrize(
    "name",
    [
        "password_hash",
        "mobile",
        "Email",
        "id_card_no",
        "身份证号",
        "手机号码",
        "家庭住址",
        "apiKey",
    ],
)
def test_private_values_are_told_by_the_name(name):
    assert guess(name=name, family="text").is_sensitive


@pytest.mark.parametrize("name", ["region", "title", "hospital", "名称", "状态", "shipping"])
def test_ordinary_values_are_not_private(name):
    assert not guess(name=name, family="text").is_sensitive


@pytest.mark.parametrize(
    ("name", "unit"),
    [("price_cny", "CNY"), ("重量(kg)", "kg"), ("duration_ms", "ms"), ("days", "")],
)
def test_units_stand_in_names(name, unit):
    assert guess(name=name, family="int").unit == unit


def test_names_are_split_into_words():
    assert words_of("HTTPServerName2") == ["http", "server", "name2".rstrip("2"), "2"]
    assert "quantity" in terms_of("order_qty")
    assert terms_of("OrderItems") == ["order", "item"]


@pytest.mark.parametrize(
    ("column_name", "table_name"),
    [
        ("customer_id", "customers"),
        ("cust_id", "customer"),
        ("categoryId", "categories"),
        ("客户编号", "客户"),
        ("商品编码", "商品表"),
        ("store_id", "t_stores"),
    ],
)
def test_a_key_leads_to_the_table_of_its_name(column_name, table_name):
    home = KnownTable(table_name, columns=(KnownColumn("id", family="int", is_primary_key=True),))
    away = KnownTable("facts", columns=(KnownColumn(column_name, family="int"),))

    found = suggest([home, away])

    assert [(one.from_column, one.to_table.name) for one in found] == [(column_name, table_name)]


def test_columns_of_other_types_lead_nowhere():
    home = KnownTable("customers", columns=(KnownColumn("id", family="int", is_primary_key=True),))
    away = KnownTable("facts", columns=(KnownColumn("customer_id", family="text"),))

    assert suggest([home, away]) == []


# Ranking


def known(*names, **changes):
    return Catalogue(tables=tuple(KnownTable(name) for name in names), **changes)


def names(tables):
    return [one.name for one in tables]


def test_the_tables_a_question_names_come_first():
    found = schema.rank(question="orders per customer", catalogue=known("a", "customers", "orders"))

    assert set(names(found)[:2]) == {"customers", "orders"}


def test_a_bridge_between_found_tables_comes_along():
    filler = [f"x{number}" for number in range(40)]
    links = (
        KnownRelationship("enrolments", ("student_id",), "students", ("id",)),
        KnownRelationship("enrolments", ("course_id",), "courses", ("id",)),
    )
    catalogue = known("students", "courses", *filler, "enrolments", relationships=links)

    found = names(schema.rank(question="students of courses", catalogue=catalogue, k=4))

    assert "enrolments" in found


def test_a_pinned_table_is_always_there_and_a_closed_one_never():
    tables = (
        *(KnownTable(f"orders_{number}") for number in range(30)),
        KnownTable("pinned"),
        KnownTable("kept", is_pinned=True),
        KnownTable("orders", is_denied=True),
    )

    found = names(schema.rank(question="orders", catalogue=Catalogue(tables), pinned=["pinned"]))

    assert {"pinned", "kept"} <= set(found)
    assert "orders" not in found
    assert len(found) <= ranking.MOST_TABLES


def test_words_of_the_house_and_values_lead_to_their_tables():
    tables = tuple(KnownTable(f"t{number}") for number in range(50))
    catalogue = Catalogue(
        tables,
        terms=(KnownTerm("metric", "t30", "SUM(x)", name_zh="营业额"),),
        values={("t40", "region"): ("华东", "华南")},
    )

    found = names(schema.rank(question="华东的营业额", catalogue=catalogue, k=2))

    assert set(found) == {"t30", "t40"}


def test_hidden_columns_lead_nowhere():
    tables = (
        KnownTable("a"),
        KnownTable("z", columns=(KnownColumn("salary", is_hidden=True),)),
    )

    assert names(schema.rank(question="salary", catalogue=Catalogue(tables), k=1)) == ["a"]


# Values


def test_values_are_kept_sealed_and_found_again(alice):
    with tenancy.workspace(alice.workspace.id, user_id=alice.user.id):
        shop = rows.connection(alice, values_enabled=True)
        stores = rows.table(shop, "stores", {"id": "int", "region": "text", "phone": "text"})
        Column.objects.filter(name="phone").update(is_sensitive=True)
        rows.table(shop, "secrets", {"id": "int", "code": "text"}, access="denied")
        asked = []

        def ask(sql):
            asked.append(sql)
            return [["华东"], ["華南"], [None], [""]]

        known = schema.catalogue(connection=shop)
        count = values.build(
            connection=shop,
            catalogue=known,
            names=lambda one: one.name,
            ask=ask,
            owner=Owner(alice.user.pk, alice.workspace.pk),
        )

        assert count == 1
        assert asked == [
            'SELECT DISTINCT "region" FROM "stores" WHERE "region" IS NOT NULL LIMIT 1001'
        ]
        found = schema.catalogue(connection=shop)
        assert found.values == {("stores", "region"): ("华东", "華南")}
        hits = values.find(question="华南和华东的销售额", catalogue=found)
        assert {hit.value for hit in hits} == {"华东", "華南"}
        sealed = Connection.objects.get(pk=shop.pk)
        assert "华东" not in sealed.values_key_encrypted

        values.forget(connection=shop)
        assert schema.catalogue(connection=shop).values == {}
        assert stores.pk


@pytest.mark.parametrize("found", [[[f"v{n}"] for n in range(1001)], [["x" * 65]], [[1]], None, []])
def test_columns_of_many_or_long_values_are_left_out(found):
    assert values._distinct(found) == ()


def test_a_name_cannot_leave_its_quotes(inside):
    shop = rows.connection(inside)
    evil = KnownTable('t" ; DROP TABLE x --', schema="s")
    sql = values.statement(shop, evil, KnownColumn('c"'))
    assert sql.startswith('SELECT DISTINCT "c""" FROM "s"."t"" ; DROP TABLE x --"')

    shop.driver = "mysql"
    assert values.statement(shop, KnownTable("a`b"), KnownColumn("c")).count("`") == 8


def test_what_vanished_a_month_ago_goes(inside):
    shop = rows.connection(inside)
    long_ago = timezone.now() - timedelta(days=31)
    read(shop, CUSTOMERS, ORDERS, at=long_ago)
    read(shop, CUSTOMERS, at=long_ago)

    assert Table.objects.get(name="orders").vanished_at == long_ago
