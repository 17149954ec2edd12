"""Providers that repeat what they are asked, or play a script."""

from taishang.providers.base import PROVIDERS, Capabilities, ProviderSpec

ALL_KINDS = Capabilities(kinds=frozenset({"chat", "embedding", "rerank"}), token_inputs=True)


def install() -> None:
    for key, path in (
        ("echo", "taishang.providers.echo.Echo"),
        ("scripted", "taishang.providers.scripted.Scripted"),
    ):
        PROVIDERS.add(
            key,
            ProviderSpec(
                key,
                key,
                path,
                capabilities=ALL_KINDS,
                needs_key=False,
                is_in_process=True,
                for_tests=True,
            ),
        )
