"""Rank keys: strings of base-62 digits between any two of which there is always another one.

A key is read as the digits behind a point, so it never ends in the lowest digit. Compared byte by byte (collation
"C"), keys stand in the order of their numbers.
"""

DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
# A longer key asks for a fresh spread of its whole scope.
MAX_LENGTH = 32
_value = {digit: number for number, digit in enumerate(DIGITS)}
_base = len(DIGITS)


def between(before: str | None, after: str | None) -> str:
    """A key after `before` and before `after`; None is the beginning or the end. Raises ValueError where none can be."""
    low, high = before or "", after or ""
    if (after is not None and not high) or (high and low >= high):
        raise ValueError(f"no key lies between {before!r} and {after!r}")
    if not high:
        return _beyond(low)
    shared = 0
    while shared < len(high) and _digit(low, shared) == _value[high[shared]]:
        shared += 1
    head, low, high = high[:shared], low[shared:], high[shared:]
    first, last = _digit(low, 0), _value[high[0]]
    if last - first > 1:
        return head + DIGITS[(first + last) // 2]
    if len(high) > 1:
        # The next digit alone is smaller than `high`, and greater than everything below it.
        return head + high[0] if low[:1] != high[:1] else head + low[:1] + _beyond(low[1:])
    return head + DIGITS[first] + _beyond(low[1:])


def spread(count: int) -> list[str]:
    """`count` keys in order, of equal length, with room between all of them."""
    length = 1
    while _base**length < (count + 1) * _base:
        length += 1
    step = _base**length // (count + 1)
    return [_written(step * number, length) for number in range(1, count + 1)]


def _digit(key: str, place: int) -> int:
    return _value[key[place]] if place < len(key) else 0


def _beyond(key: str) -> str:
    """A short key after this one: chapters are mostly added at the end, so it steps by one, not by halves."""
    for place, digit in enumerate(key):
        if digit != DIGITS[-1]:
            return key[:place] + DIGITS[_value[digit] + 1]
    return key + DIGITS[1 if key else _base // 2]


def _written(number: int, length: int) -> str:
    digits = []
    for _place in range(length):
        number, digit = divmod(number, _base)
        digits.append(DIGITS[digit])
    return "".join(reversed(digits)).rstrip(DIGITS[0])
