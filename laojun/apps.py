from django.apps import AppConfig


class LaojunConfig(AppConfig):
    name = "laojun"
