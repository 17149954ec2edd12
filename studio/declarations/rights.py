"""Who may open works and write them, publish and export them, keep agents, and look after all of it."""

from accounts import registry
from accounts.permissions import EVERYBODY, MANAGERS, OPS, WRITERS
from accounts.registry import Permission

RIGHTS = (
    ("work.view", "查看作品", "See works", EVERYBODY, "low"),
    ("work.create", "新建作品", "Begin works", WRITERS, "low"),
    ("work.update", "写作与修改作品", "Write and change works", WRITERS, "low"),
    ("work.delete", "删除与移交作品", "Delete and hand over works", WRITERS, "high"),
    ("work.export", "导出作品", "Export works", EVERYBODY, "low"),
    ("work.publish", "发布作品", "Publish works", WRITERS, "high"),
    ("work.view_all", "查看所有人的作品", "See everybody's works", MANAGERS, "high"),
    ("agent.view", "查看写作助手", "See writing agents", EVERYBODY, "low"),
    ("agent.create", "新建写作助手", "Make writing agents", WRITERS, "low"),
    ("agent.update", "修改自己的写作助手", "Change one's writing agents", WRITERS, "low"),
    ("agent.delete", "删除自己的写作助手", "Delete one's writing agents", WRITERS, "low"),
    ("studio.operate", "运维小说工作室", "Operate the novel studio", OPS, "high"),
)
# Asked for behind the doors of another one, where the row says whether it is needed.
WITHIN = {
    "work.view_all": "work.view",
    "work.export": "work.view",
    "work.publish": "work.update",
    "agent.view": "work.view",
    "agent.create": "work.create",
    "agent.update": "work.update",
    "agent.delete": "work.delete",
}


def declare() -> None:
    for key, zh, en, roles, risk in RIGHTS:
        entry = Permission(key, zh, en, roles, risk, within=WITHIN.get(key, ""))
        registry.permissions.add(key, entry)
