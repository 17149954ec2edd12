"""What kind of question it is, and in which language."""

import pytest

from querygpt.answering import structure
from querygpt.answering.routing import language_of, route
from querygpt.catalogue import Catalogue, Column, Table


@pytest.mark.parametrize(
    "question",
    [
        "删除所有订单",
        "请帮我删掉 2024 年的订单",
        "把所有价格改成 0",
        "将订单 5 的状态更新为已付款",
        "清空顾客表",
        "delete all orders",
        "Please drop table orders",
        "can you remove the customers of Berlin",
        "DELETE FROM orders",
        "run this: insert into orders values (1)",
        "update orders set total = 0",
        "set the price of everything to 1",
        "i want you to truncate reviews",
        "ｄｅｌｅｔｅ all orders",
    ],
)
def test_orders_to_write_are_seen(question):
    assert route(question) == "write"


@pytest.mark.parametrize(
    "question",
    [
        "上个月各地区销售额前五",
        "已删除的订单有多少",
        "最近更新的商品",
        "订单的更新时间最晚是什么时候",
        "更新时间在上个月的商品",
        "修改次数最多的商品",
        "how many deleted orders are there",
        "when was each product last updated",
        "update date of the newest order",
        "which customers were added last month",
        "top 5 regions by revenue last month",
        "set of products sold",
        "取消的订单",
        "help requests per month",
    ],
)
def test_questions_about_data_are_questions(question):
    assert route(question) == "data"


@pytest.mark.parametrize("question", ["你好", "hello!", "谢谢啊", "你是谁？", "Thanks", "hi there"])
def test_small_talk_is_seen(question):
    assert route(question) == "talk"


@pytest.mark.parametrize("question", ["???", "😀😀", "。。。", " \n\t ", "——！"])
def test_what_holds_no_word_asks_nothing(question):
    assert route(question) == "nothing"


@pytest.mark.parametrize(
    ("question", "language"),
    [
        ("上月销售额", "zh"),
        ("revenue last month", "en"),
        ("查询 orders 表", "zh"),
        ("orders from 华东 region by month please", "en"),
        ("2024", "en"),
    ],
)
def test_the_language_is_that_of_the_script(question, language):
    assert language_of(question, default="en") == language


def test_without_letters_the_reader_decides():
    assert language_of("42?", default="zh") == "zh"


SHOP = Catalogue(
    (
        Table("orders", columns=(Column("id", "int"), Column("pin", is_hidden=True))),
        Table("customers", description_zh="客户"),
        Table("salaries", is_denied=True),
    )
)


def test_the_tables_are_listed_but_closed_ones():
    said = structure.told(question="有哪些表", catalogue=SHOP, language="zh")

    assert said == "• orders\n• customers – 客户"


def test_the_columns_of_a_named_table_are_listed_but_hidden_ones():
    said = structure.told(question="what columns has orders", catalogue=SHOP, language="en")

    assert said == "orders\n• id (int)"
