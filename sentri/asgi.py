"""HTTP to Django, sockets to Channels; who asks is the address that the last trusted proxy was asked from."""

from __future__ import annotations

import os
from typing import Any

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "sentri.settings")
http = get_asgi_application()

from channels.routing import ProtocolTypeRouter, URLRouter  # noqa: E402
from django.conf import settings  # noqa: E402
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware  # noqa: E402

from runs.routing import websocket_urlpatterns  # noqa: E402
from sentri.bodies import BoundedBodies  # noqa: E402
from sentri.lifespan import lifespan  # noqa: E402
from sentri.sockets import Doorkeeper, NoSuchSocket  # noqa: E402

sockets = Doorkeeper(URLRouter([*websocket_urlpatterns, NoSuchSocket]))
by_protocol: Any = ProtocolTypeRouter({"http": BoundedBodies(http), "lifespan": lifespan, "websocket": sockets})
application = ProxyHeadersMiddleware(by_protocol, trusted_hosts=list(settings.ENV.trusted_proxies))
