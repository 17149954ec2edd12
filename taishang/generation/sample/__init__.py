"""Our own sample: a small reading club as Bolt exports it, and the chat log it came from."""

import io
import zipfile
from pathlib import Path

FOLDER = Path(__file__).parent
FIXED_DATE = (2025, 1, 1, 0, 0, 0)


def archive() -> bytes:
    """The export as a ZIP, byte-identical every time."""
    buffer = io.BytesIO()
    root = FOLDER / "export"
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as packed:
        for file in sorted(path for path in root.rglob("*") if path.is_file()):
            name = f"reading-club/{file.relative_to(root).as_posix()}"
            packed.writestr(zipfile.ZipInfo(name, FIXED_DATE), file.read_bytes())
    return buffer.getvalue()


def chat() -> bytes:
    return (FOLDER / "chat.json").read_bytes()
