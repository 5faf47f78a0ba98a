import type { SelectStmt } from "libpg-query";
import { type Body, bodyOf, constantText } from "./ast.ts";
import { functionNameOf } from "./relations.ts";
import type { CallArgument, GatewayCommand, GatewayFunction, SetConfig } from "./statement.ts";

/** Queries of nothing but calls that only the gateway can serve. */

/** `SELECT set_config('a', 'b', false), …`: what pg_dump, PostgREST and many pools send. */
export function setConfig(query: SelectStmt): GatewayCommand | undefined {
  const targets = bareTargets(query);
  if (targets === undefined) return undefined;
  const settings = targets.map(settingOf);
  const complete = settings.filter((setting) => setting !== undefined);
  return complete.length === settings.length
    ? { kind: "set-config", settings: complete }
    : undefined;
}

/** With the most arguments that each takes; one is needed. */
const FUNCTIONS: Readonly<Record<GatewayFunction, number>> = {
  pg_sleep: 1,
  pg_cancel_backend: 1,
  pg_terminate_backend: 2,
};

export function gatewayCall(query: SelectStmt): GatewayCommand | undefined {
  const targets = bareTargets(query);
  const target = targets?.[0];
  const call = bodyOf(target?.val, "FuncCall");
  if (targets?.length !== 1 || target === undefined || call === undefined) return undefined;
  const { name, schema } = functionNameOf(call);
  if (schema !== undefined || !isGatewayFunction(name)) return undefined;
  const { args = [] } = call;
  if (args.length === 0 || args.length > FUNCTIONS[name]) return undefined;
  const known = args.map(argumentOf).filter((argument) => argument !== undefined);
  if (known.length < args.length) return undefined;
  return { kind: "call", function: name, arguments: known, label: target.name ?? name };
}

function isGatewayFunction(name: string): name is GatewayFunction {
  return Object.hasOwn(FUNCTIONS, name);
}

type Target = Body<"ResTarget">;

/** The select list of a query that has no other clause. */
function bareTargets({
  targetList,
  op,
  limitOption,
  ...rest
}: SelectStmt): readonly Target[] | undefined {
  if (op !== "SETOP_NONE" || Object.keys(rest).length > 0 || limitOption === "LIMIT_OPTION_COUNT")
    return undefined;
  const targets = (targetList ?? []).map((target) => bodyOf(target, "ResTarget"));
  const known = targets.filter((target) => target !== undefined);
  return known.length > 0 ? known : undefined;
}

function settingOf({ name: label, val }: Target): SetConfig | undefined {
  const call = bodyOf(val, "FuncCall");
  if (call === undefined || call.args?.length !== 3) return undefined;
  const { name: functionName, schema } = functionNameOf(call);
  if (functionName !== "set_config" || schema !== undefined) return undefined;
  const [first, second, third] = call.args;
  const name = constantText(first);
  const value = constantText(second);
  const local = booleanOf(third);
  if (name === undefined || value === undefined || local === undefined) return undefined;
  return { name, value, local, label: label ?? functionName };
}

function booleanOf(node: Parameters<typeof bodyOf>[0]): boolean | undefined {
  const constant = bodyOf(node, "A_Const");
  if (constant?.boolval !== undefined) return constant.boolval.boolval === true;
  const word = constantText(node);
  if (word === undefined) return undefined;
  if (/^(t|true|on|yes|1)$/i.test(word)) return true;
  return /^(f|false|off|no|0)$/i.test(word) ? false : undefined;
}

function argumentOf(node: Parameters<typeof bodyOf>[0]): CallArgument | undefined {
  const cast = bodyOf(node, "TypeCast");
  if (cast !== undefined) return argumentOf(cast.arg);
  const parameter = bodyOf(node, "ParamRef")?.number;
  if (parameter !== undefined) return { parameter };
  const constant = bodyOf(node, "A_Const");
  if (constant === undefined || constant.isnull === true) return undefined;
  const digits =
    constant.ival === undefined
      ? (constant.fval?.fval ?? constant.sval?.sval)
      : String(constant.ival.ival ?? 0);
  const value = Number(digits ?? Number.NaN);
  return Number.isFinite(value) ? { value } : undefined;
}
