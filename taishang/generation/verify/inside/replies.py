"""Read replies the way the front end does."""

LIST_METHODS = frozenset({"length", "map", "filter", "forEach", "slice", "find", "reduce", "some"})


def body_of(response):
    if not response.content or "json" not in response.headers.get("Content-Type", ""):
        return None
    return response.json()


def missing_keys(keys, body):
    return [key for key in keys if not has_key(body, key)]


def has_key(body, key):
    """Does the reply have this dotted key? An empty list has every key of its rows."""
    here = [body]
    for part in [part for part in key.split(".") if part]:
        name = part.removesuffix("[]")
        if name in LIST_METHODS and any(isinstance(value, list) for value in here):
            return True
        rows = rows_of(here)
        if not rows:
            return True
        if name and not all(isinstance(value, dict) and name in value for value in rows):
            return any(value is None for value in rows)
        here = [value[name] for value in rows] if name else rows
        if any(value is None for value in here):
            return True
    return True


def rows_of(values):
    """The values with lists replaced by their rows."""
    found = []
    for value in values:
        found += (
            [row for row in value if isinstance(row, dict)] if isinstance(value, list) else [value]
        )
    return found
