"""Taking an export in: what is kept, what is left out, what is taken out of the texts."""

from __future__ import annotations

import base64
import json
import zipfile
from pathlib import Path

import pytest

from taishang.generation.intake import IntakeError, Received, read_export
from tests.laojun.archives import Member, Zip

SOURCE = "export const a = 1;\n"


def packed(tmp_path: Path, files: dict[str, str | bytes]) -> Path:
    path = tmp_path / "export.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


def received(tmp_path: Path, files: dict[str, str | bytes], chat: bytes | None = None) -> Received:
    log = None
    if chat is not None:
        log = tmp_path / "chat"
        log.write_bytes(chat)
    return read_export(archive=packed(tmp_path, files), chat=log, directory=tmp_path)


def text_of(result: Received, path: str) -> str | None:
    return next(file.text for file in result.export.files if file.path == path)


def token(claims: dict[str, str]) -> str:
    parts = [base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=")
             for part in ({"alg": "HS256", "typ": "JWT"}, claims)]  # fmt: skip
    return ".".join([*parts, "c2lnbmF0dXJlLXNpZ25hdHVyZQ"])


def test_wrapper_folders_are_stripped_and_sources_stay(tmp_path: Path) -> None:
    result = received(
        tmp_path,
        {"repo-main/app/src/a.ts": SOURCE, "__MACOSX/._a": b"x", "repo-main/.DS_Store": b"x"},
    )

    assert [file.path for file in result.export.files] == ["src/a.ts"]
    assert result.export.ignored == {"packer litter": 2}


def test_dependencies_builds_and_media_are_counted_and_not_read(tmp_path: Path) -> None:
    files = {f"node_modules/p{i}/index.js": SOURCE for i in range(30)}
    files |= {"dist/a.js": SOURCE, "src/a.ts": SOURCE, "src/a.test.ts": SOURCE, "src/b.stories.tsx": SOURCE,
              "src/logo.png": "x", "yarn.lock": "x", "src/a.js.map": "x", "src/build/tower.ts": SOURCE}  # fmt: skip

    result = received(tmp_path, dict(files))

    assert [file.path for file in result.export.files] == ["src/a.ts", "src/build/tower.ts"]
    assert result.export.ignored == {
        "binaries and media": 1, "build output": 1, "dependencies": 30, "lockfiles": 1,
        "source maps": 1, "stories": 1, "tests": 1,
    }  # fmt: skip


def test_copies_that_editors_keep_are_no_source(tmp_path: Path) -> None:
    files = {f".history/src/a_2025010{day}.ts": SOURCE for day in range(1, 6)}

    result = received(tmp_path, files | {"src/a.ts": SOURCE, "package.json": "{}"})

    assert [file.path for file in result.export.files] == ["package.json", "src/a.ts"]
    assert result.export.ignored == {"version control": 5}


def test_an_export_of_dependencies_only_has_no_source(tmp_path: Path) -> None:
    with pytest.raises(IntakeError) as refused:
        received(tmp_path, {"node_modules/a/index.js": SOURCE, "package.json": "{}"})

    assert refused.value.code == "no_source_files"
    assert "1 dependencies" in refused.value.detail


def test_a_hostile_archive_is_named_with_rule_and_entry(tmp_path: Path) -> None:
    path = tmp_path / "evil.zip"
    path.write_bytes(Zip([Member(b"../a.ts")]).build())

    with pytest.raises(IntakeError) as refused:
        read_export(archive=path, directory=tmp_path)

    assert (refused.value.code, refused.value.entry) == ("zip_unsafe", "../a.ts")


def test_too_many_kept_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(IntakeError) as refused:
        received(tmp_path, {f"src/f{i}.ts": "1" for i in range(5_001)})

    assert refused.value.code == "zip_expands_too_much"


def test_links_and_nested_archives_are_skipped_with_a_warning(tmp_path: Path) -> None:
    path = tmp_path / "export.zip"
    link = Member(b"src/link.ts", b"/etc/passwd", external=0o120777 << 16)
    path.write_bytes(Zip([Member(b"src/a.ts"), link, Member(b"src/inner.zip")]).build())

    result = read_export(archive=path, directory=tmp_path)

    assert [file.path for file in result.export.files] == ["src/a.ts"]
    assert sorted(warning.file or "" for warning in result.export.warnings) == [
        "src/inner.zip",
        "src/link.ts",
    ]


def test_minified_and_huge_files_are_listed_without_text(tmp_path: Path) -> None:
    result = received(
        tmp_path,
        {
            "src/a.ts": SOURCE,
            "src/min.js": "a=1;" * 400,
            "src/big.ts": "\n".join(map(str, range(400_000))),
        },
    )

    assert text_of(result, "src/min.js") is None
    assert text_of(result, "src/big.ts") is None
    assert text_of(result, "src/a.ts") == SOURCE


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"\xef\xbb\xbfa\r\nb\rc\n", "a\nb\nc\n"),
        ("é = 1\n".encode("utf-16"), "é = 1\n"),
        (b"a\x00b\n", None),
    ],
)
def test_texts_are_decoded_and_their_lines_made_plain(
    data: bytes, text: str | None, tmp_path: Path
) -> None:
    assert text_of(received(tmp_path, {"src/a.ts": data}), "src/a.ts") == text


def test_a_foreign_encoding_is_read_with_a_warning(tmp_path: Path) -> None:
    data = ("// 用户列表在这里显示，点击可以编辑用户的资料\n" * 5).encode("gb18030")

    result = received(tmp_path, {"src/a.ts": data})

    assert "用户列表" in (text_of(result, "src/a.ts") or "")
    assert [warning.code for warning in result.export.warnings] == ["encoding_guessed"]


SECRETS = {
    "provider": "const a = 'sk_live_" + "4eC39HqLyjWDarjtT1zdp7dc';",
    "github": "token(`ghp_" + "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8`)",
    "amazon": "key: AKIA" + "IOSFODNN7EXAMPLE",
    "named": 'const apiKey = "9f8a7b6c5d4e3f2a1b0c9d8e";',
    "password": "password: 'kX9#mP2$vL7@qR4!'",
    "address": "postgres://admin:s3cr3tPassw0rd@db.example.com/app",
    "bearer": "headers: { Authorization: 'Bearer q8Zr5Tn2Wp9Lk4Xs7Vb1' }",
    "jwt": "const k = '" + token({"role": "anon"}) + "'",
    "google": "AIza" + "SyD-9tSrke72PouQMnMX-a7eZSW0jkFMBWY",
    "slack": "xoxb-" + "123456789012-abcdefGHIJKL",
}


@pytest.mark.parametrize("name", SECRETS)
def test_a_planted_secret_is_redacted_where_it_stood(name: str, tmp_path: Path) -> None:
    result = received(
        tmp_path, {"src/a.ts": "const first = 1\n" + SECRETS[name] + "\nconst third = 3\n"}
    )

    text = text_of(result, "src/a.ts") or ""
    assert "[redacted]" in text.split("\n")[1]
    assert text.split("\n")[::2] == ["const first = 1", "const third = 3"]
    assert [(secret.file, secret.line) for secret in result.export.secrets] == [("src/a.ts", 2)]
    assert "secret_found" in [warning.code for warning in result.export.warnings]


def test_ordinary_code_is_not_redacted(tmp_path: Path) -> None:
    code = (
        "const key = item.id;\nlocalStorage.getItem('access_token_v2');\n"
        "const token = process.env.TOKEN;\nconst password = form.password;\n"
        "const label = 'auth.token.expired.message';\nconst tokenUrl = 'https://a.example/oauth2/token';\n"
    )

    result = received(tmp_path, {"src/a.ts": code})

    assert text_of(result, "src/a.ts") == code
    assert result.export.secrets == []


def test_a_private_key_goes_with_all_its_lines_and_no_more(tmp_path: Path) -> None:
    begin, end = "-----BEGIN RSA PRIVATE " + "KEY-----", "-----END RSA PRIVATE " + "KEY-----"
    result = received(
        tmp_path,
        {"src/a.ts": f"a\n{begin}\nMIIE\nabcd\n{end}\nb\n", "README.md": f"see {begin}\nmore\n"},
    )

    assert text_of(result, "src/a.ts") == "a\n" + "[redacted]\n" * 4 + "b\n"
    assert text_of(result, "README.md") == "[redacted]\nmore\n"


def test_a_service_role_token_is_high(tmp_path: Path) -> None:
    result = received(tmp_path, {"src/a.ts": f'const k = "{token({"role": "service_role"})}"\n'})

    assert [secret.high for secret in result.export.secrets] == [True]
    assert "rotate this key now" in result.export.warnings[0].detail


def test_environment_files_give_names_and_public_addresses_only(tmp_path: Path) -> None:
    env = (
        "VITE_API_URL=https://api.example.com/v1\nVITE_KEY=abc\nSECRET=http://internal\n"
        "VITE_DB=https://user:pass@db.example.com\n# a note\n"
    )

    result = received(tmp_path, {".env": env, "src/a.ts": SOURCE})

    assert result.export.environment == {
        "VITE_API_URL": "https://api.example.com/v1", "VITE_KEY": None, "SECRET": None, "VITE_DB": None,
    }  # fmt: skip
    assert "pass" not in (text_of(result, ".env") or "")


def test_no_canary_survives_in_export_pack_or_chat(tmp_path: Path) -> None:
    canary = "gh" + "p_CANARYcanary0123456789CANARYcanary"
    files = {
        "src/a.ts": f"const t = '{canary}'\n",
        ".env": f"GITHUB_TOKEN={canary}\n",
        "README.md": f"use {canary}\n",
    }

    result = received(tmp_path, dict(files), chat=f"user: my token is {canary}\n".encode())

    with zipfile.ZipFile(result.pack) as pack:
        packed_texts = "".join(pack.read(name).decode() for name in pack.namelist())
    assert canary not in packed_texts + result.export.model_dump_json() + (result.chat or "")


def test_equal_exports_give_equal_packs(tmp_path: Path) -> None:
    first = received(tmp_path, {"a/src/a.ts": SOURCE, "a/src/b.ts": SOURCE}).pack.read_bytes()
    second = received(tmp_path, {"a/src/b.ts": SOURCE, "a/src/a.ts": SOURCE}).pack.read_bytes()

    assert first == second


def test_without_a_chat_there_is_none(tmp_path: Path) -> None:
    assert received(tmp_path, {"src/a.ts": SOURCE}).chat is None


def test_ten_thousand_dependency_files_are_passed_over_quickly(tmp_path: Path) -> None:
    members = [Member(f"r/node_modules/p{i}/i.js".encode(), b"x", method=0) for i in range(10_500)]
    path = tmp_path / "big.zip"
    path.write_bytes(Zip([Member(b"r/src/a.ts"), *members]).build())

    result = read_export(archive=path, directory=tmp_path)

    assert result.export.ignored == {"dependencies": 10_500}
