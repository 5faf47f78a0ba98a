import {
  DuckDBBlobValue,
  DuckDBIntervalValue,
  DuckDBListValue,
  DuckDBStructValue,
  DuckDBTimestampTZValue,
  type DuckDBType,
  DuckDBTypeId,
  type DuckDBValue,
} from "@duckdb/node-api";

/** A value as PostgreSQL's text format has it. Slow and plain: the encoder under test elsewhere is neither. */
export function textOf(value: DuckDBValue, type: DuckDBType | undefined): string | null {
  if (value === null) return null;
  if (typeof value === "boolean") return value ? "t" : "f";
  if (typeof value === "number")
    return type?.typeId === DuckDBTypeId.DOUBLE || type?.typeId === DuckDBTypeId.FLOAT
      ? float(value)
      : String(value);
  if (value instanceof DuckDBIntervalValue) return interval(value);
  if (value instanceof DuckDBBlobValue) return `\\x${Buffer.from(value.bytes).toString("hex")}`;
  if (value instanceof DuckDBTimestampTZValue)
    return String(value).replace(/(\.\d*?)0+([+-])/, "$1$2");
  if (value instanceof DuckDBListValue) {
    const element = type?.typeId === DuckDBTypeId.LIST ? type.valueType : undefined;
    return `{${value.items.map((item) => arrayElement(item, element)).join(",")}}`;
  }
  if (value instanceof DuckDBStructValue) {
    const fields = type?.typeId === DuckDBTypeId.STRUCT ? type.entryTypes : [];
    return `(${Object.values(value.entries)
      .map((entry, index) => field(textOf(entry, fields[index])))
      .join(",")})`;
  }
  return String(value);
}

function float(value: number): string {
  if (Number.isNaN(value)) return "NaN";
  if (!Number.isFinite(value)) return value > 0 ? "Infinity" : "-Infinity";
  if (Object.is(value, -0)) return "-0";
  const [mantissa = "", exponent] = value.toExponential().split("e");
  const power = Number(exponent);
  if (power >= -5 && power < 15)
    return String(value).includes("e") ? value.toFixed(20).replace(/0+$/, "") : String(value);
  return `${mantissa}e${power < 0 ? "-" : "+"}${String(Math.abs(power)).padStart(2, "0")}`;
}

function interval({ months, days, micros }: DuckDBIntervalValue): string {
  const parts: string[] = [];
  const years = Math.trunc(months / 12);
  const plural = (count: number, unit: string): void => {
    if (count !== 0) parts.push(`${count} ${unit}${count === 1 ? "" : "s"}`);
  };
  plural(years, "year");
  plural(months % 12, "mon");
  plural(days, "day");
  if (micros !== 0n || parts.length === 0) parts.push(clock(micros));
  return parts.join(" ");
}

function clock(micros: bigint): string {
  const absolute = micros < 0n ? -micros : micros;
  const seconds = absolute / 1_000_000n;
  const two = (value: bigint): string => String(value).padStart(2, "0");
  const fraction = String(absolute % 1_000_000n)
    .padStart(6, "0")
    .replace(/0+$/, "");
  const time = `${two(seconds / 3600n)}:${two((seconds / 60n) % 60n)}:${two(seconds % 60n)}`;
  return `${micros < 0n ? "-" : ""}${time}${fraction === "" ? "" : `.${fraction}`}`;
}

function arrayElement(value: DuckDBValue, type: DuckDBType | undefined): string {
  const text = textOf(value, type);
  if (text === null) return "NULL";
  if (value instanceof DuckDBListValue) return text;
  return /^$|[{}",\\\s]|^null$/i.test(text) ? `"${text.replaceAll(/["\\]/g, "\\$&")}"` : text;
}

function field(text: string | null): string {
  if (text === null) return "";
  return /^$|[(),"\\\s]/.test(text) ? `"${text.replaceAll(/["\\]/g, "$&$&")}"` : text;
}
