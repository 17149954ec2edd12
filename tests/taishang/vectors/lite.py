"""A real Milvus Lite in a process of its own, as the supervisor runs it."""

import os
import subprocess
import sys
import time
from pathlib import Path

START_SECONDS = 60


class Lite:
    def __init__(self, data_dir: Path) -> None:
        self.data_dir = data_dir
        self.process: subprocess.Popen | None = None

    @property
    def folder(self) -> Path:
        return self.data_dir / "vectors" / "milvus"

    def start(self) -> str:
        """Returns its address."""
        address = self.data_dir / "run" / "milvus.address"
        address.unlink(missing_ok=True)
        self.process = subprocess.Popen(
            [sys.executable, "-m", "config.milvus_lite"],
            env={
                **os.environ,
                "DATA_DIR": str(self.data_dir),
                "DJANGO_SETTINGS_MODULE": "config.settings",
            },
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )
        deadline = time.monotonic() + START_SECONDS
        while not address.exists():
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.process.kill()
                raise RuntimeError(self.process.communicate()[1].decode()[-2000:])
            time.sleep(0.05)
        return address.read_text().strip()

    def stop(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.communicate()
            self.process = None
