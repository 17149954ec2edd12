"""Find secrets in texts and take them out, line by line, leaving the line where it was."""

from __future__ import annotations

import base64
import binascii
import json
import math
import re
from bisect import bisect_right
from collections import Counter
from urllib.parse import urlsplit

from taishang.generation.ir import SecretFound

REDACTED = "[redacted]"
PRIVATE_KEY = re.compile(r"-----BEGIN [A-Z ]{0,40}PRIVATE KEY-----")
PRIVATE_KEY_END = re.compile(r"-----END [A-Z ]{0,40}PRIVATE KEY-----")
JWT = re.compile(r"eyJ[A-Za-z0-9_-]{8,2000}\.[A-Za-z0-9_-]{8,4000}\.[A-Za-z0-9_-]{8,1000}")
PROVIDER = re.compile(
    r"(?<![A-Za-z0-9])(?:"
    r"sk-[A-Za-z0-9_-]{20,200}|(?:sk|rk|pk)_(?:live|test)_[A-Za-z0-9]{10,120}|whsec_[A-Za-z0-9+/=]{16,80}|"
    r"AKIA[0-9A-Z]{16}|ASIA[0-9A-Z]{16}|AIza[0-9A-Za-z_-]{30,45}|ya29\.[0-9A-Za-z_-]{20,200}|"
    r"gh[pousr]_[A-Za-z0-9]{30,255}|github_pat_[A-Za-z0-9_]{22,255}|glpat-[A-Za-z0-9_-]{20,60}|"
    r"xox[abeoprs]-[A-Za-z0-9-]{10,200}|npm_[A-Za-z0-9]{30,60}|hf_[A-Za-z0-9]{30,60}|"
    r"SG\.[A-Za-z0-9_-]{16,40}\.[A-Za-z0-9_-]{16,80}|re_[A-Za-z0-9]{8,40}_[A-Za-z0-9]{8,60}|"
    r"sbp_[a-f0-9]{40}|sb_secret_[A-Za-z0-9_-]{16,80}|shp(?:at|ss|ca|pa)_[a-fA-F0-9]{32}|"
    r"dop_v1_[a-f0-9]{64}|gsk_[A-Za-z0-9]{40,80}|r8_[A-Za-z0-9]{30,60}|EAA[A-Za-z0-9]{60,300}|"
    r"AC[a-f0-9]{32}|SK[a-f0-9]{32}|key-[a-f0-9]{32}|v1\.0-[a-f0-9]{24,}"
    r")(?![A-Za-z0-9])"
)
CREDENTIALS = re.compile(r"([a-z][a-z0-9+.-]{1,20}://)([^\s/@:\"'`]{1,80}:[^\s/@\"'`]{1,200})@")
NAMED = re.compile(
    r"(key|secret|token|password|passwd|pwd|credentials?)[\"']?\s{0,4}(?:[:=]|=>)\s{0,4}[\"'`]?"
    r"([^\s\"'`,;<>{}()\[\]]{12,400})",
    re.I,
)
BEARER = re.compile(r"(?:Bearer|Basic)\s{1,3}([A-Za-z0-9+/_.=-]{20,400})")
# Cheap to look for; a line without any of these (lower case) holds nothing the patterns above could find.
HINTS = (
    "eyj", "://", "key", "secret", "token", "passw", "pwd", "credential", "bearer", "basic", "sk-", "sk_", "rk_",
    "pk_", "whsec_", "akia", "asia", "aiza", "ya29", "ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat", "glpat",
    "xox", "npm_", "hf_", "sg.", "re_", "sbp_", "shpat", "shpss", "shpca", "shppa", "dop_v1", "gsk_", "r8_", "eaa",
    "v1.0-",
)  # fmt: skip
TWILIO = re.compile(r"(?<![A-Za-z0-9])(?:AC|SK)[a-f0-9]{32}(?![A-Za-z0-9])")
MAX_KEY_LINES = 120
MIN_ENTROPY = 3.3
PUBLIC_PREFIXES = (
    "VITE_",
    "NEXT_PUBLIC_",
    "EXPO_PUBLIC_",
    "REACT_APP_",
    "NUXT_PUBLIC_",
    "PUBLIC_",
    "GATSBY_",
)
ENV_LINE = re.compile(
    r"^\s{0,8}(?:export\s{1,4})?([A-Za-z_][A-Za-z0-9_]{0,120})\s{0,4}=\s{0,4}(.{0,4000})$"
)
MAX_FOUND = 500
LONG_LINE = 20_000


def redact(*, text: str, file: str) -> tuple[str, list[SecretFound]]:
    """The text without its secrets, and where they stood. Line count and order stay."""
    found: list[SecretFound] = []
    lines = text.split("\n")
    if "PRIVATE KEY-----" in text:
        found += _redact_keys(lines, file)
    for index in _suspicious(text):
        clean, kinds = _redact_line(lines[index])
        lines[index] = clean
        found += [SecretFound(kind=k, file=file, line=index + 1, high=high) for k, high in kinds]
    return "\n".join(lines), found[:MAX_FOUND]


def _suspicious(text: str) -> list[int]:
    """Indexes of the lines worth a closer look: hints are searched in the whole text, not line by line."""
    lowered = text.lower()
    if len(lowered) != len(text):
        return list(range(text.count("\n") + 1))
    starts = [0, *(found.end() for found in re.finditer("\n", text))]
    indexes = {bisect_right(starts, found.start()) - 1 for found in TWILIO.finditer(text)}
    for hint in HINTS:
        position = lowered.find(hint)
        while position >= 0:
            index = bisect_right(starts, position) - 1
            indexes.add(index)
            following = starts[index + 1] if index + 1 < len(starts) else len(text)
            position = lowered.find(hint, following)
    return sorted(indexes)


def _redact_keys(lines: list[str], file: str) -> list[SecretFound]:
    """Take out private keys with all their lines; one without an end within reach is only its line."""
    found: list[SecretFound] = []
    index = 0
    while index < len(lines):
        if not PRIVATE_KEY.search(lines[index]):
            index += 1
            continue
        reach = range(index, min(len(lines), index + MAX_KEY_LINES))
        last = next((i for i in reach if PRIVATE_KEY_END.search(lines[i])), index)
        found.append(SecretFound(kind="private_key", file=file, line=index + 1, high=True))
        lines[index : last + 1] = [REDACTED] * (last + 1 - index)
        index = last + 1
    return found


def redact_environment(
    *, text: str, file: str
) -> tuple[str, dict[str, str | None], list[SecretFound]]:
    """An `.env` file keeps its names; a value survives only as a public variable's address."""
    lines, values, found = [], {}, []
    for index, line in enumerate(text.split("\n")):
        match = ENV_LINE.match(line)
        if match is None:
            lines.append(
                "" if line.strip() and not line.lstrip().startswith("#") else redact_comment(line)
            )
            continue
        name, value = match.group(1), match.group(2).strip().strip("\"'")
        public = value if name.startswith(PUBLIC_PREFIXES) and is_plain_url(value) else None
        values[name] = public
        lines.append(f"{name}={public or ''}")
        if public is None:
            found += _environment_secret(name, value, file, index + 1)
    return "\n".join(lines), values, found


def redact_comment(line: str) -> str:
    return _redact_line(line)[0]


def is_plain_url(value: str) -> bool:
    """Whether `value` is an address without user info (a path counts: it is where the API lives)."""
    try:
        pieces = urlsplit(value)
    except ValueError:
        return False
    if pieces.username or pieces.password or "@" in pieces.netloc:
        return False
    clean = _redact_line(value)[0] == value
    whole = pieces.scheme in {"http", "https"} and bool(pieces.netloc)
    return clean and (whole or bool(re.fullmatch(r"/[\w./-]{0,200}", value)))


def _environment_secret(name: str, value: str, file: str, line: int) -> list[SecretFound]:
    _clean, kinds = _redact_line(value)
    if kinds:
        return [SecretFound(kind=kind, file=file, line=line, high=high) for kind, high in kinds]
    secret_name = re.search(
        r"key|secret|token|password|passwd|pwd|credential|dsn|database_url", name, re.I
    )
    if value and secret_name and len(value) >= 8:
        return [SecretFound(kind="environment_value", file=file, line=line)]
    return []


def _redact_line(line: str) -> tuple[str, list[tuple[str, bool]]]:
    """The line without secrets, and (kind, high) of each."""
    if len(line) > LONG_LINE:
        pieces = [_redact_piece(line[i : i + LONG_LINE]) for i in range(0, len(line), LONG_LINE)]
        return "".join(text for text, _kinds in pieces), [
            k for _text, kinds in pieces for k in kinds
        ]
    return _redact_piece(line)


def _redact_piece(line: str) -> tuple[str, list[tuple[str, bool]]]:
    kinds: list[tuple[str, bool]] = []

    def jwt(match: re.Match[str]) -> str:
        high = is_service_role(match.group())
        kinds.append(("supabase_service_role" if high else "jwt", high))
        return REDACTED

    def provider(_match: re.Match[str]) -> str:
        kinds.append(("provider_key", False))
        return REDACTED

    def credentials(match: re.Match[str]) -> str:
        kinds.append(("credentials_in_address", False))
        return match.group(1) + REDACTED + "@"

    def named(match: re.Match[str]) -> str:
        value = match.group(2)
        if REDACTED in value or not looks_secret(value):
            return match.group()
        kinds.append(("named_secret", False))
        return match.group()[: -len(value)] + REDACTED

    def bearer(match: re.Match[str]) -> str:
        if not looks_secret(match.group(1)):
            return match.group()
        kinds.append(("bearer_token", False))
        return match.group()[: -len(match.group(1))] + REDACTED

    line = JWT.sub(jwt, line) if "eyJ" in line else line
    line = PROVIDER.sub(provider, line)
    line = CREDENTIALS.sub(credentials, line) if "://" in line else line
    line = NAMED.sub(named, line)
    return BEARER.sub(bearer, line), kinds


def looks_secret(value: str) -> bool:
    """High entropy with letters and digits, and no code, address or dotted name."""
    if not re.search(r"\d", value) or not re.search(r"[A-Za-z]", value):
        return False
    if re.match(r"(https?:|/|\.|\$|process\.|import\.|data:)", value):
        return False
    return entropy(value) >= MIN_ENTROPY


def entropy(value: str) -> float:
    """Shannon entropy, bits per character."""
    counts = Counter(value)
    return -sum(n / len(value) * math.log2(n / len(value)) for n in sorted(counts.values()))


def is_service_role(token: str) -> bool:
    """Whether a JWT claims Supabase's all-powerful role."""
    payload = token.split(".")[1]
    try:
        claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    except (ValueError, binascii.Error, RecursionError):
        return False
    return isinstance(claims, dict) and claims.get("role") == "service_role"
