"""Does a big database slow anything down? The same questions with more and more session rows."""

import time

from bench.rig.harness import Harness
from bench.rig.subject import Subject
from bench.scenarios.database import sign_outs
from bench.server_names import OURS

_STEPS, _BATCH = (100_000, 5_000_000), 250_000
_TIMEOUT = 300.0  # seconds for filling
# Ids in the order in which rows are made, as ours are.
_FILL = """
    SET session_replication_role = replica;
    INSERT INTO sessions (id, user_id, session_token, expires_at, created_at, updated_at,
                          ip_address, user_agent, remembered)
    SELECT ('01890000-0000-7000-8000-' || lpad(to_hex(number), 12, '0'))::uuid, owner.id,
           sha256(random()::text::bytea || number::text::bytea),
           now() + interval '6 days', now(), now(), '198.18.0.1', 'Mozilla/5.0 (X11; Linux x86_64)',
           true
    FROM generate_series({first}, {last}) AS number
    JOIN (SELECT id, row_number() OVER () AS place FROM users) AS owner
      ON owner.place = 1 + number % (SELECT count(*) FROM users)
"""

# Indexes are made anew after many rows were added, which takes a third of the time.
_INDEXES = """
    SELECT string_agg(CASE contype WHEN 'u' THEN {of_constraint} ELSE {of_index} END, '; ')
    FROM pg_index
    JOIN pg_class ON pg_class.oid = indexrelid
    LEFT JOIN pg_constraint ON conindid = indexrelid AND contype = 'u'
    WHERE indrelid = 'sessions'::regclass AND NOT indisprimary
"""
_DROP_INDEXES = _INDEXES.format(
    of_constraint="format('ALTER TABLE sessions DROP CONSTRAINT %I', conname)",
    of_index="format('DROP INDEX %I', relname)",
)
_CREATE_INDEXES = _INDEXES.format(
    of_constraint="format('ALTER TABLE sessions ADD CONSTRAINT %I %s', conname, "
    "pg_get_constraintdef(pg_constraint.oid))",
    of_index="pg_get_indexdef(indexrelid)",
)


def measure(harness: Harness) -> None:
    """Measure with few rows, then with each step's; a full run only."""
    if harness.quick:
        return
    ours = harness.subject(OURS)
    ours.rows.value("TRUNCATE sessions")  # the last use of this server
    _measure_at(harness, ours, 1_000)
    rows = 0
    until = time.monotonic() + _TIMEOUT
    for step in _STEPS:
        create_indexes = ours.rows.value(_CREATE_INDEXES)
        ours.rows.value(ours.rows.value(_DROP_INDEXES))
        while rows < step and time.monotonic() < until:
            count = min(_BATCH, step - rows)
            harness.log(f"  adding {count:,} sessions to {rows:,}")
            ours.rows.value(_FILL.format(first=rows + 1, last=rows + count))
            rows += count
        harness.log("  creating the indexes")
        ours.rows.value(f"SET maintenance_work_mem = '256MB'; {create_indexes}")
        ours.rows.value("ANALYZE sessions")
        _measure_at(harness, ours, rows)


def _measure_at(harness: Harness, ours: Subject, rows: int) -> None:
    count = 500
    for _ in range(2):
        fresh = ours.checks(ours.seeds.more_sessions(count))
        harness.measure(f"miss, {rows} rows", ours, fresh, seconds=20, once=True)
        gone = sign_outs(ours.seeds.more_sessions(count))
        harness.measure(
            f"sign-out, {rows} rows", ours, gone, b'{"success":true}', seconds=20, once=True
        )
    for scenario in ("miss", "sign-out"):
        if run := harness.results.median_run(f"{scenario}, {rows} rows"):
            harness.results.figures[f"growth/{scenario} p50 ms/{rows}"] = run.p50
