"""Take an uploaded export in: check the archive, choose its files, decode and redact them."""

from taishang.generation.intake.reading import IntakeError, Received, read_export

__all__ = ["IntakeError", "Received", "read_export"]
