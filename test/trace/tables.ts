/** The tables that the scripts read, with equal rows in both servers. */

interface Table {
  /** SQL type by column. */
  readonly columns: Readonly<Record<string, string>>;
  readonly csv: string;
}

/** As many columns as a table can have. */
export const WIDE_COLUMNS = 1_600;

const wideNames = Array.from({ length: WIDE_COLUMNS }, (_, index) => `c${index + 1}`);

export const TABLES: Readonly<Record<string, Table>> = {
  items: {
    columns: {
      id: "integer",
      name: "text",
      price: "numeric(10,2)",
      added: "timestamp",
      sold: "boolean",
    },
    csv: [
      "id,name,price,added,sold",
      "1,bolt,9.50,2024-01-02 03:04:05,true",
      "2,nut,0.25,2024-02-03 04:05:06.5,false",
      "3,gear,120.00,2024-03-04 00:00:00,",
      "4,größe,7.00,2024-04-05 10:00:00,true",
      "5,,1.00,,false",
      "",
    ].join("\n"),
  },
  numbers: {
    columns: { n: "bigint", half: "double precision" },
    csv: `n,half\n${Array.from({ length: 10 }, (_, index) => `${index + 1},${(index + 1) / 2}`).join("\n")}\n`,
  },
  nothing: { columns: { a: "integer", b: "text" }, csv: "a,b\n" },
  wide: {
    columns: Object.fromEntries(wideNames.map((name) => [name, "integer"])),
    csv: `${wideNames.join(",")}\n${wideNames.map((_, index) => index).join(",")}\n`,
  },
};

/** For a PostgreSQL: makes the tables, fills them and lets `role` read them. */
export function createTablesSql(role: string): string {
  return Object.entries(TABLES)
    .flatMap(([name, { columns, csv }]) => {
      const list = Object.entries(columns).map(([column, type]) => `${column} ${type}`);
      const rows = csv.trimEnd().split("\n").slice(1).map(rowSql);
      return [
        `CREATE TABLE ${name} (${list.join(", ")})`,
        ...rows.map((row) => `INSERT INTO ${name} VALUES (${row})`),
        `GRANT SELECT ON ${name} TO ${role}`,
      ];
    })
    .join("; ");
}

/** No value of these files has a comma or a quote. */
function rowSql(line: string): string {
  const values = line.split(",").map((value) => (value === "" ? "NULL" : `'${value}'`));
  return values.join(", ");
}
