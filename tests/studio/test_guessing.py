"""Names nobody has entered: found where they behave like names, never the words around them."""

from studio.prose.guessing import Guesser

CHINESE = """林黛玉笑道：“你来了。”众人见林黛玉来，都让座。只见林黛玉低头，周瑞说了几句。
王熙凤走进来，看见林黛玉在哭。王熙凤问她，旁边王熙凤的丫头也问，王熙凤便不言语。
周瑞去了。她对周瑞道：“是。”那周瑞，王法不管，王法无情。"""
ENGLISH = """The rain fell. Elizabeth Bennet saw Mr Darcy, and then Elizabeth Bennet laughed.
When Elizabeth Bennet left, Darcy sat by the window. She knew Darcy well, and Darcy knew her. The door closed. The end."""


def names(text, *known):
    guesser = Guesser(known)
    guesser.read(text)
    return {one.name: one.count for one in guesser.offered()}


def test_names_are_told_from_words():
    assert names(CHINESE) == {"林黛玉": 4, "王熙凤": 4, "周瑞": 4}
    assert "王熙凤" not in names(CHINESE, "凤姐", "王熙凤")
    found = names(ENGLISH)
    assert found["Elizabeth Bennet"] == 3
    assert found["Darcy"] == 3
    assert "The" not in found
