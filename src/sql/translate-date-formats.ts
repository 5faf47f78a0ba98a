import type { Node } from "libpg-query";
import {
  type Body,
  call,
  cast,
  constantText,
  int,
  namesOf,
  operator,
  text,
  withoutPgCatalog,
} from "./ast.ts";
import { notSupported } from "./refusals.ts";
import type { Translations } from "./rewrite.ts";

/**
 * to_char(timestamp, …), to_date and to_timestamp: a constant template becomes strftime's format.
 */
export const DATE_FORMATS: Translations = {
  FuncCall: (body, context, original) => {
    const name = withoutPgCatalog(namesOf(body.funcname)).join(".");
    const [value, template] = body.args ?? [];
    if (value === undefined || template === undefined) return undefined;
    if (name === "to_char")
      return toChar(value, template, context.typeOf(original.args?.[0]), body);
    if (name !== "to_date" && name !== "to_timestamp") return undefined;
    const parsed = call(
      "strptime",
      [value, text(parseFormat(constantTemplate(name, template)))],
      body.location,
    );
    return cast(parsed, name === "to_date" ? "date" : "timestamptz");
  },
};

/** Templates that only numbers have; a template without a digit to fill is one of a date. */
function isNumberTemplate(template: string): boolean {
  return (
    /[90]|^\s*(FM)?(RN|rn)/.test(template.replaceAll(/"[^"]*"/g, "")) &&
    !/YY|MM|DD|HH|MI(?!$)|SS|Mon|Day/.test(template)
  );
}

export function constantTemplate(name: string, template: Node): string {
  const constant = constantText(template);
  if (constant === undefined) throw notSupported(`${name} with a template that is no constant`);
  return constant;
}

function toChar(
  value: Node,
  template: Node,
  type: string | undefined,
  { location }: Body<"FuncCall">,
): Node | undefined {
  const constant = constantTemplate("to_char", template);
  const isNumber =
    type === undefined || type === "unknown"
      ? isNumberTemplate(constant)
      : /^(int|numeric|float)\d?$/.test(type);
  if (isNumber && type !== "interval") return undefined;
  const parts = templateParts(constant);
  const nodes =
    type === "interval" ? parts.map((part) => intervalPart(part, value)) : dateNodes(parts, value);
  const [first, ...others] = nodes;
  if (first === undefined) return text("");
  return others.reduce((joined, node) => operator("||", joined, node, location), first);
}

/** A pattern of PostgreSQL's templates with its modifiers, or text between them. */
interface Part {
  readonly pattern: string;
  readonly fill: boolean;
  readonly literal: boolean;
  /** 1st, 2ND: the ending, in the case that was asked for. */
  readonly ordinal: "TH" | "th" | undefined;
}

/** PostgreSQL documentation, table 9.26, longest first. */
const PATTERNS =
  "HH24 HH12 SSSSS SSSS MONTH Month month IYYY YYYY A.M. P.M. a.m. p.m. Y,YYY TZH TZM DAY Day day MON Mon mon IDDD DDD IYY YYY IW IY ID HH MI SS MS US MM DD DY Dy dy YY WW CC AM PM am pm TZ tz OF RM rm BC AD bc ad D W Q J Y I".split(
    " ",
  );

function templateParts(template: string): readonly Part[] {
  const parts: Part[] = [];
  let rest = template;
  let fill = true;
  while (rest !== "") {
    const modifier = /^(FM|TM|FX|fm|tm|fx)/.exec(rest)?.[0];
    if (modifier !== undefined) {
      fill = modifier.toUpperCase() !== "FM";
      rest = rest.slice(2);
      continue;
    }
    const quoted = /^"((?:[^"\\]|\\[^])*)"/.exec(rest);
    const pattern = PATTERNS.find(
      (name) =>
        rest.startsWith(name) ||
        (name === name.toUpperCase() &&
          rest.toUpperCase().startsWith(name) &&
          /^[a-z]/.test(rest) &&
          !/^(month|mon|day|dy|am|pm|bc|ad|rm|tz)/i.test(name)),
    );
    const length = quoted?.[0].length ?? pattern?.length ?? 1;
    const ending = pattern === undefined ? undefined : /^(TH|th)/.exec(rest.slice(length))?.[0];
    const ordinal = ending === "TH" || ending === "th" ? ending : undefined;
    const literal =
      quoted?.[1]?.replaceAll(/\\([^])/g, "$1") ??
      (pattern === undefined ? rest.slice(0, 1) : undefined);
    parts.push({
      pattern: literal ?? pattern ?? "",
      fill,
      literal: literal !== undefined,
      ordinal,
    });
    rest = rest.slice(length + (ordinal?.length ?? 0));
    // FM is for the pattern behind it only.
    fill = true;
  }
  return parts;
}

/** strftime's conversions for patterns that are one; neighbours go into one call. */
const STRFTIME: Readonly<Record<string, string>> = {
  YYYY: "%Y",
  YY: "%y",
  MM: "%m",
  DD: "%d",
  HH24: "%H",
  HH12: "%I",
  HH: "%I",
  MI: "%M",
  SS: "%S",
  MS: "%g",
  US: "%f",
  AM: "%p",
  PM: "%p",
  Mon: "%b",
  Dy: "%a",
  DDD: "%j",
  IW: "%V",
  IYYY: "%G",
};

/** The same without leading zeros or blanks. */
const UNFILLED: Readonly<Record<string, string>> = {
  ...STRFTIME,
  MM: "%-m",
  DD: "%-d",
  HH24: "%-H",
  HH12: "%-I",
  HH: "%-I",
  MI: "%-M",
  SS: "%-S",
  DDD: "%-j",
  YY: "%-y",
  Month: "%B",
  Day: "%A",
};

function dateNodes(parts: readonly Part[], value: Node): readonly Node[] {
  const nodes: Node[] = [];
  let format = "";
  const flush = (): void => {
    if (format !== "") nodes.push(call("strftime", [value, text(format)]));
    format = "";
  };
  for (const { pattern, fill, literal, ordinal } of parts) {
    if (ordinal !== undefined) flush();
    const conversion = literal
      ? pattern.replaceAll("%", "%%")
      : (fill ? STRFTIME : UNFILLED)[pattern];
    if (conversion !== undefined) format += conversion;
    else {
      flush();
      nodes.push(computed(pattern, fill, value));
    }
    if (ordinal === undefined) continue;
    flush();
    const ending = call("pg_ordinal", nodes.slice(-1));
    nodes.push(ordinal === "TH" ? call("upper", [ending]) : ending);
  }
  flush();
  return nodes;
}

/** Patterns that strftime has not. */
function computed(pattern: string, fill: boolean, value: Node): Node {
  const part = (field: string): Node => call("date_part", [text(field), value]);
  const digits = (number: Node, width: number): Node => {
    const plain = cast(number, "text");
    return fill && width > 1 ? call("lpad", [plain, int(width), text("0")]) : plain;
  };
  const name = NAMES[pattern];
  if (name !== undefined) {
    const named = call("strftime", [value, text(name.format)]);
    const cased = name.change === undefined ? named : call(name.change, [named]);
    return fill && name.width > 0 ? call("rpad", [cased, int(name.width), text(" ")]) : cased;
  }
  switch (pattern) {
    case "D":
      return digits(operator("+", part("dow"), int(1)), 1);
    case "ID":
      return digits(part("isodow"), 1);
    case "Q":
      return digits(part("quarter"), 1);
    case "WW":
      return digits(operator("//", operator("+", part("doy"), int(6)), int(7)), 2);
    case "W":
      return digits(operator("//", operator("+", part("day"), int(6)), int(7)), 1);
    case "CC":
      return digits(part("century"), 2);
    case "J":
      return cast(cast(part("julian"), "int8"), "text");
    case "SSSS":
    case "SSSSS":
      return cast(cast(call("epoch", [cast(value, "time")]), "int8"), "text");
    case "YYY":
      return call("right", [call("strftime", [value, text("%Y")]), int(3)]);
    case "Y":
      return call("right", [call("strftime", [value, text("%Y")]), int(1)]);
    default:
      throw notSupported(`the template pattern ${pattern}`);
  }
}

interface NamePattern {
  readonly format: string;
  readonly change?: "upper" | "lower";
  /** Names of months and days are filled up to the longest. */
  readonly width: number;
}

const NAMES: Readonly<Record<string, NamePattern>> = {
  MONTH: { format: "%B", change: "upper", width: 9 },
  Month: { format: "%B", width: 9 },
  month: { format: "%B", change: "lower", width: 9 },
  DAY: { format: "%A", change: "upper", width: 9 },
  Day: { format: "%A", width: 9 },
  day: { format: "%A", change: "lower", width: 9 },
  MON: { format: "%b", change: "upper", width: 0 },
  mon: { format: "%b", change: "lower", width: 0 },
  DY: { format: "%a", change: "upper", width: 0 },
  dy: { format: "%a", change: "lower", width: 0 },
  am: { format: "%p", change: "lower", width: 0 },
  pm: { format: "%p", change: "lower", width: 0 },
};

const INTERVAL_FIELDS: Readonly<Record<string, readonly [field: string, width: number]>> = {
  YYYY: ["year", 4],
  MM: ["month", 2],
  DD: ["day", 2],
  HH24: ["hour", 2],
  HH12: ["hour", 2],
  HH: ["hour", 2],
  MI: ["minute", 2],
  SS: ["second", 2],
};

function intervalPart({ pattern, fill, literal }: Part, value: Node): Node {
  if (literal) return text(pattern);
  const field = INTERVAL_FIELDS[pattern];
  if (field === undefined || pattern.startsWith("HH1") || pattern === "HH")
    throw notSupported(`the template pattern ${pattern} for an interval`);
  const digits = cast(call("date_part", [text(field[0]), value]), "text");
  return fill ? call("lpad", [digits, int(field[1]), text("0")]) : digits;
}

/** strptime's format for a template of to_date and to_timestamp. */
function parseFormat(template: string): string {
  const formats: Readonly<Record<string, string>> = {
    ...STRFTIME,
    Month: "%B",
    MONTH: "%B",
    month: "%B",
    MON: "%b",
    mon: "%b",
    Day: "%A",
    DAY: "%A",
    DY: "%a",
    am: "%p",
    pm: "%p",
    TZH: "%z",
    OF: "%z",
  };
  return templateParts(template)
    .map(({ pattern, literal }) => {
      if (literal) return pattern.replaceAll("%", "%%");
      const format = formats[pattern];
      if (format === undefined) throw notSupported(`the template pattern ${pattern}`);
      return format;
    })
    .join("");
}
