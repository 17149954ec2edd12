"""Words that say what to do with names, values and numbers: operators of questions in both languages.

A tag is what a word may mean; `SOFT` tags need not be used by any rule.
"""

from __future__ import annotations

from functools import lru_cache

from querygpt.planner.normalising import key

_WORDS: dict[str, str] = {
    "stop": (
        "the|a|an|of|in|on|at|to|for|from|is|are|was|were|be|been|being|do|does|did|done|me|us|our|we|i|you|your|"
        "please|can|could|will|would|tell|want|need|know|see|it|its|their|his|her|them|they|there|these|those|"
        "this|that|as|so|then|just|also|up|all|any|every|entire|whole|overall|altogether|some|made|make|"
        "issued|handled|supplied|yet|负责|下过|有过|做过|参加|参加过|参与|出演|发行|提供|管理|接待|处理|wrote|written|appeared|appear|appears|scored|played|received|held|placed|registered in|have been|has been|who|whom|whose|where|were there|are there|is there|information|info|data|"
        "record|records|entries|currently|now|respectively|along with|together with|together|own|given|based on|"
        "available|existing|exist|exists|our database|in the database|the database|in total|in all|each of|work|works|"
        "value of|values of|live|lives|located|based|belong|belongs|belonging|come|comes|during|within|over the|how|"
        "的|了|是|在|我|一共|总共|一共有|总共有|共计|我们|要|想|想要|请|请问|帮|帮我|给我|给|一下|吗|呢|吧|啊|得|地|之|其|其中|中|里|里面|内|上的|"
        "这个|这些|那些|那|那么|现在|目前|当前|所有|全部|全体|整个|每一|总共|一共|共有|共|总计有|信息|数据|记录|"
        "资料|数据库|数据库里|数据库中|系统里|系统中|知道|看看|看|看一下|告诉|告诉我|能|可以|能否|麻烦|需要|来自|位于|属于|进行|情况|"
        "个|位|名|家|条|笔|件|张|份|只|支|本|部|首|场|台|辆|款|种|门|套|间|座|所|对应|相应|对应的|来说|于|由|发生|产生|"
        "分别是|是什么|有什么|就|都|还|也|时|时候|者|元|块钱|人民币|dollars|dollar|usd|yuan|rmb|cny|euros|$|¥|￥|€"
    ),
    "list": "show|list|display|give|find|get|return|fetch|retrieve|select|列出|显示|查询|查看|查|给出|列举|找出|找到|展示|返回|列|查找|筛选|筛选出",
    "which": "which|what|what's|what are|哪些|哪个|哪|什么|谁|哪几个|哪一个|哪位|哪家|哪几|分别有哪些",
    "which_all": "有哪些|都有哪些|都有什么|有哪几种|有哪几个",
    "howmany": "how many|多少|多少个|多少家|多少名|多少位|多少条|多少笔|多少件|多少种|多少张|多少人|多少次|多少部|多少首|多少场|几个|几家|几位|几名|几种|几条|几",
    "howmuch": "how much|总共多少|是多少|为多少|有多大|多大|多高|多长",
    "count": "number of|count of|count|total number of|the number of|no of|数量|个数|数目|总数|数|人数|次数|笔数|总数量|总人数|总量",
    "when": "when|什么时候|何时|哪天|哪一天|哪年|哪一年|what date|which date|on which date",
    "sum": "total|sum|sum of|total of|combined|aggregate|总|合计|总和|总计|总额|累加|求和|之和",
    "avg": "average|mean|avg|average of|on average|平均|均|平均值|平均数|均值",
    "avg_each": "average number of|average count of|平均数量",
    "min": "minimum|min|最小值|最低值",
    "max": "maximum|max|最大值|最高值",
    "median": "median|中位数|中位值",
    "distinct": "distinct|different|unique|不同|不同的|去重|不重复|不重复的|various",
    "by": "by|按|按照|依|依照|根据|according to|以",
    "each": "per|each|every|for each|for every|in each|of each|grouped by|group by|broken down by|break down by|split by|breakdown by|每个|每|各|各个|各类|各种|每种|每位|每家|每名|每类|每件|每张|每部|每条|分|across|among",
    "grouped": "分组|拆分|统计|细分|分布|distribution|breakdown|汇总",
    "sort": "sort|sorted|sort by|sorted by|order by|ordered by|ranked by|rank by|in order of|排序|排列|排名|排行|排行榜|排|sort them by|arranged by",
    "asc": "ascending|in ascending order|from lowest to highest|lowest first|从低到高|升序|由低到高|从小到大|由小到大|从少到多|从早到晚|正序|alphabetically|alphabetical order|in alphabetical order|from low to high|oldest first",
    "desc": "descending|in descending order|from highest to lowest|highest first|从高到低|降序|由高到低|从大到小|由大到小|从多到少|倒序|逆序|从晚到早|from high to low|newest first|latest first",
    "top": "top|前|排名前|排前|居前|前列|best",
    "bottom": "bottom|后|倒数|末|最后|worst|倒数前",
    "most": "most|highest|largest|biggest|greatest|最多|最高|最大|the most|top ranked",
    "least": "least|fewest|lowest|smallest|最少|最低|最小|the least|the fewest",
    "gt": "more than|greater than|over|above|exceed|exceeding|exceeds|exceeded|larger than|higher than|longer than|bigger than|heavier than|taller than|older than|超过|大于|高于|多于|超出|超过了|>|＞|不止|beyond|重于|长于|is over|贵于|more expensive than",
    "ge": "at least|no less than|not less than|no fewer than|not fewer than|a minimum of|greater than or equal to|>=|≥|不少于|不低于|至少|大于等于|不小于|大于或等于|起码",
    "lt": "less than|under|below|fewer than|lower than|smaller than|cheaper than|shorter than|younger than|lighter than|低于|少于|小于|不到|不足|<|短于|轻于|未满|不满|未达到",
    "le": "at most|no more than|not more than|no greater than|less than or equal to|a maximum of|<=|≤|不超过|至多|不高于|不大于|小于等于|小于或等于|不多于",
    "ge_after": "or more|or above|and above|or higher|or greater|or longer|or over|以上|及以上|和以上|或以上|+",
    "le_after": "or less|or below|or fewer|or lower|or under|and below|以下|及以下|以内|之内|或以下",
    "eq": "equal|equals|equal to|equal to|=|is equal to|==|等于|为|named|called|叫|叫做|名叫|名为|titled|whose name is|with the name|with name",
    "ne": "not|non|isn't|aren't|except|except for|excluding|other than|不是|不|非|不等于|不为|不属于|!=|<>|除了|除|排除|不包括|不包含|不含|apart from|besides|not in|not from|doesn't|don't|didn't|未|并非|than",
    "but": "以外|之外|以外的|之外的|外|外的",
    "between": "between|介于|之间|ranging",
    "to": "to|到|至|~|-|—",
    "and": "and|和|与|及|以及|、|,|并|并且|而且|且|还有|同|跟|&|，|；|;|as well as",
    "or": "or|或|或者|either",
    "null": "is null|null|is empty|empty|missing|blank|没有填写|为空|没填|缺失|未填写|未填|空|缺少|空缺|空白|is missing|are missing|not filled|not provided|不详|unset|没有填|没有记录|没有登记",
    "zero:stock": "out of stock|sold out|no stock|缺货|断货|无货|售罄",
    "notnull": "is not null|not null|not empty|not missing|is filled|filled|provided|填写|填写了|已填写|不为空|非空|不空|有填写|登记了",
    "contains": "contain|contains|containing|include|includes|including|包含|含有|含|带有|包含了|带|with the word|中带",
    "starts": "start with|starts with|starting with|begin with|begins with|beginning with|开头|打头",
    "ends": "end with|ends with|ending with|结尾",
    "share": "share|percentage|percent of|proportion|share of|percentage of|proportion of|占比|比例|百分比|占|份额|比重|share of total|percentage of total|各占|构成|what percentage of",
    "without": "without|without any|with no|have no|has no|having no|had no|never|have never|has never|have not|has not|haven't|hasn't|do not have|does not have|don't have|doesn't have|did not|没有|无|从未|没|从来没有|尚未|还没有|未曾|not have|not have any|that have no|who have no",
    "with": "with|having|have|has|had|who have|that have|有|拥有|有过|至少有|具有|带着|存在|there exist",
    "compare": "compare|versus|vs|comparison|compared|compared to|compared with|comparing|对比|比较|相比|相较",
    "trend": "trend|trends|over time|走势|趋势|变化|变化趋势|变化情况|时间趋势|evolution|time series",
    "bucket:day": "daily|by day|per day|each day|every day|by date|per date|每天|每日|按天|按日|逐日|日均每|按日期|各天|每一天",
    "bucket:week": "weekly|by week|per week|each week|every week|每周|按周|逐周|各周|每星期|每个星期|按星期",
    "bucket:month": "monthly|by month|per month|each month|every month|month by month|in each month|for each month|每月|按月|逐月|各月|每个月|按月份|各月份|月度|每月份|各个月|分月|每个月份",
    "bucket:quarter": "quarterly|by quarter|per quarter|each quarter|every quarter|for each quarter|每季度|按季度|各季度|每个季度|逐季|按季|各季|分季度|每季",
    "bucket:year": "yearly|annual|annually|by year|per year|each year|every year|for each year|in each year|year by year|每年|按年|逐年|各年|每一年|按年份|年度|各年份|分年|每个年份|按年度|各年度",
    "sup:price:desc": "most expensive|priciest|最贵|dearest",
    "sup:price:asc": "cheapest|least expensive|最便宜",
    "sup:date:desc": "newest|latest|most recent|most recently|最新|最近|最晚|last",
    "sup:date:asc": "earliest|first|最早|最先|第一个|首个|首次|第一次|first ever",
    "sup:birthdate:asc": "oldest|eldest|年龄最大|最年长|最老|年纪最大",
    "sup:birthdate:desc": "youngest|年龄最小|最年轻|年纪最小",
    "sup:length:desc": "longest|最长",
    "sup:length:asc": "shortest|最短|最短的",
    "sup:weight:desc": "heaviest|最重",
    "sup:weight:asc": "lightest|最轻",
    "sup:height:desc": "tallest",
    "sup:sales_quantity:desc": "best selling|best-selling|bestselling|top selling|top-selling|卖得最好|最畅销|最热销|热销|销量最好|卖得最多",
    "sup:sales_quantity:asc": "worst selling|worst-selling|卖得最差|卖得最少",
    "sup:rating:desc": "highest rated|highest-rated|best rated|best-rated|top rated|top-rated|好评最多",
    "sup:rating:asc": "lowest rated|lowest-rated|worst rated",
    "sup:salary:desc": "highest paid|highest-paid|best paid",
    "sup:salary:asc": "lowest paid|lowest-paid",
    "abstain:why": "why|为什么|为何|原因|how come|reason|reasons|because|cause|causes|explain|解释|怎么回事|导致",
    "abstain:forecast": "forecast|predict|prediction|projected|projection|预测|预计|预估|将会|未来|将来|next|tomorrow's|going to|estimate|likely|likelihood|可能性|概率|probability|churn",
    "abstain:correlation": "correlate|correlates|correlated|correlation|相关性|关系|影响|relationship between|relationship|impact|impact of|effect of|affect|affects|regression|回归|clustering|聚类|关联|相关",
    "abstain:opinion": "should|recommend|recommendation|建议|推荐|好不好|怎么样|如何|怎样|怎么|how to|how can|how should|analyze|analyse|analysis|分析|opinion|think|feel|worth|值得|应该|improve|提高|提升|优化|改进|advice|suggest|strategy|策略|最好|better|interesting|有趣|合理|异常|anomaly|anomalies|outlier|outliers",
    "abstain:nested": "growth|growth rate|增长|增长率|增速|增幅|同比|环比|yoy|mom|year over year|month over month|year on year|人均|per capita|平均每|每人平均|moving average|移动平均|cumulative|累计|running total|累积|standard deviation|variance|标准差|方差|percentile|分位|第二高|第三高|second highest|second largest|third highest|increase|decrease|increased|decreased|下降|上升|涨|跌|change in|difference|difference between|差额|差值|差距|差异|above average|below average|above the average|below the average|高于平均|低于平均|超过平均|retention|留存|复购|复购率|repeat|转化率|conversion|conversion rate|连续|consecutive|ratio of|ratio|turnover rate|周转率|毛利率|利润率|profit margin|退货率|取消率|及格率|出租率|入住率|客单价|average order value|rolling|同期|than average|than the average|most common|most frequent|最常见|最常用|mode|众数|both|同时|neither|only|仅|只|至今为止平均|第二|第三|second|third|as many as|twice|两倍|double|一半|half of",
    "write": "delete|update|insert|drop|remove|truncate|alter|modify|erase|wipe|grant|revoke|create table|create a table|add a|add new|set the|change the|rename|overwrite|删除|删掉|更新|修改|插入|清空|新增|改成|改为|删|写入|增加一|添加一|清除|抹掉|建表|删库|重命名|设为|设置为|destroy|replace|purge",
    "schema": "what tables|which tables|tables are there|list tables|list the tables|list all tables|show tables|show all tables|database schema|the schema|schema|有哪些表|哪些表|表结构|数据表|所有表|什么表|表格|数据库结构|有什么表|哪几张表|几张表|有几张表",
    "columns": "what columns|which columns|columns of|columns does|what fields|which fields|fields of|columns in|有哪些字段|有哪些列|哪些字段|哪些列|什么字段|字段|列名|columns|fields",
}  # fmt: skip
SOFT = {
    "stop", "list", "which", "which_all", "howmuch", "and", "with", "by", "to", "but", "each_",
}  # fmt: skip
PREFIXES_OF_FLAGS = ("is", "has", "was", "can", "allow", "are", "whether", "是否", "有无", "是否已")
YES = ("1", "y", "yes", "true", "t", "是", "on")
NO = ("0", "n", "no", "false", "f", "否", "off")
OPPOSITES = {"inactive": "active", "unpaid": "paid", "closed": "open_state"}
NOT_ADDITIVE = {
    "price", "rate", "ratio", "percent", "score", "rating", "age", "height", "gpa", "temperature",
    "interest_rate", "tax_rate", "discount", "discount_rate", "speed", "level", "rank", "floor",
    "rental_rate", "year", "balance", "weight", "length", "duration", "width", "salary", "hour",
    "release_year", "grade_level", "distance", "credit", "reorder_level", "cost", "milliseconds",
}  # fmt: skip


@lru_cache(maxsize=1)
def words() -> dict[tuple[str, ...], tuple[str, ...]]:
    """Units of a phrase → its tags."""
    found: dict[tuple[str, ...], tuple[str, ...]] = {}
    for tag, phrases in _WORDS.items():
        for phrase in phrases.split("|"):
            place = key(phrase) or (phrase,)
            if tag not in found.get(place, ()):
                found[place] = (*found.get(place, ()), tag)
    return found
