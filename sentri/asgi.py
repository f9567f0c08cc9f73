"""HTTP to Django, sockets to Channels."""

from __future__ import annotations

import os

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "sentri.settings")
http = get_asgi_application()

from channels.auth import AuthMiddlewareStack  # noqa: E402
from channels.routing import ProtocolTypeRouter, URLRouter  # noqa: E402
from channels.security.websocket import AllowedHostsOriginValidator  # noqa: E402

from runs.routing import websocket_urlpatterns  # noqa: E402
from sentri.lifespan import lifespan  # noqa: E402
from sentri.sockets import AnyOriginWithToken, NoSuchSocket  # noqa: E402

application = ProtocolTypeRouter(
    {
        "http": http,
        "lifespan": lifespan,
        "websocket": AnyOriginWithToken(
            browsers=AllowedHostsOriginValidator(
                AuthMiddlewareStack(URLRouter([*websocket_urlpatterns, NoSuchSocket]))
            ),
            machines=URLRouter([*websocket_urlpatterns, NoSuchSocket]),
        ),
    }
)
