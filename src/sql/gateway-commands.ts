import type { Node } from "libpg-query";
import { quoteIdentifier } from "../core/identifier.ts";
import { PgError } from "../core/pg-error.ts";
import { type Body, bodyOf, type NodeKind } from "./ast.ts";
import { fetch } from "./cursors.ts";
import { notSupported } from "./refusals.ts";
import type { GatewayCommand, TransactionOptions } from "./statement.ts";

/** Statements about the session itself, by node type. */
export const GATEWAY_COMMANDS: { readonly [K in NodeKind]?: (body: Body<K>) => GatewayCommand } = {
  VariableSetStmt: variableSet,
  VariableShowStmt: ({ name }) => ({ kind: "show", name: name ?? "all" }),
  TransactionStmt: transaction,
  DiscardStmt: ({ target }) => ({
    kind: "discard",
    target: DISCARD_TARGETS[target ?? "DISCARD_ALL"],
  }),
  DeallocateStmt: ({ name }) => ({ kind: "deallocate", name: name ?? "all" }),
  RefreshMatViewStmt: ({ relation }) => ({
    kind: "refresh",
    schema: relation?.schemaname,
    name: relation?.relname ?? "",
  }),
  ListenStmt: ({ conditionname = "" }) => ({ kind: "listen", channel: conditionname }),
  UnlistenStmt: ({ conditionname }) => ({ kind: "unlisten", channel: conditionname }),
  NotifyStmt: ({ conditionname = "", payload = "" }) => ({
    kind: "notify",
    channel: conditionname,
    payload,
  }),
  VacuumStmt: ({ is_vacuumcmd }) => ({
    kind: "maintain",
    tag: is_vacuumcmd === true ? "VACUUM" : "ANALYZE",
  }),
  FetchStmt: fetch,
  ClosePortalStmt: ({ portalname }) => ({ kind: "close", name: portalname }),
  LockStmt: () => ({ kind: "lock" }),
  ConstraintsSetStmt: () => ({ kind: "set-constraints" }),
};

const DISCARD_TARGETS = {
  DISCARD_ALL: "all",
  DISCARD_PLANS: "plans",
  DISCARD_SEQUENCES: "sequences",
  DISCARD_TEMP: "temp",
} as const;

function variableSet({ kind, name = "", args, is_local }: Body<"VariableSetStmt">): GatewayCommand {
  const local = is_local === true;
  switch (kind) {
    case "VAR_SET_VALUE":
      return { kind: "set", name, value: settingValue(name, args ?? []), local };
    case "VAR_SET_DEFAULT":
      return { kind: "set", name, value: undefined, local };
    case "VAR_SET_MULTI":
      if (name === "TRANSACTION SNAPSHOT") throw notSupported("SET TRANSACTION SNAPSHOT");
      return {
        kind: "set-transaction",
        options: transactionOptions(args),
        session: name === "SESSION CHARACTERISTICS",
      };
    case "VAR_RESET":
      return { kind: "reset", name };
    case "VAR_RESET_ALL":
      return { kind: "reset", name: "all" };
    default:
      throw notSupported("SET … FROM CURRENT");
  }
}

/** Settings whose value is a list of names, each of which keeps its case and spaces by quotes. */
const LISTS_OF_NAMES: ReadonlySet<string> = new Set([
  "search_path",
  "temp_tablespaces",
  "session_preload_libraries",
  "local_preload_libraries",
]);

/** … and those that take several words without quoting them. */
const LISTS: ReadonlySet<string> = new Set([
  ...LISTS_OF_NAMES,
  "datestyle",
  "restrict_nonsystem_relation_kind",
]);

/** The value as SHOW prints it: PostgreSQL's flatten_set_variable_args(). */
function settingValue(name: string, args: readonly Node[]): string {
  if (args.length > 1 && !LISTS.has(name)) {
    throw new PgError("invalid_parameter_value", `SET ${name} takes only one argument`);
  }
  const values = args.map((arg) => {
    const interval = bodyOf(arg, "TypeCast");
    if (interval !== undefined) return zoneOf(constantOf(interval.arg));
    const value = constantOf(arg);
    if (name === "timezone" && bodyOf(arg, "A_Const")?.sval === undefined) return zoneOf(value);
    return LISTS_OF_NAMES.has(name) && !/^[a-z_][a-z0-9_$]*$/.test(value)
      ? quoteIdentifier(value)
      : value;
  });
  return values.join(", ");
}

function constantOf(node: Node | undefined): string {
  const constant = bodyOf(node, "A_Const");
  if (constant?.ival !== undefined) return String(constant.ival.ival ?? 0);
  return constant?.sval?.sval ?? constant?.fval?.fval ?? "";
}

/**
 * SET TIME ZONE -8 and SET TIME ZONE INTERVAL '-08:00' count hours east of Greenwich. PostgreSQL
 * keeps them as a POSIX zone, which counts hours west and names itself.
 */
function zoneOf(text: string): string {
  const [, sign, hours = "0", minutes] = /^\s*([-+]?)\s*([\d.]+)(?::(\d+))?/.exec(text) ?? [];
  const total = Math.round(Number(hours) * 60) + Number(minutes ?? 0);
  const two = (value: number): string => String(value).padStart(2, "0");
  const rest = total % 60 === 0 ? "" : `:${two(total % 60)}`;
  const offset = `${two(Math.floor(total / 60))}${rest}`;
  return sign === "-" ? `<-${offset}>+${offset}` : `<+${offset}>-${offset}`;
}

function transaction({
  kind,
  options,
  savepoint_name = "",
  chain,
}: Body<"TransactionStmt">): GatewayCommand {
  switch (kind) {
    case "TRANS_STMT_BEGIN":
      return { kind: "begin", tag: "BEGIN", options: transactionOptions(options) };
    case "TRANS_STMT_START":
      return { kind: "begin", tag: "START TRANSACTION", options: transactionOptions(options) };
    case "TRANS_STMT_COMMIT":
      return { kind: "commit", chain: chain === true };
    case "TRANS_STMT_ROLLBACK":
      return { kind: "rollback", chain: chain === true };
    case "TRANS_STMT_SAVEPOINT":
      return { kind: "savepoint", name: savepoint_name };
    case "TRANS_STMT_RELEASE":
      return { kind: "release", name: savepoint_name };
    case "TRANS_STMT_ROLLBACK_TO":
      return { kind: "rollback-to", name: savepoint_name };
    default:
      throw notSupported("a prepared transaction");
  }
}

const ISOLATIONS = [
  "serializable",
  "repeatable read",
  "read committed",
  "read uncommitted",
] as const;

function transactionOptions(nodes: readonly Node[] | undefined): TransactionOptions {
  const given = new Map(
    (nodes ?? []).map((node) => {
      const { defname, arg } = bodyOf(node, "DefElem") ?? {};
      return [defname, constantOf(arg)];
    }),
  );
  const isolation = ISOLATIONS.find((name) => name === given.get("transaction_isolation"));
  const readOnly = given.get("transaction_read_only");
  const deferrable = given.get("transaction_deferrable");
  return {
    ...(isolation === undefined ? {} : { isolation }),
    ...(readOnly === undefined ? {} : { readOnly: readOnly === "1" }),
    ...(deferrable === undefined ? {} : { deferrable: deferrable === "1" }),
  };
}
