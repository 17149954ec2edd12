"""What the apps above supply to the apps below: closed stores, filled in `ready()`, then frozen.

A store is created once, here or in the module that owns it. Adding to a frozen store is an error, so what an
installation can do never changes while it runs.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Generic, Protocol, TypeVar
from uuid import UUID

Entry = TypeVar("Entry")


class RegistryClosed(RuntimeError):
    """Something was registered after start."""


class Unreachable(Exception):
    """What the `outbound` port could not reach, or may not: no connection, too slow, a closed address."""


class Store(Generic[Entry]):
    """Named entries in the order of their registration."""

    _all: list["Store[Any]"] = []

    def __init__(self, name: str) -> None:
        self.name = name
        self._entries: dict[str, Entry] = {}
        self._closed = False
        self._followers: list[Callable[[str, Entry], None]] = []
        self._all.append(self)

    def add(self, key: str, entry: Entry) -> Entry:
        if self._closed:
            raise RegistryClosed(f"{self.name} is closed; {key} came too late")
        if key in self._entries:
            raise RegistryClosed(f"{self.name} already has {key}")
        self._entries[key] = entry
        for follow in self._followers:
            follow(key, entry)
        return entry

    def each(self, follow: Callable[[str, Entry], None]) -> None:
        """Call `follow` with every entry: those that are here, and those still to come."""
        self._followers.append(follow)
        for key, entry in self._entries.items():
            follow(key, entry)

    def get(self, key: str) -> Entry | None:
        return self._entries.get(key)

    def __getitem__(self, key: str) -> Entry:
        return self._entries[key]

    def __contains__(self, key: object) -> bool:
        return key in self._entries

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)

    def items(self) -> list[tuple[str, Entry]]:
        return list(self._entries.items())

    def values(self) -> list[Entry]:
        return list(self._entries.values())

    @classmethod
    def close_all(cls) -> None:
        for store in cls._all:
            store._closed = True


class Port:
    """One function that an app above supplies. Calling an empty one is an error of the installation."""

    def __init__(self, name: str, *, required: bool = True) -> None:
        self.name = name
        self.required = required
        self.function: Callable[..., Any] | None = None

    def fill(self, function: Callable[..., Any]) -> Callable[..., Any]:
        if self.function is not None:
            raise RegistryClosed(f"{self.name} is already filled")
        self.function = function
        return function

    def __call__(self, **arguments: Any) -> Any:
        if self.function is None:
            raise RegistryClosed(f"nothing fills {self.name}")
        return self.function(**arguments)


@dataclass(frozen=True)
class Permission:
    """A right: `resource.action`, in whose hands it is by default, and how much harm it can do."""

    key: str
    label_zh: str
    label_en: str
    roles: frozenset[str]
    risk: str = "low"
    scope: str = "workspace"
    description: str = ""
    # The wider permission whose doors ask for this one too, where no door asks for it alone.
    within: str = ""


@dataclass(frozen=True)
class NavigationEntry:
    """A place in the left rail. `url_name` resolves without arguments; `permission` hides it when missing.

    `group` is rooms, tools or workspace; the last are the tabs of the workspace's own pages. `count_url_name` names a page that answers a short number (or nothing), which the
    rail fetches by itself.
    """

    key: str
    label: Any
    url_name: str
    icon: str
    order: int
    permission: str | None = None
    group: str = "rooms"
    count_url_name: str = ""


@dataclass(frozen=True)
class Schedule:
    """A function that runs by itself. Exactly one of `every_s` and `cron` is set."""

    name: str
    run: Callable[[], Any]
    every_s: int | None = None
    cron: str | None = None
    queue: str = "maintenance"
    label: Any = ""


@dataclass(frozen=True)
class WarmUp:
    """What a worker gets ready before it is asked for: parsers, dictionaries, helpers.

    `load` is called once, before the processes that run tasks of `queue` are forked, which then share it: it opens no
    connection and starts no thread. `stand_by` is called in each of them when it is idle for the first time; it
    does not wait.
    """

    queue: str
    load: Callable[[], None]
    stand_by: Callable[[], None]


class Progress(Protocol):
    """How a long job says how far it is; it raises what ends the job when somebody asked it to stop."""

    def __call__(self, current: int, total: int, message: str = "") -> None: ...


def unwatched(current: int, total: int, message: str = "") -> None:
    """For work that nobody watches: a command, a test, a schedule."""


@dataclass(frozen=True)
class Job:
    """Work that runs once, later, in a worker: `run(payload)`, outside any transaction.

    `schema` is the closed JSON Schema of the payload. After a failure it is tried again, once for each of
    `retries_s`. With `wipe_payload` the payload is erased when it is done. A `watched` job gets a bar and can be
    cancelled: it is called `run(payload, progress)` and calls `progress` at least twice a second; what it returns
    (plain JSON) is the task's result. With `for_workspace` it runs in the workspace that it is enqueued with, and its
    people see it among their tasks; `run` enters it by itself, from the payload.
    """

    name: str
    run: Callable[..., Any]
    schema: dict[str, Any]
    queue: str = "default"
    retries_s: tuple[float, ...] = ()
    wipe_payload: bool = False
    label: Any = ""
    watched: bool = False
    for_workspace: bool = False
    timeout_s: int = 600


class JobFailed(Exception):
    """The work cannot succeed, however often it is tried. `message` is a sentence for the person."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


@dataclass(frozen=True)
class Work:
    """How one enqueued job stands; `state` is queued, running, succeeded, failed or cancelled."""

    id: UUID
    state: str
    percent: int
    message: str
    started_at: datetime | None
    finished_at: datetime | None
    error: str
    result: Any

    @property
    def is_live(self) -> bool:
        return self.state in {"queued", "running"}


@dataclass(frozen=True)
class NoticeType:
    """A kind of notice that a person can choose to get by mail, in the application, or not at all.

    What `guards` the account stands in the application's list whatever the choice.
    """

    key: str
    label: Any
    by_mail: bool = True
    in_app: bool = True
    guards: bool = False


@dataclass(frozen=True)
class Letter:
    """What the platform tells a person: by mail all of it, in the application its subject and first two lines.

    `lines`, `brief` and `subject` may hold `%(name)s` places. `action` is the word on the mail's link. `notice`
    names the kind of notice by which a person can do without it; "" cannot be switched off. `brief` are the lines
    of the application's list where they differ. `category` is system, update, reminder, task, security or invite,
    `level` info, success, warning or error.
    """

    subject: Any
    lines: tuple[Any, ...]
    action: Any = ""
    notice: str = ""
    brief: tuple[Any, ...] = ()
    category: str = "system"
    level: str = "info"


@dataclass(frozen=True)
class HomeCard:
    """A card of the home page, in the band continue, happened, running or left.

    `build(user=…, workspace=…)` returns the template's context, or an empty dict to show nothing.
    """

    key: str
    band: str
    template: str
    build: Callable[..., dict[str, Any]]
    order: int = 50


@dataclass(frozen=True)
class FirstStep:
    """One of the newcomer's first steps. `is_done(user=…, workspace=…)` answers with one query at most."""

    key: str
    label: Any
    url_name: str
    is_done: Callable[..., bool]
    order: int = 50


@dataclass(frozen=True)
class ConsoleTile:
    """A number on the operator's first screen. `build()` runs in the platform scope.

    It returns `value`, and may return `note`, `state` (good, warn, bad) and `url` of the list behind it.
    `permission` hides it from operators who do not hold it on the platform; superusers see everything.
    """

    key: str
    label: Any
    icon: str
    build: Callable[[], dict[str, Any]]
    order: int = 50
    permission: str | None = None


@dataclass(frozen=True)
class ConsolePanel:
    """A part of the operator's first screen: `build()` runs in the platform scope, `template` shows its context."""

    key: str
    template: str
    build: Callable[[], dict[str, Any]]
    order: int = 50
    every_s: int = 10
    permission: str | None = None


@dataclass(frozen=True)
class ConsoleEntry:
    """A page of the operator console beside the lists of the admin. `url_name` resolves without arguments."""

    key: str
    label: Any
    url_name: str
    icon: str
    group: Any
    order: int = 50
    permission: str | None = None


@dataclass(frozen=True)
class ConsoleRight:
    """What a list of the console asks of an operator: the permission to look, and the one to act."""

    view: str
    change: str


@dataclass(frozen=True)
class DeletionStep:
    """What a workspace leaves behind when it goes. `run(workspace_id=…)` is called inside the workspace.

    It removes a batch and answers how many rows it removed; 0 means nothing is left. It may be called again
    after a crash. Steps run by `order`, files last.
    """

    key: str
    run: Callable[..., int]
    order: int = 50


@dataclass(frozen=True)
class RetentionPolicy:
    """How long the rows of one table stay, said once for the sweep, the console and the tests.

    `rule` is one of
    keep: for ever, or until what they belong to goes;
    delete: row by row, as soon as `due(now)` holds them, exact to the second;
    expire: the table's own app lets go of them by `sweep(now=…)`, which answers how many;
    months: whole months, once the youngest row of one is `days()` old.
    `due(now)` is asked in the platform scope. `archived` rows are written to a file first, together with those
    of the tables `along`, as (table, column that names the row). `often` is swept every five minutes, not nightly.
    Rows that nobody ever changes need not be `locked` before they go, and may not be by who only deletes them.
    """

    table: str
    rule: str
    why: Any
    due: Callable[[datetime], Any] | None = None
    sweep: Callable[..., int] | None = None
    days: Callable[[], int] | None = None
    archived: bool = False
    along: tuple[tuple[str, str], ...] = ()
    often: bool = False
    locked: bool = True


@dataclass(frozen=True)
class LeavingMonth:
    """What a table whose history is proved asks of a month that leaves.

    `check(start=…, end=…, using=…)` answers why the month must stay for now, or nothing; `using` is the owner's
    connection. `leave(archive=…, using=…)` runs in the transaction that drops the month, and may raise to keep it.
    """

    check: Callable[..., str]
    leave: Callable[..., None]


@dataclass(frozen=True)
class RestoreStep:
    """What must be done to a restored database before anybody uses it; the dump is older than the world around it.

    `run(made_at=…)` gets the moment of the dump and answers a sentence for the operator. Steps run by `order`.
    """

    key: str
    run: Callable[..., str]
    order: int = 50


@dataclass(frozen=True)
class LimitClass:
    """How often one subject may do one kind of thing. `limit` is the default of the live setting `setting`.

    `subject` names whom the count belongs to: caller (a person, or a key by itself), user, workspace, tab (of a
    caller, at one address), network, account, family, name, name_network, address. Strict classes are decided by the database always, fast ones by Redis
    while it is there. `failures` are counted only where the deed fails: a success gives its count back. `spare`
    names a rule that lets somebody pass although the count is used up. Plans multiply what belongs to a person.
    """

    name: str
    label: Any
    limit: int
    window_s: int
    subject: str
    strict: bool = False
    failures: bool = False
    spare: str = ""
    own_setting: str = ""

    @property
    def setting(self) -> str:
        return self.own_setting or f"limits.{self.name}"


@dataclass(frozen=True)
class Usage:
    """Something of which a workspace has only so much. `measure(workspace_id)` answers what is used and the most.

    It is called inside the workspace, with one query or two. `unit` is bytes or nothing.
    """

    key: str
    label: Any
    measure: Callable[[int], tuple[int, int]]
    unit: str = ""
    remedy: Any = ""


@dataclass(frozen=True)
class Exchange:
    """What came back from outside. `headers` have lower-case names."""

    status: int
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True)
class Problem:
    """A stable error code of the API with its page: what happened, how to mend it."""

    code: str
    status: int
    title: Any
    remedy: Any = field(default="")


@dataclass(frozen=True)
class ErrorShape:
    """How another protocol says what a problem says: `tell` gives body and further headers, `schema` describes the body."""

    tell: Callable[[Mapping[str, Any]], tuple[Mapping[str, Any], Mapping[str, str]]]
    schema: Mapping[str, Any]


@dataclass(frozen=True)
class SyncResource:
    """A kind of thing that clients keep a copy of, and how the feed loads it.

    `find(principal, ids)` and `page(principal, after, limit)` return rows the person may see, one query each;
    `page` goes by ascending `key_of(row)`, from `""`. `shape` shows a row; `versioned(row)` gives the model and
    version its entity tag is made of. `conflict` says how two writers are reconciled, `address` where the thing
    is read (`{id}` and `{workspace_id}` are filled in).
    """

    type: str
    shape: Any
    address: str
    conflict: str
    find: Callable[..., list[Any]]
    page: Callable[..., list[Any]]
    key_of: Callable[[Any], str]
    versioned: Callable[[Any], tuple[Any, Any]]


permissions: Store[Permission] = Store("permissions")
navigation: Store[NavigationEntry] = Store("navigation")
schedules: Store[Schedule] = Store("schedules")
warm_ups: Store[WarmUp] = Store("warm_ups")
jobs: Store[Job] = Store("jobs")
notice_types: Store[NoticeType] = Store("notice_types")
letters: Store[Letter] = Store("letters")
# Kind of thing that news are about → the path of its page, by its id.
link_resolvers: Store[Callable[[str], str]] = Store("link_resolvers")
home_cards: Store[HomeCard] = Store("home_cards")
first_steps: Store[FirstStep] = Store("first_steps")
# Column of a person's settings → function(user=…) that lists (value, label) of what it may name.
setting_choices: Store[Callable[..., list[tuple[Any, Any]]]] = Store("setting_choices")
console_tiles: Store[ConsoleTile] = Store("console_tiles")
console_panels: Store[ConsolePanel] = Store("console_panels")
console_entries: Store[ConsoleEntry] = Store("console_entries")
# Model of the console, as `app.model` in lower case → who may look and act; without an entry, superusers alone.
console_rights: Store[ConsoleRight] = Store("console_rights")
deletion_steps: Store[DeletionStep] = Store("deletion_steps")
# Table → how long its rows stay; a table with `created_at` and without an entry fails the suite.
retention_policies: Store[RetentionPolicy] = Store("retention_policies")
# Table → what it asks of a month that leaves.
leaving_months: Store[LeavingMonth] = Store("leaving_months")
# What else must hold in a restored database: `check(folder=…, content=…)` raises ValueError with what does not.
restore_checks: Store[Callable[..., None]] = Store("restore_checks")
after_restore: Store[RestoreStep] = Store("after_restore")
problems: Store[Problem] = Store("problems")
# Path prefix → the largest request body in bytes; every other path takes DEFAULT_BODY_BYTES.
body_limits: Store[int] = Store("body_limits")
# What `seed_demo` does, the last registered first: each function gets the demo user and workspace.
demo_steps: Store[Callable[..., None]] = Store("demo_steps")
# By the prefix of the addresses below which errors look otherwise.
error_shapes: Store[ErrorShape] = Store("error_shapes")
limit_classes: Store[LimitClass] = Store("limit_classes")
# Name of a page's URL → method → the limit classes it falls under; other pages fall under `api.read` and `api.write`.
page_limits: Store[Mapping[str, tuple[str, ...]]] = Store("page_limits")
# What a workspace has only so much of, as its limits page shows it.
usages: Store[Usage] = Store("usages")
sync_resources: Store[SyncResource] = Store("sync_resources")
reference_resolvers: Store[Callable[..., bool]] = Store("reference_resolvers")

enqueue = Port("enqueue")  # kind, payload, workspace, user → the task
# kind, workspace (None: the platform's own) → the newest Work of this kind there, or None
latest_work = Port("latest_work", required=False)
live_setting = Port("live_setting")  # key, workspace → the value in force
# kind, key → changed_by (a name) and changed_at of the latest change of a thing, or nothing
last_change = Port("last_change", required=False)
outbound = Port("outbound", required=False)  # url, method, headers, content → Exchange
keep_picture = Port("keep_picture", required=False)  # user, content (PNG) → the picture's address
picture = Port("picture", required=False)  # id, viewer → the PNG's bytes, or None
# user, type (a letter), params, link_type, link_id, dedup_key, workspace_id
notify = Port("notify", required=False)
