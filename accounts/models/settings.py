from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _


class UserSettings(models.Model):
    """One person's preferences; every page obeys them."""

    class Theme(models.TextChoices):
        DARK = "dark", _("dark")
        LIGHT = "light", _("light")
        SYSTEM = "system", _("like the device")

    class ExportFormat(models.TextChoices):
        MARKDOWN = "md", "Markdown"
        TEXT = "txt", _("plain text")
        HTML = "html", "HTML"
        WORD = "docx", "Word"
        EPUB = "epub", "EPUB"
        PDF = "pdf", "PDF"

    class Language(models.TextChoices):
        CHINESE = "zh-CN", "简体中文"
        ENGLISH = "en", "English"

    user = models.OneToOneField(
        "accounts.User", on_delete=models.CASCADE, primary_key=True, related_name="settings"
    )
    theme = models.CharField(max_length=10, choices=Theme.choices, default=Theme.DARK)
    editor_font_family = models.CharField(max_length=100, default="Georgia")
    editor_font_size = models.IntegerField(
        default=16, validators=[MinValueValidator(10), MaxValueValidator(40)]
    )
    editor_line_height = models.FloatField(
        default=1.8, validators=[MinValueValidator(1.0), MaxValueValidator(3.0)]
    )
    editor_paragraph_spacing = models.IntegerField(
        default=8, validators=[MinValueValidator(0), MaxValueValidator(48)]
    )
    editor_word_wrap = models.BooleanField(default=True)
    show_sidebar = models.BooleanField(default=True)
    show_outline = models.BooleanField(default=True)
    show_status_bar = models.BooleanField(default=True)
    # Both name rows of higher apps, which check them and clear them; a foreign key would point upwards.
    default_agent_id = models.UUIDField(null=True, blank=True)
    default_model_id = models.CharField(max_length=100, null=True, blank=True)
    auto_save_interval = models.IntegerField(
        default=30, validators=[MinValueValidator(5), MaxValueValidator(600)]
    )
    export_format = models.CharField(
        max_length=10, choices=ExportFormat.choices, default=ExportFormat.MARKDOWN
    )
    export_include_metadata = models.BooleanField(default=True)
    language = models.CharField(max_length=10, choices=Language.choices, default=Language.CHINESE)
    timezone = models.CharField(max_length=64, default="Asia/Shanghai")
    extra = models.JSONField(default=dict, blank=True)
    version = models.BigIntegerField(default=0)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        db_table = "accounts_user_settings"
        verbose_name = _("preferences")
        verbose_name_plural = _("preferences")
        constraints = [
            models.CheckConstraint(
                condition=models.Q(theme__in=["dark", "light", "system"]),
                name="accounts_user_settings_theme_ck",
            ),
            models.CheckConstraint(
                condition=models.Q(editor_font_size__range=(10, 40))
                & models.Q(editor_line_height__gte=1.0, editor_line_height__lte=3.0)
                & models.Q(editor_paragraph_spacing__range=(0, 48)),
                name="accounts_user_settings_editor_ck",
            ),
            models.CheckConstraint(
                condition=models.Q(auto_save_interval__range=(5, 600)),
                name="accounts_user_settings_auto_save_ck",
            ),
            models.CheckConstraint(
                condition=models.Q(export_format__in=["md", "txt", "html", "docx", "epub", "pdf"]),
                name="accounts_user_settings_export_ck",
            ),
            models.CheckConstraint(
                condition=models.Q(language__in=["zh-CN", "en"]),
                name="accounts_user_settings_language_ck",
            ),
        ]

    def __str__(self) -> str:
        return f"settings of {self.pk}"
