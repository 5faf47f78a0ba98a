"""psycopg 3: its pipeline, server cursors, COPY and binary transfer."""

import decimal
import pathlib
import sys
import threading

sys.path.insert(0, str(pathlib.Path(__file__).parents[1]))
import psycopg
from psycopg import pq, rows

from report import (
    COLUMNS, KINDS, LIST_TABLES, ROWS, SLOW_QUERY, SOME, SUM_OF_BIG, TABLES, same, sqlstate, state_of, thing,
    until_active,
)

print(f"# client psycopg {psycopg.__version__} (libpq {pq.version()})")
BIG = "SELECT id, label FROM big"


def connect(**options):
    """The password, host and database are in the environment."""
    options = {"sslmode": "verify-ca", "autocommit": True, **options}
    return psycopg.connect(**options)


@thing(1)
def _():
    with connect(channel_binding="require") as connection:
        same(connection.execute("SELECT count(*) FROM things").fetchone(), (1000,))
        same(connection.pgconn.ssl_in_use, True)


@thing(2)
def _():
    with connect(sslmode="disable") as connection:
        same(connection.execute("SELECT 1").fetchone(), (1,))


@thing(3)
def _():
    try:
        connect(password="wrong")
    except psycopg.OperationalError as error:
        # psycopg has no SQLSTATE for a connection that failed: the message is what there is.
        same("password authentication failed" in str(error), True)
    else:
        raise AssertionError("it succeeded")


@thing(4)
def _():
    with connect() as connection:
        same(connection.execute(SOME).fetchall(), list(ROWS.values()))


@thing(5)
def _():
    with connect() as connection:
        sql = "SELECT id FROM things WHERE id < %t AND name LIKE %t AND day = %t AND price < %t"
        same(connection.execute(sql, ("3", "Gr%", "2024-01-01", "0.5")).fetchall(), [(1,)])


@thing(6)
def _():
    with connect() as connection:
        same(connection.execute(SOME, binary=True).fetchall(), list(ROWS.values()))


@thing(7)
def _():
    with connect() as connection:
        for style in ("%s", "%b", "%t"):
            sql = "SELECT " + ", ".join(f"{style}::{kind}" for _, kind in KINDS)
            values = [value for value, _ in KINDS]
            for binary in (False, True):
                same(list(connection.execute(sql, values, binary=binary).fetchone()), values)
        day = connection.execute("SELECT count(*) FROM things WHERE at < %s", (KINDS[4][0],))
        same(day.fetchone(), (942,))


@thing(8)
def _():
    with connect() as connection:
        names = ["O'Brien \"2\"", "😀, 3", "a,b", None]
        for binary in (False, True):
            execute = lambda sql, *values: connection.execute(sql, values, binary=binary).fetchall()
            same(execute("SELECT id FROM things WHERE id = ANY(%s) ORDER BY id", [3, 1, 2000]), [(1,), (3,)])
            same(execute("SELECT count(*) FROM things WHERE name = ANY(%b)", names), [(2,)])
            same(execute("SELECT ARRAY[1, 2, NULL]::int[], %s::text[]", names), [([1, 2, None], names)])


@thing(9)
def _():
    with connect() as connection:
        for number in range(1, 101):
            found = connection.execute("SELECT id, label FROM big WHERE id = %s", (number,), prepare=True)
            same(found.fetchone(), (number, f"label {number}"))
        same(connection.execute("SELECT count(*) FROM pg_prepared_statements").fetchone(), (1,))


@thing(10)
def _():
    with connect(autocommit=False) as connection:
        for binary in (False, True):
            with connection.cursor("rows", binary=binary) as cursor:
                cursor.itersize = 1000
                cursor.execute(BIG)
                numbers = [number for number, _ in cursor]
            same((len(numbers), sum(numbers)), (100_000, SUM_OF_BIG))
        # Single rows, as they come.
        numbers = [number for number, _ in connection.cursor().stream(BIG)]
        same((len(numbers), sum(numbers)), (100_000, SUM_OF_BIG))


@thing(11)
def _():
    with connect() as connection:
        # psycopg cancels what it no longer reads.
        stream = connection.cursor().stream(BIG)
        same(len([next(stream) for _ in range(10)]), 10)
        stream.close()
        with connection.transaction(), connection.cursor("half") as cursor:
            cursor.execute(BIG)
            same(len(cursor.fetchmany(10)), 10)
        same(connection.execute("SELECT 7").fetchone(), (7,))


@thing(12)
def _():
    with connect() as connection:
        with connection.transaction():
            same(connection.info.transaction_status, pq.TransactionStatus.INTRANS)
            same(connection.execute("SELECT count(*) FROM things").fetchone(), (1000,))
        same(connection.info.transaction_status, pq.TransactionStatus.IDLE)


@thing(13)
def _():
    with connect(autocommit=False) as connection:
        same(state_of(connection.execute, "SELECT 1/0"), "22012")
        same(connection.info.transaction_status, pq.TransactionStatus.INERROR)
        same(state_of(connection.execute, "SELECT 1"), "25P02")
        connection.rollback()
        same(connection.execute("SELECT 1").fetchone(), (1,))


@thing(14)
def _():
    with connect() as connection:
        with connection.transaction():
            try:
                with connection.transaction():
                    connection.execute("SELECT nothing FROM things")
            except psycopg.errors.UndefinedColumn:
                pass
            same(connection.execute("SELECT count(*) FROM things").fetchone(), (1000,))


@thing(15)
def _():
    with connect() as connection:
        for sql, state, position in (
            ("SELECT nothing FROM things", "42703", "8"),
            ("SELECT * FROM nowhere", "42P01", "15"),
            ("SELEC 1", "42601", "1"),
        ):
            try:
                connection.execute(sql)
            except psycopg.Error as error:
                same((sqlstate(error), error.diag.statement_position), (state, position))
        same(connection.execute("SELECT 1").fetchone(), (1,))


@thing(16)
def _():
    with connect() as connection:
        cursor = connection.execute(f"SELECT {COLUMNS} FROM things WHERE id = %s", (0,))
        same(cursor.fetchall(), [])
        same(
            [(column.name, column.type_code) for column in cursor.description],
            [("id", 20), ("price", 1700), ("name", 25), ("active", 16), ("day", 1082), ("at", 1114)],
        )
        same(cursor.description[1].precision, 12)
        same(cursor.description[1].scale, 2)


@thing(17)
def _():
    with connect() as connection:
        cursor = connection.execute("SELECT 1; SELECT 'x', 2; SELECT 3")
        results = [cursor.fetchall()]
        while cursor.nextset():
            results.append(cursor.fetchall())
        same(results, [[(1,)], [("x", 2)], [(3,)]])
        cursor.executemany("SELECT id FROM things WHERE id = %s", [(1,), (2,)], returning=True)
        same(cursor.fetchall(), [(1,)])


@thing(18)
def _():
    with connect() as connection:
        with connection.pipeline():
            answers = [connection.execute("SELECT id FROM things WHERE id = %s", (n,)) for n in range(1, 9)]
            same([answer.fetchone() for answer in answers], [(n,) for n in range(1, 9)])
        try:
            with connection.pipeline() as pipeline:
                first = connection.execute("SELECT 1")
                bad = connection.execute("SELECT nothing FROM things")
                dropped = connection.execute("SELECT 3")
                pipeline.sync()
        except psycopg.errors.UndefinedColumn:
            pass
        same(first.fetchone(), (1,))
        same(connection.execute("SELECT 4").fetchone(), (4,))


@thing(19)
def _():
    with connect() as connection:
        query = "SELECT id, price, name FROM things WHERE id IN (1, 5) ORDER BY id"
        with connection.cursor().copy(f"COPY ({query}) TO STDOUT") as copy:
            same(b"".join(copy).decode(), "1\t-98.75\tGröße 1\n5\t-93.75\t\\N\n")
        with connection.cursor().copy(f"COPY ({query}) TO STDOUT (FORMAT binary)") as copy:
            copy.set_types(["int8", "numeric", "text"])
            same(list(copy.rows()), [ROWS[1][:3], (5, decimal.Decimal("-93.75"), None)])
        with connection.cursor().copy(f"COPY ({BIG}) TO STDOUT CSV") as copy:
            same(sum(bytes(part).count(b"\n") for part in copy), 100_000)


@thing(20)
def _():
    with connect() as connection:
        connection.execute("CREATE TEMP TABLE copied (id bigint, name text, price numeric)")
        with connection.cursor().copy("COPY copied FROM STDIN") as copy:
            for number in range(10_000):
                copy.write_row((number, f"Row ü\t{number}", None))
        with connection.cursor().copy("COPY copied FROM STDIN (FORMAT binary)") as copy:
            copy.set_types(["int8", "text", "numeric"])
            copy.write_row((10_000, "binary", ROWS[1][1]))
        found = connection.execute("SELECT count(*), min(name), max(id), max(price) FROM copied")
        same(found.fetchone(), (10_001, "Row ü\t0", 10_000, ROWS[1][1]))
        try:
            with connection.cursor().copy("COPY copied FROM STDIN") as copy:
                copy.write_row((1, "one", None))
                raise KeyError
        except KeyError:
            pass
        same(connection.execute("SELECT count(*) FROM copied").fetchone(), (10_001,))


@thing(21)
def _():
    with connect() as connection:
        connection.execute("CREATE TEMP TABLE mine (id int PRIMARY KEY, name text, price numeric(8,2))")
        with connection.cursor() as cursor:
            values = [(n, f"ö {n}", ROWS[1][1]) for n in (1, 2, 3)]
            cursor.executemany("INSERT INTO mine VALUES (%s, %s, %s)", values)
            same(cursor.rowcount, 3)
        found = connection.execute("SELECT m.*, t.name FROM mine m JOIN things t USING (id) ORDER BY 1")
        same(found.fetchone(), (1, "ö 1", ROWS[1][1], "Größe 1"))
        same(connection.execute("UPDATE mine SET name = 'x' WHERE id > 1").rowcount, 2)


def active(connection, pid):
    sql = "SELECT count(*) FROM pg_stat_activity WHERE pid = %s AND state = 'active'"
    return connection.execute(sql, (pid,)).fetchone() == (1,)


@thing(22)
def _():
    with connect() as connection, connect() as other:
        for cancel in (connection.cancel, connection.cancel_safe):
            states = []
            work = lambda: states.append(state_of(connection.execute, SLOW_QUERY))
            running = threading.Thread(target=work)
            running.start()
            try:
                until_active(lambda: active(other, connection.info.backend_pid))
            finally:
                cancel()
                running.join()
            same(states, ["57014"])
            same(connection.execute("SELECT 1").fetchone(), (1,))


@thing(23)
def _():
    with connect(options="-c statement_timeout=200ms") as connection:
        same(state_of(connection.execute, SLOW_QUERY), "57014")
        same(connection.execute("SELECT 1").fetchone(), (1,))


@thing(24)
def _():
    with connect(application_name="clients") as connection:
        show = lambda name: connection.execute(f"SHOW {name}").fetchone()[0]
        same(connection.info.parameter_status("application_name"), "clients")
        connection.execute("SET application_name TO 'others'")
        same(connection.info.parameter_status("application_name"), "others")
        connection.execute("SELECT set_config('search_path', %s, false)", ("pg_catalog, public",))
        same((show("search_path"), show("application_name")), ("pg_catalog, public", "others"))
        same(connection.execute("SELECT count(*) FROM things").fetchone(), (1000,))
        with connection.transaction(force_rollback=True):
            connection.execute("SET LOCAL application_name TO 'inside'")
        same(connection.info.parameter_status("application_name"), "others")


@thing(25)
def _():
    with connect(row_factory=rows.tuple_row) as connection:
        same(connection.execute(LIST_TABLES).fetchall(), TABLES)
        same(state_of(connection.execute, "INSERT INTO things (id) VALUES (%s)", (2001,)), "25006")
