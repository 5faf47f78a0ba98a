import { formatRelationName } from "../catalog/relation-name.ts";
import { unreachable } from "../core/assert.ts";
import type { PgErrorFields } from "../core/pg-error.ts";
import { parseDuckdbType } from "../pgtypes/duckdb-type-text.ts";
import { pgTypeText } from "../pgtypes/duckdb-types.ts";
import type { Problem } from "../settings/problem.ts";
import type { Finding, StoreFinding, TableFinding, ViewFinding } from "./check-findings.ts";
import { textTable } from "./text-table.ts";

export interface CheckFindings {
  /** The configuration's file. */
  readonly file: string;
  readonly stores: readonly StoreFinding[];
  readonly tables: readonly TableFinding[];
  readonly views: readonly ViewFinding[];
}

interface TypedName {
  readonly name: string;
  readonly duckdbType: string;
}

const NOTHING = "-";

/** For people: a table of stores, of tables and of views, then what is wrong and what the columns are. */
export function checkText({ file, stores, tables, views }: CheckFindings): string {
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
    views.length === 0
      ? []
      : textTable(
          [{ title: "VIEW" }, { title: "STATE" }, { title: "COLUMNS", align: "right" }],
          views.map((finding) => [viewName(finding), ...viewMeasures(finding)]),
        ),
    [...tables.flatMap(columnLines), ...views.flatMap(viewColumnLines)],
    [
      ...stores.flatMap(storeProblems),
      ...tables.flatMap(tableProblems),
      ...views.flatMap(viewProblems),
    ],
  ];
  const lines = sections
    .filter((section) => section.length > 0)
    .map((section) => section.join("\n"));
  return `${lines.join("\n\n")}\n`;
}

/** For programs. Fields are only ever added. */
export function checkJson({ file, stores, tables, views }: CheckFindings): string {
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
            columns: columnsJson(result.entry.columns),
            warnings: result.entry.warnings,
          }
        : { state: "failed", error: errorJson(result.error) }),
    })),
    views: views.map(({ workspace, view, result }) => ({
      workspace,
      schema: view.schema,
      name: view.name,
      ...(result.outcome === "ok"
        ? { state: "ready", columns: columnsJson(result.columns) }
        : { state: "failed", error: errorJson(result.error) }),
    })),
  };
  return jsonText(report);
}

/** For programs: a configuration that is not usable, in checkJson's shape. */
export function problemsJson(file: string, problems: readonly Problem[]): string {
  return jsonText({ configuration: { file, problems }, stores: [], tables: [], views: [] });
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

function viewMeasures({ result }: ViewFinding): readonly string[] {
  return result.outcome === "ok" ? ["ready", String(result.columns.length)] : ["failed", NOTHING];
}

function viewColumnLines(finding: ViewFinding): readonly string[] {
  if (finding.result.outcome === "failed") return [];
  const columns = finding.result.columns.map((column) => `${column.name} ${typeOf(column)}`);
  return [`${viewName(finding)}: ${columns.join(", ")}`];
}

function viewProblems(finding: ViewFinding): readonly string[] {
  const { result } = finding;
  return result.outcome === "failed" ? [problemText(viewName(finding), result.error)] : [];
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

function nameOf({ workspace, table }: TableFinding): string {
  return `${workspace}.${formatRelationName(table)}`;
}

function viewName({ workspace, view }: ViewFinding): string {
  return `${workspace}.${formatRelationName(view)}`;
}

function columnsJson(columns: readonly TypedName[]): unknown {
  return columns.map((column) => ({ name: column.name, type: typeOf(column) }));
}

/** PostgreSQL's name of the type, as clients will see it. */
function typeOf({ duckdbType }: TypedName): string {
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
