"""What the planner says, in both languages: assumptions, questions back, reasons to give up."""

from __future__ import annotations

Said = tuple[str, str]
_SENTENCES: dict[str, Said] = {
    "meaning": ("「{0}」= {1}", '"{0}" = {1}'),
    "today": ("今天 = {0}", "today = {0}"),
    "time_column": ("时间按 {0} 计算", "time is {0}"),
    "by_month": ("趋势按月统计", "the trend is by month"),
    "with_rows": ("只统计有「{0}」记录的行", 'only rows that have "{0}"'),
    "top_ten": ("没有说明数量，取前 10 条", "no number was given: the first 10"),
    "unknown": (
        "我不知道「{0}」在这个数据库里指什么。",
        'I do not know what "{0}" means in this database.',
    ),
    "unplaced": (
        "我不确定「{0}」在这个问题里的作用，请换一种说法。",
        'I am not sure what "{0}" does in this question. Please put it another way.',
    ),
    "ambiguous": ("「{0}」指的是哪一个？", 'Which one do you mean by "{0}"?'),
    "which_aggregate": (
        "「{0}」要怎样汇总：平均、最高还是最低？",
        'How should "{0}" be summarised: average, highest or lowest?',
    ),
    "which_time": (
        "「{0}」有多个时间列（{1}），请指明按哪一个。",
        'Several columns of "{0}" hold a time ({1}). Which one do you mean?',
    ),
    "which_way": (
        "「{0}」与「{1}」之间有多种联系，请指明是哪一种。",
        '"{0}" and "{1}" are related in several ways. Which one do you mean?',
    ),
    "no_time": ("「{0}」没有可用的时间列。", 'There is no column of time for "{0}".'),
    "no_way": ("「{0}」与「{1}」之间没有可用的联系。", 'I know of no relationship between "{0}" and "{1}".'),
    "no_measure": ("没有说明要统计什么数值。", "The question does not say what should be measured."),
    "no_owner": ("没有说明要按什么来比较或列出。", "The question does not say what should be listed."),
    "no_column": ("「{1}」里没有与「{0}」对应的列。", 'No column of "{1}" stands for "{0}".'),
    "no_median": ("这种数据库没有中位数函数。", "This kind of database has no median."),
    "nothing_asked": ("没有看出要查询什么。", "I do not see what is asked for."),
    "share_of_what": ("占比需要说明按什么划分。", "A share needs something to be divided by."),
    "two_tables": ("「{0}」与「{1}」的数值不能放在一个结果里。", 'Figures of "{0}" and "{1}" do not fit into one result.'),
    "two_periods": ("这两个时间段不能直接比较。", "These two periods cannot be compared directly."),
    "too_many_groups": ("分组太多，请最多用两个。", "Too many groups; please use two at most."),
    "fan_out": (
        "「{0}」的数值按「{1}」拆分会重复计算。",
        'Splitting figures of "{0}" by "{1}" would count some of them twice.',
    ),
    "nested": ("这个问题需要分几步计算，规则规划做不到。", "This question needs several steps of calculation."),
    "why": ("数据库不能回答原因。", "A database cannot say why."),
    "forecast": ("数据库只有已发生的数据，不能预测。", "The database holds what has happened; it cannot predict."),
    "correlation": ("规则规划不做相关性分析。", "Relationships between figures are not analysed here."),
    "opinion": ("这需要判断或建议，数据库不能回答。", "This asks for a judgement, which no query can give."),
    "write": ("这里只能查询，不能修改或删除数据。", "Data can only be read here, never changed or deleted."),
    "several": ("请一次只问一个问题。", "Please ask one question at a time."),
    "empty": ("请用一句话提出问题。", "Please ask a question in words."),
    "near": ("可以询问：{0}。", "You can ask about: {0}."),
    "schema": ("这是关于数据库结构的问题。", "This is a question about the structure of the database."),
    "agg_avg": ("平均", "average"),
    "agg_max": ("最高", "highest"),
    "agg_min": ("最低", "lowest"),
}  # fmt: skip


def say(what: str, language: str, *words: str) -> str:
    """One sentence; a missing word is left empty."""
    sentence = _SENTENCES[what][0 if language == "zh" else 1]
    return sentence.format(*words, *([""] * 3))
