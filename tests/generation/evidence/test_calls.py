"""Calls that are easily taken for something else."""

from __future__ import annotations

from taishang.generation.ir import Fact, OtherValue
from tests.generation.exports import endpoints, facts_of, unresolved

PACKAGE = '{"dependencies": {"react": "18", "axios": "1"}}'


def read(**files: str) -> list[Fact]:
    sources = {f"src/{name}.ts": text for name, text in files.items()}
    return facts_of({"package.json": PACKAGE, **sources})


def others(facts: list[Fact]) -> list[str]:
    return [fact.value.what for fact in facts if isinstance(fact.value, OtherValue)]


def test_a_value_stuck_to_a_segment_is_no_collection_to_delete():
    facts = read(
        api="import axios from 'axios';\n"
        "export const drop = (id: number) => axios.delete(`/api/shows${id}`);\n"
        "export const list = (query: string) => axios.get(`/api/shows${query}`);\n",
        page="import { drop } from './api';\nexport const clean = (show: any) => drop(show.id);\n",
    )

    assert endpoints(facts) == {("GET", "/api/shows")}
    assert unresolved(facts) != []


def test_a_server_action_that_passes_a_request_on_is_known_by_it():
    facts = read(
        actions="'use server';\n"
        "export async function plots() {\n  return fetch('/api/plots').then((r) => r.json());\n}\n"
        "export async function keep(data: FormData) {\n  await store(data);\n}\n"
    )

    assert endpoints(facts) == {("GET", "/api/plots")}
    assert others(facts) == ["server_action"]


def test_a_branch_that_a_caller_never_reaches_is_none_of_its_calls():
    facts = read(
        send="import axios from 'axios';\n"
        "export const send = (kind: string, url: string) =>\n"
        "  kind === 'read' ? axios.get(url) : axios.post(url);\n",
        page="import { send } from './send';\nexport const load = () => send('read', '/api/beds');\n",
    )

    assert endpoints(facts) == {("GET", "/api/beds")}


def test_an_early_return_rules_out_what_follows_it():
    facts = read(
        send="import axios from 'axios';\n"
        "export async function send(url: string, method: string, data?: any) {\n"
        "  if (method === 'GET') return axios.get(url);\n"
        "  if (method === 'DELETE') {\n    return axios.delete(url);\n  }\n"
        "  return axios.post(url, data);\n}\n",
        page="import { send } from './send';\n"
        "export const load = () => send('/api/beds', 'GET');\n"
        "export const add = (bed: any) => send('/api/beds', 'POST', bed);\n"
        "export const drop = (id: string) => send(`/api/beds/${id}`, 'DELETE');\n",
    )

    assert endpoints(facts) == {
        ("GET", "/api/beds"),
        ("POST", "/api/beds"),
        ("DELETE", "/api/beds/{}"),
    }


def test_what_a_handler_asks_its_database_is_no_call_of_the_front_end():
    facts = facts_of(
        {
            "package.json": '{"dependencies": {"next": "15", "@supabase/supabase-js": "2"}}',
            "app/api/beds/route.ts": (
                "import { createClient } from '@supabase/supabase-js';\n"
                "const supabase = createClient(process.env.URL!, process.env.KEY!);\n"
                "export async function GET() {\n"
                "  const { data } = await supabase.from('beds').select('*');\n"
                "  return Response.json(data);\n}\n"
            ),
            "app/api/trpc/[trpc]/route.ts": "export const GET = handler;\nexport const POST = handler;\n",
        }
    )

    assert {fact.kind for fact in facts if fact.kind == "supabase"} == set()
    assert endpoints(facts) == {("GET", "/api/beds")}


def test_a_body_without_a_type_has_the_fields_that_its_callers_hand_over():
    facts = facts_of(
        {
            "package.json": PACKAGE,
            "src/api.js": "import axios from 'axios';\n"
            "export const accountsApi = {\n"
            "  create: async (data) => (await axios.post('/api/accounts', data)).data,\n};\n",
            "src/Add.jsx": "import { accountsApi } from './api';\n"
            "export function Add({ name }) {\n"
            "  const save = () => accountsApi.create({ name: name.trim(), balance: 0, kind: 'cash' });\n"
            "  const copy = () => accountsApi.create({ name, balance: 1 });\n"
            "  return <button onClick={save}>Add</button>;\n}\n",
        }
    )

    (body,) = [fact.value.body for fact in facts if fact.kind == "call"]
    assert {name: (seen.shape.type, seen.optional) for name, seen in body.fields.items()} == {
        "name": ("unknown", False),
        "balance": ("integer", False),
        "kind": ("text", True),
    }
