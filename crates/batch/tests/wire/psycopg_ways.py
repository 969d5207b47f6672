"""psycopg 3: the simple and the extended protocol, prepared statements, both forms of values, errors, transactions."""

import datetime
import decimal
import json
import sys
import threading

import psycopg
from psycopg import errors

job = json.load(sys.stdin)
CONTACT = f"host=127.0.0.1 port={job['port']} user=headcount dbname=headcount"
UTC = datetime.timezone.utc

VALUES = [
    ("SELECT 1", 1),
    ("SELECT -5::smallint", -5),
    ("SELECT 12345678901234567", 12345678901234567),
    ("SELECT 1.50", decimal.Decimal("1.50")),
    ("SELECT -12345.678", decimal.Decimal("-12345.678")),
    ("SELECT 0.1::float8", 0.1),
    ("SELECT true", True),
    ("SELECT NULL", None),
    ("SELECT 'é'", "é"),
    ("SELECT date '2017-03-14'", datetime.date(2017, 3, 14)),
    ("SELECT timestamp '2017-03-14 10:00:00.5'", datetime.datetime(2017, 3, 14, 10, 0, 0, 500000)),
    ("SELECT timestamptz '2017-03-14 10:00Z'", datetime.datetime(2017, 3, 14, 10, tzinfo=UTC)),
    ("SELECT timestamptz '2017-03-15 12:00Z' - timestamptz '2017-03-14 10:00Z'", datetime.timedelta(days=1, hours=2)),
    ("SELECT ARRAY[1, 2, NULL]", [1, 2, None]),
    ("SELECT ARRAY['a', 'b c', NULL]", ["a", "b c", None]),
]

PARAMETERS = [
    ("SELECT %s::bigint + 1", 41, 42),
    ("SELECT %s::text", "it's \\ \"x\"", "it's \\ \"x\""),
    ("SELECT %s::float8", 1.5, 1.5),
    ("SELECT %s::numeric", decimal.Decimal("1.25"), decimal.Decimal("1.25")),
    ("SELECT %s::boolean", True, True),
    ("SELECT %s::timestamptz", datetime.datetime(2017, 3, 14, 11, tzinfo=UTC), datetime.datetime(2017, 3, 14, 11, tzinfo=UTC)),
    ("SELECT %s::date", datetime.date(2017, 3, 14), datetime.date(2017, 3, 14)),
    ("SELECT %s::text", None, None),
    ("SELECT 2 = ANY(%s)", [1, 2], True),
    ("SELECT 'b' = ANY(%s)", ["a", "b"], True),
]


def same(found, expected, what):
    assert found == expected and type(found) is type(expected), (what, found, expected)


def refused(error, work, *arguments, **named):
    try:
        work(*arguments, **named)
    except error as raised:
        return raised
    raise AssertionError((error, arguments))


with psycopg.connect(CONTACT, autocommit=True) as connection:
    with connection.cursor() as cursor:
        rsvps = cursor.execute("SELECT count(*) FROM rsvps").fetchone()[0]
        as_of = connection.info.parameter_status("headcount.as_of")
        assert connection.info.server_version == 150000
    for binary in (False, True):
        with connection.cursor(binary=binary) as cursor:
            for statement, expected in VALUES:
                same(cursor.execute(statement).fetchone()[0], expected, statement)
            for statement, value, expected in PARAMETERS:
                for prepare in (False, True):
                    found = cursor.execute(statement, [value], prepare=prepare).fetchone()[0]
                    same(found, expected, (statement, binary, prepare))
            found = cursor.execute("SELECT %b::bigint", [7]).fetchone()[0]
            same(found, 7, "binary parameter")
    # Rows in parts, one after the other, and many at once.
    with connection.cursor() as cursor:
        streamed = sum(1 for _ in cursor.stream("SELECT event_id, rsvp_id FROM rsvps"))
        assert streamed == rsvps, streamed
        cursor.executemany("SELECT count(*) FROM rsvps WHERE response = %s", [("yes",), ("no",)], returning=True)
        first = cursor.fetchone()[0]
        cursor.nextset()
        assert 0 < first + cursor.fetchone()[0] <= rsvps
    with connection.pipeline():
        cursors = [connection.execute("SELECT %s::bigint", [number]) for number in range(5)]
    assert [cursor.fetchone()[0] for cursor in cursors] == list(range(5))
    # Errors have a SQLSTATE and a place, and the session goes on.
    error = refused(errors.SyntaxError, connection.execute, "SELECT 1 +* 2")
    assert error.diag.statement_position == "11", error.diag.statement_position
    refused(errors.UndefinedColumn, connection.execute, "SELECT nothing FROM rsvps")
    refused(errors.UndefinedTable, connection.execute, "SELECT * FROM nowhere")
    refused(errors.DivisionByZero, connection.execute, "SELECT 1 / %s", [0])
    refused(errors.InvalidTextRepresentation, connection.execute, "SELECT count(*) FROM venues WHERE venue_id = %s", ["x"])
    refused(errors.ReadOnlySqlTransaction, connection.execute, "DELETE FROM rsvps WHERE event_id = %s", ["x"])
    refused(errors.ReadOnlySqlTransaction, connection.execute, "CREATE TABLE t (a int)")
    refused(errors.FeatureNotSupported, connection.execute, "DECLARE c CURSOR FOR SELECT 1")

    def copy():
        with connection.cursor().copy("COPY rsvps TO STDOUT") as copied:
            list(copied)

    error = refused(errors.ReadOnlySqlTransaction, copy)
    assert "COPY is not available" in str(error), error
    # A limit of time, and a cancelled statement.
    endless = "SELECT count(*) FROM generate_series(1, 1000000) AS a, generate_series(1, 1000000) AS b"
    connection.execute("SET statement_timeout = '700ms'")
    refused(errors.QueryCanceled, connection.execute, endless)
    connection.execute("SET statement_timeout = 0")
    ended = threading.Event()

    def cancel():
        while not ended.wait(0.1):
            connection.cancel_safe()

    canceller = threading.Thread(target=cancel)
    canceller.start()
    error = refused(errors.QueryCanceled, connection.execute, endless)
    ended.set()
    canceller.join()
    assert "cancelled by its user" in str(error), error
    assert connection.execute("SELECT 1").fetchone() == (1,)
    # What is cut off is said.
    notices = []
    connection.add_notice_handler(lambda notice: notices.append(notice.message_primary))
    cut = len(connection.execute("SELECT x FROM generate_series(1, 200000) AS s(x)").fetchall())
    assert cut == 100000 and "cut off after 100000 rows" in notices[0], (cut, notices)

# Transactions: a failed one ends with ROLLBACK, and a stable one has one moment.
with psycopg.connect(CONTACT) as connection:
    connection.execute("SELECT 1")
    assert connection.info.transaction_status == psycopg.pq.TransactionStatus.INTRANS
    refused(errors.UndefinedTable, connection.execute, "SELECT * FROM nowhere")
    refused(errors.InFailedSqlTransaction, connection.execute, "SELECT 1")
    connection.rollback()
    with connection.transaction():
        with connection.transaction():
            assert connection.execute("SELECT 2").fetchone() == (2,)
    connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
    connection.commit()
    moments = set()
    for _ in range(3):
        connection.execute("SELECT count(*) FROM rsvps")
        moments.add(connection.info.parameter_status("headcount.as_of"))
    assert len(moments) == 1, moments

json.dump({"rsvps": rsvps, "as_of": as_of}, sys.stdout)
