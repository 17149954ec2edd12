import warnings

# The embedded server's package asks for a runtime directory at import; we give it our own, so its fallback is no news.
warnings.filterwarnings("ignore", message="XDG_RUNTIME_DIR is not set")

from config.celery import app as celery_app  # noqa: E402

__all__ = ["celery_app"]
