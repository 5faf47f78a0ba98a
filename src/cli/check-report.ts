import type { CachedColumn } from "../cache/cache-entry.ts";
import type { TableDefinition } from "../catalog/catalog.ts";
import { unreachable } from "../core/assert.ts";
import type { PgErrorFields } from "../core/pg-error.ts";
import { parseDuckdbType } from "../pgtypes/duckdb-type-text.ts";
import { pgTypeText } from "../pgtypes/duckdb-types.ts";
import type { Problem } from "../settings/problem.ts";
import type { Finding, StoreFinding, TableFinding } from "./check-findings.ts";
import { textTable } from "./text-table.ts";

export interface CheckFindings {
  /** The configuration's file. */
  readonly file: string;
  readonly stores: readonly StoreFinding[];
  readonly tables: readonly TableFinding[];
}

const NOTHING = "-";

/** For people: one table of stores, one of tables, then what is wrong and what the columns are. */
export function checkText({ file, stores, tables }: CheckFindings): string {
  const sections = [
    [`Configuration: ${file}: ok`],
    stores.length === 0
      ? []
      : textTable(
          [{ title: "STORE" }, { title: "LIST" }, { title: "READ" }, { title: "WHERE" }],
          stores.map(({ name, where, list, read }) => [name, word(list), word(read), where]),
        ),
    tables.length === 0
      ? []
      : textTable(
          [
            { title: "TABLE" },
            { title: "STATE" },
            { title: "ROWS", align: "right" },
            { title: "REJECTED", align: "right" },
            { title: "COLUMNS", align: "right" },
            { title: "SOURCE" },
          ],
          tables.map((finding) => [
            nameOf(finding),
            ...measures(finding),
            finding.table.source.text,
          ]),
        ),
    tables.flatMap(columnLines),
    [...stores.flatMap(storeProblems), ...tables.flatMap(tableProblems)],
  ];
  const lines = sections
    .filter((section) => section.length > 0)
    .map((section) => section.join("\n"));
  return `${lines.join("\n\n")}\n`;
}

/** For programs. Fields are only ever added. */
export function checkJson({ file, stores, tables }: CheckFindings): string {
  const report = {
    configuration: { file, problems: [] },
    stores: stores.map(({ name, where, list, read }) => ({
      name,
      where,
      list: findingJson(list),
      read: findingJson(read),
    })),
    tables: tables.map(({ workspace, table, result }) => ({
      workspace,
      schema: table.schema,
      name: table.name,
      source: table.source.text,
      ...(result.outcome === "ok"
        ? {
            state: "ready",
            rows: result.entry.rowCount,
            rejected: result.entry.rejectedCount,
            bytes: result.entry.source.bytes,
            columns: result.entry.columns.map((column) => ({
              name: column.name,
              type: typeOf(column),
            })),
            warnings: result.entry.warnings,
          }
        : { state: "failed", error: errorJson(result.error) }),
    })),
  };
  return jsonText(report);
}

/** For programs: a configuration that is not usable, in checkJson's shape. */
export function problemsJson(file: string, problems: readonly Problem[]): string {
  return jsonText({ configuration: { file, problems }, stores: [], tables: [] });
}

function jsonText(report: unknown): string {
  return `${JSON.stringify(report, null, 2)}\n`;
}

function word(finding: Finding): string {
  switch (finding.outcome) {
    case "ok":
    case "failed":
      return finding.outcome;
    case "untested":
      return NOTHING;
    default:
      return unreachable(finding);
  }
}

function measures({ result }: TableFinding): readonly string[] {
  if (result.outcome === "failed") return ["failed", NOTHING, NOTHING, NOTHING];
  const { rowCount, rejectedCount, columns } = result.entry;
  return ["ready", String(rowCount), String(rejectedCount), String(columns.length)];
}

function columnLines(finding: TableFinding): readonly string[] {
  if (finding.result.outcome === "failed") return [];
  const columns = finding.result.entry.columns.map((column) => `${column.name} ${typeOf(column)}`);
  return [`${nameOf(finding)}: ${columns.join(", ")}`];
}

function storeProblems({ name, list, read }: StoreFinding): readonly string[] {
  return [list, read].flatMap((finding) =>
    finding.outcome === "failed" ? [problemText(`store ${name}`, finding.error)] : [],
  );
}

function tableProblems(finding: TableFinding): readonly string[] {
  const { result } = finding;
  return result.outcome === "failed"
    ? [problemText(nameOf(finding), result.error)]
    : result.entry.warnings.map((warning) => `${nameOf(finding)}: warning: ${warning}`);
}

function problemText(what: string, { message, detail, hint }: PgErrorFields): string {
  const reason = detail === undefined ? message : `${message} (${detail})`;
  return hint === undefined ? `${what}: ${reason}` : `${what}: ${reason}\n  ${hint}`;
}

function nameOf({ workspace, table }: { workspace: string; table: TableDefinition }): string {
  const name = table.schema === "public" ? table.name : `${table.schema}.${table.name}`;
  return `${workspace}.${name}`;
}

/** PostgreSQL's name of the type, as clients will see it. */
function typeOf({ duckdbType }: CachedColumn): string {
  const type = parseDuckdbType(duckdbType);
  return type === undefined ? duckdbType : pgTypeText(type);
}

function findingJson(finding: Finding): unknown {
  return finding.outcome === "failed"
    ? { outcome: "failed", error: errorJson(finding.error) }
    : { outcome: finding.outcome };
}

function errorJson({ sqlstate, message, detail, hint }: PgErrorFields): unknown {
  return { sqlstate, message, detail, hint };
}
