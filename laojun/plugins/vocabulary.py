"""The closed list of what a plugin may be permitted, in words for the person who decides."""

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

LOW, MEDIUM, HIGH = "low", "medium", "high"
NET = "net:"
# A name of a host as it stands in DNS, in lower case; no address, no port, no wildcard.
HOST = re.compile(
    r"(?=.{1,253}\Z)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]\Z"
)


@dataclass(frozen=True)
class PluginPermission:
    """What a plugin may see or do: how much harm it can do, and one sentence in each language."""

    key: str
    risk: str
    zh: str
    en: str


_LISTED = (
    PluginPermission(
        "event:task",
        LOW,
        "得知任务的开始、完成与失败。",
        "Is told when tasks start, finish or fail.",
    ),
    PluginPermission(
        "event:audit",
        MEDIUM,
        "得知工作区里谁做了什么（敏感内容已隐去）。",
        "Is told who did what in the workspace, without secrets.",
    ),
    PluginPermission(
        "event:notification",
        MEDIUM,
        "得知发给成员的通知。",
        "Is told of the notifications that members get.",
    ),
    PluginPermission(
        "data:task.result",
        MEDIUM,
        "读取任务的结果。",
        "Reads the results of tasks.",
    ),
    PluginPermission(
        "data:generation.source",
        HIGH,
        "读取上传的前端源码与聊天记录。",
        "Reads the uploaded front-end code and chat logs.",
    ),
    PluginPermission(
        "data:generation.ir",
        MEDIUM,
        "读取由源码得出的接口与模型设计。",
        "Reads the design of endpoints and models that was found in the code.",
    ),
    PluginPermission(
        "data:text.selection",
        MEDIUM,
        "读取你选中的文字。",
        "Reads the text you have selected.",
    ),
    PluginPermission(
        "data:text.context",
        HIGH,
        "读取选中文字前后的内容。",
        "Reads the text around your selection.",
    ),
    PluginPermission(
        "data:sql.text",
        LOW,
        "读取查询的 SQL 语句。",
        "Reads the SQL of queries.",
    ),
    PluginPermission(
        "data:sql.columns",
        LOW,
        "读取查询结果的列名与类型。",
        "Reads the names and types of result columns.",
    ),
    PluginPermission(
        "data:sql.rows",
        HIGH,
        "读取查询结果的数据行。",
        "Reads the rows of query results.",
    ),
    PluginPermission(
        "data:chart.spec",
        LOW,
        "读取拟用的图表设置。",
        "Reads the proposed chart.",
    ),
)
PERMISSIONS: dict[str, PluginPermission] = {one.key: one for one in _LISTED}


def known(key: str) -> PluginPermission | None:
    """The permission of this name; `net:<host>` opens one host. None for everything else."""
    if key.startswith(NET) and HOST.match(key.removeprefix(NET)):
        host = key.removeprefix(NET)
        return PluginPermission(
            key,
            HIGH,
            f"把获准的数据发送到 {host}。",
            f"Sends what it may see to {host}.",
        )
    return PERMISSIONS.get(key)


def explain(key: str, language: str) -> str:
    """One sentence for people. Keys that are no longer listed explain themselves by their name."""
    found = known(key)
    if found is None:
        return key
    return found.zh if language.startswith("zh") else found.en


def risk(key: str) -> str:
    found = known(key)
    return found.risk if found else HIGH


def host_of(address: str) -> str:
    """The host that an address of the web names, as a permission would name it; "" where there is none."""
    try:
        return urlsplit(address).hostname or ""
    except ValueError:
        return ""
