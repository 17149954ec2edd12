"""What would be sent to a model, exactly: chosen, cut to size, written out and sealed by its hash."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

from django.utils import timezone

from accounts.authentication import Principal
from studio.agents import behaviour, builtin, variables
from studio.context import gathering, parts, rendering
from studio.context.gathering import CHANGING, WHOLE, Scope
from studio.context.parts import Fitted, Piece
from studio.context.rendering import Message
from studio.models import Agent
from studio.prose import clipping, reports
from taishang.catalogue import prices, references
from taishang.catalogue.references import Place, Resolved
from taishang.models import Model
from taishang.providers.base import ChatPrompt
from taishang.providers.counting import count
from taishang.usage.costs import Prices

DEFAULT_SHARE = 0.65
SHARES = (0.3, 0.85)
# A chapter that is checked goes in pieces of at most so many characters.
SLICE_CHARACTERS = 6_000
LEAST_SLICE = 500
DRAFT = "text:draft"
# Han take about one and a half tokens each, words of an alphabet less than two.
TOKENS_PER_WORD = 2
SCHEMAS = {"findings": reports.FINDINGS_SCHEMA, "outline": reports.OUTLINE_SCHEMA}


class NothingSelected(ValueError):
    """What is to be changed was not named, or there is no text to read."""

    code = "passage_required"


@dataclass(frozen=True)
class Wish:
    """What a person asks for. `length` is in 字; `excluded` are keys of pieces; `draft` is an answer to be refined."""

    scope: Scope
    agent: Agent
    model: str = ""
    length: int | None = None
    excluded: tuple[str, ...] = ()
    values: Mapping[str, str] = field(default_factory=dict)
    draft: str = ""


@dataclass(frozen=True)
class Built:
    """One request as it would be sent. `calls` holds the messages of each call; `sha256` seals all of it.

    Units: tokens; costs in the platform's currency, None where the price is unknown.
    """

    model: Model
    note: str
    calls: Sequence[Sequence[Message]]
    params: Mapping[str, Any]
    response_format: Mapping[str, Any] | None
    fitted: Fitted
    sha256: str
    input_text: str
    least_cost: Decimal | None
    most_cost: Decimal | None

    def prompt(self, number: int = 0) -> ChatPrompt:
        return ChatPrompt(
            self.calls[number], params=self.params, response_format=self.response_format
        )

    @property
    def stored(self) -> dict[str, Any]:
        """What a request's row keeps: exactly what was sealed, and why each part was in it."""
        return {
            "model": str(self.model),
            "params": dict(self.params),
            "response_format": self.response_format,
            "calls": [list(messages) for messages in self.calls],
            "parts": [told(one) for one in self.fitted.kept],
            "dropped": [told(one) for one in self.fitted.dropped],
        }


def told(piece: Piece) -> dict[str, Any]:
    """A piece without its text. Units: tokens."""
    return {
        "key": piece.key,
        "part": piece.group,
        "title": piece.title,
        "reason": piece.reason,
        "tokens": piece.tokens,
        "is_cut": piece.is_cut,
    }


def build(*, principal: Principal, wish: Wish) -> Built:
    """Raises NothingSelected, UnknownPin, InstructionTooLong, and what choosing a model raises."""
    _check(wish)
    chosen = _model(principal, wish)
    model = chosen.model
    params = _params(wish, model)
    groups = parts.allowed(wish.agent.context_policy)
    pieces = [*_said(wish), *gathering.gather(replace(wish.scope, groups=groups))]
    budget = parts.budget(
        share=share_of(wish.scope.work.settings),
        window=model.context_window,
        most_output=params["max_tokens"],
    )
    sliced = _slices(wish, budget)
    fitted = parts.fitted(
        [_first(one, sliced) for one in pieces],
        budget=budget,
        count=lambda text: count(text, model.tokenizer).tokens,
        excluded=wish.excluded,
    )
    calls = [
        rendering.messages(
            [_nth(one, sliced, at) for one in fitted.kept], has_system=model.supports_system
        )
        for at in range(max(1, len(sliced)))
    ]
    form = _form(wish.agent.output_mode, model)
    price = Prices.of_row(
        prices.at(model=model, workspace_id=principal.workspace_id, moment=timezone.now())
    )
    sealed = {
        "model": str(model),
        "agent": [str(wish.agent.pk), wish.agent.version],
        "params": params,
        "response_format": form,
        "calls": calls,
    }
    most = fitted.tokens * len(calls)
    return Built(
        model=model,
        note=chosen.note,
        calls=calls,
        params=params,
        response_format=form,
        fitted=fitted,
        sha256=rendering.sealed(sealed),
        input_text=_input(wish),
        least_cost=price.cost(input_tokens=most, output_tokens=0),
        most_cost=price.cost(input_tokens=most, output_tokens=params["max_tokens"] * len(calls)),
    )


def share_of(settings: Mapping[str, Any]) -> float:
    """The part of a window that a work's context may fill."""
    given = settings.get("contextBudget", DEFAULT_SHARE)
    low, high = SHARES
    return min(high, max(low, given)) if isinstance(given, int | float) else DEFAULT_SHARE


def _check(wish: Wish) -> None:
    scope = wish.scope
    needs_passage = scope.request_type in CHANGING and not scope.selection.strip()
    needs_chapter = scope.request_type in WHOLE and not scope.content.strip()
    if needs_passage or needs_chapter:
        raise NothingSelected


def _model(principal: Principal, wish: Wish) -> Resolved:
    user = principal.user
    place = Place(principal.workspace_id, user.pk if user else None)
    if wish.model:
        return references.resolve(wish.model, place=place)
    return references.choose(place=place, preferred=[wish.agent.model_preference])


def _params(wish: Wish, model: Model) -> dict[str, Any]:
    found = behaviour.parameters(wish.agent.behavior, most_output=model.max_output_tokens)
    if wish.length:
        longest = min(model.max_output_tokens, model.context_window // 2)
        found["max_tokens"] = min(longest, max(found["max_tokens"], wish.length * TOKENS_PER_WORD))
    return found


def _said(wish: Wish) -> list[Piece]:
    """What the agent is told and what it is asked, in the work's language."""
    language = builtin.language_of(wish.scope.work.language)
    draft = [Piece(DRAFT, "text", "", wish.draft, "draft", rank=3, place=9, cut="tail")]
    return [
        *(draft if wish.draft else []),
        Piece(rendering.AGENT, "instruction", wish.agent.name, _agent_text(wish, language), "agent", cut="never"),
        Piece(rendering.WISH, "instruction", "", _wish_text(wish, language), "instruction", rank=1, place=1, cut="never"),
    ]  # fmt: skip


def _agent_text(wish: Wish, language: str) -> str:
    agent = wish.agent
    traits = builtin.lines("traits", language)
    style = [traits[name] for name in behaviour.traits(agent.behavior)]
    blocks = [variables.filled(agent.system_prompt, _values(wish))]
    heads = builtin.lines("headings", language)
    if style:
        blocks.append("\n".join([f"{heads['style']}:", *style]))
    if agent.knowledge:
        blocks.append("\n".join([f"{heads['knowledge']}:", *map(str, agent.knowledge)]))
    blocks += [
        f"{heads['example_in']}:\n{one.get('input', '')}\n{heads['example_out']}:\n{one.get('output', '')}"
        for one in agent.examples
        if isinstance(one, dict)
    ]
    blocks.append(builtin.fixed(f"contract.{agent.output_mode}", language))
    blocks.append(builtin.fixed("rules", language))
    return "\n\n".join(blocks)


def _values(wish: Wish) -> dict[str, str]:
    work, chapter = wish.scope.work, wish.scope.chapter
    own = {str(one["name"]): str(one.get("default", "")) for one in wish.agent.variables}
    return {
        **own,
        **wish.values,
        "work.title": work.title,
        "work.genre": work.genre or "-",
        "work.description": work.description,
        "chapter.title": chapter.title if chapter else "",
        "language": work.get_language_display(),
        "length": str(wish.length or 800),
    }


def _wish_text(wish: Wish, language: str) -> str:
    heads = builtin.lines("headings", language)
    lines = [builtin.lines("wishes", language)[wish.scope.request_type]]
    if wish.scope.instruction.strip():
        lines.append(f"{heads['instruction']}: {wish.scope.instruction.strip()}")
    if wish.length:
        lines.append(heads["length"].format(length=wish.length))
    return "\n".join(lines)


def _input(wish: Wish) -> str:
    """The passage that a proposal would replace; empty at a caret."""
    return wish.scope.selection if wish.scope.request_type in CHANGING else ""


def _form(mode: str, model: Model) -> dict[str, Any] | None:
    if mode not in SCHEMAS or not model.supports_json_schema:
        return None
    return {
        "type": "json_schema",
        "json_schema": {"name": mode, "strict": True, "schema": SCHEMAS[mode]},
    }


def _slices(wish: Wish, budget: int) -> list[str]:
    """The pieces in which a whole chapter is read; none where a passage is enough."""
    scope = wish.scope
    if scope.request_type not in WHOLE:
        return []
    most = max(LEAST_SLICE, min(SLICE_CHARACTERS, budget // 3))
    return clipping.slices(scope.selection or scope.content, most)


def _first(piece: Piece, sliced: Sequence[str]) -> Piece:
    """The passage stands for all slices by the longest of them."""
    if sliced and piece.key == "text:selection":
        return replace(piece, text=max(sliced, key=len), cut="never")
    return piece


def _nth(piece: Piece, sliced: Sequence[str], number: int) -> Piece:
    if sliced and piece.key == "text:selection":
        return replace(piece, text=sliced[number])
    return piece
