import { type Body, bodyOf, type NodeKind, namesOf, typeNameOf, withoutPgCatalog } from "./ast.ts";
import type { TypeScope } from "./types.ts";

/** The types of expressions by their node type; `scope` knows the columns. */
export const TYPE_RULES: {
  readonly [K in NodeKind]?: (body: Body<K>, scope: TypeScope) => string | undefined;
} = {
  A_Const: ({ ival, fval, sval, boolval, isnull }) => {
    if (ival !== undefined) return "int4";
    if (fval !== undefined) return typeOfDigits(fval.fval ?? "");
    if (boolval !== undefined) return "bool";
    return sval !== undefined || isnull === true ? "unknown" : undefined;
  },
  ParamRef: ({ number }, scope) => scope.parameter(number ?? 0),
  TypeCast: ({ typeName }) =>
    typeNameOf(typeName) + "[]".repeat(typeName?.arrayBounds?.length ?? 0),
  ColumnRef: ({ fields }, scope) => scope.column(namesOf(fields)),
  CollateClause: ({ arg }, scope) => scope.typeOf(arg),
  CoalesceExpr: ({ args }, scope) => commonType(args?.map(scope.typeOf)),
  MinMaxExpr: ({ args }, scope) => commonType(args?.map(scope.typeOf)),
  CaseExpr: ({ args, defresult }, scope) =>
    commonType([
      ...(args ?? []).map((when) => scope.typeOf(bodyOf(when, "CaseWhen")?.result)),
      ...(defresult === undefined ? [] : [scope.typeOf(defresult)]),
    ]),
  BoolExpr: () => "bool",
  NullTest: () => "bool",
  BooleanTest: () => "bool",
  SQLValueFunction: ({ op }) => {
    if (op === "SVFOP_CURRENT_DATE") return "date";
    if (op?.startsWith("SVFOP_CURRENT_TIMESTAMP")) return "timestamptz";
    return op?.startsWith("SVFOP_LOCALTIMESTAMP") ? "timestamp" : undefined;
  },
  A_ArrayExpr: ({ elements }, scope) => arrayOf(commonType(elements?.map(scope.typeOf))),
  A_Indirection: ({ arg, indirection }, scope) => {
    const step = indirection?.length === 1 ? bodyOf(indirection[0], "A_Indices") : undefined;
    const type = scope.typeOf(arg);
    if (step === undefined || type?.endsWith("[]") !== true) return undefined;
    return step.is_slice === true ? type : type.slice(0, -2);
  },
  SubLink: ({ subLinkType, subselect }, scope) => {
    const query = bodyOf(subselect, "SelectStmt");
    if (subLinkType !== "EXPR_SUBLINK" && subLinkType !== "ARRAY_SUBLINK") return "bool";
    const type = query === undefined ? undefined : scope.columnsOf(query)("", 0);
    return subLinkType === "ARRAY_SUBLINK" ? arrayOf(type) : type;
  },
  A_Expr: ({ kind, name, lexpr, rexpr }, scope) => {
    if (kind === "AEXPR_NULLIF") return scope.typeOf(lexpr);
    if (kind !== "AEXPR_OP") return "bool";
    return typeOfOperation(
      namesOf(name).at(-1) ?? "",
      scope.typeOf(lexpr),
      scope.typeOf(rexpr),
      lexpr === undefined,
    );
  },
  FuncCall: ({ funcname, args }, scope) => {
    const name = withoutPgCatalog(namesOf(funcname)).join(".");
    const rule = Object.hasOwn(FUNCTIONS, name) ? FUNCTIONS[name] : undefined;
    return typeof rule === "function" ? rule((args ?? []).map(scope.typeOf)) : rule;
  },
};

function typeOfDigits(digits: string): string {
  if (!/^-?[0-9]+$/.test(digits)) return "numeric";
  return digits.replace("-", "").length < 19 || BigInt(digits) < 2n ** 63n ? "int8" : "numeric";
}

function arrayOf(type: string | undefined): string | undefined {
  if (type === undefined) return undefined;
  return type === "unknown" ? "text[]" : `${type}[]`;
}

/** From the narrowest to the widest: an operation has the type of its widest side. */
const NUMBERS = ["int2", "int4", "int8", "numeric", "float4", "float8"];

export function commonType(types: readonly (string | undefined)[] = []): string | undefined {
  const known = types.filter((type) => type !== "unknown");
  if (known.length === 0) return types.length > 0 ? "unknown" : undefined;
  if (known.every((type) => type !== undefined && NUMBERS.includes(type))) return widest(known);
  return known.every((type) => type === known[0]) ? known[0] : undefined;
}

function widest(types: readonly (string | undefined)[]): string | undefined {
  return NUMBERS[Math.max(...types.map((type) => NUMBERS.indexOf(type ?? "")))];
}

function typeOfOperation(
  operator: string,
  left: string | undefined,
  right: string | undefined,
  prefix: boolean,
): string | undefined {
  if (
    [
      "=",
      "<>",
      "!=",
      "<",
      ">",
      "<=",
      ">=",
      "~",
      "~*",
      "!~",
      "!~*",
      "@>",
      "<@",
      "&&",
      "?",
      "?|",
      "?&",
    ].includes(operator)
  ) {
    return "bool";
  }
  if (operator === "->>" || operator === "#>>") return "text";
  if (operator === "->" || operator === "#>") return left;
  if (operator === "||")
    return (
      [left, right].find((type) => type?.endsWith("[]") === true || type === "jsonb") ?? "text"
    );
  if (prefix) return right;
  return typeOfArithmetic(operator, left, right);
}

function typeOfArithmetic(
  operator: string,
  left: string | undefined,
  right: string | undefined,
): string | undefined {
  const pair = [left, right];
  if (pair.includes("interval")) {
    const other = left === "interval" ? right : left;
    if (other === "date") return "timestamp";
    return other?.startsWith("time") === true
      ? other
      : other === undefined
        ? undefined
        : "interval";
  }
  if (operator === "-" && left === "date" && right === "date") return "int4";
  if (operator === "-" && left?.startsWith("timestamp") && right?.startsWith("timestamp"))
    return "interval";
  if (pair.includes("date")) return "date";
  if (operator === "^")
    return pair.includes("float8") ? "float8" : pair.includes("numeric") ? "numeric" : "float8";
  const common = commonType(pair);
  // A fraction stays one, whatever the unknown side is.
  return common ?? ["float8", "float4", "numeric"].find((type) => pair.includes(type));
}

type FunctionType = string | ((args: readonly (string | undefined)[]) => string | undefined);

const first = (args: readonly (string | undefined)[]): string | undefined => args[0];
const sameNumber = ([type]: readonly (string | undefined)[]): string | undefined =>
  type?.startsWith("int") === true && type !== "interval" ? "float8" : type;
const average = ([type]: readonly (string | undefined)[]): string | undefined =>
  type === "float8" || type === "float4" ? "float8" : type === "interval" ? type : "numeric";

function functionsOf(type: FunctionType, names: string): Readonly<Record<string, FunctionType>> {
  return Object.fromEntries(names.split(" ").map((name) => [name, type]));
}

const FUNCTIONS: Readonly<Record<string, FunctionType>> = {
  ...functionsOf("int8", "count row_number rank dense_rank regr_count"),
  ...functionsOf(
    "int4",
    "length char_length character_length octet_length bit_length strpos position ntile ascii",
  ),
  ...functionsOf(
    "int4",
    "array_length array_lower array_upper array_ndims cardinality array_position json_array_length",
  ),
  ...functionsOf(
    "float8",
    "date_part random pi sqrt cbrt exp ln sin cos tan asin acos atan atan2 degrees radians percent_rank cume_dist",
  ),
  ...functionsOf("numeric", "extract to_number"),
  ...functionsOf(average, "avg stddev stddev_samp stddev_pop variance var_samp var_pop"),
  ...functionsOf(sameNumber, "round trunc ceil ceiling floor"),
  ...functionsOf(
    first,
    "abs min max mod sign lag lead first_value last_value nth_value generate_series array_remove array_replace array_append array_cat",
  ),
  ...functionsOf(
    "text",
    "lower upper initcap substr substring left right lpad rpad ltrim rtrim btrim trim replace repeat concat concat_ws to_char format md5 translate string_agg split_part regexp_replace quote_ident quote_literal chr reverse overlay to_hex array_to_string",
  ),
  ...functionsOf(
    "timestamptz",
    "now clock_timestamp statement_timestamp transaction_timestamp to_timestamp",
  ),
  ...functionsOf("date", "to_date make_date"),
  ...functionsOf("timestamp", "make_timestamp"),
  ...functionsOf("interval", "age make_interval justify_days justify_hours justify_interval"),
  ...functionsOf("bool", "bool_and bool_or every starts_with"),
  ...functionsOf(
    "jsonb",
    "to_jsonb jsonb_agg jsonb_object_agg jsonb_build_object jsonb_build_array",
  ),
  ...functionsOf(
    "json",
    "to_json json_agg json_object_agg json_build_object json_build_array row_to_json",
  ),
  sum: ([type]) => {
    if (type === "int2" || type === "int4") return "int8";
    if (type === "float4" || type === "float8" || type === "interval") return type;
    // Whole numbers of a file are bigint, whose sum is numeric.
    return "numeric";
  },
  array_agg: ([type]) => arrayOf(type),
  string_to_array: () => "text[]",
  regexp_split_to_array: () => "text[]",
  unnest: ([type]) => (type?.endsWith("[]") === true ? type.slice(0, -2) : undefined),
  date_trunc: ([, type]) => (type === "date" ? "timestamptz" : type),
  timezone: ([, type]) => (type === "timestamptz" ? "timestamp" : "timestamptz"),
};
