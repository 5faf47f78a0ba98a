"""SQLAlchemy on psycopg 3, and pandas on top of it."""

import io
import pathlib
import sys
import threading

sys.path.insert(0, str(pathlib.Path(__file__).parents[1]))
import pandas
import sqlalchemy as sa
from sqlalchemy import orm, pool
from sqlalchemy.dialects import postgresql

from report import (
    KINDS, ROWS, SLOW_QUERY, SOME, SUM_OF_BIG, same, sqlstate, state_of, thing, until_active,
)

print(f"# client SQLAlchemy {sa.__version__}, pandas {pandas.__version__}")


class Base(orm.DeclarativeBase):
    pass


class Thing(Base):
    __tablename__ = "things"
    id = orm.mapped_column(sa.BigInteger, primary_key=True)
    price = orm.mapped_column(sa.Numeric(12, 2))
    name = orm.mapped_column(sa.Text)
    active = orm.mapped_column(sa.Boolean)
    day = orm.mapped_column(sa.Date)
    at = orm.mapped_column(sa.DateTime)


THINGS = Thing.__table__
BIG = sa.table("big", sa.column("id", sa.BigInteger), sa.column("label", sa.Text))


def engine(**options):
    """The password, host and database are in the environment."""
    options = {"sslmode": "verify-ca", **options}
    return sa.create_engine("postgresql+psycopg://", connect_args=options, poolclass=pool.NullPool)


def connect(**options):
    return engine(**options).connect()


def rows(connection, sql, *values):
    return [tuple(row) for row in connection.execute(sql, *values)]


@thing(1)
def _():
    with connect(channel_binding="require") as connection:
        same(connection.scalar(sa.select(sa.func.count()).select_from(Thing)), 1000)
        same(connection.dialect.server_version_info >= (15,), True)


@thing(2)
def _():
    with connect(sslmode="disable") as connection:
        same(connection.scalar(sa.text("SELECT 1")), 1)


@thing(3)
def _():
    try:
        connect(password="wrong")
    except sa.exc.OperationalError as error:
        # psycopg has no SQLSTATE for a connection that failed: the message is what there is.
        same("password authentication failed" in str(error), True)
    else:
        raise AssertionError("it succeeded")


@thing(4)
def _():
    with connect() as connection:
        same(rows(connection, sa.text(SOME)), list(ROWS.values()))
    with orm.Session(engine()) as session:
        found = session.get(Thing, 1)
        same((found.id, found.price, found.name, found.active, found.day, found.at), ROWS[1])


@thing(5)
def _():
    with connect() as connection:
        query = sa.text("SELECT id FROM things WHERE id < :id AND name LIKE :name AND day = :day")
        same(rows(connection, query, {"id": 3, "name": "Gr%", "day": "2024-01-01"}), [(1,)])


@thing(6)
def _():
    with connect() as connection:
        cursor = connection.connection.cursor(binary=True)
        same(cursor.execute(SOME).fetchall(), list(ROWS.values()))


@thing(7)
def _():
    with connect() as connection:
        sql = ", ".join(f"CAST(:p{n} AS {kind})" for n, (_, kind) in enumerate(KINDS))
        values = {f"p{n}": value for n, (value, _) in enumerate(KINDS)}
        same(rows(connection, sa.text(f"SELECT {sql}"), values), [tuple(values.values())])
        query = sa.select(sa.func.count()).where(Thing.at < KINDS[4][0])
        same(connection.scalar(query), 942)


@thing(8)
def _():
    with connect() as connection:
        query = sa.select(Thing.id).where(Thing.id == sa.any_(sa.cast([3, 1], sa.ARRAY(sa.BigInteger))))
        same(rows(connection, query.order_by(Thing.id)), [(1,), (3,)])
        query = sa.select(Thing.id).where(Thing.id.in_([3, 1, 2000])).order_by(Thing.id)
        same(rows(connection, query), [(1,), (3,)])
        names = ["O'Brien \"2\"", "😀, 3", "a,b", None]
        query = sa.select(postgresql.array([1, 2]), sa.cast(names, sa.ARRAY(sa.Text)))
        same(rows(connection, query), [([1, 2], names)])


@thing(9)
def _():
    with connect(prepare_threshold=0) as connection:
        query = sa.select(BIG).where(BIG.c.id == sa.bindparam("id"))
        for number in range(1, 101):
            same(rows(connection, query, {"id": number}), [(number, f"label {number}")])


@thing(10)
def _():
    with connect() as connection:
        result = connection.execution_options(yield_per=1000).execute(sa.select(BIG))
        numbers = [number for number, _ in result]
        same((len(numbers), sum(numbers)), (100_000, SUM_OF_BIG))
    with connect() as connection:
        parts = pandas.read_sql("SELECT id, label FROM big", connection.execution_options(stream_results=True), chunksize=10_000)
        same(sum(int(part["id"].sum()) for part in parts), SUM_OF_BIG)


@thing(11)
def _():
    with connect() as connection:
        result = connection.execution_options(stream_results=True, max_row_buffer=10).execute(sa.select(BIG))
        same(len(result.fetchmany(5)), 5)
        result.close()
        same(connection.scalar(sa.text("SELECT 7")), 7)


@thing(12)
def _():
    with engine().begin() as connection:
        same(connection.scalar(sa.select(sa.func.count(Thing.id))), 1000)
    for level in ("SERIALIZABLE", "REPEATABLE READ", "READ COMMITTED"):
        with engine().connect().execution_options(isolation_level=level) as connection:
            same(connection.get_isolation_level(), level)
            same(connection.scalar(sa.text("SELECT 1")), 1)
            connection.commit()


@thing(13)
def _():
    with connect() as connection:
        same(state_of(connection.execute, sa.text("SELECT 1/0")), "22012")
        same(state_of(connection.execute, sa.text("SELECT 1")), "25P02")
        connection.rollback()
        same(connection.scalar(sa.text("SELECT 1")), 1)


@thing(14)
def _():
    with connect() as connection:
        savepoint = connection.begin_nested()
        same(state_of(connection.execute, sa.text("SELECT nothing FROM things")), "42703")
        savepoint.rollback()
        same(connection.scalar(sa.select(sa.func.count(Thing.id))), 1000)
        connection.commit()


@thing(15)
def _():
    with connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        for sql, state, position in (
            ("SELECT nothing FROM things", "42703", "8"),
            ("SELECT * FROM nowhere", "42P01", "15"),
            ("SELEC 1", "42601", "1"),
        ):
            try:
                connection.execute(sa.text(sql))
            except sa.exc.ProgrammingError as error:
                same((sqlstate(error), error.orig.diag.statement_position), (state, position))
        same(connection.scalar(sa.text("SELECT 1")), 1)


@thing(16)
def _():
    with connect() as connection:
        result = connection.execute(sa.select(Thing.__table__).where(sa.false()))
        same((list(result.keys()), result.fetchall()), (["id", "price", "name", "active", "day", "at"], []))
        frame = pandas.read_sql("SELECT * FROM things WHERE id = 0", connection)
        same((len(frame), list(frame.columns)[:3]), (0, ["id", "price", "name"]))


@thing(17)
def _():
    with connect() as connection:
        cursor = connection.connection.cursor()
        cursor.execute("SELECT 1; SELECT 'x', 2")
        same(cursor.fetchall(), [(1,)])
        same((cursor.nextset(), cursor.fetchall()), (True, [("x", 2)]))


@thing(18)
def _():
    with connect() as connection:
        # Many parameters make psycopg run executemany in a pipeline.
        connection.execute(sa.text("SELECT 10 / CAST(:n AS int)"), [{"n": n} for n in (1, 2, 5)])
        broken = [{"n": n} for n in (1, 0, 5)]
        same(state_of(connection.execute, sa.text("SELECT 10 / CAST(:n AS int)"), broken), "22012")
        connection.rollback()
        same(connection.scalar(sa.text("SELECT 4")), 4)


@thing(19)
def _():
    with connect() as connection:
        with connection.connection.cursor().copy("COPY (SELECT * FROM big) TO STDOUT CSV HEADER") as copy:
            frame = pandas.read_csv(io.BytesIO(b"".join(copy)))
        same((len(frame), int(frame["id"].sum())), (100_000, SUM_OF_BIG))


@thing(20)
def _():
    with connect() as connection:
        connection.execute(sa.text("CREATE TEMP TABLE copied (id bigint, name text)"))
        with connection.connection.cursor().copy("COPY copied FROM STDIN") as copy:
            for number in range(1000):
                copy.write_row((number, f"Row ü {number}"))
        same(rows(connection, sa.text("SELECT count(*), max(id) FROM copied")), [(1000, 999)])


@thing(21)
def _():
    with connect() as connection:
        mine = sa.Table(
            "mine",
            sa.MetaData(),
            sa.Column("id", sa.Integer, primary_key=True),
            sa.Column("name", sa.Text),
            sa.Column("price", sa.Numeric(8, 2)),
            prefixes=["TEMPORARY"],
        )
        mine.create(connection)
        values = [{"name": f"ö {n}", "price": ROWS[1][1]} for n in (1, 2, 3)]
        result = connection.execute(mine.insert().returning(mine.c.id), values)
        same(result.scalars().all(), [1, 2, 3])
        joined = sa.select(mine, Thing.name).join(Thing, Thing.id == mine.c.id).order_by(mine.c.id)
        same(rows(connection, joined)[0], (1, "ö 1", ROWS[1][1], "Größe 1"))
        same(connection.execute(mine.update().where(mine.c.id > 1).values(name="x")).rowcount, 2)
        connection.commit()


@thing(22)
def _():
    with connect() as connection, connect() as other:
        states = []
        work = lambda: states.append(state_of(connection.execute, sa.text(SLOW_QUERY)))
        running = threading.Thread(target=work)
        driver = connection.connection.driver_connection
        pid = {"pid": driver.info.backend_pid}
        sql = sa.text("SELECT count(*) FROM pg_stat_activity WHERE pid = :pid AND state = 'active'")
        running.start()
        try:
            # Its own transaction for each look, since PostgreSQL keeps the first one's answer.
            until_active(lambda: (other.scalar(sql, pid), other.rollback())[0] == 1)
        finally:
            driver.cancel()
            running.join()
        same(states, ["57014"])
        connection.rollback()
        same(connection.scalar(sa.text("SELECT 1")), 1)


@thing(23)
def _():
    with connect(options="-c statement_timeout=200ms") as connection:
        same(state_of(connection.execute, sa.text(SLOW_QUERY)), "57014")
        connection.rollback()
        same(connection.scalar(sa.text("SELECT 1")), 1)


@thing(24)
def _():
    with connect(application_name="clients") as connection:
        same(connection.scalar(sa.text("SHOW application_name")), "clients")
        connection.execute(sa.text("SET search_path TO pg_catalog, public"))
        same(connection.scalar(sa.text("SHOW search_path")), "pg_catalog, public")
        connection.rollback()
        same(connection.scalar(sa.text("SHOW search_path")), '"$user", public')
        same(connection.scalar(sa.text("SELECT current_schema()")), "public")


@thing(25)
def _():
    database = engine()
    inspector = sa.inspect(database)
    same(sorted(inspector.get_table_names()), ["big", "things"])
    columns = [(column["name"], str(column["type"])) for column in inspector.get_columns("things")]
    same(
        columns,
        [
            ("id", "BIGINT"),
            ("price", "NUMERIC(12, 2)"),
            ("name", "TEXT"),
            ("active", "BOOLEAN"),
            ("day", "DATE"),
            ("at", "TIMESTAMP"),
        ],
    )
    same(inspector.get_pk_constraint("things")["constrained_columns"], ["id"])
    same((inspector.get_foreign_keys("things"), inspector.get_indexes("big")), ([], []))
    reflected = sa.Table("things", sa.MetaData(), autoload_with=database)
    same(len(reflected.columns), 6)
    with orm.Session(database) as session:
        session.add(Thing(id=2001))
        same(state_of(session.commit), "25006")
