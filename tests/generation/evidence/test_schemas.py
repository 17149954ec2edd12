from __future__ import annotations

import pytest

from taishang.generation.evidence import prisma, schemas, sqlschemas
from taishang.generation.ir import SchemaValue, Shape
from tests.generation.fixture_exports import project_of


def declared(text: str, **more: str) -> dict[str, SchemaValue]:
    facts = schemas.extract(project_of({"src/types.ts": text, **more}))
    return {fact.value.name: fact.value for fact in facts}


def field(text: str, name: str = "x") -> Shape:
    return declared(f"interface T {{ id: string; x{text} }}")["T"].shape.fields[name].shape


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        (": string", "text"),
        (": number", "float"),
        (": boolean", "boolean"),
        (": true | false", "boolean"),
        (": Date", "datetime"),
        (": string | Date", "datetime"),
        (": 'a' | 'b'", "choice"),
        (": 1 | 2", "integer"),
        (": string[]", "array"),
        (": Array<Post>", "array"),
        (": Record<string, number>", "json"),
        (": { [key: string]: number }", "json"),
        (": File | null", "file"),
        (": any", "unknown"),
        (": Post", "reference"),
        (": Promise<string>", "text"),
        (": readonly string[]", "array"),
        (": `id-${string}`", "text"),
    ],
)
def test_a_type_is_read_as_its_wire_type(text, kind):
    assert field(text).type == kind


def test_optional_and_null_are_told_apart_and_carry_their_line():
    fields = declared("interface T {\n  id: string;\n  a?: string;\n  b: string | null;\n}")[
        "T"
    ].shape.fields

    assert [(name, seen.optional, seen.null) for name, seen in fields.items()] == [
        ("id", False, False),
        ("a", True, False),
        ("b", False, True),
    ]
    assert (fields["b"].line, fields["b"].excerpt) == (4, "b: string | null;")


def test_methods_and_markup_are_no_fields():
    fields = declared(
        "interface T { id: string; save(): void; run: () => void; icon: React.ReactNode }"
    )["T"].shape.fields

    assert list(fields) == ["id"]


@pytest.mark.parametrize(
    ("text", "fields"),
    [
        ("interface T extends Base { c: string }", ["a", "b", "c"]),
        ("type T = Base & { c: string }", ["a", "b", "c"]),
        ("type T = Omit<Base, 'a'>", ["b"]),
        ("type T = Pick<Base, 'a'>", ["a"]),
        ("type T = Partial<Base>", ["a", "b"]),
        ("type T = Base", ["a", "b"]),
        ("interface T extends Omit<Base, 'a'> { c: string }", ["b", "c"]),
    ],
)
def test_derived_types_are_resolved(text, fields):
    found = declared(f"interface Base {{ a: string; b: number }}\n{text}")

    assert list(found["T"].shape.fields) == fields


def test_a_base_type_of_another_module_is_found():
    found = declared(
        "import { Base } from '@/base';\ninterface T extends Base { c: string }",
        **{"src/base.ts": "export interface Base { a: string }"},
    )

    assert list(found["T"].shape.fields) == ["a", "c"]


def test_values_of_a_constant_list_are_choices():
    found = declared(
        "const SIZES = ['s', 'm'] as const;\ntype Size = (typeof SIZES)[number];\nenum E { A = 'a', B = 'b' }"
    )

    assert found["Size"].shape.choices == ["s", "m"]
    assert found["E"].shape.choices == ["a", "b"]


def test_a_type_that_refers_to_itself_ends():
    found = declared(
        "interface T extends T { a: T }\ntype A = B;\ntype B = A;\ntype C = C & { x: string };"
    )

    assert "T" in found


def test_deep_nesting_ends():
    declared("type T = " + "{ a: " * 300 + "string" + " }" * 300)
    declared("type T = " + " | ".join(f"'{index}'" for index in range(3_000)))


def test_a_zod_schema_is_read_with_its_rules_and_its_inferred_type():
    found = declared(
        "import { z } from 'zod';\n"
        "export const postSchema = z.object({\n"
        "  title: z.string().min(2).max(80),\n"
        "  mail: z.string().email().optional(),\n"
        "  count: z.number().int(),\n"
        "  state: z.enum(['a', 'b']).nullable(),\n"
        "  tags: z.array(z.string()),\n"
        "});\n"
        "const longer = postSchema.extend({ extra: z.boolean() });\n"
        "type Post = z.infer<typeof postSchema>;\n"
    )

    fields = found["postSchema"].shape.fields
    assert [(name, seen.shape.type, seen.optional) for name, seen in fields.items()] == [
        ("title", "text", False),
        ("mail", "email", True),
        ("count", "integer", False),
        ("state", "choice", False),
        ("tags", "array", False),
    ]
    assert (fields["title"].shape.max_length, fields["state"].null) == (80, True)
    assert list(found["longer"].shape.fields)[-1] == "extra"
    assert found["Post"].shape.fields.keys() == fields.keys()


def test_a_yup_schema_is_optional_unless_required():
    found = declared(
        "import * as yup from 'yup';\n"
        "const schema = yup.object({ name: yup.string().required(), age: yup.number().integer() });"
    )

    fields = found["schema"].shape.fields
    assert (fields["name"].optional, fields["age"].optional, fields["age"].shape.type) == (
        False,
        True,
        "integer",
    )


def test_generated_database_types_give_tables():
    found = declared(
        "export type Database = { public: { Tables: { posts: {\n"
        "  Row: { id: string; title: string; author_id: string }\n"
        "  Insert: { id?: string; title: string; author_id: string }\n"
        "  Relationships: [{ columns: ['author_id']; referencedRelation: 'profiles' }]\n"
        "} }, Enums: { mood: 'good' | 'bad' } } }"
    )

    assert (found["posts"].origin, found["posts"].references) == (
        "database_types",
        {"author_id": "profiles"},
    )
    assert found["posts"].shape.fields["id"].optional
    assert found["mood"].shape.choices == ["good", "bad"]


def tables(text: str) -> dict[str, SchemaValue]:
    facts = sqlschemas.extract(project_of({"supabase/migrations/1.sql": text}))
    return {fact.value.name: fact.value for fact in facts}


def test_sql_tables_are_read_with_keys_defaults_and_checks():
    note = tables(
        "create table public.notes (\n"
        "  id uuid primary key default gen_random_uuid(),\n"
        "  user_id uuid not null references auth.users(id),\n"
        "  title varchar(80) not null unique,\n"
        "  state text not null default 'a' check (state in ('a', 'b')),\n"
        "  price numeric(10,2),\n"
        "  unique (user_id, title)\n"
        ");"
    )["notes"]

    fields = note.shape.fields
    assert (note.primary_key, note.references) == (["id"], {"user_id": "auth.users"})
    assert note.unique == [["title"], ["user_id", "title"]]
    assert (fields["state"].shape.choices, fields["state"].default) == (["a", "b"], "a")
    assert (fields["title"].shape.max_length, fields["title"].optional) == (80, False)
    assert (fields["price"].shape.type, fields["price"].null) == ("decimal", True)
    assert fields["title"].line == 4


@pytest.mark.parametrize(
    "text",
    [
        "-- create table a (id int);",
        "/* create table a (id int); */",
        "select 'create table a (id int);';",
        "create function f() returns void as $$ create table a (id int); $$ language sql;",
        "create table auth.users (id uuid);",
    ],
)
def test_what_only_looks_like_a_table_is_none(text):
    assert tables(text) == {}


@pytest.mark.parametrize(
    "text",
    [
        "create table a (",
        "create table (((",
        "create table a (x " + "(" * 5_000 + ")" * 5_000 + ");",
        "$$",
        "'",
    ],
)
def test_broken_sql_is_passed_over(text):
    assert tables(text) == {}


def test_later_statements_add_and_drop_columns():
    found = tables(
        "create table a (id int primary key, old text);\n"
        "alter table a add column fresh boolean default true;\n"
        "alter table a drop column old;"
    )

    assert list(found["a"].shape.fields) == ["id", "fresh"]


def test_a_prisma_schema_is_read():
    text = (
        "enum Role {\n  ADMIN\n  MEMBER\n}\n"
        "model Post {\n  id String @id @default(uuid())\n  title String // the title\n  role Role @default(MEMBER)\n"
        "  author User @relation(fields: [authorId], references: [id])\n  authorId String\n  tags String[]\n"
        "  slug String? @unique\n  comments Comment[]\n  @@unique([authorId, title])\n}\n"
    )
    found = {
        fact.value.name: fact.value
        for fact in prisma.extract(project_of({"prisma/schema.prisma": text}))
    }

    post = found["Post"]
    assert found["Role"].shape.choices == ["ADMIN", "MEMBER"]
    assert list(post.shape.fields) == ["id", "title", "role", "authorId", "tags", "slug"]
    assert (post.references, post.primary_key) == ({"authorId": "User"}, ["id"])
    assert post.unique == [["slug"], ["authorId", "title"]]
    assert (post.shape.fields["id"].shape.type, post.shape.fields["role"].default) == (
        "uuid",
        "MEMBER",
    )


def test_a_class_of_fields_is_a_type_and_one_that_works_is_none():
    found = declared(
        "export class TaskModel {\n  id: string | null;\n  due: Date;\n"
        "  constructor(id: string, public estimate: number, private http: Http) {}\n"
        "  get late() { return true; }\n}\n"
        "@Injectable()\nexport class TaskService {\n  host: string;\n}\n"
        "export class Store {\n  tasks: string[];\n  add(task: string) {}\n}\n"
    )

    assert list(found) == ["TaskModel"]
    fields = found["TaskModel"].shape.fields
    assert {name: field.shape.type for name, field in fields.items()} == {
        "id": "text",
        "due": "datetime",
        "estimate": "float",
    }
