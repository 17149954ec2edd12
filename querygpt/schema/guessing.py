"""What a column probably means, by its name and type: its role, its unit, whether its values are private."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise

from querygpt.schema.names import words_of

NUMBERS = frozenset({"int", "decimal", "float"})
TIMES = frozenset({"date", "datetime", "time"})
ID_WORDS = frozenset({"id", "ids", "uuid", "guid", "key", "code", "no", "number", "sn", "sku"})
ID_MARKS = ("编号", "编码", "代码", "单号", "序号", "主键")
FLAG_WORDS = frozenset(
    {"is", "has", "can", "was", "should", "enabled", "active", "deleted", "flag"}
)
FLAG_MARKS = ("是否", "标志", "标记")
NAME_WORDS = frozenset({"name", "title", "label", "nickname", "fullname", "subject"})
NAME_MARKS = ("名称", "姓名", "名字", "标题", "昵称", "全称", "简称")
CATEGORY_WORDS = frozenset(
    {
        "type",
        "status",
        "state",
        "category",
        "kind",
        "class",
        "level",
        "grade",
        "region",
        "city",
        "province",
        "country",
        "gender",
        "channel",
        "source",
        "method",
        "brand",
        "currency",
        "language",
        "segment",
        "tier",
        "role",
        "department",
        "reason",
    }
)
CATEGORY_MARKS = (
    "类型",
    "状态",
    "类别",
    "分类",
    "等级",
    "级别",
    "地区",
    "区域",
    "城市",
    "省",
    "国家",
    "性别",
    "渠道",
    "来源",
    "方式",
    "品牌",
    "币种",
    "部门",
    "原因",
)
TIME_WORDS = frozenset({"date", "time", "at", "on", "day", "datetime", "timestamp", "birthday"})
TIME_MARKS = ("日期", "时间", "年月", "生日")
SENSITIVE_WORDS = frozenset(
    {
        "password",
        "passwd",
        "pwd",
        "secret",
        "token",
        "salt",
        "hash",
        "phone",
        "mobile",
        "tel",
        "telephone",
        "email",
        "mail",
        "ssn",
        "passport",
        "idcard",
        "iban",
        "salary",
        "wage",
        "address",
        "birthday",
        "birthdate",
        "dob",
        "ip",
    }
)
SENSITIVE_PAIRS = (("id", "card"), ("credit", "card"), ("bank", "account"), ("api", "key"))
SENSITIVE_MARKS = (
    "密码",
    "口令",
    "令牌",
    "密钥",
    "手机",
    "电话",
    "邮箱",
    "邮件",
    "身份证",
    "护照",
    "银行卡",
    "银行账",
    "卡号",
    "住址",
    "地址",
    "工资",
    "薪",
    "生日",
    "出生",
)
UNIT_WORDS = {
    "cny": "CNY",
    "rmb": "CNY",
    "usd": "USD",
    "eur": "EUR",
    "pct": "%",
    "percent": "%",
    "percentage": "%",
    "kg": "kg",
    "km": "km",
    "cm": "cm",
    "mm": "mm",
    "ms": "ms",
    "seconds": "s",
    "secs": "s",
    "minutes": "min",
    "hours": "h",
    "days": "d",
    "bytes": "B",
    "kb": "KB",
    "mb": "MB",
    "gb": "GB",
}
UNIT_IN_BRACKETS = re.compile(r"[(（\[【]\s*([^)）\]】]{1,10})\s*[)）\]】]")
MOST_CATEGORIES = 100


@dataclass(frozen=True, slots=True)
class Guess:
    """`role` is one of the roles of a column, `unit` "" where no name tells one."""

    role: str
    unit: str
    is_sensitive: bool


def guess(
    *,
    name: str,
    family: str,
    comment: str = "",
    is_primary_key: bool = False,
    distinct: int | None = None,
) -> Guess:
    """What a column is for. The comment counts only where the name says nothing."""
    sensitive = _is_sensitive(name) or _is_sensitive(comment[:60])
    return Guess(
        _role(name, family, is_key=is_primary_key, distinct=distinct),
        _unit(name, comment),
        sensitive,
    )


def _role(name: str, family: str, *, is_key: bool, distinct: int | None) -> str:
    words = words_of(name)
    last = words[-1] if words else ""
    if is_key or last in ID_WORDS or name.endswith(ID_MARKS):
        return "id"
    if family == "bool" or (words and words[0] in FLAG_WORDS) or name.startswith(FLAG_MARKS):
        return "flag"
    if family in TIMES:
        return "time"
    if family in NUMBERS:
        return "measure"
    if family != "text":
        return "other"
    return _role_of_text(name, last, distinct)


def _role_of_text(name: str, last: str, distinct: int | None) -> str:
    if last in TIME_WORDS or name.endswith(TIME_MARKS):
        return "time"
    if last in CATEGORY_WORDS or name.endswith(CATEGORY_MARKS):
        return "category"
    if last in NAME_WORDS or name.endswith((*NAME_MARKS, "名")):
        return "name"
    if distinct is not None and distinct <= MOST_CATEGORIES:
        return "category"
    return "other"


def _is_sensitive(text: str) -> bool:
    words = words_of(text)
    pairs = set(pairwise(words))
    return (
        not SENSITIVE_WORDS.isdisjoint(words)
        or any(pair in pairs for pair in SENSITIVE_PAIRS)
        or any(mark in text for mark in SENSITIVE_MARKS)
    )


def _unit(name: str, comment: str) -> str:
    for text in (name, comment):
        if found := UNIT_IN_BRACKETS.search(text):
            return found.group(1).strip()
    words = words_of(name)
    return UNIT_WORDS.get(words[-1], "") if len(words) > 1 else ""
