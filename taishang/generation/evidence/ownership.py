"""Whose server an address belongs to: the app's own back end, or somebody else's."""

from __future__ import annotations

import re

from taishang.generation.evidence.urls import Address, is_loopback

# Public services that an app calls and never replaces; a variable that holds their address changes nothing.
PUBLIC_SERVICES = re.compile(
    r"(^|\.)(googleapis\.com|google\.com|gstatic\.com|cloudinary\.com|imgbb\.com|imgur\.com|unsplash\.com|"
    r"openai\.com|anthropic\.com|huggingface\.co|replicate\.com|stripe\.com|paypal\.com|razorpay\.com|"
    r"api\.github\.com|raw\.githubusercontent\.com|githubusercontent\.com|openweathermap\.org|weatherapi\.com|"
    r"open-meteo\.com|mapbox\.com|openstreetmap\.org|dicebear\.com|picsum\.photos|ipify\.org|ipapi\.co|"
    r"ip-api\.com|coingecko\.com|exchangerate-api\.com|exchangerate\.host|jsonplaceholder\.typicode\.com|"
    r"dummyjson\.com|fakestoreapi\.com|randomuser\.me|themoviedb\.org|tmdb\.org|pokeapi\.co|"
    r"restcountries\.com|newsapi\.org|twilio\.com|sendgrid\.com|resend\.com|emailjs\.com|formspree\.io|"
    r"web3forms\.com|getform\.io|hcaptcha\.com|sentry\.io|posthog\.com|segment\.io|slack\.com|discord\.com|"
    r"telegram\.org|graph\.facebook\.com|spotify\.com|airtable\.com|notion\.com|algolia\.net|pexels\.com|"
    r"pixabay\.com|giphy\.com|elevenlabs\.io|deepseek\.com|groq\.com|mistral\.ai|cohere\.ai|binance\.com|"
    r"alphavantage\.co|finnhub\.io|nasa\.gov|wikipedia\.org|jsdelivr\.net|unpkg\.com|cdnjs\.cloudflare\.com|"
    r"telize\.com|geojs\.io|nominatim\.org|uploadthing\.com|uploadcare\.com|filestack\.com|mocky\.io|"
    r"reqres\.in|httpbin\.org|thecatapi\.com|dog\.ceo|quotable\.io|openlibrary\.org|lovable\.dev|bolt\.new)$",
    re.I,
)
# Where people put a server of their own; such a host with a telling name is nobody's public service.
HOSTING = re.compile(
    r"\.(onrender\.com|railway\.app|herokuapp\.com|fly\.dev|azurewebsites\.net|run\.app|koyeb\.app|"
    r"cyclic\.app|deta\.dev|glitch\.me|replit\.app|repl\.co|pythonanywhere\.com|ngrok(-free)?\.(io|app|dev)|"
    r"elasticbeanstalk\.com|trycloudflare\.com|loca\.lt|vercel\.app|netlify\.app|amazonaws\.com)$",
    re.I,
)
TELLING = re.compile(r"api|backend|back-end|server|service", re.I)
GENERIC_WORDS = frozenset(
    {"api", "base", "url", "uri", "host", "origin", "endpoint", "endpoints", "server", "backend", "root",
     "prefix", "domain", "default", "rest", "http", "https", "prod", "production", "dev", "development",
     "public", "next", "vite", "react", "app", "expo", "local", "remote", "path", "service", "gateway",
     "my", "our", "the", "v1", "v2", "back", "end", "address", "web", "main", "fallback", "baseurl", "apiurl"}
)  # fmt: skip


class Ownership:
    """Judges addresses, knowing all addresses of the app.

    Each of `calls` holds the addresses that one call may go to: where one of them is a loopback address,
    the others are the same server in production.
    """

    def __init__(self, calls: list[list[Address]]) -> None:
        self._own_hosts = {
            address.host
            for addresses in calls
            for address in addresses
            if address.host
            and not self._is_service(address.host)
            and (self._declared_own(address) or self._stands_in_for_loopback(address, addresses))
        }

    def external_host(self, address: Address) -> str | None:
        """The foreign host that a call goes to, or None for the app's own server."""
        host = address.host
        if not host or is_loopback(host):
            return None
        if self._is_service(host):
            return host
        return None if host in self._own_hosts or address.unknown_base else host

    @staticmethod
    def _is_service(host: str) -> bool:
        return bool(PUBLIC_SERVICES.search(host.partition(":")[0].lower()))

    @staticmethod
    def _stands_in_for_loopback(address: Address, others: list[Address]) -> bool:
        return any(is_loopback(other.host) and other.path == address.path for other in others)

    @staticmethod
    def _declared_own(address: Address) -> bool:
        host = address.host.partition(":")[0]
        hosted = bool(HOSTING.search(host)) and bool(TELLING.search(host.partition(".")[0]))
        named = bool(address.named) and is_generic_name(address.named)
        return address.from_variable or named or hosted


def is_generic_name(name: str) -> bool:
    """Whether a constant's name says "our server" and nothing else: API_BASE_URL, baseUrl, BACKEND."""
    words = re.findall(r"[A-Z]?[a-z]+\d*|[A-Z]+\d*(?![a-z])", name)
    return bool(words) and all(word.lower() in GENERIC_WORDS for word in words)
