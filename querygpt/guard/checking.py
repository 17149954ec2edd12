"""The order of the rules; the first one that fails is the verdict."""

from __future__ import annotations

from sqlglot import exp
from sqlglot.tokenizer_core import Token, TokenType

from querygpt.catalogue import Catalogue, Dialect
from querygpt.guard import dialects, explain, functions, nodes, parsing, rendering, text
from querygpt.guard.dialects import Grammar
from querygpt.guard.policy import Policy
from querygpt.guard.scopes import Resolver
from querygpt.guard.second import opinion
from querygpt.guard.verdict import Refused, Verdict, refuse

ROOTS = (exp.Select, exp.SetOperation, exp.Values, exp.Subquery)
DEFAULT = Policy()
DEFAULT_DIALECTS: tuple[Dialect, ...] = ("postgresql", "mysql", "sqlite")


def check(*, sql: str, dialect: Dialect, catalogue: Catalogue, policy: Policy = DEFAULT) -> Verdict:
    """Whether `sql` is one read of known tables by known functions, and the text to run then.

    Raises ValueError for an unknown dialect, nothing for any text: what makes a parser fail is `unparseable`.
    """
    grammar = dialects.grammar(dialects.named(dialect))
    try:
        return _verdict(sql, grammar=grammar, catalogue=catalogue, policy=policy)
    except Refused as refused:
        return Verdict(allowed=False, rule=refused.rule, detail=refused.detail)
    except Exception as error:  # noqa: BLE001 -- a text that breaks the guard is never let through
        return Verdict(allowed=False, rule="unparseable", detail=type(error).__name__)


def warm(*wanted: Dialect) -> None:
    """Loads the parsers, so that the first verdict is no slower than the next."""
    for name in wanted or DEFAULT_DIALECTS:
        check(sql="SELECT 1", dialect=name, catalogue=Catalogue())


def _verdict(sql: str, *, grammar: Grammar, catalogue: Catalogue, policy: Policy) -> Verdict:
    text.check(sql, dialect=grammar.name, policy=policy)
    tokens = parsing.one_statement(parsing.tokens_of(sql, grammar=grammar))
    resolver = Resolver(grammar=grammar, catalogue=catalogue)
    shown = explain.show(tokens, grammar=grammar, resolver=resolver)
    if shown:
        return Verdict(allowed=True, sql=shown, relations=tuple(sorted(resolver.relations)))
    head = explain.split(tokens, grammar=grammar)
    if not head.query or not parsing.is_query(head.query, grammar=grammar):
        refuse("not_a_query", head.query[0].text[:60] if head.query else "EXPLAIN")
    depth = parsing.depth(head.query, policy=policy)
    is_shallow = depth <= parsing.SHALLOW_DEPTH and len(tokens) <= parsing.SHALLOW_TOKENS
    return parsing.with_room(
        lambda: _vetted(head, sql, resolver=resolver, policy=policy), is_shallow=is_shallow
    )


def _vetted(head: explain.Head, sql: str, *, resolver: Resolver, policy: Policy) -> Verdict:
    grammar = resolver.grammar
    tree = _tree(head.query, sql, grammar=grammar)
    found = nodes.walk(tree, grammar=grammar, policy=policy)
    resolver.resolve(tree)
    called = functions.check(found, grammar=grammar)
    if not head.prefix:
        rendering.bound(tree, grammar=grammar, policy=policy)
    query = rendering.render(tree, grammar=grammar)
    opinion(query, tree=tree, grammar=grammar, resolver=resolver, reparse=_rendered)
    return Verdict(
        allowed=True,
        sql=head.prefix + query,
        relations=tuple(sorted(resolver.relations)),
        columns=tuple(sorted(resolver.columns)),
        functions=called,
    )


def _tree(tokens: list[Token], sql: str, *, grammar: Grammar) -> exp.Expr:
    tree = parsing.parse(tokens, sql, grammar=grammar)
    if not isinstance(tree, ROOTS):
        refuse("not_a_query", type(tree).__name__)
    if any(token.token_type == TokenType.HINT for token in tokens):
        rendering.drop_hints(tree)
    return tree


def _rendered(query: str, grammar: Grammar) -> str:
    """What the guard makes of its own rendering."""
    tokens = parsing.tokens_of(query, grammar=grammar)
    return rendering.render(_tree(tokens, query, grammar=grammar), grammar=grammar)
