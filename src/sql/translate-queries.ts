import type { Node, SelectStmt } from "libpg-query";
import { LIMITS } from "../core/limits.ts";
import { PgError } from "../core/pg-error.ts";
import { bodyOf, call, cast, int, namesOf, str, text, withoutPgCatalog } from "./ast.ts";
import { NUMERIC } from "./duckdb-type.ts";
import type { Translations } from "./rewrite.ts";
import { TEMPORARY_SCHEMA } from "./temporary.ts";
import { columnLabel, isNamedByItself } from "./translate-labels.ts";

interface Surroundings {
  readonly workspace: string;
  readonly role?: string;
  readonly parameterTypes: readonly (string | undefined)[];
  readonly temporaryCatalog?: string | undefined;
}

/** What concerns a query as a whole, and what only the session knows. */
export function queries({
  workspace,
  role = "",
  parameterTypes,
  temporaryCatalog,
}: Surroundings): Translations {
  return {
    // A lock means nothing where nothing is written.
    SelectStmt: (
      { lockingClause: _lock, targetList, groupClause, ...rest },
      _context,
      original,
    ) => ({
      SelectStmt: withNamedValues({
        ...rest,
        ...(targetList === undefined
          ? {}
          : { targetList: labelled(targetList, original.targetList ?? []) }),
        ...(groupClause === undefined ? {} : { groupClause: groupClause.flatMap(columnsOfGroup) }),
      }),
    }),
    SubLink: (body) => {
      const query = bodyOf(body.subselect, "SelectStmt");
      // EXISTS (SELECT FROM t) needs no columns in PostgreSQL.
      if (
        body.subLinkType !== "EXISTS_SUBLINK" ||
        query?.targetList !== undefined ||
        query?.op !== "SETOP_NONE"
      )
        return undefined;
      if (query.valuesLists !== undefined) return undefined;
      return {
        SubLink: {
          ...body,
          subselect: { SelectStmt: { ...query, targetList: [{ ResTarget: { val: int(1) } }] } },
        },
      };
    },
    RangeVar: ({ catalogname, ...rest }) => {
      if (rest.schemaname === TEMPORARY_SCHEMA && temporaryCatalog !== undefined)
        return { RangeVar: { ...rest, catalogname: temporaryCatalog, schemaname: "main" } };
      return catalogname === workspace ? { RangeVar: rest } : undefined;
    },
    ParamRef: (body) => {
      const type = parameterTypes[(body.number ?? 0) - 1];
      return type === undefined || type === "unknown"
        ? undefined
        : typedParameter({ ParamRef: body }, type);
    },
    SQLValueFunction: ({ op }) => {
      if (op === "SVFOP_CURRENT_CATALOG") return text(workspace);
      if (op === "SVFOP_CURRENT_SCHEMA") return text("public");
      return op !== undefined && USERS.has(op) ? text(role) : undefined;
    },
    FuncCall: ({ funcname, args, location }) => {
      const name = withoutPgCatalog(namesOf(funcname)).join(".");
      if (name === "current_database" && args === undefined) return text(workspace);
      if (name === "current_schema" && args === undefined)
        return call("current_schema", [], location);
      return undefined;
    },
  };
}

const USERS: ReadonlySet<string> = new Set([
  "SVFOP_CURRENT_USER",
  "SVFOP_USER",
  "SVFOP_SESSION_USER",
  "SVFOP_CURRENT_ROLE",
]);

function typedParameter(parameter: Node, type: string): Node {
  const array = type.startsWith("_") ? `${type.slice(1)}[]` : type;
  if (array.endsWith("[]")) {
    const element = array.slice(0, -2);
    return {
      TypeCast: {
        arg: parameter,
        typeName: {
          names: [{ String: { sval: element } }],
          arrayBounds: [{ Integer: { ival: -1 } }],
        },
      },
    };
  }
  // A numeric value comes with its own digits; these hold what a client is likely to send.
  return cast(parameter, array, array === "numeric" ? [NUMERIC.width, NUMERIC.scale] : []);
}

/** Names are those of the client's expressions, not of what became of them. */
function labelled(targets: readonly Node[], originals: readonly Node[]): Node[] {
  if (targets.length > LIMITS.targetListEntries) {
    throw new PgError(
      "too_many_columns",
      `target lists can have at most ${LIMITS.targetListEntries} entries`,
    );
  }
  return targets.map((node, index) => {
    const target = bodyOf(node, "ResTarget");
    const original = bodyOf(originals[index], "ResTarget")?.val;
    if (target === undefined || target.name !== undefined || isNamedByItself(original)) return node;
    return { ResTarget: { ...target, name: columnLabel(original) } };
  });
}

/** The columns of VALUES are column1, column2, …; DuckDB's are col0, col1, …. */
function withNamedValues({ valuesLists, ...rest }: SelectStmt): SelectStmt {
  if (valuesLists === undefined) return rest;
  const width = bodyOf(valuesLists[0], "List")?.items?.length ?? 0;
  const names = Array.from({ length: width }, (_, index) => str(`column${index + 1}`));
  const plain: SelectStmt = { op: "SETOP_NONE", limitOption: "LIMIT_OPTION_DEFAULT" };
  return {
    ...rest,
    targetList: [{ ResTarget: { val: { ColumnRef: { fields: [{ A_Star: {} }] } } } }],
    fromClause: [
      {
        RangeSubselect: {
          subquery: { SelectStmt: { ...plain, valuesLists } },
          alias: { aliasname: "*VALUES*", colnames: names },
        },
      },
    ],
  };
}

/** GROUP BY (a, b) groups by two columns, not by one row. */
function columnsOfGroup(node: Node): readonly Node[] {
  const row = bodyOf(node, "RowExpr");
  return row?.row_format === "COERCE_IMPLICIT_CAST" ? (row.args ?? []) : [node];
}
