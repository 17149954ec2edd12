"""What a model may be shown of a work, piece by piece, and how pieces are fitted into a budget of tokens.

Pure and deterministic: equal pieces, budget and counting give equal results; ties are settled by the pieces' keys.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, replace
from typing import Literal

# In the order in which they are filled: what stands last is cut first.
GROUPS = ("instruction", "text", "work_card", "always", "entries", "synopses", "tail", "chat")
# What an agent's policy names, and the groups behind each name.
POLICY = {
    "text": ("text",),
    "work_card": ("work_card",),
    "entries": ("always", "entries"),
    "synopses": ("synopses",),
    "tail": ("tail",),
    "chat": ("chat",),
}
FIXED = frozenset({"instruction", "text"})
Cut = Literal["never", "head", "tail", "whole"]
Counter = Callable[[str], int]


class InstructionTooLong(ValueError):
    """What must be said takes more than half of the room. Units: tokens."""

    code = "context_too_long"

    def __init__(self, *, counted: int, budget: int) -> None:
        super().__init__(f"{counted} > {budget} / 2")
        self.members = {"input_tokens": counted, "budget": budget}


@dataclass(frozen=True)
class Piece:
    """One thing that may be sent. `rank` decides who is kept, `place` where it stands in the prompt.

    `reason` is a code: why it is here, or why it is not. `cut` says which end goes when it does not fit: `head` and
    `tail` lose characters, `whole` goes altogether. `role` names the speaker of a piece of a conversation.
    """

    key: str
    group: str
    title: str
    text: str
    reason: str = ""
    rank: int = 0
    place: int = 0
    cut: Cut = "whole"
    role: str = ""
    tokens: int = 0
    is_cut: bool = False

    @property
    def is_fixed(self) -> bool:
        return self.group in FIXED


@dataclass(frozen=True)
class Fitted:
    """What is sent, in the order of the prompt, and what is not, with the reason. Units: tokens."""

    kept: tuple[Piece, ...]
    dropped: tuple[Piece, ...]
    tokens: int
    budget: int


def budget(*, share: float, window: int, most_output: int, spare: int = 256) -> int:
    """How many tokens the context may take of a model's window. Units: tokens."""
    return max(0, min(int(share * window), window - most_output - spare))


def allowed(policy: Collection[str]) -> frozenset[str]:
    """The groups an agent may be sent."""
    return frozenset({"instruction"}.union(*(POLICY[name] for name in policy if name in POLICY)))


def fitted(
    pieces: Iterable[Piece], *, budget: int, count: Counter, excluded: Collection[str] = ()
) -> Fitted:
    """Keep what fits, group after group; within one, the first that does not fit ends it.

    Raises InstructionTooLong where the instruction alone is over half the budget.
    """
    kept: list[Piece] = []
    dropped: list[Piece] = []
    room = budget
    ordered = sorted(pieces, key=_rank)
    for group in GROUPS:
        mine = [one for one in ordered if one.group == group]
        is_full = False
        for piece in mine:
            if piece.key in excluded and not piece.is_fixed:
                dropped.append(replace(piece, reason="unticked"))
                continue
            fit = None if is_full else _fit(piece, room, budget, count)
            if fit is None:
                is_full = True
                dropped.append(replace(piece, reason="no_room", tokens=count(piece.text)))
                continue
            kept.append(fit)
            room -= fit.tokens
    placed = tuple(sorted(kept, key=_place))
    return Fitted(placed, tuple(dropped), budget - room, budget)


def _fit(piece: Piece, room: int, budget: int, count: Counter) -> Piece | None:
    tokens = count(piece.text)
    if piece.group == "instruction":
        if tokens * 2 > budget:
            raise InstructionTooLong(counted=tokens, budget=budget)
        return replace(piece, tokens=tokens)
    if tokens <= room:
        return replace(piece, tokens=tokens)
    if piece.cut in {"whole", "never"}:
        return None
    text = _shortened(piece.text, room, count, from_head=piece.cut == "head")
    return replace(piece, text=text, tokens=count(text), is_cut=True) if text else None


def _shortened(text: str, room: int, count: Counter, *, from_head: bool) -> str:
    """As much as fits, from the end that is nearest to the caret. Cost: counts log₂ of the length."""
    low, high = 0, len(text)
    while low < high:
        middle = (low + high + 1) // 2
        piece = text[-middle:] if from_head else text[:middle]
        if count(piece) <= room:
            low = middle
        else:
            high = middle - 1
    if not low:
        return ""
    return text[-low:] if from_head else text[:low]


def _rank(piece: Piece) -> tuple[int, str]:
    return piece.rank, piece.key


def _place(piece: Piece) -> tuple[int, int, str]:
    return GROUPS.index(piece.group), piece.place, piece.key
