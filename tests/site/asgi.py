import os

# Not setdefault: the environment may name the settings of Sentri itself.
os.environ["DJANGO_SETTINGS_MODULE"] = "tests.site.settings"

from django.core.asgi import get_asgi_application

from tests.site import switchboard

application = get_asgi_application()
switchboard.switch(on=filter(None, os.environ.get("SITE_DEFECTS", "").replace(",", " ").split()))
