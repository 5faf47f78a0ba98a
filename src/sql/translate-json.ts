import type { Node } from "libpg-query";
import { parseArrayLiteral } from "./array-literal.ts";
import { type Body, bodyOf, call, constantText, namesOf, text, withoutPgCatalog } from "./ast.ts";
import { notSupported } from "./refusals.ts";
import type { Context, Translations } from "./rewrite.ts";

/** JSON's operators, most of which DuckDB's parser cannot even read, and its constructors. */
export const JSON_OPERATORS: Translations = {
  A_Expr: (body, context, original) =>
    body.kind === "AEXPR_OP" ? operation(body, context, original) : undefined,
  FuncCall: (body) => {
    const name = withoutPgCatalog(namesOf(body.funcname)).join(".");
    if (/^jsonb?_extract_path(_text)?$/.test(name)) return extractPath(name, body);
    if (name === "json_agg" || name === "jsonb_agg")
      return call("to_json", [{ FuncCall: { ...body, funcname: [{ String: { sval: "list" } }] } }]);
    if (name === "json_object_agg" || name === "jsonb_object_agg") return objectAggregate(body);
    return undefined;
  },
};

type Operation = Body<"A_Expr">;

function operation(
  body: Operation,
  { typeOf, position }: Context,
  original: Operation,
): Node | undefined {
  const { lexpr, rexpr, location } = body;
  if (lexpr === undefined || rexpr === undefined) return undefined;
  const operator = withoutPgCatalog(namesOf(body.name)).join(".");
  const isJson = [original.lexpr, original.rexpr].some((side) =>
    /^jsonb?$/.test(typeOf(side) ?? ""),
  );
  switch (operator) {
    case "#>":
      return call("json_extract", [lexpr, pathOf(rexpr, position(location))], location);
    case "#>>":
      return call("json_extract_string", [lexpr, pathOf(rexpr, position(location))], location);
    case "->":
    case "->>":
      return withPlainKey(body, rexpr);
    case "?":
      return call("pg_json_has", [lexpr, rexpr], location);
    case "?|":
      return call("pg_json_has_any", [lexpr, rexpr], location);
    case "?&":
      return call("pg_json_has_all", [lexpr, rexpr], location);
    case "@>":
      return isJson ? call("json_contains", [lexpr, rexpr], location) : undefined;
    case "<@":
      return isJson ? call("json_contains", [rexpr, lexpr], location) : undefined;
    case "||":
    case "-":
      if (isJson) throw notSupported(`operator ${operator} on jsonb`);
      return undefined;
    default:
      return undefined;
  }
}

/** A key that looks like a path of DuckDB is still only a key. */
function withPlainKey(body: Operation, key: Node): Node | undefined {
  const constant = constantText(key);
  if (constant === undefined || !/^[$/]/.test(constant)) return undefined;
  return { A_Expr: { ...body, rexpr: text(`$${step(constant)}`) } };
}

/** `{a,0,b}`, or an array, as DuckDB's `$."a"[0]."b"`. */
function pathOf(path: Node, position: number | undefined): Node {
  const literal = constantText(path);
  if (literal !== undefined)
    return text(`$${parseArrayLiteral(literal, position).map(step).join("")}`);
  const array = bodyOf(path, "A_ArrayExpr") ?? bodyOf(bodyOf(path, "TypeCast")?.arg, "A_ArrayExpr");
  const keys = array?.elements?.map(constantText);
  if (keys?.every((key) => key !== undefined)) return text(`$${keys.map(step).join("")}`);
  return call("pg_json_path", [path]);
}

function step(key: string | undefined): string {
  if (/^\d+$/.test(key ?? "")) return `[${key}]`;
  return /^-\d+$/.test(key ?? "") ? `[#${key}]` : `."${(key ?? "").replaceAll('"', '\\"')}"`;
}

function extractPath(name: string, { args, location }: Body<"FuncCall">): Node | undefined {
  const [json, ...keys] = args ?? [];
  if (json === undefined) return undefined;
  const extract = name.endsWith("_text") ? "json_extract_string" : "json_extract";
  return call(extract, [json, pathOf({ A_ArrayExpr: { elements: keys } }, undefined)], location);
}

/** An object with the keys in the order that was asked for. */
function objectAggregate(body: Body<"FuncCall">): Node {
  const [key, value] = body.args ?? [];
  if (key === undefined || value === undefined) return { FuncCall: body };
  const entry = call("struct_pack", [
    { NamedArgExpr: { name: "k", arg: call("pg_text", [key]) } },
    { NamedArgExpr: { name: "v", arg: value } },
  ]);
  const entries: Node = {
    FuncCall: { ...body, funcname: [{ String: { sval: "list" } }], args: [entry] },
  };
  return call("to_json", [call("map_from_entries", [entries])], body.location);
}
