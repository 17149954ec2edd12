"""What people choose on the pages of imports, exports and publications."""

from __future__ import annotations

from typing import Any

from django import forms
from django.urls import reverse_lazy
from django.utils.translation import gettext_lazy as _

from studio.exporting.plain import CODECS
from studio.importing.encodings import ENCODINGS
from studio.importing.patterns import MAX_LENGTH
from studio.models import Chapter, Publication, Volume, Work
from studio.models.work import MAX_TITLE
from studio.publishing.opening import MAX_BLURB

FORMAT_LABELS = (
    ("epub", _("EPUB: for e-readers")),
    ("docx", _("Word: for editors and publishers")),
    ("pdf", _("PDF: for print")),
    ("txt", _("Plain text")),
    ("md", _("Markdown: comes back exactly as it is")),
    ("html", _("Web page")),
)


def _choice() -> forms.Select:
    return forms.Select(attrs={"class": "input"})


def _line() -> forms.TextInput:
    return forms.TextInput(attrs={"class": "input"})


class ReadingForm(forms.Form):
    """How a brought book is read."""

    encoding = forms.ChoiceField(
        label=_("Encoding"),
        required=False,
        widget=_choice(),
        choices=[("", _("Found out")), *((name, name) for name in ENCODINGS)],
    )
    pattern = forms.CharField(
        label=_("Own pattern of headings"),
        max_length=MAX_LENGTH,
        required=False,
        strip=False,
        widget=_line(),
        help_text=_(
            "A regular expression for whole lines; its first group is the number, its second the title."
        ),
    )
    rejoin = forms.BooleanField(label=_("Join lines that were cut to a width"), required=False)
    keep_indents = forms.BooleanField(label=_("Keep indents"), required=False)
    keep_blanks = forms.BooleanField(label=_("Keep empty lines"), required=False)


class ConfirmForm(forms.Form):
    """Where the chapters go."""

    work = forms.ModelChoiceField(
        label=_("Into"),
        queryset=Work.objects.none(),
        required=False,
        empty_label=_("a new work"),
        widget=forms.Select(
            attrs={
                "class": "input",
                "hx-get": reverse_lazy("studio_import_places"),
                "hx-target": "#id_after",
                "hx-trigger": "change",
            }
        ),
    )
    after = forms.ModelChoiceField(
        label=_("Behind the chapter"),
        queryset=Chapter.objects.none(),
        required=False,
        empty_label=_("at the end"),
        widget=_choice(),
    )
    title = forms.CharField(
        label=_("Title of the new work"), max_length=MAX_TITLE, required=False, widget=_line()
    )
    language = forms.ChoiceField(
        label=_("Language"), choices=Work.Language.choices, required=False, widget=_choice()
    )

    def __init__(self, *given: Any, works: Any, **options: Any) -> None:
        super().__init__(*given, **options)
        self.fields["work"].queryset = works  # type: ignore[attr-defined]
        # Chapters of the chosen work alone, which the page asks for when it is chosen.
        places = Chapter.objects.alive().without_text().filter(work__in=works)
        if self.is_bound:
            self.fields["after"].queryset = places  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        after, work = given.get("after"), given.get("work")
        if after is not None and (work is None or after.work_id != work.pk):
            self.add_error("after", _("This work has no such chapter."))
        return given


class PublicationForm(forms.Form):
    """What readers are told of a work."""

    title = forms.CharField(label=_("Title"), max_length=MAX_TITLE, widget=_line())
    author_name = forms.CharField(label=_("Author"), max_length=150, required=False, widget=_line())
    blurb = forms.CharField(
        label=_("What it is about"),
        max_length=MAX_BLURB,
        required=False,
        widget=forms.Textarea(attrs={"class": "input", "rows": 4}),
    )
    visibility = forms.ChoiceField(
        label=_("Visible to"), choices=Publication.Visibility.choices, widget=_choice()
    )
    new_link = forms.BooleanField(
        label=_("Make a new link; the old one leads nowhere"), required=False
    )


class ExportForm(forms.Form):
    """A file of a work."""

    format = forms.ChoiceField(label=_("Format"), choices=FORMAT_LABELS, widget=_choice())
    volume = forms.ModelChoiceField(
        label=_("What"),
        queryset=Volume.objects.none(),
        required=False,
        empty_label=_("the whole work"),
        widget=_choice(),
    )
    published = forms.BooleanField(label=_("As published, without later changes"), required=False)
    author = forms.CharField(label=_("Author"), max_length=150, required=False, widget=_line())
    title_page = forms.BooleanField(label=_("Title page"), required=False, initial=True)
    contents = forms.BooleanField(label=_("Contents"), required=False, initial=True)
    numbers = forms.BooleanField(
        label=_("Numbers of chapters"),
        required=False,
        initial=True,
        help_text=_("Without them a Markdown file can be brought back exactly."),
    )
    indent = forms.BooleanField(label=_("Indent paragraphs"), required=False, initial=True)
    scene_break = forms.CharField(
        label=_("Sign between scenes"), max_length=20, initial="* * *", widget=_line()
    )
    encoding = forms.ChoiceField(
        label=_("Encoding of plain text"),
        required=False,
        widget=_choice(),
        choices=[(name, name) for name in CODECS],
    )

    def __init__(self, *given: Any, work: Work, **options: Any) -> None:
        super().__init__(*given, **options)
        volumes = Volume.objects.alive().filter(work=work).in_order()
        self.fields["volume"].queryset = volumes  # type: ignore[attr-defined]
        self.fields["volume"].label_from_instance = str  # type: ignore[attr-defined]

    def payload(self) -> dict[str, Any]:
        """What the task is told, without the format."""
        asked = {name: value for name, value in self.cleaned_data.items() if name != "format"}
        volume = asked.pop("volume")
        if volume is not None:
            asked["volume"] = str(volume.pk)
        return {name: value for name, value in asked.items() if value != ""}
