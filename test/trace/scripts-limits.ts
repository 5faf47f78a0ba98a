import { bind, describe, execute, parse, query, sync } from "../support/frontend.ts";
import { ready, type Script, script } from "./script.ts";
import { WIDE_COLUMNS } from "./tables.ts";

const columns = (count: number): string =>
  `SELECT ${Array.from({ length: count }, (_, index) => index).join(", ")}`;

const PARAMETERS = 65_535;
const ALL_PARAMETERS = Array.from({ length: PARAMETERS }, (_, index) => `$${index + 1}`).join(", ");

export const LIMITS: readonly Script[] = [
  ...[1_600, 1_664, 1_665].flatMap((count) => [
    script(`${count} columns without a table`, ready(query(columns(count)))),
    script(
      `${count} columns of a table`,
      ready(query(`${columns(count)} FROM items WHERE id = 1`)),
    ),
  ]),
  script(`a table of ${WIDE_COLUMNS} columns`, ready(query("SELECT * FROM wide"))),
  script(
    `a table of ${WIDE_COLUMNS} columns, described and in binary`,
    ready(
      parse("SELECT * FROM wide"),
      describe("S"),
      bind({ resultFormats: [1] }),
      describe("P"),
      execute(),
      sync(),
    ),
  ),
  script(
    "65,535 parameters",
    ready(
      parse(`SELECT $1::int + $${PARAMETERS}::int`, {
        oids: Array.from({ length: PARAMETERS }, () => 23),
      }),
      describe("S"),
      bind({ values: Array.from({ length: PARAMETERS }, (_, index) => String(index)) }),
      execute(),
      sync(),
    ),
  ),
  script(
    "65,535 parameters of a table",
    ready(
      parse(`SELECT id FROM items WHERE id IN (${ALL_PARAMETERS}) ORDER BY id`, {
        oids: Array.from({ length: PARAMETERS }, () => 23),
      }),
      describe("S"),
      bind({ values: Array.from({ length: PARAMETERS }, (_, index) => String(index)) }),
      execute(),
      sync(),
    ),
  ),
  script(
    "65,536 parameters",
    ready(parse(`SELECT $${PARAMETERS + 1}::int`), describe("S"), sync()),
  ),
  script(
    "a text of a megabyte as a parameter",
    ready(
      parse("SELECT length($1::text)"),
      bind({ values: ["x".repeat(1_000_000)] }),
      execute(),
      sync(),
    ),
  ),
  script("a text of a megabyte as a result", ready(query("SELECT repeat('x', 1000000)"))),
  script(
    "a statement of 100,000 characters",
    ready(query(`SELECT 1 /* ${"x".repeat(100_000)} */`)),
  ),
  script("ten thousand rows", ready(query("SELECT generate_series(1, 10000)"))),
  script(
    "a hundred statements in one Query",
    ready(query(Array.from({ length: 100 }, (_, n) => `SELECT ${n}`).join("; "))),
  ),
];
