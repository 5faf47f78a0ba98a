"""How a script in Python reports its things, and what its tables hold (see data.ts)."""

import asyncio
import datetime
import decimal
import pathlib
import re
import time

SLOW_QUERY = (
    "SELECT count(*) FROM big a CROSS JOIN big b CROSS JOIN big c WHERE a.id + b.id + c.id < 0"
)
COLUMNS = "id, price, name, active, day, at"
SUM_OF_BIG = 5_000_050_000

# Rows of things: one of each name, and those with NULLs.
ROWS = {
    1: (
        1,
        decimal.Decimal("-98.75"),
        "Größe 1",
        False,
        datetime.date(2024, 1, 1),
        datetime.datetime(2024, 1, 1, 1, 0, 7, 997),
    ),
    2: (
        2,
        decimal.Decimal("-97.50"),
        "O'Brien \"2\"",
        True,
        datetime.date(2024, 1, 2),
        datetime.datetime(2024, 1, 1, 2, 0, 14, 1994),
    ),
    4: (
        4,
        decimal.Decimal("-95.00"),
        "back\\slash 4",
        True,
        datetime.date(2024, 1, 4),
        datetime.datetime(2024, 1, 1, 4, 0, 28, 3988),
    ),
    34: (34, decimal.Decimal("-57.50"), "O'Brien \"34\"", True, datetime.date(2024, 2, 3), None),
    65: (65, None, None, False, datetime.date(2024, 3, 5), datetime.datetime(2024, 1, 3, 17, 7, 35, 64805)),
    77: (77, decimal.Decimal("-3.75"), "Größe 77", None, None, datetime.datetime(2024, 1, 4, 5, 8, 59, 76769)),
}
SOME = "SELECT id, price, name, active, day, at FROM things WHERE id IN (1, 2, 4, 34, 65, 77) ORDER BY id"

# One value of every kind, and the SQL type that it is a parameter of.
KINDS = [
    (None, "text"),
    ("Ünï 😀 'x' \\ \"y\"", "text"),
    (decimal.Decimal("12345678901234567890.0123456789"), "numeric"),
    (datetime.date(2024, 2, 29), "date"),
    (datetime.datetime(2024, 2, 29, 12, 34, 56, 789012), "timestamp"),
    (bytes([0, 1, 92, 39, 255]), "bytea"),
    (True, "boolean"),
    (9223372036854775807, "bigint"),
    (0.1, "float8"),
]

TABLES = [
    ("big", "id", "bigint"),
    ("big", "label", "text"),
    ("things", "id", "bigint"),
    ("things", "price", "numeric"),
    ("things", "name", "text"),
    ("things", "active", "boolean"),
    ("things", "day", "date"),
    ("things", "at", "timestamp without time zone"),
]
LIST_TABLES = (
    "SELECT table_name, column_name, data_type FROM information_schema.columns"
    " WHERE table_schema = 'public' ORDER BY table_name, ordinal_position"
)

_NAMES = re.findall(
    r'^  "(.*)",$',
    pathlib.Path(__file__).with_name("things.ts").read_text(encoding="utf-8"),
    re.MULTILINE,
)


def thing(number):
    """Does one thing, which may be a coroutine, and prints its line."""

    def do(body):
        name = f"{number} {_NAMES[number - 1]}"
        try:
            if asyncio.iscoroutinefunction(body):
                asyncio.run(asyncio.wait_for(body(), 60))
            else:
                body()
            print("ok", name)
        except BaseException as error:
            reason = " ".join(f"{type(error).__name__}: {error}".split())
            print(f"not ok {name}: {reason}")

    return do


def skip(number, reason):
    print(f"skip {number} {_NAMES[number - 1]}: {reason}")


def same(got, expected):
    if got != expected:
        raise AssertionError(f"got {got!r} instead of {expected!r}")


def state_of(work, *arguments):
    """The SQLSTATE that this work fails with, wherever its driver keeps it."""
    try:
        work(*arguments)
    except Exception as error:
        return sqlstate(error)
    return "it succeeded"


def sqlstate(error):
    for source in (error, getattr(error, "orig", None)):
        for attribute in ("sqlstate", "pgcode"):
            if getattr(source, attribute, None):
                return getattr(source, attribute)
    return repr(error)


def until_active(is_active):
    """Waits until the server says that it works on a query, for a while."""
    deadline = time.monotonic() + 5
    while not is_active():
        if time.monotonic() > deadline:
            raise AssertionError("pg_stat_activity does not show the running query")
