"""psqlODBC, the driver of Excel, Power BI and Access, driven by pyodbc."""

import glob
import os
import pathlib
import sys
import threading

sys.path.insert(0, str(pathlib.Path(__file__).parents[1]))
import pyodbc

from report import KINDS, LIST_TABLES, ROWS, SLOW_QUERY, SOME, SUM_OF_BIG, TABLES, same, skip, thing, until_active

DRIVER = glob.glob("/usr/lib/*/odbc/psqlodbcw.so")[0]
pyodbc.pooling = False


class connect:
    """A connection that is closed at the end."""

    def __init__(self, autocommit=True, **options):
        settings = {
            "DRIVER": DRIVER,
            "SERVER": os.environ["PGHOST"],
            "PORT": os.environ["PGPORT"],
            "DATABASE": os.environ["PGDATABASE"],
            "UID": os.environ["PGUSER"],
            "PWD": os.environ["PGPASSWORD"],
            "SSLMODE": "verify-ca",
            "ByteaAsLongVarBinary": "1",
            "BoolsAsChar": "0",
            **options,
        }
        text = ";".join(f"{name}={value}" for name, value in settings.items())
        self.connection = pyodbc.connect(text, autocommit=autocommit)

    def __enter__(self):
        return self.connection

    def __exit__(self, *_):
        self.connection.close()


def rows(connection, sql, *values):
    return [tuple(row) for row in connection.execute(sql, *values).fetchall()]


def state_of(work, *arguments):
    try:
        work(*arguments)
    except pyodbc.Error as error:
        return error.args[0]
    return "it succeeded"


with connect() as connection:
    print(f"# client psqlODBC {connection.getinfo(pyodbc.SQL_DRIVER_VER)} (pyodbc {pyodbc.version})")


@thing(1)
def _():
    with connect() as connection:
        same(rows(connection, "SELECT count(*) FROM things"), [(1000,)])


@thing(2)
def _():
    with connect(SSLMODE="disable") as connection:
        same(rows(connection, "SELECT 1"), [(1,)])


@thing(3)
def _():
    try:
        connect(PWD="wrong")
    except pyodbc.Error as error:
        # libpq tells the driver no SQLSTATE: the message is what there is.
        same("password authentication failed" in str(error), True)
    else:
        raise AssertionError("it succeeded")


@thing(4)
def _():
    with connect() as connection:
        # The driver gives a boolean as ODBC's bit.
        same(rows(connection, SOME), list(ROWS.values()))


@thing(5)
def _():
    with connect() as connection:
        sql = "SELECT id FROM things WHERE id < ? AND name LIKE ? AND day = ? AND price < ?"
        same(rows(connection, sql, "3", "Gr%", "2024-01-01", "0.5"), [(1,)])


skip(6, "it asks for text only")


@thing(7)
def _():
    for prepare in ("0", "1"):
        with connect(UseServerSidePrepare=prepare) as connection:
            # The driver knows no more of a NULL than that it is one, and 28 digits of a numeric.
            kinds = [(None, "text")] + [pair for pair in KINDS if pair[1] not in ("text", "numeric", "float8")]
            sql = "SELECT " + ", ".join(f"CAST(? AS {kind})" for _, kind in kinds)
            values = [value for value, _ in kinds]
            same(list(rows(connection, sql, *values)[0]), values)
            text = "Ünï 😀 'x' \\ \"y\""
            same(rows(connection, "SELECT CAST(? AS text), CAST(? AS numeric)", text, ROWS[1][1]), [(text, ROWS[1][1])])
            same(rows(connection, "SELECT count(*) FROM things WHERE at < ?", KINDS[4][0]), [(942,)])


@thing(8)
def _():
    with connect() as connection:
        # ODBC has no arrays: they are text.
        sql = "SELECT id FROM things WHERE id = ANY(CAST(? AS bigint[])) ORDER BY id"
        same(rows(connection, sql, "{3,1,2000}"), [(1,), (3,)])
        same(rows(connection, "SELECT ARRAY['a', 'b c', NULL]"), [('{a,"b c",NULL}',)])


@thing(9)
def _():
    with connect(UseServerSidePrepare="1") as connection:
        cursor = connection.cursor()
        for number in range(1, 101):
            found = cursor.execute("SELECT id, label FROM big WHERE id = ?", number).fetchall()
            same([tuple(row) for row in found], [(number, f"label {number}")])


@thing(10)
def _():
    with connect(autocommit=False, UseDeclareFetch="1", Fetch="1000") as connection:
        numbers = [number for number, _ in connection.execute("SELECT id, label FROM big")]
        same((len(numbers), sum(numbers)), (100_000, SUM_OF_BIG))


@thing(11)
def _():
    with connect(UseDeclareFetch="1", Fetch="100") as connection:
        cursor = connection.execute("SELECT id, label FROM big")
        same(len(cursor.fetchmany(150)), 150)
        cursor.close()
        same(rows(connection, "SELECT 7"), [(7,)])


@thing(12)
def _():
    with connect(autocommit=False) as connection:
        same(rows(connection, "SELECT count(*) FROM things"), [(1000,)])
        connection.commit()
        same(rows(connection, "SELECT 1"), [(1,)])


@thing(13)
def _():
    with connect(autocommit=False, Protocol="7.4-0") as connection:
        same(state_of(connection.execute, "SELECT 1/0"), "22012")
        same(state_of(connection.execute, "SELECT 1"), "25P02")
        connection.rollback()
        same(rows(connection, "SELECT 1"), [(1,)])


@thing(14)
def _():
    # Protocol 7.4-2 makes the driver keep a savepoint before each statement.
    with connect(autocommit=False, Protocol="7.4-2") as connection:
        same(rows(connection, "SELECT 5"), [(5,)])
        same(state_of(connection.execute, "SELECT nothing FROM things"), "42703")
        same(rows(connection, "SELECT count(*) FROM things"), [(1000,)])
        connection.commit()


@thing(15)
def _():
    with connect() as connection:
        # ODBC has a column or table that is missing as 42S22 and 42S02, and no positions.
        same(state_of(connection.execute, "SELECT nothing FROM things") in ("42703", "42S22"), True)
        same(state_of(connection.execute, "SELECT * FROM nowhere") in ("42P01", "42S02"), True)
        same(state_of(connection.execute, "SELEC 1"), "42601")
        same(rows(connection, "SELECT 1"), [(1,)])


@thing(16)
def _():
    with connect() as connection:
        cursor = connection.execute("SELECT id, price, name, day FROM things WHERE id = ?", 0)
        same(cursor.fetchall(), [])
        same([column[0] for column in cursor.description], ["id", "price", "name", "day"])
        same(cursor.description[1][4:6], (12, 2))


@thing(17)
def _():
    with connect() as connection:
        cursor = connection.execute("SELECT 1; SELECT 'x', 2")
        same([tuple(row) for row in cursor.fetchall()], [(1,)])
        same(cursor.nextset(), True)
        same([tuple(row) for row in cursor.fetchall()], [("x", 2)])


skip(18, "it has no pipeline")
skip(19, "ODBC knows no COPY")
skip(20, "ODBC knows no COPY")


@thing(21)
def _():
    with connect() as connection:
        connection.execute("CREATE TEMP TABLE mine (id int PRIMARY KEY, name text, price numeric(8,2))")
        cursor = connection.cursor()
        cursor.executemany("INSERT INTO mine VALUES (?, ?, ?)", [(n, f"ö {n}", ROWS[1][1]) for n in (1, 2, 3)])
        found = rows(connection, "SELECT m.*, t.name FROM mine m JOIN things t USING (id) ORDER BY 1")
        same(found[0], (1, "ö 1", ROWS[1][1], "Größe 1"))
        same(connection.execute("UPDATE mine SET name = 'x' WHERE id > 1").rowcount, 2)


@thing(22)
def _():
    with connect() as connection, connect() as other:
        pid = rows(connection, "SELECT pg_backend_pid()")[0][0]
        cursor = connection.cursor()
        states = []
        running = threading.Thread(target=lambda: states.append(state_of(cursor.execute, SLOW_QUERY)))
        running.start()
        try:
            sql = "SELECT count(*) FROM pg_stat_activity WHERE pid = ? AND state = 'active'"
            until_active(lambda: rows(other, sql, pid) == [(1,)])
        finally:
            cursor.cancel()
            running.join()
        # ODBC's own state of a canceled operation is HY008.
        same(states[0] in ("57014", "HY008"), True)
        same(rows(connection, "SELECT 1"), [(1,)])


@thing(23)
def _():
    with connect(ConnSettings="SET statement_timeout TO '200ms'") as connection:
        same(state_of(connection.execute, SLOW_QUERY) in ("57014", "HYT00"), True)
        same(rows(connection, "SELECT 1"), [(1,)])


@thing(24)
def _():
    with connect(ConnSettings="SET search_path TO pg_catalog%2C public") as connection:
        same(rows(connection, "SHOW search_path"), [("pg_catalog, public",)])
        connection.execute("SET application_name = 'clients'")
        same(rows(connection, "SHOW application_name"), [("clients",)])
        same(rows(connection, "SELECT count(*) FROM things"), [(1000,)])


@thing(25)
def _():
    with connect() as connection:
        cursor = connection.cursor()
        same([row.table_name for row in cursor.tables(schema="public", tableType="TABLE")], ["big", "things"])
        columns = [(row.column_name, row.type_name) for row in cursor.columns(table="things", schema="public")]
        types = ["int8", "numeric", "text", "bool", "date", "timestamp"]
        same(columns, list(zip(["id", "price", "name", "active", "day", "at"], types)))
        same([row.column_name for row in cursor.primaryKeys("things", schema="public")], ["id"])
        same(rows(connection, LIST_TABLES), TABLES)
        same(state_of(connection.execute, "INSERT INTO things (id) VALUES (2001)"), "25006")
