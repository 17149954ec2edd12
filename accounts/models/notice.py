from django.db import models


class NoticeChoice(models.Model):
    """How a person wants one kind of notice, where it differs from the kind's own default."""

    user = models.ForeignKey("accounts.User", on_delete=models.CASCADE, related_name="+")
    notice = models.CharField(max_length=60)
    by_mail = models.BooleanField()
    in_app = models.BooleanField()

    class Meta:
        db_table = "accounts_notice_choices"
        constraints = [
            models.UniqueConstraint(
                fields=["user", "notice"], name="accounts_notice_choices_notice_uniq"
            )
        ]

    def __str__(self) -> str:
        return f"{self.notice} of {self.user_id}"
