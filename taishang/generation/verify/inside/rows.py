"""Rows and values that a project accepts, made from its own models and serializers."""

import datetime
import itertools
import uuid

from django.contrib.auth import get_user_model
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import models
from rest_framework import serializers

serial = itertools.count(1000)
MOMENT = datetime.datetime(2025, 1, 3, 9, 0, tzinfo=datetime.UTC)
PLAIN = {
    "integer": 1, "big_integer": 1, "decimal": 12.5, "float": 1.5, "boolean": True, "date": "2025-01-03",
    "time": "09:00:00", "datetime": "2025-01-03T09:00:00Z", "email": "sample@example.com",
    "url": "https://example.com/sample", "uuid": "00000000-0000-4000-8000-000000000009", "slug": "sample",
    "array": [], "object": {}, "json": {}, "null": None,
}  # fmt: skip


def make_row(model, user, depth=0):
    """One row of `model` that belongs to `user`, its required parents made along with it."""
    values = {}
    for field in model._meta.concrete_fields:
        if (
            field.primary_key
            or getattr(field, "auto_now", False)
            or getattr(field, "auto_now_add", False)
        ):
            continue
        if field.is_relation:
            if field.related_model is get_user_model():
                values[field.name] = user
            elif not field.null and depth < 12:
                values[field.name] = make_row(field.related_model, user, depth + 1)
        elif not field.null and not field.has_default():
            values[field.name] = value_for(field, next(serial))
    return model._base_manager.create(**values)


def value_for(field, mark):
    """A valid value for a model field or a serializer field. `mark` keeps unique texts apart."""
    choices = getattr(field, "choices", None)
    if choices:
        found = list(choices) if isinstance(choices, dict) else [choice[0] for choice in choices]
        return next((choice for choice in found if choice), None)
    for kinds, value in KINDS:
        if isinstance(field, kinds):
            return value() if callable(value) else value
    text = f"sample {abs(hash_of(mark)) % 100_000}"
    longest = getattr(field, "max_length", None)
    return text[-longest:] if longest else text


def hash_of(mark):
    return sum(ord(character) * (index + 1) for index, character in enumerate(str(mark)))


def number():
    return next(serial)


KINDS = (
    ((models.BooleanField, serializers.BooleanField), True),
    ((models.EmailField, serializers.EmailField), lambda: f"sample{number()}@example.com"),
    ((models.URLField, serializers.URLField), lambda: f"https://example.com/{number()}"),
    ((models.SlugField, serializers.SlugField), lambda: f"sample-{number()}"),
    ((models.UUIDField, serializers.UUIDField), uuid.uuid4),
    ((models.IntegerField, serializers.IntegerField), number),
    (
        (models.DecimalField, models.FloatField, serializers.DecimalField, serializers.FloatField),
        number,
    ),
    ((models.DateTimeField, serializers.DateTimeField), lambda: MOMENT),
    ((models.DateField, serializers.DateField), lambda: MOMENT.date()),
    ((models.TimeField, serializers.TimeField), lambda: MOMENT.time()),
    ((models.JSONField, serializers.JSONField), list),
    ((serializers.ListField,), list),
    ((serializers.DictField,), dict),
    (
        (models.FileField, serializers.FileField),
        lambda: SimpleUploadedFile("sample.txt", b"sample", content_type="text/plain"),
    ),
)


def plain_value(shape, name):
    """A value of a declared type; `shape` is the endpoint's word on this key."""
    kind = shape.get("type", "text")
    if shape.get("choices"):
        return shape["choices"][0]
    if kind == "file":
        return SimpleUploadedFile("sample.txt", b"sample", content_type="text/plain")
    if kind in PLAIN:
        return PLAIN[kind]
    return "1" if name in ("page", "limit", "offset", "pageSize", "page_size") else "sample"
