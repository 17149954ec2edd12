"""What is read out of replies and sent in bodies, as far as the code says it."""

from __future__ import annotations

import pytest

from taishang.generation.ir import CallValue
from tests.generation.exports import facts_of


def only_call(source: str, name: str = "src/a.tsx", **more: str) -> CallValue:
    values = [
        fact.value for fact in facts_of({name: source, **more}) if isinstance(fact.value, CallValue)
    ]
    assert len(values) == 1
    return values[0]


@pytest.mark.parametrize(
    ("code", "list_at", "keys"),
    [
        ("const d = await (await fetch('/api/posts')).json(); d.map((p) => p.title);", "", ["[].title"]),
        ("const r = await fetch('/api/posts'); const { results } = await r.json(); results.map((p) => p.id)", "results", ["results", "results[].id"]),
        ("fetch('/api/posts').then((r) => r.json()).then((d) => d.posts.forEach(({ id }) => id))", "posts", ["posts"]),
        ("const { data } = await axios.get('/api/posts'); data.items.filter((p) => p.done)", "items", ["items", "items[].done"]),
        ("const r = await axios.get('/api/posts'); for (const p of r.data) use(p.name);", "", ["[].name"]),
        ("const d = await (await fetch('/api/posts/1')).json(); show(d.title, d.tags.map((t) => t.name))", None, ["tags", "tags[].name", "title"]),
        ("const r = await fetch('/api/posts'); const d = await r.json(); const rows = d.rows || []; rows[0].id", "rows", ["rows", "rows[].id"]),
    ],
)  # fmt: skip
def test_list_and_keys_are_read(code: str, list_at: str | None, keys: list[str]) -> None:
    source = "import axios from 'axios';\nasync function load() {\n  " + code + "\n}\n"

    reads = only_call(source).reads

    assert reads.list_at == list_at
    assert set(keys) <= set(reads.keys)


def test_state_of_a_component_is_followed_to_what_it_shows() -> None:
    reads = only_call("""
export function Posts() {
  const [posts, setPosts] = useState<Post[]>([]);
  useEffect(() => { fetch("/api/posts").then((r) => r.json()).then((d) => setPosts(d.data)); }, []);
  return posts.map((post) => <b>{post.headline}</b>);
}
""").reads

    assert "data[].headline" in reads.keys


def test_the_envelope_of_a_wrapper_and_its_errors_belong_to_each_call() -> None:
    reads = only_call("""
async function request<T>(path: string): Promise<T> {
  const response = await fetch("/api" + path);
  if (!response.ok) {
    const problem = await response.json();
    throw new Error(problem.detail);
  }
  const json = await response.json();
  return json.payload;
}
export const users = () => request<User[]>("/users");
async function show() { (await users()).map((user) => user.email); }
""").reads

    assert reads.envelope == "payload"
    assert reads.type_name == "User[]"
    assert reads.error_keys == ["detail"]
    assert "payload[].email" in reads.keys


def test_react_query_carries_the_reply_as_data() -> None:
    reads = only_call("""
import { useQuery } from "@tanstack/react-query";
const load = async () => (await fetch("/api/teams")).json();
export function Teams() {
  const { data: teams } = useQuery({ queryKey: ["teams"], queryFn: load });
  return teams.map((team) => team.logo);
}
""").reads

    assert reads.list_at == ""
    assert "[].logo" in reads.keys


def test_statuses_that_the_code_tests_for_are_kept() -> None:
    code = 'async function f() { const r = await fetch("/api/x"); if (r.status === 204) return; if (r.status !== 409) go(); }'

    assert only_call(code).reads.statuses == [204, 409]


def test_a_body_takes_types_from_state_parameters_and_literals() -> None:
    call = only_call("""
interface Draft { title: string; tags: string[]; done?: boolean }
export function Editor({ author }: { author: number }) {
  const [mail, setMail] = useState("");
  const save = (draft: Draft) =>
    fetch("/api/posts", { method: "POST", body: JSON.stringify({ ...draft, mail, author, kind: "note", at: new Date().toISOString(), big: mail.length > 3 }) });
}
""")

    assert call.body is not None
    types = {name: field.shape.type for name, field in call.body.fields.items()}
    assert types["title"] == "text"
    assert types["tags"] == "array"
    assert types["mail"] == "text"
    assert types["kind"] == "text"
    assert types["at"] == "datetime"
    assert (call.media_type, call.method) == ("json", "POST")


def test_form_data_is_multipart_and_knows_its_files() -> None:
    call = only_call("""
export async function upload(picture: File, title: string) {
  const form = new FormData();
  form.append("picture", picture);
  form.append("title", title);
  await fetch("/api/pictures", { method: "POST", body: form, credentials: "include" });
}
""")

    assert call.body is not None
    assert call.media_type == "multipart"
    assert {name: field.shape.type for name, field in call.body.fields.items()} == {
        "picture": "file",
        "title": "text",
    }
    assert call.sends_cookies


def test_a_typed_query_object_gives_its_members_as_parameters() -> None:
    call = only_call("""
interface Filter { page: number; status: "open" | "closed"; q?: string }
export const list = (filter: Filter) => axios.get("/api/tickets", { params: filter });
""")

    assert [parameter.name for parameter in call.query] == ["page", "status", "q"]
    assert call.query[1].choices == ["open", "closed"]


def test_functions_nobody_calls_are_marked() -> None:
    facts = facts_of({
        "src/api.ts": 'export const api = {\n  used: () => fetch("/api/used"),\n  idle: () => fetch("/api/idle"),\n};\n',
        "src/page.tsx": 'import { api } from "./api";\napi.used();\n',
    })  # fmt: skip

    called = {
        fact.value.path: fact.value.called for fact in facts if isinstance(fact.value, CallValue)
    }
    assert called == {"/api/used": True, "/api/idle": False}


def test_a_token_header_is_seen_through_a_wrapper() -> None:
    call = only_call("""
function headers() { return { Authorization: `Bearer ${localStorage.getItem("t")}` }; }
export const me = () => fetch("/api/me", { headers: { ...headers() } });
""")

    assert call.sends_token
