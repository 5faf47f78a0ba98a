import type { Node, SelectStmt } from "libpg-query";
import { LIMITS } from "../core/limits.ts";
import { bodyOf, tooComplex } from "./ast.ts";
import { checkExpansion } from "./expansion.ts";
import { guard } from "./guard.ts";
import type { GuardOptions } from "./guard-rules.ts";
import { type Mark, print } from "./printer.ts";
import { rewrite, type Translations } from "./rewrite.ts";
import type { Statement } from "./statement.ts";
import type { StatementCache } from "./statement-cache.ts";
import { CASTS } from "./translate-casts.ts";
import { DATE_FORMATS } from "./translate-date-formats.ts";
import { DATES } from "./translate-dates.ts";
import { FUNCTIONS } from "./translate-functions.ts";
import { JSON_OPERATORS } from "./translate-json.ts";
import { NUMBER_FORMATS } from "./translate-number-formats.ts";
import { OPERATORS } from "./translate-operators.ts";
import { PATTERNS } from "./translate-patterns.ts";
import { queries } from "./translate-queries.ts";
import { REGEXP_FUNCTIONS } from "./translate-regexp-functions.ts";
import { SETS } from "./translate-sets.ts";
import { translateWrite } from "./translate-writes.ts";
import { TypeScope, type TypeSources } from "./types.ts";
import type { WriteContext } from "./write-context.ts";

export interface TranslateOptions extends GuardOptions {
  readonly workspace: string;
  /** For current_user. */
  readonly role?: string;
  /**
   * Types of $1, $2, … by PostgreSQL's internal names, such as int4 or text[]; undefined is open.
   */
  readonly parameterTypes: readonly (string | undefined)[];
  readonly columnType?: TypeSources["columnType"];
  /**
   * Another one for every other catalog: what is known of tables is part of a cached translation.
   */
  readonly catalogVersion?: number;
  /** The catalog of the session's temporary tables in the engine: what pg_temp means. */
  readonly temporaryCatalog?: string | undefined;
  readonly cache?: StatementCache;
}

export interface Translation {
  readonly sql: string;
  /** The client asked for rows without columns; here they have one, of NULLs. */
  readonly hasNoColumns: boolean;
  /** Where in `sql` which part of the client's text is; for mapPosition(). */
  readonly marks: readonly Mark[];
}

const NULL: Node = { A_Const: { isnull: true } };

/** In this order: of those that know a kind of node, the first with something to say decides. */
const TRANSLATIONS: readonly Translations[] = [
  JSON_OPERATORS,
  PATTERNS,
  DATES,
  CASTS,
  DATE_FORMATS,
  NUMBER_FORMATS,
  OPERATORS,
  REGEXP_FUNCTIONS,
  FUNCTIONS,
  SETS,
];

/**
 * A statement of the engine in DuckDB's SQL. What the guard refuses is not translated. A statement
 * in DuckDB's own grammar stays as it is: the engine checks it on DuckDB's AST.
 */
export function translate(statement: Statement, options: TranslateOptions): Translation {
  const { cache } = options;
  const make = (): Translation => translateAnew(statement, options);
  return cache?.translation(statement, cacheKey(options), make) ?? make();
}

function cacheKey(options: TranslateOptions): string {
  const { workspace, role, parameterTypes, catalogVersion, temporaryCatalog } = options;
  return JSON.stringify([workspace, role, parameterTypes, catalogVersion, temporaryCatalog]);
}

function translateAnew(statement: Statement, options: TranslateOptions): Translation {
  const { ast, text } = statement;
  guard(statement, options);
  if (ast === undefined) return { sql: text, hasNoColumns: false, marks: [] };
  const select = bodyOf(ast, "SelectStmt");
  const hasNoColumns = select !== undefined && isWithoutColumns(select);
  const whole = hasNoColumns
    ? { SelectStmt: { ...select, targetList: [{ ResTarget: { val: NULL } }] } }
    : ast;
  return checkLength({ ...print(rewriter(options, statement)(whole)), hasNoColumns });
}

/**
 * A statement that makes, changes or drops temporary tables, as one or more of DuckDB's to be run in
 * this order. Each name of such a table is that of the session's own catalog.
 */
export function translateTemporary(
  statement: Statement,
  options: TranslateOptions & {
    readonly temporaryCatalog: string;
    readonly columnsOf: WriteContext["columnsOf"];
  },
): readonly Translation[] {
  const { ast } = statement;
  if (ast === undefined) throw new Error("what DuckDB alone can read changes nothing");
  guard(statement, options);
  const { temporaryCatalog: catalog, columnsOf } = options;
  const context = { catalog, columnsOf, rewrite: rewriter(options, statement) };
  return translateWrite(ast, context).map((printed) =>
    checkLength({ ...printed, hasNoColumns: false }),
  );
}

function rewriter(
  options: TranslateOptions,
  { text, usedParameters }: Statement,
): (ast: Node) => Node {
  const translations = [...TRANSLATIONS, queries({ ...options, usedParameters })];
  return (ast) => {
    const translated = rewrite(ast, translations, new TypeScope(options), text);
    checkExpansion(translated);
    return translated;
  };
}

/** A translation is about twice as long as the text; a format string can make it much longer. */
function checkLength(translation: Translation): Translation {
  if (translation.sql.length > LIMITS.sqlTextBytes * 4)
    throw tooComplex("Its translation is too long.");
  return translation;
}

function isWithoutColumns({ targetList, valuesLists, op, distinctClause }: SelectStmt): boolean {
  const isEmpty = targetList === undefined && valuesLists === undefined;
  return isEmpty && op === "SETOP_NONE" && distinctClause === undefined;
}
