"""All settings, top to bottom. Behaviour follows values; there are no development and production variants."""

from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import environ
from csp.constants import NONCE, NONE, SELF
from django.templatetags.static import static
from django.urls import reverse_lazy
from django.utils.translation import gettext_lazy as _

from config import env, logging, oauth, pooling, roles, storage
from config.servers import Servers

BASE_DIR = Path(__file__).resolve().parent.parent
DATA_DIR = env.path("DATA_DIR", BASE_DIR / "var")
SERVERS = Servers(DATA_DIR)
for _folder in ("files", "mail", "tmp"):
    (DATA_DIR / _folder).mkdir(parents=True, exist_ok=True)

# --- what kind of installation this is -------------------------------------------------------------

DATABASE_URL = env.url("DATABASE_URL", schemes=("postgres", "postgresql"))
REDIS_URL = env.url("REDIS_URL", schemes=("redis", "rediss", "unix"))
DATABASE_EMBEDDED = not DATABASE_URL
REDIS_EMBEDDED = not REDIS_URL
DEBUG = env.boolean("DEBUG", default=False)
DEMO = env.boolean("DEMO", default=False)
PUBLIC_URL = env.url(
    "PUBLIC_URL", schemes=("http", "https"), default=f"http://127.0.0.1:{env.text('PORT', '8000')}"
)
SECURE = PUBLIC_URL.startswith("https:")

# --- secrets: made once under DATA_DIR/secrets when the database is embedded, demanded otherwise ----

SECRET_KEY = env.secret("SECRET_KEY", SERVERS, embedded=DATABASE_EMBEDDED)
SECRETS_KEYS = [
    key for key in env.secret("SECRETS_KEYS", SERVERS, embedded=DATABASE_EMBEDDED).split(",") if key
]
# Signs the manifests of backups.
BACKUP_SIGNING_KEY = env.secret("BACKUP_SIGNING_KEY", SERVERS, embedded=DATABASE_EMBEDDED)
# The keys of access tokens: given, or a file that `manage.py rotate_jwt_keys` rewrites.
JWT_KEYS_FILE = None if env.text("JWT_KEYS") else DATA_DIR / "secrets" / "jwt_keys"
JWT_KEYS = env.secret("JWT_KEYS", SERVERS, embedded=DATABASE_EMBEDDED)
# The keys that sign the audit log's anchors, kept for ever: `manage.py rotate_audit_keys` puts a new one in front.
AUDIT_KEYS_FILE = None if env.text("AUDIT_KEYS") else DATA_DIR / "secrets" / "audit_keys"
AUDIT_KEYS = env.secret("AUDIT_KEYS", SERVERS, embedded=DATABASE_EMBEDDED)
AUDIT_ANCHORS_DIR = DATA_DIR / "audit-anchors"
ALLOWED_HOSTS = env.names("ALLOWED_HOSTS", ("127.0.0.1", "localhost", "[::1]"))
TRUSTED_PROXIES = env.names("TRUSTED_PROXIES")
CSRF_TRUSTED_ORIGINS = env.names("CSRF_TRUSTED_ORIGINS")

# --- applications, from the top layer down ---------------------------------------------------------

INSTALLED_APPS = [
    "unfold",
    "unfold.contrib.filters",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.socialaccount",
    *oauth.APPS,
    "rest_framework",
    "django_filters",
    "drf_spectacular",
    "csp",
    "django_htmx",
    "django_linear_migrations",
    "querygpt",
    "studio",
    "taishang",
    "laojun",
    "accounts",
]
MIDDLEWARE = [
    "accounts.web.outside.OutsideMiddleware",
    "accounts.middleware.RequestIdMiddleware",
    "laojun.middleware.LogMiddleware",
    "accounts.middleware.ProblemMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "servestatic.middleware.ServeStaticMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "laojun.middleware.SettingsMiddleware",
    "accounts.middleware.TenancyMiddleware",
    "laojun.middleware.AuditMiddleware",
    "accounts.middleware.LanguageMiddleware",
    "accounts.middleware.PrivacyMiddleware",
    "accounts.middleware.LimitMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "accounts.middleware.PrincipalMiddleware",
    "accounts.middleware.SignedOutMiddleware",
    "accounts.middleware.SecondFactorMiddleware",
    "accounts.middleware.ConsoleMiddleware",
    "accounts.middleware.ConsoleScriptsMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
ROOT_URLCONF = "config.urls"
ASGI_APPLICATION = "config.asgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "accounts.context_processors.look",
            ],
        },
    }
]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# --- database: `default` signs in as the application role, `owner` migrates -------------------------


def _database(role: str, url: str) -> dict[str, Any]:
    parsed: dict[str, Any]
    if DATABASE_EMBEDDED:
        secret = f"database_{role.removeprefix('taishang_')}"
        parsed = {
            "NAME": env.text("DATABASE_NAME", "taishang"),
            "USER": role,
            "PASSWORD": SERVERS.secret(secret),
            "HOST": str(SERVERS.socket_dir),
        }
    else:
        parsed = environ.Env.db_url_config(url)
    return {
        **parsed,
        "ENGINE": "django.db.backends.postgresql",
        "CONN_MAX_AGE": 0,
        "DISABLE_SERVER_SIDE_CURSORS": True,
        "OPTIONS": {
            **parsed.get("OPTIONS", {}),
            "application_name": f"taishang-{role}",
            "connect_timeout": 5,
        },
    }


DATABASES = {
    "default": _database(roles.APP, DATABASE_URL),
    "owner": _database(
        roles.OWNER, env.url("DATABASE_OWNER_URL", schemes=("postgres", "postgresql"))
    )
    if DATABASE_EMBEDDED or env.text("DATABASE_OWNER_URL")
    else _database(roles.APP, DATABASE_URL),
}
# Who saves: reads every row, row-level security or not. Only the process that makes backups needs it.
_backup_url = env.url("DATABASE_BACKUP_URL", schemes=("postgres", "postgresql"))
if DATABASE_EMBEDDED or _backup_url:
    DATABASES["backup"] = _database(roles.BACKUP, _backup_url)
# Who may make databases: for restoring into a new one, and for the weekly drill.
DATABASE_ADMIN_URL = env.url("DATABASE_ADMIN_URL", schemes=("postgres", "postgresql"))
DATABASE_PREPARER = "config.embedded.prepare_database"
DATABASE_ADMIN = "config.embedded.admin_parameters"
POSTGRESQL_PROGRAMS = SERVERS.programs
DATABASE_POOL = env.integer("DATABASE_POOL", 0, low=0, high=200)
if DATABASE_POOL:
    DATABASES["default"]["OPTIONS"] |= {
        # A restarted server is found within a second: the pool's own attempts would grow ever rarer.
        "pool": {
            "min_size": 1,
            "max_size": DATABASE_POOL,
            "timeout": 5,
            "reconnect_timeout": 1,
            "reset": pooling.check_in,
        }
    }

# --- Redis: cache, locks, hints; every promise holds without it -------------------------------------

REDIS_LOCATION = REDIS_URL or (
    f"unix://:{quote(SERVERS.secret('redis_password'))}@{SERVERS.valkey_socket}"
)
# Without an address Milvus is Milvus Lite, a side process of this machine.
MILVUS_URI = env.url("MILVUS_URI", schemes=("http", "https"))
MILVUS_TOKEN = env.text("MILVUS_TOKEN")
MILVUS_DATABASE = env.text("MILVUS_DATABASE", "default")
CACHE_PREFIX = env.text("CACHE_PREFIX", "tl")
CACHES = {
    "default": {
        "BACKEND": "accounts.cache.Backend",
        "LOCATION": REDIS_LOCATION,
        "KEY_PREFIX": CACHE_PREFIX,
    }
}
CELERY_BROKER_URL = env.text("CELERY_BROKER_URL") or REDIS_LOCATION.replace(
    "unix://", "redis+socket://"
)

# --- background work: the rows in the database are the truth, Celery carries wake-ups ---------------

TASK_QUEUES = [
    "default",
    "ai_requests",
    "email",
    "notifications",
    "generation",
    "vectors",
    "maintenance",
]
# Fonts for books besides those of the system.
STUDIO_FONT_DIRS = env.names("STUDIO_FONT_DIRS")
TASK_LEASE_SECONDS = env.integer("TASK_LEASE_SECONDS", 15, low=1, high=300)
DELIVERY_LEASE_SECONDS = env.integer("DELIVERY_LEASE_SECONDS", 60, low=1, high=300)

# --- mail: over SMTP, or as files below DATA_DIR while none is set -----------------------------------

EMAIL_URL = env.url("EMAIL_URL", schemes=("smtp", "smtps", "smtp+tls", "smtp+ssl"))
EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
EMAIL_FILE_PATH = DATA_DIR / "mail"
EMAIL_TIMEOUT = 20
if EMAIL_URL:
    vars().update(environ.Env.email_url_config(EMAIL_URL))
# The live settings may name another server; this one is used until they do.
MAIL_TRANSPORT = EMAIL_BACKEND
EMAIL_BACKEND = "laojun.mailing.Backend"
DEFAULT_FROM_EMAIL = env.text("MAIL_FROM", f"noreply@{urlsplit(PUBLIC_URL).hostname}")

# --- signing in -------------------------------------------------------------------------------------

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["accounts.identity.Backend"]
PASSWORD_HASHERS = ["accounts.passwords.Argon2Hasher"]
AUTH_PASSWORD_VALIDATORS = [{"NAME": "accounts.passwords.StrengthValidator"}]
SESSION_ENGINE = "accounts.sessions"
SESSION_COOKIE_AGE = 14 * 24 * 3600
SESSION_COOKIE_NAME = "__Host-session" if SECURE else "session"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE
CSRF_COOKIE_NAME = "__Host-csrf" if SECURE else "csrf"
CSRF_COOKIE_HTTPONLY = False
CSRF_FAILURE_VIEW = "accounts.views.errors.csrf_failure"
LOGIN_URL = reverse_lazy("account_login")
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = "/"
ACCOUNT_ADAPTER = "accounts.sign_in.Adapter"
ACCOUNT_FORMS = {
    "signup": "accounts.entry_forms.SignUpForm",
    "login": "accounts.entry_forms.SignInForm",
    "add_email": "accounts.entry_forms.AddressForm",
    "reset_password": "accounts.entry_forms.ResetForm",
    "change_password": "accounts.entry_forms.ChangePasswordForm",
    "set_password": "accounts.entry_forms.SetPasswordForm",
    "reset_password_from_key": "accounts.entry_forms.NewPasswordForm",
}
ACCOUNT_LOGIN_METHODS = {"email", "username"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "username*", "password1*"]
# Without a mail server nobody could confirm anything, so a fresh installation lets people in at once.
ACCOUNT_EMAIL_VERIFICATION = "mandatory" if EMAIL_URL else "optional"
ACCOUNT_EMAIL_CONFIRMATION_EXPIRE_DAYS = 1
ACCOUNT_LOGIN_ON_EMAIL_CONFIRMATION = True
ACCOUNT_MAX_EMAIL_ADDRESSES = 10
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = False
ACCOUNT_EMAIL_NOTIFICATIONS = True
PASSWORD_RESET_TIMEOUT = 3600
ACCOUNT_RATE_LIMITS = False
ACCOUNT_SESSION_REMEMBER = None
ACCOUNT_LOGOUT_ON_GET = False
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_REAUTHENTICATION_TIMEOUT = 600
ACCOUNT_USER_DISPLAY = "accounts.identity.display_name"
MFA_ADAPTER = "accounts.sign_in.MfaAdapter"
MFA_FORMS = {
    "authenticate": "accounts.entry_forms.SignInCodeForm",
    "reauthenticate": "accounts.entry_forms.ProofCodeForm",
    "activate_totp": "accounts.entry_forms.EnrolForm",
}
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes", "webauthn"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_TOTP_TOLERANCE = 1
MFA_ALLOW_UNVERIFIED_EMAIL = not EMAIL_URL
SOCIALACCOUNT_ADAPTER = "accounts.social.Adapter"
SOCIALACCOUNT_FORMS = {"signup": "accounts.entry_forms.SocialSignUpForm"}
SOCIALACCOUNT_PROVIDERS = oauth.PROVIDERS
SOCIALACCOUNT_AUTO_SIGNUP = False
SOCIALACCOUNT_STORE_TOKENS = False
SOCIALACCOUNT_EMAIL_VERIFICATION = ACCOUNT_EMAIL_VERIFICATION

# --- REST -------------------------------------------------------------------------------------------

REST_FRAMEWORK = {
    "DEFAULT_SCHEMA_CLASS": "accounts.web.schema.ApiSchema",
    "EXCEPTION_HANDLER": "accounts.web.problems.handle",
    "DEFAULT_AUTHENTICATION_CLASSES": ["accounts.web.authentication.PrincipalAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["accounts.web.permissions.DeclaredPermission"],
    "DEFAULT_RENDERER_CLASSES": ["accounts.web.parsing.JsonRenderer"],
    "DEFAULT_PARSER_CLASSES": ["accounts.web.parsing.JsonParser"],
    # Exports are told their format by a parameter of this name.
    "URL_FORMAT_OVERRIDE": None,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Taishang Laojun",
    "VERSION": "1",
    "OAS_VERSION": "3.1.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "SCHEMA_PATH_PREFIX": "/api/v1/",
    "ENUM_GENERATE_CHOICE_DESCRIPTION": False,
    "ENUM_NAME_OVERRIDES": {
        "WorkspaceKind": "accounts.models.Workspace.Kind",
        "WorkspaceStatus": "accounts.models.Workspace.Status",
        "MembershipStatus": "accounts.models.Membership.Status",
        "InvitationState": "accounts.models.Invitation.State",
        "TaskState": "taishang.models.Task.State",
        "NoticeMode": "accounts.notices.Mode",
        "NotificationType": "laojun.models.Notification.Type",
        "SessionKind": "accounts.models.Session.Kind",
        "VersionKind": "taishang.models.ProjectVersion.Kind",
        "CollectionStatus": "taishang.models.VectorCollection.Status",
        "WritableStatus": "taishang.models.vectors.WRITABLE_STATUSES",
        "PayloadFieldType": "taishang.models.vectors.FIELD_TYPES",
        "VectorIndexType": "taishang.models.vectors.IndexType",
        "VectorIndexKind": "taishang.models.vectors.BUILT_KINDS",
        "VectorIndexState": "taishang.models.VectorIndex.State",
        "ModelKind": "taishang.models.Kind",
        "ModelStatus": "taishang.models.Model.Status",
        "TableKind": "querygpt.models.Table.Kind",
        "TermKind": "querygpt.models.Term.Kind",
        "ColumnRole": "querygpt.models.Column.Role",
        "RelationshipSource": "querygpt.models.Relationship.Source",
        "PromptType": "querygpt.models.Prompt.Type",
        "MessageRole": "querygpt.models.Message.Role",
        "InterfaceLanguage": "accounts.models.UserSettings.Language",
        "ExportSource": "taishang.models.GenerationJob.Source",
        "GenerationStage": "taishang.models.GenerationJob.Stage",
        "ConnectionVisibility": "querygpt.models.Connection.Visibility",
        "WorkImportState": "studio.models.Import.State",
        "WorkStatus": "studio.models.Work.Status",
        "WorkLanguage": "studio.models.Work.Language",
        "ChapterStage": "studio.models.Chapter.Stage",
        "WorldCategory": "studio.models.WorldEntry.Category",
        "AgentCategory": "studio.models.Agent.Category",
        "AgentOutputMode": "studio.models.Agent.OutputMode",
        "OwnAgentCategory": "studio.models.agent.OWN_CATEGORIES",
        "GivenRole": "studio.models.collaborator.GIVEN_ROLES",
        "CollaboratorRole": "studio.models.Collaborator.Role",
        "StoryFindingState": "studio.models.Finding.State",
        "StoryFindingKind": "studio.models.Finding.Kind",
        "ProposalState": "studio.models.Proposal.State",
        "AIRequestType": "studio.models.AIRequest.Type",
        "AIRequestStatus": "studio.models.AIRequest.Status",
        "PublicationVisibility": "studio.models.Publication.Visibility",
        "PublishedChapterState": "studio.models.PublishedChapter.State",
        "AnyLanguage": "querygpt.conversations.LANGUAGES",
        "ChapterVersionKind": "studio.models.ChapterVersion.Kind",
        "BatchState": "studio.models.Batch.State",
        "BatchItemState": "studio.models.BatchItem.State",
    },
    "PREPROCESSING_HOOKS": ["accounts.web.schema.only_ours"],
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "accounts.web.schema.add_problem",
        "accounts.web.schema.add_sync",
        "accounts.web.schema.join_anything",
    ],
}

# --- languages and time -----------------------------------------------------------------------------

LANGUAGE_CODE = "zh-hans"
LANGUAGES = [("zh-hans", "简体中文"), ("en", "English")]
# The second holds the words of the console's theme alone.
LOCALE_PATHS = [BASE_DIR / "locale", BASE_DIR / "locale" / "console"]
TIME_ZONE = env.text("TIME_ZONE", "Asia/Shanghai")
USE_TZ = True

# --- files ------------------------------------------------------------------------------------------

STATIC_URL = "/static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
STATIC_ROOT = env.path("STATIC_DIR", DATA_DIR / "static")
STORAGES = {
    "default": storage.configuration(DATA_DIR / "files"),
    "staticfiles": {"BACKEND": "servestatic.storage.CompressedManifestStaticFilesStorage"},
}
SERVESTATIC_MANIFEST_STRICT = False
DATA_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024
FILE_UPLOAD_HANDLERS = ["django.core.files.uploadhandler.TemporaryFileUploadHandler"]
FILE_UPLOAD_TEMP_DIR = DATA_DIR / "tmp"
ARCHIVE_DIR = env.path("ARCHIVE_DIR", DATA_DIR / "archives")
BACKUP_DIR = env.path("BACKUP_DIR", DATA_DIR / "backups")

# --- headers ----------------------------------------------------------------------------------------

SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_SSL_REDIRECT = SECURE and env.boolean("SECURE_SSL_REDIRECT", default=True)
# Who asks for health stands behind the proxy and speaks plain http.
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$"]
SECURE_HSTS_SECONDS = 31_536_000 if SECURE else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = SECURE
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if TRUSTED_PROXIES else None
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "script-src": [SELF, NONCE],
        # The writing page's editor brings a style element of its own.
        "style-src": [SELF, NONCE],
        "img-src": [SELF, "data:"],
        "object-src": [NONE],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
        # A form that starts a sign-in elsewhere ends there.
        "form-action": [SELF, *oauth.ORIGINS],
    }
}

# --- logs -------------------------------------------------------------------------------------------

LOGGING = logging.configuration(
    level=env.text("LOG_LEVEL", "INFO"), to_database=env.boolean("LOG_TO_DATABASE", default=True)
)
# auth.W004: names are unique by `username_key`, which no column constraint on `username` can express.
SILENCED_SYSTEM_CHECKS = ["auth.W004"]

# --- the operator console ---------------------------------------------------------------------------

UNFOLD = {
    "SITE_TITLE": "太上老君",
    "SITE_HEADER": "太上老君",
    "SITE_SUBHEADER": _("Operator console"),
    "SITE_ICON": lambda _request: static("favicon.svg"),
    "SITE_FAVICONS": [
        {"rel": "icon", "type": "image/svg+xml", "href": lambda _request: static("favicon.svg")}
    ],
    "SITE_URL": "/",
    "SHOW_VIEW_ON_SITE": False,
    "SHOW_HISTORY": True,
    # The theme's own colours would come as an inline style; ours are a file.
    "GLOBAL_CALLBACK": "accounts.views.console.without_inline_colours",
    "STYLES": [lambda _request: static("css/console.css")],
    "DASHBOARD_CALLBACK": "accounts.views.console.dashboard",
    "SIDEBAR": {
        "show_search": True,
        "command_search": True,
        "navigation": "accounts.views.console.sidebar",
    },
}
if urlsplit(PUBLIC_URL).hostname not in {*ALLOWED_HOSTS, None}:
    ALLOWED_HOSTS.append(str(urlsplit(PUBLIC_URL).hostname))
