"""Filters for pages that show plugins."""

from collections.abc import Mapping

from django import template

from laojun.plugins import catalogue, wording

register = template.Library()
register.filter("plugin_name", catalogue.name_of)
register.filter("plugin_text", catalogue.description_of)


@register.filter
def finding(found: Mapping[str, str]) -> str:
    return wording.finding_words(found)
