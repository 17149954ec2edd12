from django.apps import AppConfig


class RigConfig(AppConfig):
    name = "tests.rig"
    label = "rig"

    def ready(self) -> None:
        from tests.rig import handlers, hooks  # noqa: F401
