import type { Node } from "libpg-query";
import { call, cast, constantText, int, namesOf, text, withoutPgCatalog } from "./ast.ts";
import { notSupported } from "./refusals.ts";
import type { Translations } from "./rewrite.ts";
import { constantTemplate } from "./translate-date-formats.ts";

/**
 * to_char(number, …) and to_number: a constant template becomes a call of a macro with its parts.
 */
export const NUMBER_FORMATS: Translations = {
  FuncCall: (body) => {
    const name = withoutPgCatalog(namesOf(body.funcname)).join(".");
    const [value, template] = body.args ?? [];
    if (value === undefined || template === undefined) return undefined;
    if (name === "to_char") return toChar(value, constantTemplate(name, template), body.location);
    return name === "to_number"
      ? toNumber(value, constantTemplate(name, template), body.location)
      : undefined;
  },
};

/** What a template of PostgreSQL's table 9.28 says. */
interface NumberTemplate {
  /** Between the ends, the digits: 9, 0, comma and point. */
  readonly digits: string;
  readonly fill: boolean;
  readonly sign: "before" | "plus" | "after" | "brackets";
  readonly before: string;
  readonly after: string;
}

function numberTemplate(template: string): NumberTemplate {
  const normal = template.replaceAll(/[Gg]/g, ",").replaceAll(/[Dd]/g, ".");
  const match = /^(FM)?(S|s|\$|L|l)?([90,.]+)(%|MI|mi|S|s|PR|pr)?$/.exec(normal);
  const [, fillMode, before = "", digits = "", after = ""] = match ?? [];
  if (match === null || (digits.match(/\./g)?.length ?? 0) > 1)
    throw notSupported(`the number template "${template}"`);
  if (/^(s|pr)$/i.test(after)) throw notSupported(`the template pattern ${after}`);
  return {
    digits,
    fill: fillMode === undefined,
    sign: before.toUpperCase() === "S" ? "plus" : after.toUpperCase() === "MI" ? "after" : "before",
    // L is the currency's sign, which the C locale has as a blank.
    before: before === "$" ? "$" : before.toUpperCase() === "L" ? " " : "",
    after: after === "%" ? "%" : "",
  };
}

/**
 * DuckDB's `format` rounds, groups and pads with zeros; the sign and blanks are left for a macro.
 */
function toChar(value: Node, template: string, location: number | undefined): Node {
  const { digits, fill, sign, before, after } = numberTemplate(template);
  const [whole = "", fraction = ""] = digits.split(".");
  const wholeDigits = whole.replaceAll(",", "");
  const zeros = wholeDigits.includes("0") ? wholeDigits.length - wholeDigits.indexOf("0") : 0;
  const grouped = whole.includes(",");
  if (grouped && !/^[90]{1,3}(,[90]{3})*$/.test(whole))
    throw notSupported(`the number template "${template}"`);
  if (grouped && zeros > 1) throw notSupported(`the number template "${template}"`);
  // The optional digits behind the point disappear under FM, a 0 there stays.
  const keep = fill ? fraction.length : fraction.lastIndexOf("0") + 1;
  return call(
    "pg_to_char",
    [
      value,
      text(
        `{:${grouped ? "," : ""}${zeros > 1 ? `0${zeros + (fraction === "" ? 0 : fraction.length + 1)}` : ""}.${fraction.length}f}`,
      ),
      int(fraction.length),
      int(whole.length + (digits.includes(".") ? 1 + fraction.length : 0)),
      int(wholeDigits.length),
      int(zeros),
      int(keep),
      text(digits.includes(".") ? "." : ""),
      text(fill ? " " : ""),
      text(sign),
      text(before),
      text(after),
    ],
    location,
  );
}

/** The digits, the point and the sign of the text are the number. */
function toNumber(value: Node, template: string, location: number | undefined): Node {
  if (!/^[90,.GDSL$MIPR%\s]*$/i.test(template))
    throw notSupported(`the number template "${template}"`);
  const constant = constantText(value);
  const digits =
    constant === undefined
      ? call("regexp_replace", [value, text("[^-0-9.]"), text(""), text("g")])
      : text(constant.replaceAll(/[^-0-9.]/g, ""));
  const scale = template.replaceAll(/[^90.D]/gi, "").split(/[.D]/i)[1]?.length ?? 0;
  return cast(digits, "numeric", [38, scale], location);
}
