"""The operator's values of the limits, for those who need others than the platform starts with."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from accounts import limits, tenancy
from accounts.registry import limit_classes
from laojun import configs
from laojun.audit import Actor
from laojun.configs import Change

PLENTY = 100_000


def allow(numbers: Mapping[str, int]) -> None:
    """Set the values of these classes; a server that looks at another Redis must be started afterwards."""
    _write([Change(limit_classes[name].setting, number) for name, number in numbers.items()])


def ease() -> None:
    """Let one address do what a whole suite does."""
    allow(dict.fromkeys(_own(), PLENTY))


@contextmanager
def eased() -> Iterator[None]:
    """The same for a while."""
    ease()
    yield
    _write([Change(limit_classes[name].setting, reset=True) for name in _own()])


def _own() -> list[str]:
    """The classes whose setting belongs to nothing else."""
    return sorted(name for name, entry in limit_classes.items() if not entry.own_setting)


def _write(changes: list[Change]) -> None:
    with tenancy.platform_scope(reason="tests: set limits"):
        configs.write(changes=changes, workspace_id=None, actor=Actor.system("tests"))
    limits.forget()
