"""One worker process without a browser: holds a shard of a run and resolves whatever it can claim.

python -m tests.races.racer SHARD WORKER_NAME [die-after N]
python -m tests.races.racer any WORKER_NAME at SECONDS   takes what deserves it, at a time since the epoch, and keeps it
python -m tests.races.racer code WORKER_NAME at SECONDS   claims the one-time codes of eight windows, from that time on
"""

import os
import signal
import sys
import time

import django


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "sentri.settings")
    django.setup()
    from runs import ledger
    from tests.ledger.conftest import played

    if sys.argv[1] == "any":
        ledger.waiting()  # connected, and ready to run
        time.sleep(max(0.0, float(sys.argv[4]) - time.time()))
        print("held" if ledger.take(sys.argv[2]) else "nothing", flush=True)
        return
    if sys.argv[1] == "code":
        _claim_codes(float(sys.argv[4]))
        return
    shard, worker = int(sys.argv[1]), sys.argv[2]
    die_after = int(sys.argv[4]) if len(sys.argv) > 4 else -1
    held = ledger.hold(shard, worker)
    print("held" if held else "nothing", flush=True)
    done = 0
    try:
        while held and (work := ledger.claim(held, 0).work):
            if done == die_after:
                os.kill(os.getpid(), signal.SIGKILL)
            ledger.record(held, played(work.result, "passed", 1, work.attempts_before))
            done += 1
        if held:
            ledger.finish(held)
    except ledger.StaleLease:
        print("stale", flush=True)
    print(done, flush=True)


def _claim_codes(at: float) -> None:
    from projects.accounts import claim_code

    claim_code("GEZDGNBVGY3TQOJQ", 0)  # connected
    time.sleep(max(0.0, at - time.time()))
    print(*(window for window in range(1, 9) if claim_code("JBSWY3DPEHPK3PXP", window)), flush=True)


if __name__ == "__main__":
    main()
