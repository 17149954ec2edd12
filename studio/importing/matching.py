"""Run alone as a program: match a person's pattern against lines, where it may take as long as it likes.

Reads `{"pattern", "lines"}` as JSON from its input, writes `[[line, first group, second group], …]`.
"""

import json
import re
import sys


def main() -> None:
    asked = json.load(sys.stdin)
    pattern = re.compile(asked["pattern"])
    found = []
    for place, line in enumerate(asked["lines"]):
        match = pattern.fullmatch(line) if line else None
        if match:
            groups = [*match.groups(), None, None][:2]
            found.append([place, *groups])
    json.dump(found, sys.stdout)


if __name__ == "__main__":
    main()
