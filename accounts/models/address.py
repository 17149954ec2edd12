from django.db import models


class AddressKey(models.Model):
    """The canonical form of one address of a person, kept beside allauth's row, which compares as typed."""

    address = models.OneToOneField(
        "account.EmailAddress", on_delete=models.CASCADE, primary_key=True, related_name="key"
    )
    user = models.ForeignKey("accounts.User", on_delete=models.CASCADE, related_name="+")
    email_key = models.CharField(max_length=254)
    verified = models.BooleanField(default=False)

    class Meta:
        db_table = "accounts_address_keys"
        constraints = [
            # Two spellings of one mailbox are never two people's.
            models.UniqueConstraint(
                fields=["email_key"],
                condition=models.Q(verified=True),
                name="accounts_address_keys_verified_uniq",
            ),
            models.UniqueConstraint(
                fields=["user", "email_key"], name="accounts_address_keys_own_uniq"
            ),
        ]

    def __str__(self) -> str:
        return self.email_key
