import { readFileSync, writeFileSync } from "node:fs";
import { PgError } from "../../src/core/pg-error.ts";
import { guardDuckdbAst } from "../../src/sql/guard-duckdb.ts";
import { parseStatements } from "../../src/sql/parse.ts";
import type { Statement } from "../../src/sql/statement.ts";
import { translate } from "../../src/sql/translate.ts";
import { columnType, type DialectEngine, type EngineAnswer } from "./dialect-engine.ts";

export interface Probe {
  readonly id: string;
  readonly sql: string;
  /** PostgreSQL 15's answer: `int4 [?column?] [["3"]]`, `ERROR 22012 division by zero`, or a tag. */
  readonly postgres: string;
}

export interface Outcome {
  /** Who answers, by the router. */
  readonly route: string;
  /**
   * `equal`; `label` or `type` where nothing but that differs; `digits` where a numeric has other
   * trailing digits; `spacing` where JSON has other blanks; `differs`; `accepts` where PostgreSQL
   * refuses; `fails` where only we do; `both fail`; `refused` by us, with the SQLSTATE; `answered`
   * by another part of the gateway; `shadow only` where the engine could not, and need not.
   */
  readonly status: string;
  /** What we said, for whoever reads a regression. */
  readonly answer: string;
}

const FOLDER = new URL(".", import.meta.url);

export function readProbes(): readonly Probe[] {
  return rowsOf("dialect-probes.tsv").map(([id = "", , sql = "", postgres = ""]) => ({
    id,
    // A line break outside quotes is the only one that the file spells.
    sql: sql.replace("'\\n", "'\n"),
    postgres,
  }));
}

export interface Recorded {
  readonly route: string;
  readonly status: string;
  /** Why it is not equal, where that is not plain. */
  readonly reason: string;
}

export function readRecorded(): Map<string, Recorded> {
  return new Map(
    rowsOf("dialect-recorded.tsv").map(([id = "", route = "", status = "", reason = ""]) => [
      id,
      { route, status, reason },
    ]),
  );
}

export function writeRecorded(recorded: ReadonlyMap<string, Recorded>): void {
  const lines = [...recorded].map(([id, { route, status, reason }]) =>
    [id, route, status, reason].join("\t"),
  );
  writeFileSync(
    new URL("dialect-recorded.tsv", FOLDER),
    `id\troute\tstatus\treason\n${lines.join("\n")}\n`,
  );
}

function rowsOf(file: string): readonly string[][] {
  const lines = readFileSync(new URL(file, FOLDER), "utf8").trimEnd().split("\n");
  return lines.slice(1).map((line) => line.split("\t"));
}

/** What becomes of a probe; queries are run in the engine even where the shadow would answer them. */
export async function outcomeOf(probe: Probe, engine: DialectEngine): Promise<Outcome> {
  const texts = probe.sql.split(";;");
  let statements: readonly Statement[];
  try {
    statements = texts.flatMap((text) => parseStatements(text));
  } catch (error) {
    return refused("none", error, probe);
  }
  const [statement, ...others] = statements;
  if (statement === undefined) return { route: "none", status: "equal", answer: "" };
  const routes = statements.map(routeOf).join(" ");
  if (others.length > 0 || ELSEWHERE.has(statement.route.to)) {
    return { route: routes, status: "answered", answer: "" };
  }
  if (statement.ast !== undefined && "ExplainStmt" in statement.ast)
    return { route: `explain ${routes}`, status: "answered", answer: "" };
  try {
    const { sql } = translate(statement, {
      workspace: "dialect",
      role: "ana",
      parameterTypes: [],
      columnType,
    });
    // Both layers of the guard let it pass, or none of the two may.
    guardDuckdbAst(await engine.serialized(sql), { translated: statement.ast !== undefined });
    const answer = await engine.answer(sql);
    return {
      route: routes,
      status: statusOf(probe.postgres, answer),
      answer: JSON.stringify(answer),
    };
  } catch (error) {
    return refused(routes, error, probe);
  }
}

/** Routes of which a test of the session tells. */
const ELSEWHERE: ReadonlySet<string> = new Set(["gateway", "copy-out", "copy-in", "temporary"]);

function routeOf({ route }: Statement): string {
  return route.to === "gateway" ? route.command.kind : route.to;
}

function refused(route: string, error: unknown, { postgres }: Probe): Outcome {
  const ours = error instanceof PgError ? error.sqlstate : undefined;
  const answer = error instanceof Error ? error.message : String(error);
  if (postgres.startsWith("ERROR")) {
    const same = ours === undefined || postgres.startsWith(`ERROR ${ours}`);
    return { route, status: same ? "both fail" : `both fail ${ours}`, answer };
  }
  if (route === "shadow") return { route, status: "shadow only", answer };
  return { route, status: ours === undefined ? "fails" : `refused ${ours}`, answer };
}

/** No more of an answer's rows were recorded. */
const RECORDED_ROWS = 12;

function statusOf(postgres: string, ours: EngineAnswer): string {
  const match = /^(\S*) \[(.*?)\] (\[.*\])$/.exec(postgres);
  if (postgres.startsWith("ERROR")) return "accepts";
  if (match === null) return "differs";
  const [, types = "", labels = "", rows = "[]"] = match;
  // PostgreSQL's rows were recorded as JSON.
  const expected = JSON.parse(rows) as (string | null)[][];
  const rowsToCompare =
    expected.length === RECORDED_ROWS ? ours.rows.slice(0, RECORDED_ROWS) : ours.rows;
  const values = comparison(expected, rowsToCompare);
  if (values !== "equal") return values;
  if (labels !== ours.labels.join(",")) return "label";
  return types === ours.types.join(",") ? "equal" : "type";
}

type Rows = readonly (readonly (string | null)[])[];

function comparison(expected: Rows, actual: Rows): string {
  if (JSON.stringify(expected) === JSON.stringify(actual)) return "equal";
  const cells = (rows: Rows, change: (text: string) => string): string =>
    JSON.stringify(rows.map((row) => row.map((cell) => (cell === null ? null : change(cell)))));
  if (cells(expected, digits) === cells(actual, digits)) return "digits";
  const unspaced = (text: string): string => text.replaceAll(/\s/g, "");
  return cells(expected, unspaced) === cells(actual, unspaced) ? "spacing" : "differs";
}

/** A number to fifteen digits, so that 3.5000000000000000 is 3.5. */
function digits(text: string): string {
  return /^-?\d+(\.\d+)?(e[-+]\d+)?$/.test(text)
    ? String(Number(Number(text).toPrecision(15)))
    : text;
}
