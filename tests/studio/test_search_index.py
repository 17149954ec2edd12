"""Among many segments the wanted ones are led to by the index of grams, for the search role alone."""

from django.db import connection, connections

from accounts import tenancy
from laojun import textindex
from studio.models import SearchSegment
from studio.search import following
from tests import factories
from tests.studio import stories

# Twenty thousand segments that hold other words.
OTHERS = """
    INSERT INTO studio_search_segments (id, workspace_id, work_id, object_type, object_id, field, segment,
        start, folded, grams, revision, created_at, updated_at)
    SELECT gen_random_uuid(), workspace_id, work_id, object_type, object_id, field, n, 0, n::text,
        quote_literal('g' || n)::tsvector, 1, now(), now()
    FROM studio_search_segments, generate_series(1, 20000) n WHERE field = 'content'
"""
SECRET = "独一无二的秘密"


def test_the_function_of_the_search_role_uses_the_index_of_grams(committed):
    alice = factories.person("alice")
    asked = textindex.all_of(textindex.pieces(SECRET), prefix=True)
    with tenancy.workspace(alice.workspace.pk, user_id=alice.user.pk):
        work = stories.work(alice)
        stories.chapter(work, 1, SECRET)
        following.follow_work(work.pk)
        with connection.cursor() as cursor:
            cursor.execute(OTHERS)
    with connections["owner"].cursor() as cursor:
        cursor.execute("ANALYZE studio_search_segments")

    with tenancy.workspace(alice.workspace.pk, user_id=alice.user.pk):
        with connection.cursor() as cursor:
            before = _scans(cursor)
            cursor.execute(
                "SELECT count(*) FROM studio_segments_matching(%s::uuid[], %s::tsquery, %s::text[], 9)",
                [[work.pk], asked, ["chapter"]],
            )
            assert cursor.fetchone() == (1,)
            assert _scans(cursor) > before
        explained = SearchSegment.objects.extra(where=["grams @@ %s::tsquery"], params=[asked])
        assert "gram_ix" not in explained.explain()


def _scans(cursor):
    cursor.execute("SELECT pg_stat_get_xact_numscans('studio_search_segments_gram_ix'::regclass)")
    return cursor.fetchone()[0]
