import { chmodSync, closeSync, openSync, writeSync } from "node:fs";
import { dirname } from "node:path";
import pg from "pg";

const COLUMNS = `
  id bigint PRIMARY KEY,
  customer_id bigint,
  country text,
  product text,
  quantity bigint,
  amount numeric(12,2),
  sold_on date,
  sold_at timestamp`;

const COUNTRIES = ["DE", "FR", "IT", "ES", "PL", "NL", "SE", "AT", "US", "JP"];
const PRODUCTS = [
  "Espresso machine",
  "Milk frother",
  "Coffee grinder",
  "Descaler",
  "Filter paper",
  "Cup, large",
];
const FIRST_DAY = Date.UTC(2020, 0, 1);
const DAY_MS = 86_400_000;

/** A CSV of sales, the same for the same number of rows. */
export function writeSales(file: string, rows: number): void {
  const descriptor = openSync(file, "w");
  let text = "id,customer_id,country,product,quantity,amount,sold_on,sold_at\n";
  for (let id = 1; id <= rows; id += 1) {
    // A multiplicative hash spreads the values without a generator's state.
    const noise = Math.imul(id, 2_654_435_761) >>> 0;
    const at = new Date(
      FIRST_DAY + (noise % 1500) * DAY_MS + (noise % 86_400) * 1000,
    ).toISOString();
    const product = PRODUCTS[noise % PRODUCTS.length] ?? "";
    text +=
      `${id},${noise % 50_000},${COUNTRIES[(noise >>> 8) % COUNTRIES.length]},` +
      `${product.includes(",") ? `"${product}"` : product},${1 + (noise % 9)},` +
      `${((noise % 1_000_000) / 100).toFixed(2)},${at.slice(0, 10)},${at.slice(0, 19).replace("T", " ")}\n`;
    if (text.length > 1 << 20) {
      writeSync(descriptor, text);
      text = "";
    }
  }
  writeSync(descriptor, text);
  closeSync(descriptor);
}

/** Loads the file as a user of PostgreSQL would, with a key and fresh statistics. */
export async function loadIntoPostgres(url: string, file: string): Promise<void> {
  // The server runs under an account of its own and must be let in to read.
  chmodSync(dirname(file), 0o755);
  chmodSync(file, 0o644);
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  await client.query(`CREATE TABLE sales (${COLUMNS})`);
  await client.query(`COPY sales FROM '${file}' CSV HEADER`);
  await client.query("VACUUM ANALYZE sales");
  await client.end();
}
