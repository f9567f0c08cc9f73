from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("projects", "0007_origins_of_secrets"),
        ("runs", "0025_who_tries_a_sign_in"),
    ]

    operations = [
        migrations.RemoveConstraint(model_name="application", name="one_application_in_an_environment"),
        migrations.RemoveConstraint(model_name="application", name="one_application_of_a_project"),
        migrations.AddField(
            model_name="application",
            name="signed_in",
            field=models.BooleanField(default=False, help_text="as crawls see it that sign in"),
        ),
        migrations.AddField(
            model_name="comparison",
            name="note",
            field=models.CharField(blank=True, default="", help_text="what was not compared, and why", max_length=300),
        ),
        migrations.AddField(
            model_name="run",
            name="without_account",
            field=models.BooleanField(
                default=False, help_text="a worker of this crawl could not sign in and went on as a visitor"
            ),
        ),
        migrations.AddConstraint(
            model_name="application",
            constraint=models.UniqueConstraint(
                fields=("project", "environment", "signed_in"), name="one_application_in_an_environment"
            ),
        ),
        migrations.AddConstraint(
            model_name="application",
            constraint=models.UniqueConstraint(
                condition=models.Q(("environment", None)),
                fields=("project", "signed_in"),
                name="one_application_of_a_project",
            ),
        ),
    ]
