from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

BUCKETS = 61


class RateLimit(models.Model):
    """How often one subject did one kind of thing within the window that ends now.

    `buckets` are the counts of the current sixtieth of the window and the sixty before it, oldest first;
    `window_start` is where the oldest begins and `count` their sum.
    """

    id = models.BigAutoField(primary_key=True)
    user = models.ForeignKey(
        "accounts.User",
        on_delete=models.CASCADE,
        null=True,
        related_name="+",
        # Counting a request must not touch the person's row.
        db_constraint=False,
    )
    rate_key = models.CharField(max_length=255)
    route_class = models.CharField(max_length=64)
    buckets = ArrayField(models.IntegerField(), size=BUCKETS)
    count = models.IntegerField(default=0)
    # What Redis had counted when the database took over; it is part of `count`.
    seeded = models.IntegerField(default=0)
    limit_per_window = models.IntegerField()
    window_duration = models.IntegerField(help_text="Seconds.")
    window_start = models.DateTimeField()
    expires_at = models.DateTimeField()
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        db_table = "accounts_rate_limits"
        verbose_name = _("rate limit")
        verbose_name_plural = _("rate limits")
        constraints = [
            models.UniqueConstraint(fields=["rate_key"], name="accounts_rate_limits_key_uniq"),
            models.CheckConstraint(
                condition=models.Q(count__gte=0, seeded__gte=0),
                name="accounts_rate_limits_count_ck",
            ),
        ]
        indexes = [
            # The sweep of windows that ended.
            models.Index(fields=["expires_at"], name="accounts_rate_limits_expiry_ix"),
        ]

    def __str__(self) -> str:
        return self.rate_key

    # Queries

    def used(self, now_ms: int) -> int:
        """How much of the window that ends now is used. Units: milliseconds since the epoch."""
        return sum(count for _index, count in self.counted(now_ms))

    def counted(self, now_ms: int) -> list[tuple[int, int]]:
        """The buckets that still count as (index of the bucket since the epoch, count), oldest first."""
        width = self.window_duration * 1000 // (BUCKETS - 1)
        first = int(self.window_start.timestamp() * 1000) // width
        oldest = now_ms // width - (BUCKETS - 1)
        return [
            (first + offset, count)
            for offset, count in enumerate(self.buckets)
            if count and first + offset >= oldest
        ]

    # Mutators

    def give_back(self) -> None:
        """Take the newest count off again. The caller holds the row locked."""
        newest = max((place for place, count in enumerate(self.buckets) if count), default=None)
        if newest is not None:
            self.buckets[newest] -= 1
            self.count -= 1
            self.save(update_fields=["buckets", "count", "updated_at"])


class CacheEpochQuerySet(models.QuerySet["CacheEpoch"]):
    def raised(self) -> int:
        """Make everything unreachable that is cached under the epoch so far; the new epoch."""
        self.update(epoch=models.F("epoch") + 1, changed_at=Now())
        return self.values_list("epoch", flat=True).get()


class CacheEpoch(models.Model):
    """One row: the number in the keys of what is cached, raised when an invalidation may have been lost."""

    id = models.SmallIntegerField(primary_key=True, default=1)
    epoch = models.BigIntegerField(default=1)
    changed_at = models.DateTimeField(auto_now=True)

    objects = CacheEpochQuerySet.as_manager()

    class Meta:
        db_table = "accounts_cache_epoch"
        constraints = [
            models.CheckConstraint(condition=models.Q(id=1), name="accounts_cache_epoch_single_ck")
        ]

    def __str__(self) -> str:
        return str(self.epoch)
