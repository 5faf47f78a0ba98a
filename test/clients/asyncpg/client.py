"""asyncpg: binary only, its statements prepared, its arrays and dates native."""

import asyncio
import contextlib
import io
import os
import pathlib
import ssl
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).parents[1]))
import asyncpg

from report import (
    COLUMNS, KINDS, LIST_TABLES, ROWS, SLOW_QUERY, SOME, SUM_OF_BIG, TABLES, same, skip, sqlstate, thing,
)

print(f"# client asyncpg {asyncpg.__version__}")
BIG = "SELECT id, label FROM big"
TLS = ssl.create_default_context(cafile=os.environ["PGSSLROOTCERT"])


@contextlib.asynccontextmanager
async def connect(**options):
    """The password, host and database are in the environment."""
    connection = await asyncpg.connect(**{"ssl": TLS, **options})
    try:
        yield connection
    finally:
        await connection.close(timeout=5)


async def state_of(work):
    try:
        await work
    except Exception as error:
        return sqlstate(error)
    return "it succeeded"


async def rows(connection, sql, *values):
    return [tuple(row) for row in await connection.fetch(sql, *values)]


@thing(1)
async def _():
    async with connect() as connection:
        same(await connection.fetchval("SELECT count(*) FROM things"), 1000)


@thing(2)
async def _():
    async with connect(ssl=False) as connection:
        same(await connection.fetchval("SELECT 1"), 1)


@thing(3)
async def _():
    same(await state_of(asyncpg.connect(ssl=TLS, password="wrong")), "28P01")


@thing(4)
async def _():
    async with connect() as connection:
        same(await rows(connection, SOME), list(ROWS.values()))


skip(5, "it sends binary parameters only")


@thing(6)
async def _():
    async with connect() as connection:
        statement = await connection.prepare(f"SELECT {COLUMNS} FROM things WHERE id = $1")
        for number, row in ROWS.items():
            same(tuple(await statement.fetchrow(number)), row)
        same([parameter.name for parameter in statement.get_parameters()], ["int8"])


@thing(7)
async def _():
    async with connect() as connection:
        sql = "SELECT " + ", ".join(f"${n + 1}::{kind}" for n, (_, kind) in enumerate(KINDS))
        values = [value for value, _ in KINDS]
        same(await rows(connection, sql, *values), [tuple(values)])
        same(await connection.fetchval("SELECT count(*) FROM things WHERE at < $1", KINDS[4][0]), 942)


@thing(8)
async def _():
    async with connect() as connection:
        names = ["O'Brien \"2\"", "😀, 3", "a,b", None]
        sql = "SELECT id FROM things WHERE id = ANY($1) ORDER BY id"
        same(await rows(connection, sql, [3, 1, 2000]), [(1,), (3,)])
        same(await connection.fetchval("SELECT count(*) FROM things WHERE name = ANY($1)", names), 2)
        found = await rows(connection, "SELECT ARRAY[1, 2, NULL]::int[], $1::text[]", names)
        same(found, [([1, 2, None], names)])


@thing(9)
async def _():
    async with connect() as connection:
        statement = await connection.prepare("SELECT id, label FROM big WHERE id = $1")
        for number in range(1, 101):
            same(tuple(await statement.fetchrow(number)), (number, f"label {number}"))
        same([column.type.name for column in statement.get_attributes()], ["int8", "text"])


@thing(10)
async def _():
    async with connect() as connection, connection.transaction():
        count = total = 0
        async for number, _label in connection.cursor(BIG, prefetch=1000):
            count += 1
            total += number
        same((count, total), (100_000, SUM_OF_BIG))


@thing(11)
async def _():
    async with connect() as connection:
        async with connection.transaction():
            cursor = await connection.cursor(BIG)
            same(len(await cursor.fetch(10)), 10)
            same(await cursor.forward(100), 100)
            same(await connection.fetchval("SELECT 6"), 6)
            same(len(await cursor.fetch(10)), 10)
        same(await connection.fetchval("SELECT 7"), 7)


@thing(12)
async def _():
    async with connect() as connection:
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            same(await connection.fetchval("SELECT count(*) FROM things"), 1000)
            same(connection.is_in_transaction(), True)
        same(connection.is_in_transaction(), False)


@thing(13)
async def _():
    async with connect() as connection:
        transaction = connection.transaction()
        await transaction.start()
        same(await state_of(connection.fetch("SELECT 1/0")), "22012")
        same(await state_of(connection.fetch("SELECT 1")), "25P02")
        await transaction.rollback()
        same(await connection.fetchval("SELECT 1"), 1)


@thing(14)
async def _():
    async with connect() as connection, connection.transaction():
        try:
            async with connection.transaction():
                await connection.fetch("SELECT nothing FROM things")
        except asyncpg.UndefinedColumnError:
            pass
        same(await connection.fetchval("SELECT count(*) FROM things"), 1000)


@thing(15)
async def _():
    async with connect() as connection:
        for sql, state, position in (
            ("SELECT nothing FROM things", "42703", "8"),
            ("SELECT * FROM nowhere", "42P01", "15"),
            ("SELEC 1", "42601", "1"),
        ):
            try:
                await connection.fetch(sql)
            except asyncpg.PostgresError as error:
                same((error.sqlstate, error.position), (state, position))
        same(await connection.fetchval("SELECT 1"), 1)


@thing(16)
async def _():
    async with connect() as connection:
        statement = await connection.prepare(f"SELECT {COLUMNS} FROM things WHERE id = $1")
        same(await statement.fetch(0), [])
        same(
            [(column.name, column.type.name) for column in statement.get_attributes()],
            [
                ("id", "int8"), ("price", "numeric"), ("name", "text"),
                ("active", "bool"), ("day", "date"), ("at", "timestamp"),
            ],
        )


@thing(17)
async def _():
    async with connect() as connection:
        same(await connection.execute("SELECT 1; SELECT 'x', 2; SELECT 3"), "SELECT 1")
        same(await state_of(connection.execute("SELECT 1; SELECT 1/0; SELECT 2")), "22012")
        same(await connection.fetchval("SELECT 1"), 1)


@thing(18)
async def _():
    async with connect() as connection:
        # executemany sends many Binds and Executes before one Sync.
        found = await connection.fetchmany("SELECT 10 / $1::int AS n", [(n,) for n in (1, 2, 5)])
        same([row["n"] for row in found], [10, 5, 2])
        same(await state_of(connection.executemany("SELECT 10 / $1::int", [(1,), (0,), (5,)])), "22012")
        same(await connection.fetchval("SELECT 4"), 4)


@thing(19)
async def _():
    async with connect() as connection:
        target = io.BytesIO()
        query = "SELECT id, price, name FROM things WHERE id = ANY($1) ORDER BY id"
        await connection.copy_from_query(query.replace("$1", "ARRAY[1, 5]"), output=target)
        same(target.getvalue().decode(), "1\t-98.75\tGröße 1\n5\t-93.75\t\\N\n")
        target = io.BytesIO()
        same(await connection.copy_from_table("big", output=target, format="csv", header=True), "COPY 100000")
        same(target.getvalue().count(b"\n"), 100_001)
        target = io.BytesIO()
        await connection.copy_from_table("things", columns=["id"], output=target, format="binary")
        same(len(target.getvalue()), 19 + 1000 * 14 + 2)


@thing(20)
async def _():
    async with connect() as connection:
        await connection.execute("CREATE TEMP TABLE copied (id bigint, name text, price numeric)")
        # This client copies in the binary format.
        records = [(number, f"Row ü {number}", ROWS[1][1]) for number in range(10_000)]
        done = await connection.copy_records_to_table("copied", records=records)
        same(done, "COPY 10000")
        source = io.BytesIO("1,ö,\n".encode())
        same(await connection.copy_to_table("copied", source=source, format="csv"), "COPY 1")
        found = await rows(connection, "SELECT count(*), count(price), max(price) FROM copied")
        same(found, [(10_001, 10_000, ROWS[1][1])])
        broken = connection.copy_to_table("copied", source=io.BytesIO(b"x,y,\n"), format="csv")
        same(await state_of(broken), "22P02")
        same(await connection.fetchval("SELECT count(*) FROM copied"), 10_001)


@thing(21)
async def _():
    async with connect() as connection:
        await connection.execute("CREATE TEMP TABLE mine (id int PRIMARY KEY, name text, price numeric(8,2))")
        values = [(n, f"ö {n}", ROWS[1][1]) for n in (1, 2, 3)]
        await connection.executemany("INSERT INTO mine VALUES ($1, $2, $3)", values)
        found = await rows(connection, "SELECT m.*, t.name FROM mine m JOIN things t USING (id) ORDER BY 1")
        same(found[0], (1, "ö 1", ROWS[1][1], "Größe 1"))
        same(await connection.execute("UPDATE mine SET name = 'x' WHERE id > $1", 1), "UPDATE 2")


@thing(22)
async def _():
    async with connect() as connection, connect() as other:
        # PostgreSQL forgets a cancel that comes between the messages of the extended protocol, so
        # the query has to have run for a moment.
        sql = """SELECT count(*) FROM pg_stat_activity
            WHERE pid = $1 AND state = 'active' AND query_start < clock_timestamp() - interval '500 ms'"""
        pid = connection.get_server_pid()

        async def run():
            running = asyncio.create_task(connection.fetch(SLOW_QUERY))
            deadline = time.monotonic() + 5
            while time.monotonic() < deadline:
                if await other.fetchval(sql, pid) == 1:
                    return running
            running.cancel()
            raise AssertionError("pg_stat_activity does not show the running query")

        # To cancel a task makes the driver send a CancelRequest.
        running = await run()
        running.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await running
        same(await connection.fetchval("SELECT 1"), 1)

        running = await run()
        same(await other.fetchval("SELECT pg_cancel_backend($1)", pid), True)
        same(await state_of(running), "57014")
        same(await connection.fetchval("SELECT 1"), 1)


@thing(23)
async def _():
    async with connect(server_settings={"statement_timeout": "200ms"}) as connection:
        same(await state_of(connection.fetch(SLOW_QUERY)), "57014")
        same(await connection.fetchval("SELECT 1"), 1)


@thing(24)
async def _():
    async with connect(server_settings={"application_name": "clients"}) as connection:
        same(await connection.fetchval("SHOW application_name"), "clients")
        await connection.execute("SET search_path TO pg_catalog, public")
        same(await connection.fetchval("SHOW search_path"), "pg_catalog, public")
        same(await connection.fetchval("SELECT count(*) FROM things"), 1000)
        # What a pool does before it lends the connection again.
        await connection.reset()
        same(await connection.fetchval("SHOW search_path"), '"$user", public')
        same(await connection.fetchval("SHOW application_name"), "clients")


@thing(25)
async def _():
    async with connect() as connection:
        same(await rows(connection, LIST_TABLES), TABLES)
        same(await state_of(connection.execute("INSERT INTO things (id) VALUES ($1)", 2001)), "25006")
