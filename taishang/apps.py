from django.apps import AppConfig


class TaishangConfig(AppConfig):
    name = "taishang"
