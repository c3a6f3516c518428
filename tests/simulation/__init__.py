"""A desk for days within seconds: the real daemon and worker at a virtual time, among edges that fail.

    python -m tests.simulation --seed 7 --days 30   one world
    make soak [ARGS="--days 10000"]                 worlds, one a processor

One thread, one event loop whose clock jumps to what is due next, one seed: a run is repeated exactly. The database is
a real file, or lies on a real server of PostgreSQL (`server`). Simulated are the edges: network (`network`), relay
(`relay`), mailbox (`mailbox`), tokens (`tokens`), disk (`disk`), clock (`loop`), processes (`process`), people
(`people`) and their administrator (`administrator`).
`world` lets days go by, `promises` holds what must be true.
"""
