"""What is told of the demo shop: descriptions in both languages, terms, approved examples, first questions."""

from __future__ import annotations

from datetime import date

from querygpt.catalogue import Term

REFERENCE_DATE = date(2025, 12, 31)
CONNECTION_NAME = ("演示商店", "Demo shop")

# Table: (Chinese, English, {column: (Chinese, English)}).
Described = tuple[str, str, dict[str, tuple[str, str]]]
DESCRIPTIONS: dict[str, Described] = {
    "regions": ("地区", "Regions", {"name": ("地区名称", "region name"), "name_en": ("地区英文名", "region name in English")}),
    "stores": ("门店", "Stores", {
        "name": ("门店名称", "store name"), "city": ("城市", "city"), "region_id": ("所属地区", "region id"),
        "opened_on": ("开业日期", "opening date"), "area_sqm": ("面积", "floor area"), "is_active": ("营业中", "open for business"),
    }),
    "staff": ("员工", "Staff", {
        "name": ("员工姓名", "staff name"), "gender": ("性别", "gender"), "job_title": ("职位", "job title"),
        "manager_id": ("上级", "manager id"), "hired_on": ("入职日期", "hire date"), "salary": ("月薪", "monthly salary"),
        "email": ("邮箱", "email"),
    }),
    "categories": ("商品分类", "Categories", {"name": ("分类名称", "category name"), "name_en": ("分类英文名", "category name in English"), "parent_id": ("上级分类", "parent category")}),
    "suppliers": ("供应商", "Suppliers", {"name": ("供应商名称", "supplier name"), "country": ("国家", "country"), "city": ("城市", "city"), "contact_email": ("联系邮箱", "contact email")}),
    "products": ("商品", "Products", {
        "name": ("商品名称", "product name"), "name_en": ("商品英文名", "product name in English"), "price": ("售价", "price"), "cost": ("成本", "cost"),
        "stock": ("库存", "stock"), "is_active": ("在售", "on sale"), "launched_on": ("上架日期", "launch date"),
    }),
    "customers": ("客户", "Customers", {
        "name": ("客户姓名", "customer name"), "gender": ("性别", "gender"), "city": ("城市", "city"), "level": ("会员等级", "membership level"),
        "registered_on": ("注册日期", "registration date"), "email": ("邮箱", "email"), "phone": ("电话", "phone"),
    }),
    "orders": ("订单", "Orders", {
        "order_no": ("订单号", "order number"), "ordered_at": ("下单时间", "order time"), "status": ("订单状态", "order status"),
        "channel": ("渠道", "channel"), "payment_method": ("支付方式", "payment method"), "total_amount": ("订单金额", "order amount"),
    }),
    "order_items": ("订单明细", "Order items", {"quantity": ("数量", "quantity"), "unit_price": ("成交单价", "unit price"), "line_amount": ("明细金额", "line amount")}),
    "reviews": ("商品评价", "Reviews", {"rating": ("评分", "rating"), "content": ("评价内容", "review text"), "reviewed_on": ("评价日期", "review date")}),
    "门店目标": ("门店目标", "Store targets", {
        "编号": ("编号", "id"), "门店编号": ("门店编号", "store id"), "年份": ("年份", "year"), "月份": ("月份", "month"),
        "目标销售额": ("目标销售额", "sales target"),
    }),
}  # fmt: skip
HIDDEN_SENSITIVE = (("customers", "phone"), ("customers", "email"), ("staff", "email"))

TERMS: tuple[Term, ...] = (
    Term("metric", "orders", "SUM(CASE WHEN status <> 'cancelled' THEN total_amount ELSE 0 END)", "销售额", "revenue", ("营业额", "sales", "turnover")),
    Term("metric", "orders", "SUM(total_amount) * 1.0 / COUNT(*)", "客单价", "average order value", ("average basket", "平均每单金额")),
    Term("metric", "orders", "COUNT(DISTINCT customer_id)", "下单客户数", "buying customers", ("购买人数", "active buyers")),
    Term("metric", "order_items", "SUM(quantity)", "销量", "units sold", ("销售数量", "sales volume", "卖出件数")),
    Term("metric", "products", "SUM(stock * price)", "库存货值", "stock value", ("库存价值", "inventory value")),
    Term("metric", "reviews", "AVG(rating)", "平均评分", "average rating", ("平均分",)),
    Term("metric", "门店目标", "SUM(目标销售额)", "销售目标", "sales target", ("目标额", "target revenue")),
    Term("filter", "orders", "status <> 'cancelled'", "有效订单", "valid orders", ()),
    Term("filter", "orders", "total_amount >= 5000", "大额订单", "large orders", ("大单", "big orders")),
    Term("filter", "products", "stock = 0", "缺货", "out of stock", ("断货", "sold out")),
    Term("dimension", "products", "CASE WHEN price < 100 THEN '0-99' WHEN price < 500 THEN '100-499' ELSE '500+' END", "价格带", "price band", ()),
    Term("alias", "staff", "staff", "店员", "shop assistants", ("同事", "colleagues")),
)  # fmt: skip

# Language, question, statement.
EXAMPLES: tuple[tuple[str, str, str], ...] = (
    ("zh", "每家门店的员工人数和平均月薪", "SELECT stores.name, COUNT(*) AS 员工数, AVG(staff.salary) AS 平均月薪 FROM staff JOIN stores ON stores.id = staff.store_id GROUP BY stores.id, stores.name ORDER BY stores.id"),
    ("zh", "2025年各门店销售额完成率", "SELECT s.name, (SELECT SUM(o.total_amount) FROM orders AS o WHERE o.store_id = s.id AND o.status <> 'cancelled' AND o.ordered_at >= '2025-01-01' AND o.ordered_at < '2026-01-01') * 100.0 / (SELECT SUM(t.目标销售额) FROM 门店目标 AS t WHERE t.门店编号 = s.id AND t.年份 = 2025) AS 完成率 FROM stores AS s ORDER BY 2 DESC"),
    ("zh", "毛利最高的十个商品", "SELECT p.name, SUM(i.line_amount - i.quantity * p.cost) AS 毛利 FROM order_items AS i JOIN products AS p ON p.id = i.product_id GROUP BY p.id, p.name ORDER BY 2 DESC LIMIT 10"),
    ("zh", "买过咖啡的客户有多少", "SELECT COUNT(DISTINCT o.customer_id) AS 客户数 FROM orders AS o JOIN order_items AS i ON i.order_id = o.id JOIN products AS p ON p.id = i.product_id JOIN categories AS c ON c.id = p.category_id WHERE c.name = '咖啡'"),
    ("zh", "取消率最高的渠道", "SELECT channel, AVG(CASE WHEN status = 'cancelled' THEN 1.0 ELSE 0 END) AS 取消率 FROM orders GROUP BY channel ORDER BY 2 DESC LIMIT 1"),
    ("en", "cancellation rate by month", "SELECT STRFTIME('%Y-%m', ordered_at) AS month, AVG(CASE WHEN status = 'cancelled' THEN 1.0 ELSE 0 END) AS cancellation_rate FROM orders GROUP BY 1 ORDER BY 1"),
    ("en", "repeat customers", "SELECT COUNT(*) AS customers FROM (SELECT customer_id FROM orders GROUP BY customer_id HAVING COUNT(*) > 1) AS repeated"),
    ("en", "gross profit by category", "SELECT c.name_en, SUM(i.line_amount - i.quantity * p.cost) AS gross_profit FROM order_items AS i JOIN products AS p ON p.id = i.product_id JOIN categories AS c ON c.id = p.category_id GROUP BY c.id, c.name_en ORDER BY 2 DESC"),
    ("en", "products never reviewed", "SELECT p.name_en FROM products AS p WHERE NOT EXISTS (SELECT 1 FROM reviews AS r WHERE r.product_id = p.id) ORDER BY p.id"),
    ("en", "orders without a cashier by store", "SELECT s.name, COUNT(*) AS orders FROM orders AS o JOIN stores AS s ON s.id = o.store_id WHERE o.staff_id IS NULL GROUP BY s.id, s.name ORDER BY 2 DESC"),
)  # fmt: skip

STARTERS: dict[str, tuple[str, ...]] = {
    "zh": (
        "上个月各地区销售额前五",
        "2025年每月的销售额",
        "销量最高的10个商品",
        "各支付方式的订单数",
        "没有下过单的客户有多少",
        "各会员等级的客户数占比",
        "价格最高的5个商品",
        "对比2024年和2025年的销售额",
    ),
    "en": (
        "top 5 regions by revenue last month",
        "monthly revenue in 2025",
        "average salary by job title",
        "how many orders were cancelled",
        "share of orders by channel",
        "which stores have more than 600 orders",
        "the 5 most expensive products",
        "number of customers by city",
    ),
}
