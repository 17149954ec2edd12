from django.db import models
from django.utils.translation import gettext_lazy as _


class Profile(models.Model):
    """What others see of a person."""

    user = models.OneToOneField(
        "accounts.User", on_delete=models.CASCADE, primary_key=True, related_name="profile"
    )
    display_name = models.CharField(_("display name"), max_length=100, blank=True)
    avatar_url = models.CharField(_("picture"), max_length=500, blank=True)
    bio = models.TextField(_("about me"), max_length=2000, blank=True)
    website = models.CharField(_("website"), max_length=255, blank=True)
    version = models.BigIntegerField(default=0)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        db_table = "accounts_profiles"
        verbose_name = _("profile")
        verbose_name_plural = _("profiles")
        constraints = [
            models.CheckConstraint(
                condition=models.Q(website="") | models.Q(website__regex=r"^https?://"),
                name="accounts_profiles_website_ck",
            )
        ]

    def __str__(self) -> str:
        return self.display_name or str(self.pk)
