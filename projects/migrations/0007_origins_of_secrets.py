"""Secrets get the origins that they were entered for; headers and variables that are called like secrets become some.

Until now a secret was used wherever its project or environment pointed to, and a further sign-in in all environments
of its project: those are the origins that it gets.
"""

import re

from django.db import migrations, models

from projects.origins import origin_of
from projects.secrets import SecretUnreadable, seal, unseal

SECRET = re.compile(
    r"auth|cookie|token|secret|passw|credential|(^|[-_.])(api|access|private|signing)[-_.]?key|(^|[-_.])key$",
    re.IGNORECASE,
)
SIGN_IN = ("username", "password")


def entrust(apps, _editor):
    for name in ("Project", "Environment"):
        for row in apps.get_model("projects", name).objects.all():
            own = [origin_of(row.url if name == "Project" else row.base_url)]
            entrust_row(row, own)
    for profile in apps.get_model("projects", "AuthProfile").objects.all():
        environments = profile.project.environments.values_list("base_url", flat=True)
        known = [origin_of(profile.project.url), *(origin_of(url) for url in environments)]
        profile.origins = {"credentials": list(dict.fromkeys(known))} if profile.sealed else {}
        profile.save(update_fields=["origins"])


def entrust_row(row, own):
    try:
        kept = dict(unseal(row.sealed))
    except SecretUnreadable:
        row.origins = {"credentials": own}
        row.save(update_fields=["origins"])
        return
    sealed = {name: value for name, value in kept.items() if name in SIGN_IN}
    sealed |= {f"variable {name}": value for name, value in kept.items() if name not in SIGN_IN}
    for kind, column in (("header", "headers"), ("variable", "variables")):
        found = {name: value for name, value in getattr(row, column).items() if SECRET.search(name) and value}
        sealed |= {f"{kind} {name}": value for name, value in found.items()}
        setattr(row, column, {name: value for name, value in getattr(row, column).items() if name not in found})
    names = dict.fromkeys("credentials" if name in SIGN_IN else name for name in sealed)
    row.sealed, row.origins = seal(sealed), dict.fromkeys(names, own)
    row.save(update_fields=["sealed", "origins", "headers", "variables"])


class Migration(migrations.Migration):
    dependencies = [
        ("projects", "0006_members_and_invitations"),
    ]

    operations = [
        *(
            migrations.AddField(
                model_name=name,
                name="origins",
                field=models.JSONField(blank=True, default=dict, editable=False),
            )
            for name in ("project", "environment", "authprofile")
        ),
        migrations.RunPython(entrust, migrations.RunPython.noop),
    ]
