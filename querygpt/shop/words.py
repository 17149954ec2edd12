"""Names of the demo shop: places, people, goods."""

from __future__ import annotations

REGIONS = (
    ("华东", "East China"), ("华北", "North China"), ("华南", "South China"), ("华中", "Central China"),
    ("西南", "Southwest"), ("西北", "Northwest"), ("东北", "Northeast"), ("线上", "Online"),
)  # fmt: skip
CITIES = (
    ("上海", "杭州", "南京"), ("北京", "天津", "石家庄"), ("广州", "深圳", "厦门"), ("武汉", "长沙", "郑州"),
    ("成都", "重庆", "昆明"), ("西安", "兰州", "银川"), ("沈阳", "大连", "哈尔滨"), ("苏州", "合肥", "青岛"),
)  # fmt: skip
SURNAMES = "王李张刘陈杨黄赵吴周徐孙马朱胡郭何高林罗郑梁谢宋唐许韩冯邓曹"
GIVEN = "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平刚桂英华建文玲斌婷宇浩欣然雨晨佳怡嘉琪思远子涵"
LATIN_NAMES = (
    "Emma Stone", "Liam Carter", "Olivia Brooks", "Noah Turner", "Ava Collins", "Mason Reed", "Sophia Hayes",
    "Lucas Grant", "Mia Foster", "Ethan Blake",
)  # fmt: skip
CATEGORIES = (
    ("数码", "Digital", None), ("服饰", "Apparel", None), ("家居", "Home", None), ("食品", "Food", None),
    ("手机", "Phones", 1), ("电脑", "Computers", 1), ("耳机", "Headphones", 1), ("男装", "Menswear", 2),
    ("女装", "Womenswear", 2), ("鞋靴", "Shoes", 2), ("厨具", "Kitchenware", 3), ("灯具", "Lamps", 3),
    ("零食", "Snacks", 4), ("茶叶", "Tea", 4), ("咖啡", "Coffee", 4),
)  # fmt: skip
# Category number, Chinese noun, English noun, lowest price, highest price.
GOODS = (
    (5, "智能手机", "Smartphone", 1299, 6999), (5, "老人机", "Feature Phone", 199, 499),
    (6, "笔记本电脑", "Laptop", 3299, 9999), (6, "平板电脑", "Tablet", 999, 4999),
    (7, "蓝牙耳机", "Bluetooth Earbuds", 99, 1299), (7, "头戴耳机", "Over-ear Headset", 199, 1999),
    (8, "衬衫", "Shirt", 89, 499), (8, "夹克", "Jacket", 199, 899), (9, "连衣裙", "Dress", 129, 799),
    (9, "针织衫", "Knitwear", 99, 459), (10, "跑鞋", "Running Shoes", 199, 999), (10, "皮靴", "Leather Boots", 299, 1299),
    (11, "炒锅", "Wok", 79, 399), (11, "刀具", "Knife Set", 59, 599), (12, "台灯", "Desk Lamp", 59, 399),
    (13, "坚果", "Mixed Nuts", 29, 129), (13, "饼干", "Biscuits", 9, 59), (14, "绿茶", "Green Tea", 39, 399),
    (14, "红茶", "Black Tea", 39, 359), (15, "咖啡豆", "Coffee Beans", 49, 199),
)  # fmt: skip
STYLES = (
    ("经典", "Classic"), ("轻享", "Light"), ("旗舰", "Flagship"), ("复古", "Retro"), ("青春", "Youth"),
    ("商务", "Business"), ("星河", "Galaxy"), ("山野", "Outdoor"), ("简约", "Simple"), ("限定", "Limited"),
    ("云感", "Cloud"), ("晨光", "Morning"), ("雅致", "Elegant"), ("元气", "Vital"), ("匠心", "Craft"),
)  # fmt: skip
SUPPLIER_PLACES = (
    ("中国", "深圳"), ("中国", "义乌"), ("中国", "福州"), ("日本", "大阪"), ("德国", "汉堡"), ("美国", "西雅图"),
    ("越南", "河内"), ("意大利", "米兰"), ("韩国", "首尔"), ("巴西", "圣保罗"),
)  # fmt: skip
SUPPLIER_NAMES = (
    "恒信", "远航", "金桥", "博雅", "瑞丰", "天成", "华盛", "东明", "海川", "新锐", "宏图", "百川", "盛世", "万和", "乐康",
)  # fmt: skip
JOBS = ("店长", "收银员", "导购", "仓管", "客服")
LEVELS = ("普通", "银卡", "金卡", "钻石")
CHANNELS = ("门店", "网站", "小程序")
PAYMENTS = ("微信", "支付宝", "现金", "银行卡")
OPINIONS = (
    "很满意",
    "物流很快",
    "质量一般",
    "会再来买",
    "包装破损",
    "性价比高",
    "颜色有偏差",
    "客服耐心",
)
