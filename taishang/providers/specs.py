"""The providers this platform offers: what their forms ask, what they can do, where their code is."""

from dataclasses import replace

from django.utils.translation import gettext_lazy as _

from taishang.providers.base import LOCAL, PROVIDERS, Capabilities, Option, ProviderSpec

CHAT_COMPLETIONS = "taishang.providers.openai_compatible.OpenAICompatible"
EVERYTHING = Capabilities(
    kinds=frozenset({"chat", "embedding"}),
    token_inputs=True,
)
TEMPERATURE = Option(
    "temperature",
    "decimal",
    _("Temperature"),
    hint=_("0 always says the most likely, higher surprises more."),
    least=0,
    most=2,
)
TOP_P = Option("top_p", "decimal", _("Top p"), least=0, most=1)
REASONING = Option(
    "reasoning_effort",
    "choice",
    _("Reasoning effort"),
    hint=_("How long a reasoning model thinks before it answers."),
    choices=("minimal", "low", "medium", "high"),
)
SAMPLING = (TEMPERATURE, TOP_P)

OFFERED = (
    ProviderSpec(
        "openai",
        "OpenAI",
        CHAT_COMPLETIONS,
        capabilities=EVERYTHING,
        options=(*SAMPLING, REASONING),
        default_url="https://api.openai.com/v1",
    ),
    ProviderSpec(
        "anthropic",
        "Anthropic",
        "taishang.providers.anthropic.Anthropic",
        capabilities=Capabilities(json_schema=False),
        options=(replace(TEMPERATURE, most=1), TOP_P),
        default_url="https://api.anthropic.com",
    ),
    ProviderSpec(
        "deepseek",
        "DeepSeek",
        CHAT_COMPLETIONS,
        capabilities=Capabilities(json_schema=False, vision=False),
        options=SAMPLING,
        default_url="https://api.deepseek.com/v1",
    ),
    ProviderSpec(
        "ollama",
        "Ollama",
        CHAT_COMPLETIONS,
        capabilities=Capabilities(kinds=frozenset({"chat", "embedding"})),
        options=SAMPLING,
        default_url="http://127.0.0.1:11434/v1",
        needs_key=False,
        timeouts=LOCAL,
    ),
    ProviderSpec(
        "openai_compatible",
        _("A server that speaks OpenAI's protocol"),
        CHAT_COMPLETIONS,
        capabilities=replace(EVERYTHING, kinds=frozenset({"chat", "embedding", "rerank"})),
        options=(*SAMPLING, REASONING),
        needs_url=True,
        needs_key=False,
    ),
    ProviderSpec(
        "local",
        _("On this machine"),
        "taishang.providers.local.Local",
        capabilities=Capabilities(kinds=frozenset({"chat", "embedding"}), tools=False),
        options=SAMPLING,
        needs_key=False,
        timeouts=LOCAL,
    ),
)


def declare() -> None:
    for spec in OFFERED:
        PROVIDERS.add(spec.key, spec)
