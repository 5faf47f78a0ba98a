import type { Node } from "libpg-query";
import { booleanWord } from "../core/boolean-word.ts";
import { PgError } from "../core/pg-error.ts";
import { parseArrayLiteral } from "./array-literal.ts";
import {
  type Body,
  bodyOf,
  call,
  cast,
  constantInteger,
  int,
  numeric,
  text,
  typeNameOf,
} from "./ast.ts";
import { NUMERIC } from "./duckdb-type.ts";
import type { Context, Translations } from "./rewrite.ts";

/**
 * Casts, whose rules differ most where a constant is cast: constants are brought to DuckDB's form
 * here.
 */
export const CASTS: Translations = {
  TypeCast: (body, context, original) => {
    const constant = bodyOf(original.arg, "A_Const");
    const literal = constant?.sval === undefined ? undefined : (constant.sval.sval ?? "");
    const isArray = body.typeName?.arrayBounds !== undefined;
    if (literal !== undefined) {
      const translated = isArray
        ? castOfArray(body, literal, context)
        : castOfLiteral(body, literal, context);
      if (translated !== undefined) return translated;
    }
    return isArray ? undefined : castOfExpression(body, context, original);
  },
};

type Cast = Body<"TypeCast">;

function castOfLiteral(body: Cast, literal: string, context: Context): Node | undefined {
  const type = typeNameOf(body.typeName);
  const position = context.position(bodyOf(body.arg, "A_Const")?.location);
  const trimmed = literal.trim();
  switch (type) {
    case "bool":
      return booleanOf(trimmed, literal, position);
    case "bytea":
      return call("from_hex", [text(hexOf(literal, position))], body.location);
    case "int2":
    case "int4":
    case "int8":
      return wholeNumber(body, type, trimmed, literal, position);
    case "numeric":
      if (body.typeName?.typmods !== undefined) return undefined;
      if (/^[-+]?(\d+\.?\d*|\.\d+)$/.test(trimmed)) return exactNumber(trimmed.replace("+", ""));
      return /^(nan|[-+]?inf(inity)?)$/i.test(trimmed) ? cast(text(trimmed), "float8") : undefined;
    default:
      return undefined;
  }
}

function booleanOf(word: string, literal: string, position: number | undefined): Node {
  const value = booleanWord(word);
  if (value !== undefined) return constantBoolean(value);
  throw new PgError(
    "invalid_text_representation",
    `invalid input syntax for type boolean: "${literal}"`,
    { position },
  );
}

function constantBoolean(value: boolean): Node {
  return { A_Const: { boolval: value ? { boolval: true } : {} } };
}

/** DuckDB would round '5.5' and read '1e3'. */
function wholeNumber(
  body: Cast,
  type: "int2" | "int4" | "int8",
  trimmed: string,
  literal: string,
  position: number | undefined,
): Node | undefined {
  if (/^[-+]?\d+$/.test(trimmed)) return undefined;
  if (/^[-+]?(0x[\da-f_]+|0o[0-7_]+|0b[01_]+|\d[\d_]*)$/i.test(trimmed)) {
    const sign = trimmed.startsWith("-") ? "-" : "";
    const value = BigInt(trimmed.replace(/^[-+]/, "").replaceAll("_", ""));
    return cast(numeric(`${sign}${value}`), type, [], body.location);
  }
  const name = { int2: "smallint", int4: "integer", int8: "bigint" }[type];
  throw new PgError(
    "invalid_text_representation",
    `invalid input syntax for type ${name}: "${literal}"`,
    { position },
  );
}

/** Both forms of bytea's input: \x and hexadecimal digits, or characters with octal escapes. */
function hexOf(literal: string, position: number | undefined): string {
  if (literal.startsWith("\\x")) {
    const digits = literal.slice(2).replaceAll(/\s/g, "");
    if (/^([\da-f]{2})*$/i.test(digits)) return digits;
    throw new PgError("invalid_parameter_value", "invalid hexadecimal data", { position });
  }
  const parts = literal.split(/(\\\\|\\[0-3][0-7]{2})/);
  const bytes = parts.map((part, index) => {
    if (index % 2 === 0) {
      if (!part.includes("\\")) return Buffer.from(part);
      throw new PgError("invalid_text_representation", "invalid input syntax for type bytea", {
        position,
      });
    }
    return Buffer.from([part === "\\\\" ? 0x5c : Number.parseInt(part.slice(1), 8)]);
  });
  return Buffer.concat(bytes).toString("hex");
}

/** Digits as DuckDB reads them: DECIMAL as wide as they are, if it can be. */
function exactNumber(digits: string): Node {
  const plain = digits.startsWith("-") ? digits.slice(1) : digits;
  const count = plain.replace(".", "").replace(/^0+/, "").length;
  const node = numeric(plain.includes(".") ? digits : `${digits}.`);
  return count > NUMERIC.width ? cast(node, "float8") : node;
}

function castOfArray(body: Cast, literal: string, context: Context): Node | undefined {
  const elements = parseArrayLiteral(literal, context.position(body.location));
  const { arrayBounds: _, ...elementType } = body.typeName ?? {};
  const element = (item: string | undefined): Node => ({
    TypeCast: {
      arg: item === undefined ? { A_Const: { isnull: true } } : text(item),
      typeName: elementType,
    },
  });
  const items = elements.map(
    (item) =>
      CASTS.TypeCast?.(
        bodyOf(element(item), "TypeCast") ?? {},
        context,
        bodyOf(element(item), "TypeCast") ?? {},
      ) ?? element(item),
  );
  return { TypeCast: { ...body, arg: { A_ArrayExpr: { elements: items } } } };
}

function castOfExpression(body: Cast, context: Context, original: Cast): Node | undefined {
  const { arg, typeName, location } = body;
  if (arg === undefined || typeName === undefined) return undefined;
  const type = typeNameOf(typeName);
  const length = constantInteger(typeName.typmods?.[0]);
  switch (type) {
    case "text":
    case "varchar":
    case "name": {
      const whole = asText(arg, context.typeOf(original.arg), location);
      const width = type === "name" ? 63 : length;
      return width === undefined ? whole : call("left", [whole, int(width)], location);
    }
    case "bpchar":
    case "char": {
      // Blanks at the end of a char(n) count for nothing; DuckDB has no such type.
      const whole = cast(arg, "text", [], location);
      return type === "char"
        ? call("left", [whole, int(1)], location)
        : call(
            "rtrim",
            [length === undefined ? whole : call("left", [whole, int(length)]), text(" ")],
            location,
          );
    }
    case "numeric":
      return typeName.typmods === undefined ? unconstrained(body, context, original) : undefined;
    case "time":
      // DuckDB finds no way from a moment to a time of day but through the session's zone.
      if (context.typeOf(original.arg) === "timestamptz")
        return cast(cast(arg, "timestamp"), "time", [], location);
      return typeName.typmods === undefined
        ? undefined
        : withoutPrecision(body, type, typeName.typmods);
    case "date":
    case "timestamp":
    case "timestamptz":
    case "timetz":
    case "interval":
      // DuckDB has microseconds everywhere, and no fewer.
      return typeName.typmods === undefined
        ? undefined
        : withoutPrecision(body, type, typeName.typmods);
    default:
      return undefined;
  }
}

/**
 * Types of which both engines write the same text: not a float8, which a numeric may be in DuckDB,
 * an interval or an array.
 */
const ALIKE: ReadonlySet<string | undefined> = new Set(
  "int2 int4 int8 bool text varchar bpchar date time timestamp timestamptz uuid json jsonb unknown".split(
    " ",
  ),
);

function asText(arg: Node, type: string | undefined, location: number | undefined): Node {
  if (ALIKE.has(type)) return cast(arg, "text", [], location);
  return call(type?.endsWith("[]") === true ? "pg_array_text" : "pg_text", [arg], location);
}

/**
 * A numeric keeps every digit it gets; a DECIMAL has to be told how many before and behind the
 * point.
 */
function unconstrained(
  { arg, location }: Cast,
  { typeOf }: Context,
  original: Cast,
): Node | undefined {
  if (arg === undefined) return undefined;
  const constant = bodyOf(original.arg, "A_Const");
  if (constant?.fval?.fval !== undefined && /^[\d.]+$/.test(constant.fval.fval))
    return exactNumber(constant.fval.fval);
  const type = typeOf(original.arg);
  if (type === "numeric") return arg;
  const scale = type === "int2" || type === "int4" || type === "int8" ? 0 : NUMERIC.scale;
  return cast(arg, "numeric", [NUMERIC.width, scale], location);
}

function withoutPrecision(body: Cast, type: string, typmods: readonly Node[]): Node | undefined {
  const precision = constantInteger(typmods[0]);
  const { typmods: _, ...typeName } = body.typeName ?? {};
  const plain: Node = { TypeCast: { ...body, typeName } };
  if (!type.startsWith("timestamp") || precision === undefined || precision > 5) return plain;
  const units = ["second", "", "", "millisecond"][precision];
  return units === undefined || units === ""
    ? plain
    : call("pg_timestamp_round", [plain, text(units)]);
}
