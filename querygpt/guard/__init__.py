"""Nothing but single reads passes: `check` judges a statement and gives the text that may run.

Pure: no Django, no network, no foreign database. The order of the rules stands in `checking`, their names in
`verdict.RULES`, what they mean in docs/sql-guard.md.
"""

from querygpt.guard.checking import check, warm
from querygpt.guard.policy import Policy
from querygpt.guard.verdict import RULES, Verdict

__all__ = ["RULES", "Policy", "Verdict", "check", "warm"]
