"""What a front end keeps and shows without a server: mocks, stores, forms, sign-in traces, other channels."""

from __future__ import annotations

import pytest

from taishang.generation.evidence import auth, forms, mocks, others, stores, supabase
from taishang.generation.evidence.literals import number, unescaped
from taishang.generation.ir import Fact
from tests.generation.fixture_exports import project_of


def mocked(text: str, **files: str) -> list[tuple[str, str | None, list]]:
    facts = mocks.extract(project_of({"src/data.tsx": text, **files}))
    return [(fact.value.name, fact.value.type_name, fact.value.rows) for fact in facts]


def test_a_typed_array_of_objects_is_mock_data():
    found = mocked(
        "export const posts: Post[] = [{ id: 1, title: 'A', tags: ['x'], at: null, ok: true, n: -1.5 }];"
    )

    assert found == [
        (
            "posts",
            "Post",
            [{"id": 1, "title": "A", "tags": ["x"], "at": None, "ok": True, "n": -1.5}],
        )
    ]


def test_state_and_constants_of_other_modules_are_followed():
    found = mocked(
        "import { ADA } from './people';\n"
        "function App() { const [posts, setPosts] = useState<Post[]>([{ id: 1, author: ADA, ...{ x: 1 } }]); }",
        **{"src/people.ts": "export const ADA = { id: 7, name: 'Ada' };"},
    )

    assert found == [("posts", "Post", [{"id": 1, "author": {"id": 7, "name": "Ada"}, "x": 1}])]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("new Date('2024-05-06')", "2024-05-06"),
        ("new Date()", "2025-01-01T00:00:00.000Z"),
        ("new Date(Date.now() - 24 * 60 * 60 * 1000)", "2024-12-31T00:00:00.000Z"),
        ("new Date(Date.now() - 3600000).toISOString()", "2024-12-31T23:00:00.000Z"),
        ("new Date(2024, 0, 15)", "2024-01-15T00:00:00.000Z"),
        ("'a' + 'b'", "ab"),
        ("`text`", "text"),
        ("Status.Open", "open"),
    ],
)
def test_expressions_are_evaluated_against_a_fixed_present(text, value):
    found = mocked(f"enum Status {{ Open = 'open' }}\nconst rows = [{{ id: 1, x: {text} }}];")

    assert found[0][2] == [{"id": 1, "x": value}]


@pytest.mark.parametrize(
    "text",
    [
        "const nav = [{ label: 'Home', href: '/', icon: Home }];",
        "const tabs = [{ id: 'a', component: <A /> }];",
        "const numbers = [1, 2, 3];",
        "const columns = [{ key: 'a', title: 'A' }];",
        "// const posts = [{ id: 1, title: 'A' }];",
        "const one = { id: 1, title: 'A' };",
    ],
)
def test_screen_texts_and_scalars_are_no_mock_data(text):
    assert mocked(text) == []


def test_rows_of_an_imported_json_file_are_mock_data():
    found = mocked(
        "import shop from './shop.json';",
        **{"src/shop.json": '{"products": [{"id": 1, "name": "Tea"}], "x": 1}'},
    )

    assert found == [("products", None, [{"id": 1, "name": "Tea"}])]


def test_a_json_file_that_nobody_imports_is_none():
    assert mocked("const a = 1;", **{"src/shop.json": '[{"id": 1}]'}) == []


def test_a_constant_that_refers_to_itself_ends():
    assert mocked("const a = [{ id: 1, next: b }];\nconst b = { id: 2, next: a };") != []


def test_escapes_of_a_string_are_read():
    assert unescaped(r"a\nb\u0041\u{1F600}\x41\'\\") == "a\nbA😀A'\\"
    assert unescaped(r"\ud800") == "\ufffd"
    assert number("0x1F") == 31


def kept(text: str) -> list[Fact]:
    return stores.extract(project_of({"src/store.tsx": text}))


def methods(text: str) -> dict[str, tuple[str, str, bool]]:
    return {
        fact.value.method: (fact.value.verb, fact.value.subject, fact.value.simulated)
        for fact in kept(text)
    }


def test_methods_of_a_zustand_store_take_their_types_from_its_interface():
    facts = kept(
        "interface TodoStore { todos: Todo[]; addTodo: (todo: Omit<Todo, 'id'>) => void; clear: () => void }\n"
        "export const useTodos = create<TodoStore>((set) => ({\n"
        "  todos: [],\n"
        "  addTodo: (todo) => set((state) => ({ todos: [...state.todos, todo] })),\n"
        "}));"
    )

    found = {fact.value.method: fact.value for fact in facts}
    assert (found["addTodo"].verb, found["addTodo"].subject, found["addTodo"].store) == (
        "add",
        "Todo",
        "useTodos",
    )
    assert list(found["addTodo"].parameters) == ["todo"]
    assert found["setTodos"].parameters["todos"].items.name == "Todo"


def test_redux_reducers_and_class_stores_are_methods_too():
    assert "addItem" in methods(
        "createSlice({ name: 'cart', initialState: { items: [] }, reducers: {\n"
        "  addItem(state, action: PayloadAction<Item>) { state.items.push(action.payload); } } });"
    )
    assert "removeItem" in methods(
        "class Cart { removeItem(id: string) { this.items = this.items.filter((x) => x.id !== id); } }"
    )


def test_a_handler_is_named_for_what_it_does():
    found = methods("function A() { const handleDeletePost = (id: string) => { setPosts([]); }; }")

    assert found == {"handleDeletePost": ("delete", "Post", False)}


def test_waiting_or_words_mark_a_simulated_call():
    found = methods(
        "async function sendMessage(text: string) { await new Promise((r) => setTimeout(r, 500)); return true; }\n"
        "// 模拟接口\nasync function saveOrder(order: Order) { await sleep(100); }"
    )

    assert found["sendMessage"][2]
    assert found["saveOrder"][2]


def test_the_row_that_a_method_adds_tells_its_fields():
    facts = kept(
        "function add(text: string) { setTodos([...todos, { id: Date.now(), text, done: false }]); }"
    )

    added = facts[0].value.parameters["added"]
    assert {name: seen.shape.type for name, seen in added.fields.items()} == {
        "id": "integer",
        "text": "text",
        "done": "boolean",
    }


@pytest.mark.parametrize(
    "text",
    [
        "function load() { fetch('/api/x').then(setPosts); }",
        "function format(x) { return x + 1; }",
        "function App() { setX(1); return (<div />); }",
        "const setTheme = (theme) => { setThemeName(theme); };",
    ],
)
def test_real_calls_formatters_components_and_screen_settings_are_no_store_methods(text):
    assert methods(text) == {}


def form(text: str) -> list[Fact]:
    return forms.extract(project_of({"src/form.tsx": text}))


def test_inputs_of_a_form_are_its_fields():
    facts = form(
        "export function CreatePostForm() {\n"
        "  const save = (event) => { event.preventDefault(); createPost(data); };\n"
        "  return (<form onSubmit={save}>\n"
        "    <input name='title' required maxLength={80} />\n"
        "    <input type='date' value={post.publishedOn} onChange={x} />\n"
        "    <Input type='file' id='cover' />\n"
        "    <textarea {...register('body')} />\n"
        "    <select name='state'><option value='a'>A</option><option value='b'>B</option></select>\n"
        "    <input type='submit' value='x' />\n"
        "  </form>);\n}"
    )

    value = facts[0].value
    assert (value.subject, value.submit) == ("Post", "createPost")
    assert {
        name: (seen.shape.type, seen.optional) for name, seen in value.shape.fields.items()
    } == {
        "title": ("text", False),
        "publishedOn": ("date", True),
        "cover": ("file", True),
        "body": ("long_text", True),
        "state": ("choice", True),
    }
    assert value.shape.fields["title"].shape.max_length == 80


def test_a_form_hook_is_read_by_its_schema():
    facts = form(
        "import { z } from 'zod';\n"
        "const schema = z.object({ mail: z.string().email() });\n"
        "function Page() {\n"
        "  const form = useForm({ resolver: zodResolver(schema) });\n"
        "  const onSubmit = async (data) => { await subscribe(data); };\n}"
    )

    assert [(f.value.submit, f.value.shape.fields["mail"].shape.type) for f in facts] == [
        ("subscribe", "email")
    ]


def traced(text: str) -> list[tuple[str, str, str]]:
    facts = auth.extract(project_of({"src/auth.tsx": text}))
    return [(fact.value.what, fact.value.detail, fact.value.scheme) for fact in facts]


def test_traces_of_signing_in_are_found():
    assert traced("const h = { Authorization: `Bearer ${token}` };")[0] == (
        "header",
        "Bearer",
        "bearer",
    )
    assert traced("localStorage.setItem('access_token', t);") == [
        ("token_storage", "access_token", "unknown")
    ]
    assert traced("fetch('/x', { credentials: 'include' });") == [
        ("cookies", "credentials: include", "cookie")
    ]
    assert traced("const a = user.role === 'admin';") == [("role", "role", "unknown")]
    assert traced("const a = <ProtectedRoute><B /></ProtectedRoute>;") == [
        ("guard", "ProtectedRoute", "unknown")
    ]


@pytest.mark.parametrize(
    "text",
    ["// Authorization: `Bearer x`", "const a = message.role === 'assistant';", "x('theme')"],
)
def test_comments_and_chat_roles_are_no_traces(text):
    assert traced(text) == []


def listed(text: str) -> list[tuple[str, str]]:
    facts = others.extract(project_of({"src/other.ts": text}))
    return [(fact.value.what, fact.value.name) for fact in facts]


def test_other_channels_are_listed_with_a_name():
    assert listed("const Q = gql`query Posts { posts { id } }`;") == [("graphql", "query Posts")]
    assert listed("const s = new WebSocket('wss://x.example/ws');") == [
        ("websocket", "'wss://x.example/ws'")
    ]
    assert listed("const s = new EventSource('/stream');") == [("eventsource", "'/stream'")]
    assert (
        listed(
            "import { addDoc } from 'firebase/firestore';\naddDoc(collection(db, 'posts'), {});"
        )[0][0]
        == "firebase"
    )
    assert listed("'use server';\nexport async function save(data: FormData) {}") == [
        ("server_action", "save")
    ]


def chains(text: str) -> list[tuple]:
    source = f"import {{ supabase }} from './client';\n{text}"
    facts = supabase.extract(project_of({"src/db.ts": source}))
    return [(fact.value.area, fact.value.target, fact.value.operation) for fact in facts]


def test_supabase_chains_are_told_apart():
    assert chains("supabase.from('a').select('*').eq('id', 1).single();") == [
        ("table", "a", "select")
    ]
    assert chains("await supabase.from('a').insert({ x: 1 }).select();") == [
        ("table", "a", "insert")
    ]
    assert chains("supabase.auth.signUp({ email, password });") == [("auth", "auth", "signUp")]
    assert chains("supabase.storage.from('b').upload(path, file);") == [("storage", "b", "upload")]
    assert chains("supabase.rpc('f', { x: 1 });") == [("rpc", "f", "call")]
    assert chains("supabase.functions.invoke('g', { body: {} });") == [("function", "g", "call")]
    assert chains("supabase.channel('c').on('x', {}, f).subscribe();") == [
        ("channel", "c", "subscribe")
    ]
    assert chains("// supabase.from('a').select()") == []


def test_columns_embedded_tables_and_filters_of_a_chain_are_read():
    text = "import { supabase } from './x';\nsupabase.from('posts').select('id, author:profiles(name), tags(id)').eq('state', s).match({ a: 1 });"
    value = supabase.extract(project_of({"src/db.ts": text}))[0].value

    assert (value.columns, value.embedded, value.filters) == (
        ["id"],
        {"author": "profiles", "tags": "tags"},
        ["state", "a"],
    )
