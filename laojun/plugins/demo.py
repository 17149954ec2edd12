"""Three plugins in the demo workspace: the journal of events, a program of an example, and a service to be set up."""

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.conf import settings

from accounts import tenancy
from accounts.models import User, Workspace
from laojun.audit import Actor
from laojun.files import Owner
from laojun.models import Plugin, PluginInstance, PluginVersion
from laojun.plugins import authoring, builtins, installing, instances, keys
from laojun.plugins.installing import Place
from laojun.plugins.instances import Wishes

JOURNAL, PROGRAM, SERVICE = "event_journal", "changelog_file", "event_receiver"
EXAMPLES = settings.BASE_DIR / "examples" / "plugins"
ACTOR = Actor.system("demo")


def seed(*, user: User, workspace: Workspace) -> None:
    """Install what is missing. The examples are signed by a key of this moment, which the workspace trusts."""
    with tenancy.platform_scope(reason="demo: the platform's own plugins"):
        builtins.register()
    with tenancy.workspace(workspace.pk, user_id=user.pk):
        present = set(Plugin.objects.values_list("slug", flat=True))
        in_use = {row.plugin.slug for row in PluginInstance.objects.with_version()}
        if JOURNAL not in in_use:
            journal = PluginVersion.objects.select_related("plugin").get(plugin__slug=JOURNAL)
            _use(journal, workspace, enabled=True)
        if PROGRAM in present:
            return
        key = Ed25519PrivateKey.generate()
        keys.add(
            public_key=authoring.public_text(key),
            role="publisher",
            owner_name="examples",
            slug_patterns=[PROGRAM, SERVICE],
            workspace_id=workspace.pk,
            actor=ACTOR,
        )
        for slug, enabled in ((PROGRAM, True), (SERVICE, False)):
            data = authoring.sign_package(
                authoring.pack_folder(EXAMPLES / slug), key=key, role="publisher"
            )
            place = Place(Owner(user.pk, workspace.pk))
            version, _is_new = installing.install(data=data, place=place, actor=ACTOR)
            _use(version, workspace, enabled=enabled)


def _use(version: PluginVersion, workspace: Workspace, *, enabled: bool) -> None:
    instances.add(
        plugin=version.plugin,
        version=version,
        workspace_id=workspace.pk,
        wishes=Wishes(enabled=enabled, permissions=version.permissions if enabled else None),
        actor=ACTOR,
    )
