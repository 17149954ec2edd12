"""Who may ask databases, lend them, keep the knowledge about them, and say what models are told."""

from accounts import registry
from accounts.permissions import EVERYBODY, MANAGERS, OPS, WRITERS
from accounts.registry import Permission

ANALYST = frozenset({"analyst"})
DATA_ENGINEER = frozenset({"data_engineer"})
ASKERS = WRITERS | DATA_ENGINEER | ANALYST
LENDERS = WRITERS | DATA_ENGINEER
RIGHTS = (
    (
        "connection.view",
        "查看数据连接",
        "See connections",
        EVERYBODY | DATA_ENGINEER | ANALYST,
        "low",
    ),
    ("connection.query", "向数据库提问", "Ask databases", ASKERS, "low"),
    ("connection.run_sql", "运行自己写的 SQL", "Run SQL of one's own", LENDERS, "high"),
    ("connection.create", "新建数据连接", "Make connections", LENDERS, "low"),
    ("connection.update", "修改数据连接", "Change connections", LENDERS, "low"),
    ("connection.delete", "删除数据连接", "Delete connections", LENDERS, "high"),
    ("connection.share", "共享数据连接", "Share connections", LENDERS, "high"),
    (
        "connection.manage",
        "管理共享的数据连接",
        "Manage everybody's shared connections",
        MANAGERS | DATA_ENGINEER,
        "high",
    ),
    ("conversation.view", "查看自己的对话", "See one's conversations", EVERYBODY | ASKERS, "low"),
    ("conversation.create", "新建对话", "Start conversations", ASKERS, "low"),
    ("conversation.update", "修改自己的对话", "Change one's conversations", ASKERS, "low"),
    ("conversation.delete", "删除自己的对话", "Delete one's conversations", ASKERS, "low"),
    ("result.export", "导出查询结果", "Export results", LENDERS, "low"),
    ("knowledge.update", "维护数据知识", "Keep the knowledge about data", LENDERS, "low"),
    (
        "knowledge.approve",
        "批准示例问答",
        "Approve examples",
        MANAGERS | DATA_ENGINEER,
        "high",
    ),
    ("prompt.update", "修改自己的提示词", "Change one's prompts", ASKERS, "low"),
    ("prompt.manage", "修改工作区的提示词", "Change the workspace's prompts", MANAGERS, "high"),
    ("querygpt.operate", "运维数据问答", "Operate questions to databases", OPS, "high"),
)


# Asked for behind the doors of another one, where the row says whether it is needed.
WITHIN = {
    "connection.manage": "connection.update",
    "connection.share": "connection.update",
    "prompt.manage": "prompt.update",
}


def declare() -> None:
    for key, zh, en, roles, risk in RIGHTS:
        entry = Permission(key, zh, en, roles, risk, within=WITHIN.get(key, ""))
        registry.permissions.add(key, entry)
