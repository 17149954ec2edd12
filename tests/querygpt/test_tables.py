"""What the database itself promises about questions, whatever code forgets."""

from datetime import timedelta
from functools import partial

import pytest
from django.db import connection as database
from django.db import transaction
from django.db.utils import DatabaseError, IntegrityError, ProgrammingError
from django.utils import timezone

from accounts import tenancy
from accounts.resealing import columns as sealed_columns
from laojun import textindex
from querygpt import removal, retention
from querygpt.models import (
    Column,
    Connection,
    ConnectionFile,
    Conversation,
    Example,
    Message,
    Prompt,
    Relationship,
    Result,
    Run,
    Table,
    Term,
)
from tests.querygpt import rows

pytestmark = pytest.mark.django_db
MODELS = (
    Connection,
    ConnectionFile,
    Table,
    Column,
    Relationship,
    Term,
    Example,
    Conversation,
    Message,
    Run,
    Result,
    Prompt,
)


def refused(name):
    """The block breaks the constraint of this name, at once or at commit."""
    return pytest.raises(IntegrityError, match=name)


def attempt(make, *args, **changes):
    with transaction.atomic():
        made = make(*args, **changes)
        database.check_constraints()
        return made


def file_of(of, **changes):
    return ConnectionFile.objects.create(
        workspace_id=of.workspace_id, connection=of, file_id=of.pk, **changes
    )


def prompt(person, **changes):
    given = {"type": "system", "content_zh": "你是分析师", **changes}
    return Prompt.objects.create(workspace=person.workspace, **given)


# Connections


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"driver": "oracle"}, "driver_ck"),
        ({"host": ""}, "host_ck"),
        ({"driver": "mysql", "host": ""}, "host_ck"),
        ({"driver": "sqlite", "host": "x", "port": None}, "file_ck"),
        ({"driver": "sqlite", "host": "", "port": 1}, "file_ck"),
        ({"driver": "duckdb", "host": "", "port": None, "username": "x"}, "file_ck"),
        ({"driver": "duckdb", "host": "", "port": None, "password_encrypted": "x"}, "file_ck"),
        ({"port": 0}, "port_ck"),
        ({"port": 65536}, "port_ck"),
        ({"visibility": "public"}, "visibility_ck"),
        ({"tls_mode": "maybe"}, "tls_mode_ck"),
        ({"disclosure": "all"}, "disclosure_ck"),
        ({"status": "great"}, "status_ck"),
        ({"timeout_seconds": 0}, "timeout_ck"),
        ({"timeout_seconds": 121}, "timeout_ck"),
        ({"max_rows": 0}, "max_rows_ck"),
        ({"max_rows": 50_001}, "max_rows_ck"),
    ],
)
def test_a_connection_holds_together(inside, changes, name):
    with refused(f"querygpt_connections_{name}"):
        attempt(rows.connection, inside, **changes)


def test_a_person_has_one_connection_of_a_name_and_one_default(inside):
    rows.connection(inside, is_default=True)

    with refused("querygpt_connections_name_uniq"):
        attempt(rows.connection, inside)
    with refused("querygpt_connections_default_uniq"):
        attempt(rows.connection, inside, "other", is_default=True)


def test_a_deleted_connection_blocks_neither_its_name_nor_the_default(inside):
    rows.connection(inside, is_default=True, deleted_at=timezone.now())

    assert attempt(rows.connection, inside, is_default=True).pk


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"state": "lost"}, "state_ck"),
        ({"state": "ready", "sha256": ""}, "ready_ck"),
        ({"state": "ready", "sha256": "x" * 64}, "ready_ck"),
    ],
)
def test_a_file_is_ready_only_with_its_hash(inside, changes, name):
    of = rows.connection(inside)
    with refused(f"querygpt_connection_files_{name}"):
        attempt(file_of, of, table_name="t", **changes)


def test_a_connection_has_one_file_for_a_table(inside):
    of = rows.connection(inside)
    file_of(of, table_name="t")

    with refused("querygpt_connection_files_table_uniq"):
        attempt(file_of, of, table_name="t")


# Structure


def test_names_are_unique_in_their_place(inside):
    of = rows.connection(inside)
    orders = rows.table(of, "orders", {"id": "int"}, schema_name="a")

    assert attempt(rows.table, of, "orders", schema_name="b").pk
    assert attempt(rows.table, of, "Orders", schema_name="a").pk
    with refused("querygpt_tables_name_uniq"):
        attempt(rows.table, of, "orders", schema_name="a")
    with refused("querygpt_columns_name_uniq"):
        attempt(
            Column.objects.create, workspace=inside.workspace, table=orders, ordinal=2, name="id"
        )


@pytest.mark.parametrize(
    ("changes", "name"), [({"kind": "heap"}, "kind_ck"), ({"access": "some"}, "access_ck")]
)
def test_a_table_is_of_a_known_kind(inside, changes, name):
    with refused(f"querygpt_tables_{name}"):
        attempt(rows.table, rows.connection(inside), "t", **changes)


@pytest.mark.parametrize(
    ("changes", "name"), [({"family": "money"}, "family_ck"), ({"role": "king"}, "role_ck")]
)
def test_a_column_is_of_a_known_family_and_role(inside, changes, name):
    of = rows.table(rows.connection(inside), "t")
    with refused(f"querygpt_columns_{name}"):
        attempt(
            Column.objects.create,
            workspace=inside.workspace,
            table=of,
            ordinal=1,
            name="c",
            **changes,
        )


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"to_columns": ["id", "id2"]}, "columns_ck"),
        ({"from_columns": [], "to_columns": []}, "columns_ck"),
        ({"from_columns": list("abcde"), "to_columns": list("abcde")}, "columns_ck"),
        ({"cardinality": "1:N"}, "cardinality_ck"),
        ({"source": "guess"}, "source_ck"),
        ({"confidence": 2}, "confidence_ck"),
    ],
)
def test_a_relationship_holds_together(inside, changes, name):
    of = rows.connection(inside)
    orders, customers = rows.table(of, "orders"), rows.table(of, "customers")
    with refused(f"querygpt_relationships_{name}"):
        attempt(rows.relationship, orders, customers, "customer_id", **changes)


def test_two_ends_are_related_once(inside):
    of = rows.connection(inside)
    orders, customers = rows.table(of, "orders"), rows.table(of, "customers")
    rows.relationship(orders, customers, "customer_id")

    assert attempt(rows.relationship, orders, customers, "payer_id").pk
    with refused("querygpt_relationships_ends_uniq"):
        attempt(rows.relationship, orders, customers, "customer_id")


# Knowledge


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"name_zh": "", "key_zh": None}, "named_ck"),
        ({"key_zh": None}, "keys_ck"),
        ({"key_zh": ""}, "keys_ck"),
        ({"key_en": "x"}, "keys_ck"),
        ({"kind": "joke"}, "kind_ck"),
        ({"state": "new"}, "state_ck"),
        ({"expression": ""}, "expression_ck"),
    ],
)
def test_a_term_holds_together(inside, changes, name):
    with refused(f"querygpt_terms_{name}"):
        attempt(rows.term, inside, **changes)


def test_a_word_means_one_thing_in_one_place(inside):
    of = rows.connection(inside)
    rows.term(inside, "GMV")
    rows.term(inside, "GMV", connection=of)

    with refused("querygpt_terms_zh_uniq"):
        attempt(rows.term, inside, "gmv")
    with refused("querygpt_terms_zh_uniq"):
        attempt(rows.term, inside, "GMV", connection=of)
    assert attempt(rows.term, inside, "GMV", kind="filter").pk

    rows.term(inside, "营收", name_en="Revenue")
    with refused("querygpt_terms_en_uniq"):
        attempt(rows.term, inside, "收入", name_en="REVENUE")


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"state": "approved"}, "approved_ck"),
        ({"state": "approved", "approved_at": timezone.now()}, "approved_ck"),
        ({"state": "approved", "approved_by_name": "alice"}, "approved_ck"),
        ({"state": "good"}, "state_ck"),
        ({"language": "fr"}, "language_ck"),
        ({"question_key": ""}, "question_ck"),
        ({"uses": -1}, "uses_ck"),
    ],
)
def test_an_example_counts_only_when_somebody_approved_it(inside, changes, name):
    with refused(f"querygpt_examples_{name}"):
        attempt(rows.example, rows.connection(inside), **changes)


def test_a_question_has_one_approved_answer(inside):
    of = rows.connection(inside)
    approval = {"state": "approved", "approved_at": timezone.now(), "approved_by_name": "alice"}
    rows.example(of, **approval)

    assert attempt(rows.example, of).pk
    with refused("querygpt_examples_question_uniq"):
        attempt(rows.example, of, **approval)


# Conversations and messages


def test_a_conversation_is_in_a_known_state(inside):
    with refused("querygpt_conversations_status_ck"):
        attempt(rows.conversation, inside, status="lost")


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"role": "robot"}, "role_ck"),
        ({"role": "user", "state": "queued"}, "state_ck"),
        ({"role": "system", "outcome": "answered"}, "state_ck"),
        ({"role": "assistant"}, "state_ck"),
        ({"role": "assistant", "state": "done"}, "state_ck"),
        ({"role": "assistant", "state": "running", "outcome": "answered"}, "state_ck"),
        ({"role": "assistant", "state": "lost", "outcome": "answered"}, "state_ck"),
        ({"role": "assistant", "state": "done", "outcome": "great"}, "outcome_ck"),
        ({"engine": "magic"}, "engine_ck"),
        ({"language": "fr"}, "language_ck"),
        ({"feedback": 2}, "feedback_ck"),
        ({"variant": 0}, "number_ck"),
        ({"metadata": {"sql": "x" * 65_536}}, "metadata_ck"),
    ],
)
def test_a_message_holds_together(inside, changes, name):
    with refused(f"querygpt_messages_{name}"):
        attempt(rows.message, rows.conversation(inside), **changes)


def test_a_place_in_a_thread_is_taken_once(inside):
    of = rows.conversation(inside)
    question = rows.message(of, 0)
    rows.message(of, 1, role="assistant", state="done", outcome="answered", reply_to=question)

    with refused("querygpt_messages_position_uniq"):
        attempt(rows.message, of, 1)
    with refused("querygpt_messages_variant_uniq"):
        attempt(
            rows.message,
            of,
            2,
            role="assistant",
            state="done",
            outcome="answered",
            reply_to=question,
        )


@pytest.mark.parametrize("second", ["queued", "running"])
def test_a_conversation_answers_one_question_at_a_time(inside, second):
    of = rows.conversation(inside)
    live = partial(rows.message, of, role="assistant")
    live(position=1, state="queued")

    with refused("querygpt_messages_live_uniq"):
        attempt(live, position=2, state=second)


# Runs, results, prompts


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"origin": "dream"}, "origin_ck"),
        ({"verdict": "maybe"}, "verdict_ck|querygpt_runs_refused_ck"),
        ({"state": "lost"}, "state_ck"),
        ({"state": "refused"}, "refused_ck"),
        ({"verdict": "refused"}, "refused_ck"),
        ({"state": "refused", "verdict": "refused"}, "refused_ck"),
        (
            {"state": "refused", "verdict": "refused", "rule": "into", "sql_executed": "SELECT 1"},
            "refused_ck",
        ),
        ({"sql_submitted": "x" * 32_769}, "sql_ck"),
        ({"attempt": 0}, "attempt_ck"),
    ],
)
def test_a_run_holds_together(inside, changes, name):
    with refused(f"querygpt_runs_{name}"):
        attempt(rows.run, inside, **changes)


def test_a_run_without_a_verdict_never_met_the_guard(inside):
    assert attempt(rows.run, inside, verdict=None, state="failed").pk
    assert attempt(rows.run, inside, verdict="refused", state="refused", rule="into").pk


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"state": "lost", "data_key_encrypted": ""}, "state_ck"),
        ({"data_key_encrypted": ""}, "key_ck"),
        ({"file_id": None}, "key_ck"),
        ({"state": "purged"}, "key_ck"),
        ({"state": "expired"}, "key_ck"),
    ],
)
def test_rows_that_are_gone_have_no_key(inside, changes, name):
    with refused(f"querygpt_results_{name}"):
        attempt(rows.result, rows.run(inside), **changes)


def test_a_run_has_one_result(inside):
    run = rows.run(inside)
    rows.result(run)

    with refused("querygpt_results_run_uniq"):
        attempt(rows.result, run)


def test_each_level_has_one_text_of_a_part(inside):
    prompt(inside)
    prompt(inside, user=inside.user)

    with refused("querygpt_prompts_level_uniq"):
        attempt(prompt, inside)
    with refused("querygpt_prompts_level_uniq"):
        attempt(prompt, inside, user=inside.user)


def test_the_platform_has_one_text_of_a_part_too(alice):
    with tenancy.platform_scope(reason="test"):
        Prompt.objects.filter(workspace=None, type="qa").delete()
        Prompt.objects.create(type="qa", content_en="x")
        with refused("querygpt_prompts_level_uniq"):
            attempt(Prompt.objects.create, type="qa", content_en="y")
        with refused("querygpt_prompts_level_ck"):
            attempt(Prompt.objects.create, type="qa", content_en="y", user=alice.user)


@pytest.mark.parametrize(
    ("changes", "name"), [({"type": "joke"}, "type_ck"), ({"content_zh": ""}, "content_ck")]
)
def test_a_prompt_holds_together(inside, changes, name):
    with refused(f"querygpt_prompts_{name}"):
        attempt(prompt, inside, **changes)


# Isolation


def everything(person):
    """A row of every kind, by person."""
    shop = rows.connection(person)
    file_of(shop, table_name="t")
    orders = rows.table(shop, "orders", {"id": "int", "customer_id": "int"})
    rows.relationship(orders, rows.table(shop, "customers", {"id": "int"}), "customer_id")
    rows.term(person, connection=shop)
    rows.example(shop)
    thread = rows.conversation(person, connection=shop)
    answer = rows.message(thread, role="assistant", state="done", outcome="answered")
    run = rows.run(person, connection=shop, conversation=thread, message=answer)
    rows.result(run, message=answer)
    prompt(person)
    return shop


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_a_stranger_sees_none_of_it(alice, charlie, model):
    with tenancy.workspace(alice.workspace.id, user_id=alice.user.id):
        everything(alice)
        assert model.objects.filter(workspace=alice.workspace).exists()

    with tenancy.workspace(charlie.workspace.id, user_id=charlie.user.id):
        assert not model.objects.filter(workspace=alice.workspace).exists()
        mine = model.objects.filter(workspace=alice.workspace)
        assert mine.update(workspace_id=charlie.workspace.id) == 0
        assert mine.delete()[0] == 0
    assert not model.objects.filter(workspace__isnull=False).exists()


def test_a_row_cannot_be_put_into_another_workspace(alice, charlie):
    with (
        tenancy.workspace(alice.workspace.id, user_id=alice.user.id),
        pytest.raises(ProgrammingError, match="row-level security"),
    ):
        attempt(rows.connection, charlie)


def test_a_tenant_changes_no_text_of_the_platform(inside):
    with tenancy.platform_scope(reason="test"):
        Prompt.objects.get_or_create(type="qa", workspace=None, defaults={"content_en": "x"})

    assert Prompt.objects.system().exists()
    assert Prompt.objects.system().update(content_en="mine") == 0
    with pytest.raises(ProgrammingError, match="row-level security"):
        attempt(Prompt.objects.create, type="qa", content_en="mine")


@pytest.mark.parametrize(
    ("make", "constraint"),
    [
        (lambda alice, shop: rows.table(shop, "t"), "querygpt_tables_connection_id_tenant_fk"),
        (
            lambda alice, shop: rows.term(alice, connection=shop),
            "querygpt_terms_connection_id_tenant_fk",
        ),
        (
            lambda alice, shop: rows.conversation(alice, connection=shop),
            "querygpt_conversations_connection_id_tenant_fk",
        ),
        (
            lambda alice, shop: rows.run(alice, connection=shop),
            "querygpt_runs_connection_id_tenant_fk",
        ),
    ],
)
def test_nothing_points_into_another_workspace(alice, charlie, make, constraint):
    with tenancy.workspace(charlie.workspace.id, user_id=charlie.user.id):
        theirs = rows.connection(charlie)
    theirs.workspace_id = alice.workspace.id

    with (
        tenancy.workspace(alice.workspace.id, user_id=alice.user.id),
        refused(constraint),
    ):
        attempt(make, alice, theirs)


# What goes with what


def test_a_conversation_outlives_its_connection(inside):
    shop = everything(inside)

    Connection.objects.filter(pk=shop.pk).delete()
    database.check_constraints()

    assert Conversation.objects.get().connection_id is None
    assert Run.objects.get().connection_id is None
    assert [model.objects.count() for model in (Table, Column, Relationship, Term, Example)] == [
        0
    ] * 5


def test_messages_go_with_their_conversation_and_runs_stay(inside):
    everything(inside)

    Conversation.objects.all().delete()
    database.check_constraints()

    assert not Message.objects.exists()
    assert Run.objects.get().message_id is None
    assert Result.objects.get().message_id is None


def test_a_deleted_workspace_leaves_nothing(alice):
    with tenancy.workspace(alice.workspace.id, user_id=alice.user.id):
        everything(alice)
        for step in (
            removal.remove_conversations,
            removal.remove_connections,
            removal.remove_prompts,
        ):
            while step(workspace_id=alice.workspace.id):
                pass
        database.check_constraints()

        left = [m.__name__ for m in MODELS if m.objects.filter(workspace=alice.workspace).exists()]

    assert left == []


def test_what_is_due_goes_to_the_second(inside):
    now = timezone.now()
    shop = rows.connection(inside)
    gone = rows.table(shop, "gone", vanished_at=now - timedelta(days=30, seconds=1))
    rows.table(shop, "back", vanished_at=now - timedelta(days=30))
    thread = rows.conversation(inside, deleted_at=now - timedelta(days=30, seconds=1))
    rows.conversation(inside, deleted_at=now - timedelta(days=30))
    old, kept, young = (rows.run(inside) for _ in range(3))
    running = rows.run(inside, state="running")
    rows.result(kept)
    long_ago = now - timedelta(days=90, seconds=1)
    Run.objects.exclude(pk=young.pk).update(created_at=long_ago)

    assert [row.pk for row in retention.tables_due(now)] == [gone.pk]
    assert [row.pk for row in retention.conversations_due(now)] == [thread.pk]
    assert [row.pk for row in retention.runs_due(now)] == [old.pk]
    assert running.pk


# Versions and search


@pytest.mark.parametrize(
    "model",
    [m for m in MODELS if any(f.name == "version" for f in m._meta.fields)],
    ids=lambda model: model.__name__,
)
def test_every_change_raises_the_version(inside, model):
    everything(inside)
    row = model.objects.filter(workspace=inside.workspace).first()

    model.objects.filter(pk=row.pk).update(updated_at=timezone.now())

    assert model.objects.get(pk=row.pk).version > row.version


def known(shop):
    return Connection.objects.get(pk=shop.pk).knowledge_version


def test_every_statement_about_a_database_raises_what_is_known_of_it(inside):
    shop, other = rows.connection(inside), rows.connection(inside, "other")

    def raises(act):
        before = known(shop)
        made = act()
        assert known(shop) > before
        return made

    orders = raises(lambda: rows.table(shop, "orders", {"id": "int"}))
    customers = rows.table(shop, "customers", {"id": "int"})
    raises(lambda: Table.objects.filter(pk=orders.pk).update(description_zh="订单"))
    raises(lambda: Column.objects.filter(table=orders).update(unit="元"))
    link = raises(lambda: rows.relationship(orders, customers, "customer_id"))
    raises(lambda: link.delete())
    word = raises(lambda: rows.term(inside, connection=shop))
    raises(lambda: word.delete())
    raises(lambda: orders.delete())
    assert known(other) == 0

    raises(lambda: rows.term(inside))
    assert known(other) == 1


def matching(text, most=10):
    with database.cursor() as cursor:
        asked = textindex.all_of(textindex.pieces(text), prefix=True)
        cursor.execute(
            "SELECT * FROM querygpt_conversations_matching(%s::tsquery, %s)", [asked, most]
        )
        return [pk for (pk,) in cursor.fetchall()]


def titled(person, title, **changes):
    return rows.conversation(
        person, title=title, search=textindex.as_tsvector(textindex.grams(title)), **changes
    )


def test_search_finds_ones_own_words_alone(alice, bob, charlie):
    with tenancy.workspace(alice.workspace.id, user_id=alice.user.id):
        now = timezone.now()
        old = titled(alice, "华东地区上月销售额", last_message_at=now - timedelta(days=2))
        new = titled(alice, "华东的客户", last_message_at=now)
        star = titled(alice, "华东", is_favorite=True, last_message_at=now - timedelta(days=9))
        titled(alice, "中华人民与东方")
        titled(alice, "华东旧事", deleted_at=now)
        titled(bob, "华东是鲍勃的")
        assert matching("华东") == [star.pk, new.pk, old.pk]
        assert matching("华东", 1) == [star.pk]

    with tenancy.workspace(charlie.workspace.id, user_id=charlie.user.id):
        assert matching("华东") == []
    assert matching("华东") == []


def test_only_the_application_may_search(inside):
    with database.cursor() as cursor:
        cursor.execute(
            "SELECT has_function_privilege('public', p.oid, 'execute'),"
            " pg_get_userbyid(p.proowner), p.prosecdef FROM pg_proc p"
            " WHERE proname = 'querygpt_conversations_matching'"
        )
        assert cursor.fetchone() == (False, "taishang_search", True)


def test_a_conversation_names_only_models_of_its_person(inside):
    with pytest.raises(DatabaseError, match="cannot be used here"):
        attempt(rows.conversation, inside, model_id=987_654_321)


def test_sealed_columns_can_be_sealed_anew():
    assert {
        "querygpt_connections.password_encrypted",
        "querygpt_connections.values_key_encrypted",
        "querygpt_results.data_key_encrypted",
    } <= set(sealed_columns)


# Who may see a row


def test_a_private_connection_is_its_owners(alice, bob):
    with tenancy.workspace(alice.workspace.id, user_id=alice.user.id):
        mine = rows.connection(alice)
        ours = rows.connection(alice, "ours", visibility="workspace")
        hers, his = (rows.principal(one) for one in (alice, bob))

        assert set(Connection.objects.visible_to(hers)) == {mine, ours}
        assert set(Connection.objects.visible_to(his)) == {ours}
        assert set(Connection.objects.editable_by(his)) == set()
        rows.table(mine, "secret")
        rows.table(ours, "open")
        assert [row.name for row in Table.objects.visible_to(his)] == ["open"]


def test_conversations_and_results_are_their_persons_alone(alice, bob):
    with tenancy.workspace(alice.workspace.id, user_id=alice.user.id):
        everything(alice)
        hers, his = (rows.principal(one) for one in (alice, bob))

        for model in (Conversation, Message, Run, Result):
            assert model.objects.visible_to(hers).count() == 1
            assert model.objects.visible_to(his).count() == 0
