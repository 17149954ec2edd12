"""What the apps above supply to the apps below: closed stores, filled in `ready()`, then frozen.

A store is created once, here or in the module that owns it. Adding to a frozen store is an error, so what an
installation can do never changes while it runs.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

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
class Job:
    """Work that runs once, later, in a worker: `run(payload)`, outside any transaction.

    `schema` is the closed JSON Schema of the payload. After a failure it is tried again, once for each of
    `retries_s`. With `wipe_payload` the payload is erased when it is done.
    """

    name: str
    run: Callable[[dict[str, Any]], Any]
    schema: dict[str, Any]
    queue: str = "default"
    retries_s: tuple[float, ...] = ()
    wipe_payload: bool = False
    label: Any = ""


@dataclass(frozen=True)
class NoticeType:
    """A kind of notice that a person can choose to get by mail, in the application, or not at all."""

    key: str
    label: Any
    by_mail: bool = True
    in_app: bool = True


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
class LimitClass:
    """How often one subject may do one kind of thing. `limit` is the default of the live setting `setting`.

    `subject` names whom the count belongs to: caller (a person, or a key by itself), user, workspace, network,
    account, family, name, name_network, address. Strict classes are decided by the database always, fast ones by Redis
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
jobs: Store[Job] = Store("jobs")
notice_types: Store[NoticeType] = Store("notice_types")
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
problems: Store[Problem] = Store("problems")
# Path prefix → the largest request body in bytes; every other path takes DEFAULT_BODY_BYTES.
body_limits: Store[int] = Store("body_limits")
# What `seed_demo` does, the last registered first: each function gets the demo user and workspace.
demo_steps: Store[Callable[..., None]] = Store("demo_steps")
limit_classes: Store[LimitClass] = Store("limit_classes")
# Name of a page's URL → method → the limit classes it falls under; other pages fall under `api.read` and `api.write`.
page_limits: Store[Mapping[str, tuple[str, ...]]] = Store("page_limits")
# What a workspace has only so much of, as its limits page shows it.
usages: Store[Usage] = Store("usages")
sync_resources: Store[SyncResource] = Store("sync_resources")
reference_resolvers: Store[Callable[..., bool]] = Store("reference_resolvers")

enqueue = Port("enqueue")  # kind, payload, workspace, user → the task
live_setting = Port("live_setting")  # key, workspace → the value in force
# kind, key → changed_by (a name) and changed_at of the latest change of a thing, or nothing
last_change = Port("last_change", required=False)
outbound = Port("outbound", required=False)  # url, method, headers, content → Exchange
keep_picture = Port("keep_picture", required=False)  # user, content (PNG) → the picture's address
picture = Port("picture", required=False)  # id, viewer → the PNG's bytes, or None
notify = Port("notify", required=False)  # user, type, params, link_type, link_id, dedup_key
