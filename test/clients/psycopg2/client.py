"""psycopg 2: parameters are pasted on the client's side, so all of its statements are simple queries."""

import io
import pathlib
import sys
import threading

sys.path.insert(0, str(pathlib.Path(__file__).parents[1]))
import psycopg2
import psycopg2.extensions
import psycopg2.extras

from report import (
    COLUMNS, KINDS, LIST_TABLES, ROWS, SLOW_QUERY, SOME, SUM_OF_BIG, TABLES, same, skip, sqlstate, state_of, thing,
    until_active,
)

print(f"# client psycopg2 {psycopg2.__version__.split()[0]} (libpq {psycopg2.extensions.libpq_version()})")
BIG = "SELECT id, label FROM big"


class connect:
    """A connection that is closed at the end; the host, database and password are in the environment."""

    def __init__(self, autocommit=True, **options):
        self.connection = psycopg2.connect("", **{"sslmode": "verify-ca", **options})
        self.connection.autocommit = autocommit

    def __enter__(self):
        return self.connection

    def __exit__(self, *_):
        self.connection.close()


def execute(connection, sql, values=None):
    cursor = connection.cursor()
    cursor.execute(sql, values)
    return cursor


@thing(1)
def _():
    with connect(channel_binding="require") as connection:
        same(execute(connection, "SELECT count(*) FROM things").fetchone(), (1000,))
        same(connection.info.ssl_in_use, True)


@thing(2)
def _():
    with connect(sslmode="disable") as connection:
        same(execute(connection, "SELECT 1").fetchone(), (1,))


@thing(3)
def _():
    try:
        psycopg2.connect("", password="wrong")
    except psycopg2.OperationalError as error:
        # psycopg has no SQLSTATE for a connection that failed: the message is what there is.
        same("password authentication failed" in str(error), True)
    else:
        raise AssertionError("it succeeded")


@thing(4)
def _():
    with connect() as connection:
        same(execute(connection, SOME).fetchall(), list(ROWS.values()))


@thing(5)
def _():
    with connect() as connection:
        sql = "SELECT id FROM things WHERE id < %s AND name LIKE %s AND day = %s AND price < %s"
        same(execute(connection, sql, ("3", "Gr%", "2024-01-01", "0.5")).fetchall(), [(1,)])


skip(6, "it asks for text only")


@thing(7)
def _():
    with connect() as connection:
        sql = "SELECT " + ", ".join(f"%s::{kind}" for _, kind in KINDS)
        values = [value for value, _ in KINDS]
        found = list(execute(connection, sql, values).fetchone())
        found[5] = bytes(found[5])
        same(found, values)
        day = execute(connection, "SELECT count(*) FROM things WHERE at < %s", (KINDS[4][0],))
        same(day.fetchone(), (942,))


@thing(8)
def _():
    with connect() as connection:
        names = ["O'Brien \"2\"", "😀, 3", "a,b", None]
        sql = "SELECT id FROM things WHERE id = ANY(%s) ORDER BY id"
        same(execute(connection, sql, ([3, 1, 2000],)).fetchall(), [(1,), (3,)])
        same(execute(connection, "SELECT count(*) FROM things WHERE name = ANY(%s)", (names,)).fetchone(), (2,))
        found = execute(connection, "SELECT ARRAY[1, 2, NULL]::int[], %s::text[]", (names,))
        same(found.fetchone(), ([1, 2, None], names))


@thing(9)
def _():
    with connect() as connection:
        execute(connection, "PREPARE by_id (bigint) AS SELECT id, label FROM big WHERE id = $1")
        for number in range(1, 101):
            found = execute(connection, "EXECUTE by_id (%s)", (number,))
            same(found.fetchone(), (number, f"label {number}"))
        execute(connection, "DEALLOCATE by_id")


@thing(10)
def _():
    with connect(autocommit=False) as connection:
        with connection.cursor("rows") as cursor:
            cursor.itersize = 1000
            cursor.execute(BIG)
            numbers = [number for number, _ in cursor]
        same((len(numbers), sum(numbers)), (100_000, SUM_OF_BIG))


@thing(11)
def _():
    with connect(autocommit=False) as connection:
        with connection.cursor("half") as cursor:
            cursor.execute(BIG)
            same(len(cursor.fetchmany(10)), 10)
            cursor.scroll(1000)
            same(len(cursor.fetchmany(10)), 10)
        same(execute(connection, "SELECT 7").fetchone(), (7,))


@thing(12)
def _():
    with connect(autocommit=False) as connection:
        with connection:
            same(execute(connection, "SELECT count(*) FROM things").fetchone(), (1000,))
            same(connection.status, psycopg2.extensions.STATUS_IN_TRANSACTION)
        same(connection.status, psycopg2.extensions.STATUS_READY)
        connection.set_session(isolation_level="REPEATABLE READ", readonly=True)
        with connection:
            same(execute(connection, "SELECT 1").fetchone(), (1,))


@thing(13)
def _():
    with connect(autocommit=False) as connection:
        same(state_of(execute, connection, "SELECT 1/0"), "22012")
        same(state_of(execute, connection, "SELECT 1"), "25P02")
        connection.rollback()
        same(execute(connection, "SELECT 1").fetchone(), (1,))


@thing(14)
def _():
    with connect(autocommit=False) as connection:
        execute(connection, "SAVEPOINT one")
        same(state_of(execute, connection, "SELECT nothing FROM things"), "42703")
        execute(connection, "ROLLBACK TO SAVEPOINT one")
        same(execute(connection, "SELECT count(*) FROM things").fetchone(), (1000,))
        connection.commit()


@thing(15)
def _():
    with connect() as connection:
        for sql, state, position in (
            ("SELECT nothing FROM things", "42703", "8"),
            ("SELECT * FROM nowhere", "42P01", "15"),
            ("SELEC 1", "42601", "1"),
        ):
            try:
                execute(connection, sql)
            except psycopg2.Error as error:
                same((sqlstate(error), error.diag.statement_position), (state, position))
        same(execute(connection, "SELECT 1").fetchone(), (1,))


@thing(16)
def _():
    with connect() as connection:
        cursor = execute(connection, f"SELECT {COLUMNS} FROM things WHERE id = %s", (0,))
        same(cursor.fetchall(), [])
        same(
            [(column.name, column.type_code) for column in cursor.description],
            [("id", 20), ("price", 1700), ("name", 25), ("active", 16), ("day", 1082), ("at", 1114)],
        )
        same((cursor.description[1].precision, cursor.description[1].scale), (12, 2))


@thing(17)
def _():
    with connect() as connection:
        # Of several results the driver keeps the last.
        same(execute(connection, "SELECT 1; SELECT 'x', 2; SELECT 3").fetchall(), [(3,)])
        same(state_of(execute, connection, "SELECT 1; SELECT 1/0; SELECT 2"), "22012")
        same(execute(connection, "SELECT 1").fetchone(), (1,))


@thing(18)
def _():
    with connect() as connection, connection.cursor() as cursor:
        # It has no pipeline; a batch is one Query with many statements.
        sql = "SELECT 10 / %s"
        batch = psycopg2.extras.execute_batch
        batch(cursor, sql, [(1,), (2,), (5,)], page_size=10)
        same(cursor.fetchall(), [(2,)])
        same(state_of(batch, cursor, sql, [(1,), (0,), (5,)]), "22012")
        same(execute(connection, "SELECT 4").fetchone(), (4,))


@thing(19)
def _():
    with connect() as connection, connection.cursor() as cursor:
        target = io.StringIO()
        query = "SELECT id, price, name FROM things WHERE id IN (1, 5) ORDER BY id"
        cursor.copy_expert(f"COPY ({query}) TO STDOUT", target)
        same(target.getvalue(), "1\t-98.75\tGröße 1\n5\t-93.75\t\\N\n")
        target = io.StringIO()
        cursor.copy_to(target, "big", columns=("id", "label"), sep="|")
        lines = target.getvalue().splitlines()
        same((len(lines), "1|label 1" in lines), (100_000, True))


@thing(20)
def _():
    with connect() as connection, connection.cursor() as cursor:
        cursor.execute("CREATE TEMP TABLE copied (id bigint, name text)")
        source = io.StringIO("".join(f"{number}\tRow ü {number}\n" for number in range(10_000)))
        cursor.copy_from(source, "copied", columns=("id", "name"))
        same(execute(connection, "SELECT count(*), min(name) FROM copied").fetchone(), (10_000, "Row ü 0"))
        same(state_of(cursor.copy_from, io.StringIO("x\ty\n"), "copied"), "22P02")
        same(execute(connection, "SELECT count(*) FROM copied").fetchone(), (10_000,))


@thing(21)
def _():
    with connect() as connection, connection.cursor() as cursor:
        cursor.execute("CREATE TEMP TABLE mine (id int PRIMARY KEY, name text, price numeric(8,2))")
        values = [(n, f"ö {n}", ROWS[1][1]) for n in (1, 2, 3)]
        psycopg2.extras.execute_values(cursor, "INSERT INTO mine VALUES %s", values)
        found = execute(connection, "SELECT m.*, t.name FROM mine m JOIN things t USING (id) ORDER BY 1")
        same(found.fetchone(), (1, "ö 1", ROWS[1][1], "Größe 1"))
        same(execute(connection, "UPDATE mine SET name = 'x' WHERE id > 1").rowcount, 2)


def active(connection, pid):
    sql = "SELECT count(*) FROM pg_stat_activity WHERE pid = %s AND state = 'active'"
    return execute(connection, sql, (pid,)).fetchone() == (1,)


@thing(22)
def _():
    with connect() as connection, connect() as other:
        states = []
        running = threading.Thread(target=lambda: states.append(state_of(execute, connection, SLOW_QUERY)))
        pid = connection.get_backend_pid()
        running.start()
        try:
            until_active(lambda: active(other, pid))
        finally:
            connection.cancel()
            running.join()
        same(states, ["57014"])
        same(execute(connection, "SELECT 1").fetchone(), (1,))


@thing(23)
def _():
    with connect(options="-c statement_timeout=200ms") as connection:
        same(state_of(execute, connection, SLOW_QUERY), "57014")
        same(execute(connection, "SELECT 1").fetchone(), (1,))


@thing(24)
def _():
    with connect(application_name="clients") as connection:
        show = lambda name: execute(connection, f"SHOW {name}").fetchone()[0]
        same(connection.get_parameter_status("application_name"), "clients")
        execute(connection, "SET application_name TO %s", ("others",))
        same(connection.get_parameter_status("application_name"), "others")
        execute(connection, "SET search_path TO pg_catalog, public")
        same((show("search_path"), show("application_name")), ("pg_catalog, public", "others"))
        same(execute(connection, "SELECT count(*) FROM things").fetchone(), (1000,))
        connection.set_client_encoding("LATIN1")
        same(execute(connection, "SELECT name FROM things WHERE id = 1").fetchone(), ("Größe 1",))


@thing(25)
def _():
    with connect() as connection:
        same(execute(connection, LIST_TABLES).fetchall(), TABLES)
        same(state_of(execute, connection, "INSERT INTO things (id) VALUES (%s)", (2001,)), "25006")
