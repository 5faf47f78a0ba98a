import { bind, close, describe, execute, flush, parse, query, sync } from "../support/frontend.ts";
import { quiet, ready, readyTimes, type Script, script } from "./script.ts";
import { run } from "./scripts-pipeline.ts";

const ROWS_OF_A_TABLE = "SELECT n FROM numbers WHERE n <= 4 ORDER BY n";
const ROWS_OF_NO_TABLE = "SELECT generate_series(1, 4)";
const ROWS_OF_VALUES = "VALUES (1), (2), (3), (4)";
const NO_ROWS = "SELECT n FROM numbers WHERE n > 100";

/** What four rows, or none, are asked for in; each number is an Execute. */
const LIMITS: readonly (readonly number[])[] = [
  [0],
  [1],
  [2, 2],
  [2, 2, 2],
  [3, 3],
  [3, 3, 3],
  [4],
  [4, 1],
  [4, 0],
  [4, 4],
  [5],
  [5, 5],
  [1, 0],
  [1, 0, 0],
  [0, 0],
  [0, 1],
  [-1],
  [1, -1],
  [-5, 1],
  [2_147_483_647],
  [-2_147_483_648],
];

const FETCHED: readonly Script[] = [
  ROWS_OF_A_TABLE,
  ROWS_OF_NO_TABLE,
  ROWS_OF_VALUES,
  NO_ROWS,
].flatMap((sql) =>
  LIMITS.map((limits) =>
    script(
      `Execute in ${limits.join(", ")}: ${sql}`,
      ready(parse(sql), bind(), ...limits.map((limit) => execute("", limit)), sync()),
    ),
  ),
);

/** Statements without rows, executed with a limit and twice. */
const COMMANDS = [
  "BEGIN",
  "SET application_name = 'c'",
  "SHOW application_name",
  "",
  "PREPARE x AS SELECT 1",
  "COMMIT",
  "DISCARD PLANS",
];

const named = (sql: string, portal: string): Buffer =>
  Buffer.concat([parse(sql), bind({ portal })]);

export const PORTALS: readonly Script[] = [
  ...FETCHED,
  ...COMMANDS.flatMap((sql) => [
    script(
      `Execute with a limit: ${JSON.stringify(sql)}`,
      ready(parse(sql), bind(), execute("", 1), sync()),
      ready(query("ROLLBACK")),
    ),
    script(
      `Execute twice: ${JSON.stringify(sql)}`,
      ready(parse(sql), bind(), execute(), execute(), sync()),
      ready(query("ROLLBACK")),
    ),
  ]),
  script(
    "a portal over several Syncs in a block",
    ready(query("BEGIN")),
    ready(named(ROWS_OF_A_TABLE, "p"), execute("p", 1), sync()),
    ready(execute("p", 2), sync()),
    ready(execute("p", 5), sync()),
    ready(execute("p", 5), sync()),
    ready(query("COMMIT")),
    ready(execute("p", 1), sync()),
  ),
  script(
    "a portal ends at Sync outside of a block",
    ready(named(ROWS_OF_A_TABLE, "p"), execute("p", 1), sync()),
    ready(execute("p", 1), sync()),
  ),
  script(
    "a suspended unnamed portal ends at Sync",
    ready(parse(ROWS_OF_A_TABLE), bind(), execute("", 1), sync()),
    ready(execute("", 1), sync()),
  ),
  script(
    "a suspended unnamed portal goes on in a block",
    ready(query("BEGIN")),
    ready(parse(ROWS_OF_A_TABLE), bind(), execute("", 1), sync()),
    ready(execute("", 1), sync()),
    ready(query("SELECT 1")),
    ready(execute("", 1), sync()),
    ready(query("ROLLBACK")),
  ),
  script(
    "a new Bind ends the unnamed portal",
    ready(parse(ROWS_OF_A_TABLE), bind(), execute("", 2), bind(), execute("", 1), sync()),
  ),
  script(
    "a new Parse leaves the unnamed portal",
    ready(
      parse(ROWS_OF_A_TABLE),
      bind(),
      execute("", 2),
      parse("SELECT 7"),
      execute("", 1),
      sync(),
    ),
  ),
  script(
    "Query ends the unnamed portal, and no other",
    ready(query("BEGIN")),
    ready(
      named(ROWS_OF_A_TABLE, "p"),
      named(ROWS_OF_A_TABLE, ""),
      execute("p", 1),
      execute("", 1),
      sync(),
    ),
    ready(query("SELECT 1")),
    ready(execute("p", 1), sync()),
    ready(execute("", 1), sync()),
    ready(query("ROLLBACK")),
  ),
  script(
    "two portals by turns",
    ready(query("BEGIN")),
    ready(named(ROWS_OF_A_TABLE, "a"), named(ROWS_OF_NO_TABLE, "b"), sync()),
    ready(
      execute("a", 1),
      execute("b", 1),
      execute("a", 2),
      execute("b", 2),
      execute("a"),
      execute("b"),
      sync(),
    ),
    ready(query("COMMIT")),
  ),
  script(
    "other statements run beside a suspended portal",
    ready(query("BEGIN")),
    ready(
      named(ROWS_OF_A_TABLE, "a"),
      execute("a", 1),
      run("SELECT id FROM items WHERE id = 2"),
      run("SELECT 5"),
      execute("a", 1),
      sync(),
    ),
    ready(query("SELECT 3; SELECT id FROM items WHERE id = 1")),
    ready(execute("a"), sync()),
    ready(query("COMMIT")),
  ),
  script(
    "a portal's name twice",
    ready(query("BEGIN")),
    ready(named("SELECT 1", "p"), bind({ portal: "p" }), sync()),
    ready(query("ROLLBACK")),
  ),
  script(
    "a portal's name again behind Close",
    ready(named("SELECT 1", "p"), close("P", "p"), bind({ portal: "p" }), execute("p"), sync()),
  ),
  script(
    "a completed portal's name twice",
    ready(named("SELECT 1", "p"), execute("p"), bind({ portal: "p" }), sync()),
  ),
  script("the unnamed portal twice", ready(parse("SELECT 1"), bind(), bind(), execute(), sync())),
  script(
    "Close of a suspended portal",
    ready(named(ROWS_OF_A_TABLE, "p"), execute("p", 1), close("P", "p"), execute("p", 1), sync()),
  ),
  script(
    "Describe of a suspended and of a completed portal",
    ready(
      named(ROWS_OF_A_TABLE, "p"),
      execute("p", 1),
      describe("P", "p"),
      execute("p"),
      describe("P", "p"),
      sync(),
    ),
  ),
  script(
    "Describe of a portal with its formats",
    ready(
      parse("SELECT id, name FROM items"),
      bind({ portal: "p", resultFormats: [1, 0] }),
      describe("P", "p"),
      describe("S"),
      sync(),
    ),
  ),
  script(
    "a portal of a portal's rows in binary, in parts",
    ready(
      parse(ROWS_OF_A_TABLE),
      bind({ resultFormats: [1] }),
      execute("", 3),
      execute("", 3),
      sync(),
    ),
  ),
  script(
    "COMMIT in a pipeline ends portals",
    ready(
      run("BEGIN"),
      named(ROWS_OF_A_TABLE, "p"),
      execute("p", 1),
      run("COMMIT"),
      execute("p", 1),
      sync(),
    ),
  ),
  script(
    "COMMIT in a pipeline without a block ends portals",
    ready(named(ROWS_OF_A_TABLE, "p"), execute("p", 1), run("COMMIT"), execute("p", 1), sync()),
  ),
  script(
    "COMMIT AND CHAIN ends portals",
    ready(
      run("BEGIN"),
      named(ROWS_OF_A_TABLE, "p"),
      execute("p", 1),
      run("COMMIT AND CHAIN"),
      execute("p", 1),
      sync(),
    ),
    ready(query("ROLLBACK")),
  ),
  script(
    "BEGIN behind Bind leaves the portal",
    ready(named(ROWS_OF_A_TABLE, "p"), run("BEGIN"), execute("p", 1), sync()),
    ready(execute("p", 1), sync()),
    ready(query("ROLLBACK")),
  ),
  script(
    "ROLLBACK TO ends the portals of its savepoint",
    ready(query("BEGIN")),
    ready(
      named(ROWS_OF_A_TABLE, "before"),
      run("SAVEPOINT s"),
      named(ROWS_OF_A_TABLE, "after"),
      sync(),
    ),
    ready(query("ROLLBACK TO s")),
    ready(execute("before", 1), sync()),
    ready(execute("after", 1), sync()),
    ready(query("ROLLBACK")),
  ),
  script(
    "a portal of a failed transaction behind ROLLBACK TO",
    ready(query("BEGIN; SAVEPOINT s")),
    ready(named(ROWS_OF_A_TABLE, "p"), execute("p", 1), sync()),
    ready(query("SELECT 1/0")),
    ready(execute("p", 1), sync()),
    ready(query("ROLLBACK TO s")),
    ready(execute("p", 1), sync()),
    ready(query("ROLLBACK")),
  ),
  script(
    "an error while a portal runs",
    ready(parse("SELECT 1 / (1 - g) FROM generate_series(1, 6) g"), bind(), execute(), sync()),
  ),
  script(
    "Execute of a portal that has failed",
    ready(query("BEGIN")),
    ready(named("SELECT 1/(1-1)", "p"), sync()),
    ready(query("ROLLBACK")),
  ),
  script(
    "the empty query with a limit, twice",
    ready(parse(""), bind(), describe("P"), execute("", 1), execute("", 1), sync()),
  ),
  script(
    "Execute with Flush between parts",
    quiet(parse(ROWS_OF_A_TABLE), bind(), execute("", 2), flush()),
    quiet(execute("", 1), flush()),
    ready(sync()),
  ),
  script(
    "parts and Syncs in one packet",
    ready(query("BEGIN")),
    readyTimes(
      3,
      named(ROWS_OF_A_TABLE, "p"),
      execute("p", 2),
      sync(),
      execute("p", 1),
      sync(),
      execute("p", 3),
      sync(),
    ),
    ready(query("COMMIT")),
  ),
];
