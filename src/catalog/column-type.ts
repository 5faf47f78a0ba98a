/** The PostgreSQL types that a column of a file may be declared to have. */

export interface ColumnType {
  /** As the documentation's table 8.1 spells it, or its usual short form. */
  readonly name: string;
  /** `numeric(12,2)` has [12, 2]. */
  readonly modifiers: readonly number[];
}

export type ColumnTypeReading =
  | { readonly ok: true; readonly type: ColumnType }
  | { readonly ok: false; readonly message: string };

interface TypeRow {
  readonly aliases: readonly string[];
  /** How many modifiers it takes, and what is wrong with some, if anything. */
  readonly modifiers?: { readonly most: number; readonly check: ModifierCheck };
}

type ModifierCheck = (modifiers: readonly number[]) => string | undefined;

const LENGTH: TypeRow["modifiers"] = {
  most: 1,
  check: ([length = 1]) =>
    length >= 1 && length <= 10_485_760 ? undefined : "a length is from 1 to 10485760",
};

/** DuckDB holds decimals of up to 38 digits exactly. */
const PRECISION: TypeRow["modifiers"] = {
  most: 2,
  check([precision = 1, scale = 0]) {
    if (precision < 1 || precision > 38) return "a precision is from 1 to 38";
    return scale <= precision ? undefined : "the scale cannot exceed the precision";
  },
};

const FLOAT_DIGITS: TypeRow["modifiers"] = {
  most: 1,
  check: ([digits = 1]) =>
    digits >= 1 && digits <= 53 ? undefined : "a precision of float is from 1 to 53",
};

const TYPES: Readonly<Record<string, TypeRow>> = {
  boolean: { aliases: ["bool"] },
  smallint: { aliases: ["int2"] },
  integer: { aliases: ["int", "int4"] },
  bigint: { aliases: ["int8"] },
  numeric: { aliases: ["decimal", "dec"], modifiers: PRECISION },
  real: { aliases: ["float4"] },
  "double precision": { aliases: ["float8"] },
  float: { aliases: [], modifiers: FLOAT_DIGITS },
  text: { aliases: [] },
  varchar: { aliases: ["character varying"], modifiers: LENGTH },
  char: { aliases: ["character", "bpchar"], modifiers: LENGTH },
  date: { aliases: [] },
  time: { aliases: ["time without time zone"] },
  timestamp: { aliases: ["timestamp without time zone"] },
  timestamptz: { aliases: ["timestamp with time zone"] },
  interval: { aliases: [] },
  uuid: { aliases: [] },
  json: { aliases: [] },
  bytea: { aliases: [] },
};

const NAMES: ReadonlyMap<string, string> = new Map(
  Object.entries(TYPES).flatMap(([name, { aliases }]) =>
    [name, ...aliases].map((alias) => [alias, name]),
  ),
);

/** Types of PostgreSQL that no file format has values of. */
const ELSEWHERE: ReadonlySet<string> = new Set(
  "timetz,time with time zone,money,inet,cidr,macaddr,macaddr8,bit,bit varying,varbit,xml,point,line,lseg,box,path,polygon,circle,tsvector,tsquery,int4range,int8range,numrange,tsrange,tstzrange,daterange,oid,serial,bigserial,hstore".split(
    ",",
  ),
);

/** Every name that is understood, for "did you mean". */
export const COLUMN_TYPE_NAMES: readonly string[] = [...NAMES.keys()];

/** `Decimal ( 12 , 2 )` is numeric with [12, 2]; `float(24)` is real, as in PostgreSQL. */
export function parseColumnType(text: string): ColumnTypeReading {
  const folded = text.trim().toLowerCase().replaceAll(/\s+/g, " ");
  if (folded.split("(").length > folded.split(")").length) {
    return wrong(`the type "${text}" has no closing parenthesis`);
  }
  const match = /^([a-z_0-9 ]+?) ?(?:\( ?(\d{1,9}(?: ?, ?\d{1,9})*) ?\))?$/.exec(folded);
  const name = NAMES.get(match?.[1] ?? "");
  if (name === undefined) {
    const isKnown = ELSEWHERE.has(match?.[1] ?? "") || /\[\d*\]$|\barray$/.test(folded);
    return wrong(
      isKnown
        ? `columns of type ${text} are not supported`
        : `"${text}" is not a type that a column can have`,
    );
  }
  const modifiers = match?.[2]?.split(",").map(Number) ?? [];
  const row = TYPES[name]?.modifiers;
  if (modifiers.length > (row?.most ?? 0)) {
    return wrong(
      `the type "${name}" takes ${row === undefined ? "nothing" : `at most ${row.most} number${row.most > 1 ? "s" : ""}`} in parentheses`,
    );
  }
  const mistake = modifiers.length > 0 ? row?.check(modifiers) : undefined;
  if (mistake !== undefined) return wrong(`in the type "${text}" ${mistake}`);
  return { ok: true, type: settled(name, modifiers) };
}

/** As DDL: `numeric(12,2)`. */
export function formatColumnType({ name, modifiers }: ColumnType): string {
  return modifiers.length === 0 ? name : `${name}(${modifiers.join(",")})`;
}

/** What PostgreSQL takes a type to mean where something is left out. */
function settled(name: string, modifiers: readonly number[]): ColumnType {
  if (name === "float") {
    const [digits = 53] = modifiers;
    return { name: digits <= 24 ? "real" : "double precision", modifiers: [] };
  }
  if (name === "char" && modifiers.length === 0) return { name, modifiers: [1] };
  if (name === "numeric" && modifiers.length === 1) return { name, modifiers: [...modifiers, 0] };
  return { name, modifiers };
}

function wrong(message: string): ColumnTypeReading {
  return { ok: false, message };
}
