"""What is written twice, for the server and for the browser, says the same."""

import json
import random
from pathlib import Path

import pytest
from playwright.sync_api import Page, Route

from studio.prose.counting import count

pytestmark = pytest.mark.browser
ROOT = Path(__file__).resolve().parents[2]
ADDRESS = "http://studio.test/"
TEXTS = 2_000
LETTERS = (
    "夜雨的一𠀀𪚥々〇かナー한ㄅㆎ，。、“”‘’—…·！？（）《》　Ａ１％aZé\u0301ñЖ9½Ⅳ①.,'-*#>[]()\\ \t\n"
    "\u200b\u200d\ufeff👍👨\U000e0100\u3099~$@/:"
)
PAGE = """<!DOCTYPE html><script type="importmap">{"imports": {
  "studio/ranges": "/js/studio/ranges.js", "studio/counting": "/js/studio/counting.js",
  "studio/positions": "/js/studio/positions.js"}}</script>"""


@pytest.fixture(scope="module")
def modules(browser) -> Page:
    """A page that can import the modules of the writing page; no server, no database."""
    page = browser.new_page()

    def answer(route: Route) -> None:
        path = ROOT / "static" / route.request.url.removeprefix(ADDRESS)
        if path.suffix == ".js":
            route.fulfill(body=path.read_text(), content_type="text/javascript")
        else:
            route.fulfill(body=PAGE, content_type="text/html")

    page.route("**/*", answer)
    page.goto(ADDRESS)
    return page


def test_words_are_counted_alike(modules):
    luck = random.Random(11)
    vectors = json.loads((ROOT / "tests/studio/vectors/counting.json").read_text())
    texts = ["".join(luck.choices(LETTERS, k=luck.randint(1, 40))) for _text in range(TEXTS)]
    texts += [one["text"] for one in vectors]

    found = modules.evaluate(
        """async (texts) => {
            const { count } = await import("studio/counting");
            return texts.map((text) => { const c = count(text); return [c.words, c.plain, c.chars]; });
        }""",
        texts,
    )

    wanted = [count(text) for text in texts]
    assert found == [[one.words, one.words_plain, one.chars] for one in wanted]


def test_places_are_code_points(modules):
    luck = random.Random(12)
    texts = ["".join(luck.choices(LETTERS, k=20)) for _text in range(200)]

    found = modules.evaluate(
        """async (texts) => {
            const { toPoints, toUnits } = await import("studio/positions");
            return texts.map((text) => [...text].map((_one, point) => {
                const unit = toUnits(text, point);
                return [toPoints(text, unit), String.fromCodePoint(text.codePointAt(unit))];
            }));
        }""",
        texts,
    )

    assert found == [[[at, one] for at, one in enumerate(text)] for text in texts]
