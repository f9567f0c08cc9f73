"""`python -m tests.site --port N`: the first line printed is the address, also when N is 0 and the system chose."""

import argparse
import sys

import uvicorn

from tests.site.switchboard import UnknownDefect


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.site", description="The demo shop.")
    parser.add_argument("--port", type=int, default=8100, help="0 takes a free one")
    parser.add_argument("--host", default="127.0.0.1")
    wanted = parser.parse_args()
    try:
        from tests.site.asgi import application
    except UnknownDefect as unknown:
        sys.exit(f"SITE_DEFECTS: {unknown}")
    config = uvicorn.Config(
        application,
        host=wanted.host,
        port=wanted.port,
        lifespan="off",
        log_level="warning",
        timeout_graceful_shutdown=1,
    )
    listening = config.bind_socket()
    print(f"http://{wanted.host}:{listening.getsockname()[1]}", flush=True)
    uvicorn.Server(config).run(sockets=[listening])


if __name__ == "__main__":
    main()
