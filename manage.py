#!/usr/bin/env python3
"""Django's command line. Starts the embedded servers when a command needs them and they are not running."""

import os
import sys

from django.core.management import execute_from_command_line

from config import embedded

NEED_NO_SERVER = {"help", "version", "--help", "--version"}


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    if len(sys.argv) > 1 and sys.argv[1] not in NEED_NO_SERVER:
        embedded.ensure()
    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
