/**
 * The 25 things that every client does, and how a client's script reports them.
 *
 * A script prints `# client <name> <version>` and then one line for each thing:
 * `ok 9 a prepared statement run 100 times`, `not ok 9 …: <reason>` or `skip 9 …: <why not>`.
 */
export const THINGS = [
  "connect by SCRAM over TLS",
  "connect without TLS",
  "wrong password is 28P01",
  "typed rows",
  "parameters by text format",
  "binary results",
  "parameters of every kind",
  "arrays as parameter and as result",
  "a prepared statement run 100 times",
  "100,000 rows streamed",
  "a stream abandoned in the middle",
  "a transaction committed",
  "a failed transaction",
  "a savepoint rolled back to",
  "errors with SQLSTATE and position",
  "an empty result has its columns",
  "several statements at once",
  "a pipeline with an error in the middle",
  "COPY TO STDOUT",
  "COPY FROM STDIN into a temporary table",
  "a temporary table",
  "cancel of a running query",
  "statement_timeout",
  "SET, SHOW, application_name, search_path",
  "tables and columns listed, INSERT refused",
] as const;

export type Outcome =
  | { readonly number: number; readonly state: "ok" }
  | { readonly number: number; readonly state: "not ok" | "skip"; readonly reason: string };

export interface Report {
  /** As the script names it: "psycopg 3.2.1". */
  readonly client: string;
  /** One for each of the things, in their order. */
  readonly outcomes: readonly Outcome[];
}

const LINE = /^(ok|not ok|skip) (\d+)(?: (.*))?$/;

/** Reads what a script printed; a thing without a line, or with two, is one that failed. */
export function readReport(output: string, silence = "the script said nothing"): Report {
  const lines = output.split("\n").map((line) => line.trimEnd());
  const client = lines.find((line) => line.startsWith("# client "))?.slice("# client ".length);
  const said = lines.flatMap(outcomeOf);
  const outcomes = THINGS.map((name, index): Outcome => {
    const number = index + 1;
    const [outcome, another] = said.filter((one) => one.number === number);
    if (outcome === undefined) return { number, state: "not ok", reason: silence };
    if (another !== undefined)
      return { number, state: "not ok", reason: "the script said it twice" };
    if (outcome.state === "ok") return outcome;
    const prefix = `${name}: `;
    const { reason } = outcome;
    return { ...outcome, reason: reason.startsWith(prefix) ? reason.slice(prefix.length) : reason };
  });
  return { client: client ?? "without a name", outcomes };
}

/** One line of the report in words: `13 a failed transaction: got 25001`. */
export function describe(outcome: Outcome): string {
  const name = `${outcome.number} ${THINGS[outcome.number - 1]}`;
  return outcome.state === "ok" ? name : `${name}: ${outcome.reason}`;
}

function outcomeOf(line: string): Outcome[] {
  const [, state, digits, rest = ""] = LINE.exec(line) ?? [];
  const number = Number(digits);
  if (state === "ok") return [{ number, state }];
  if (state === "not ok" || state === "skip") return [{ number, state, reason: rest }];
  return [];
}
