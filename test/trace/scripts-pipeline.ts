import { bind, close, describe, execute, flush, parse, query, sync } from "../support/frontend.ts";
import { quiet, ready, readyTimes, type Script, script } from "./script.ts";

/** Parse, Bind and Execute of one statement without a name. */
export function run(sql: string): Buffer {
  return Buffer.concat([parse(sql), bind(), execute()]);
}

/** Fails when it is executed: PostgreSQL evaluates what is constant when it plans, in Bind. */
export const FAILING = "SELECT 1 / (random() * 0)::int";

const show = (): Buffer => run("SHOW application_name");

/** Statements of one pipeline up to Sync, and what is seen of them behind it. */
const PIPELINES: readonly (readonly string[])[] = [
  ["SELECT 1", "SELECT 2"],
  ["SELECT 1", FAILING, "SELECT 2"],
  [FAILING, "SELECT 1"],
  ["SELECT 1/0", "SELECT 1"],
  ["BEGIN", "SELECT 1", "COMMIT"],
  ["BEGIN", FAILING, "COMMIT"],
  ["SELECT 1", "BEGIN", "SELECT 2"],
  ["SELECT 1", "BEGIN", FAILING],
  ["SELECT 1", "COMMIT", "SELECT 2"],
  ["SELECT 1", "ROLLBACK", "SELECT 2"],
  ["COMMIT"],
  ["ROLLBACK"],
  ["COMMIT", "SELECT 1"],
  ["SELECT 1", "SAVEPOINT a"],
  ["SAVEPOINT a"],
  ["SELECT 1", "RELEASE a"],
  ["ROLLBACK TO a"],
  ["BEGIN", "SAVEPOINT a", "ROLLBACK TO a", "COMMIT"],
  ["SELECT 1", "COMMIT AND CHAIN", "SELECT 2"],
  ["COMMIT AND CHAIN"],
  ["BEGIN", "COMMIT AND CHAIN", "SELECT 2", "ROLLBACK"],
  ["SET application_name = 'p'", "SHOW application_name"],
  ["SET application_name = 'p'", FAILING],
  ["SET application_name = 'p'", "COMMIT", FAILING],
  ["SET application_name = 'p'", "ROLLBACK", "SHOW application_name"],
  ["SET application_name = 'p'", "BEGIN", "ROLLBACK"],
  ["SET LOCAL application_name = 'p'", "SHOW application_name"],
  ["SELECT 1", "SET LOCAL application_name = 'p'", "SHOW application_name"],
  ["SELECT 1", "SET TRANSACTION READ ONLY"],
  ["DISCARD ALL"],
  ["SELECT 1", "DISCARD ALL"],
  ["DISCARD ALL", "SELECT 1"],
  ["SELECT 1", "LOCK TABLE items IN ACCESS SHARE MODE"],
  ["LOCK TABLE items IN ACCESS SHARE MODE"],
  ["BEGIN", "BEGIN"],
  ["BEGIN", FAILING],
  ["", "SELECT 1", ""],
  ["SELECT id FROM items WHERE id = 1", "SELECT n FROM numbers WHERE n = 2"],
  ["SELECT id FROM items WHERE id = 1", "SELECT id FROM no_such_table", "SELECT 2"],
  ["SELECT id / 0 FROM items WHERE id = 1", "SELECT 2"],
];

/** Each message of a pipeline in turn is the one that fails. */
const FAILURES: readonly (readonly [what: string, failing: Buffer])[] = [
  ["Parse", parse("SELEC 1")],
  ["Parse of a missing table", parse("SELECT 1 FROM no_such_table")],
  ["Bind", bind({ statement: "no_such" })],
  ["Bind of too many values", bind({ values: ["1"] })],
  ["Describe of a statement", describe("S", "no_such")],
  ["Describe of a portal", describe("P", "no_such")],
  ["Execute", execute("no_such")],
];

const SELECT_1 = [parse("SELECT 1"), describe("S"), bind(), describe("P"), execute()];

export const PIPELINE: readonly Script[] = [
  ...PIPELINES.map((texts) =>
    script(
      `pipeline: ${texts.join(" / ")}`,
      ready(...texts.map(run), sync()),
      ready(show(), sync()),
      ready(query("ROLLBACK")),
    ),
  ),
  ...FAILURES.flatMap(([what, failing]) => [
    script(
      `${what} fails in a pipeline`,
      ready(...SELECT_1, failing, ...SELECT_1, sync()),
      ready(...SELECT_1, sync()),
    ),
    script(
      `${what} fails in a transaction block`,
      ready(run("BEGIN"), failing, ...SELECT_1, sync()),
      ready(...SELECT_1, sync()),
      ready(run("COMMIT"), sync()),
    ),
    script(
      `${what} fails first of all, and Flush and Query are dropped up to Sync`,
      ready(failing, flush(), query("SELECT 1"), close("S"), run("SELECT 2"), sync()),
    ),
  ]),
  script("the error in a pipeline comes at once", quiet(parse("SELEC 1")), ready(sync())),
  script("nothing is sent before Flush", quiet(run("SELECT 1")), quiet(flush()), ready(sync())),
  script("Flush alone", quiet(flush()), ready(sync())),
  script(
    "Flush behind Parse",
    quiet(parse("SELECT 1"), flush()),
    quiet(bind(), flush()),
    quiet(execute(), flush()),
    ready(sync()),
  ),
  script(
    "Flush behind Describe",
    quiet(parse("SELECT $1::int"), describe("S"), flush()),
    ready(sync()),
  ),
  script(
    "Flush in a transaction block",
    ready(query("BEGIN")),
    quiet(run("SELECT 1"), flush()),
    quiet(run(FAILING), flush()),
    quiet(run("SELECT 2"), flush()),
    ready(sync()),
  ),
  script("Sync alone", ready(sync())),
  script("three Syncs in one packet", readyTimes(3, sync(), sync(), sync())),
  script(
    "a Sync behind each statement, one packet",
    readyTimes(3, run("SELECT 1"), sync(), run(FAILING), sync(), run("SELECT 2"), sync()),
  ),
  script("Sync and Query in one packet", readyTimes(2, run("SELECT 1"), sync(), query("SELECT 2"))),
  script(
    "Query inside a pipeline",
    readyTimes(2, run("SELECT 1"), query("SELECT 2"), run("SELECT 3"), sync()),
  ),
  script(
    "a wrong Query inside a pipeline",
    readyTimes(2, run("SELECT 1"), query("SELECT 1/0"), run("SELECT 3"), sync()),
  ),
  script(
    "Query ends the pipeline's transaction",
    readyTimes(2, run("SET application_name = 'q'"), query("SELECT 1"), run(FAILING), sync()),
    ready(show(), sync()),
  ),
  script(
    "Query behind a failed pipeline is dropped",
    ready(run(FAILING), query("SELECT 1"), sync()),
  ),
  script(
    "Query with BEGIN inside a pipeline",
    readyTimes(2, run("SELECT 1"), query("BEGIN"), run("SELECT 3"), sync()),
    ready(query("COMMIT")),
  ),
  script("a pipeline in two packets", quiet(parse("SELECT 1"), bind()), ready(execute(), sync())),
  script(
    "a pipeline of a hundred statements",
    ready(...Array.from({ length: 100 }, (_, n) => run(`SELECT ${n}`)), sync()),
  ),
  script(
    "a pipeline of fifty queries over a table",
    ready(
      ...Array.from({ length: 50 }, (_, n) => run(`SELECT n FROM numbers WHERE n = ${n}`)),
      sync(),
    ),
  ),
];
