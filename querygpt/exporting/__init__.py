"""Results as files: CSV and XLSX that no spreadsheet takes for formulas, JSON that keeps every digit."""

from querygpt.exporting.answers import export
from querygpt.exporting.sheets import FORMATS, Sheet, written

__all__ = ["FORMATS", "Sheet", "export", "written"]
