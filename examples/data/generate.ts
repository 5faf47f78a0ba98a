/**
 * Writes the demo's data: a shop that grows, whose year has seasons, whose loyal customers come
 * back, that lost a month to a flood and its bestseller to a maker who closed. The same files come
 * out whenever it runs; each is in a format that people really get, so that the demo shows how it
 * is read.
 *
 *   npx tsx examples/data/generate.ts [directory]
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { type CellInput, makeXlsx, type SheetInput } from "./make-xlsx.ts";
import { type Customer, makeCustomers } from "./shop-customers.ts";
import { makeOrders, type Order } from "./shop-orders.ts";
import { makeProducts, type Product } from "./shop-products.ts";
import { Random } from "./shop-random.ts";

const SEED = 20_260_101;
const DAY_MS = 86_400_000;
const DEPARTMENTS = ["Marketing", "Logistics", "Staff", "IT", "Rent"];
/** Of 2025, in euro. */
const MONTHLY_BUDGETS = [14_000, 21_000, 58_000, 9_500, 12_800];
const BUDGET_SEASON = [0.9, 0.9, 1, 1, 1, 0.95, 0.9, 0.9, 1, 1.1, 1.4, 1.3];

/** Every file by its name. Two more, iso3166.tab and zone1970.tab, come from the tz database. */
export function demoFiles(): ReadonlyMap<string, Buffer> {
  const random = new Random(SEED);
  const customers = makeCustomers(random);
  const products = makeProducts(random);
  const orders = makeOrders(random, customers, products);
  return new Map([
    ["customers.csv", Buffer.from(customersCsv(customers))],
    ["products.tsv", Buffer.from(productsTsv(products))],
    ["orders.csv.gz", gzipSync(ordersCsv(orders), { level: 9 })],
    ["order_items.csv.gz", gzipSync(orderItemsCsv(orders), { level: 9 })],
    ["budget.xlsx", makeXlsx({ sheets: [budgetSheet(2025), budgetSheet(2026), notesSheet()] })],
  ]);
}

function customersCsv(customers: readonly Customer[]): string {
  const header = [
    "customer_id",
    "name",
    "email",
    "country_code",
    "city",
    "segment",
    "signed_up",
    "postal_code",
  ];
  const records = customers.map((customer) => [
    String(customer.id),
    customer.name,
    customer.email ?? "",
    customer.countryCode,
    customer.city,
    customer.segment,
    isoTime(customer.signedUpDay * DAY_MS).slice(0, 10),
    customer.postalCode,
  ]);
  return delimited([header, ...records], ",");
}

function productsTsv(products: readonly Product[]): string {
  const header = ["product_id", "sku", "name", "category", "price", "weight_kg", "active"];
  const records = products.map((product) => [
    String(product.id),
    product.sku,
    product.name,
    product.category,
    (product.priceCents / 100).toFixed(2),
    (product.weightGrams / 1000).toFixed(3),
    String(product.isActive),
  ]);
  return delimited([header, ...records], "\t");
}

/** As a German spreadsheet program exports it: semicolons, decimal commas, days first. */
function ordersCsv(orders: readonly Order[]): string {
  const header = ["order_id", "customer_id", "ordered_at", "status", "channel", "shipping"];
  const records = orders.map((order) => [
    String(order.id),
    String(order.customer.id),
    germanTime(order.orderedAt * 1000),
    order.status,
    order.channel,
    (order.shippingCents / 100).toFixed(2).replace(".", ","),
  ]);
  return delimited([header, ...records], ";");
}

function orderItemsCsv(orders: readonly Order[]): string {
  const header = ["order_id", "line_no", "product_id", "quantity", "unit_price", "discount"];
  const records = orders.flatMap(({ id, items }) =>
    items.map((item, index) => [
      String(id),
      String(index + 1),
      String(item.product.id),
      String(item.quantity),
      (item.unitPriceCents / 100).toFixed(2),
      String(item.discountPercent / 100),
    ]),
  );
  return delimited([header, ...records], ",");
}

/** A plan as people make it: a title, an empty row, then months and departments with their sum. */
function budgetSheet(year: number): SheetInput {
  const rows: CellInput[][] = [
    [`Budget ${year} by month and department, in euro`],
    [],
    ["Month", ...DEPARTMENTS, "Total"],
  ];
  for (let month = 0; month < 12; month++) {
    const season = BUDGET_SEASON[month] ?? 1;
    const amounts = MONTHLY_BUDGETS.map((amount, department) => {
      // Staff and rent do not follow the season; all grows by a tenth in a year.
      const isSteady = department === 2 || department === 4;
      return Math.round((amount * (isSteady ? 1 : season) * (year === 2025 ? 1 : 1.1)) / 100) * 100;
    });
    const row = rows.length + 1;
    rows.push([
      { value: new Date(Date.UTC(year, month, 1)), format: "mmm yyyy" },
      ...amounts.map((value) => ({ value, format: "#,##0" })),
      {
        formula: `SUM(B${row}:F${row})`,
        value: amounts.reduce((sum, amount) => sum + amount, 0),
        format: "#,##0",
      },
    ]);
  }
  return { name: String(year), rows, merged: ["A1:G1"] };
}

function notesSheet(): SheetInput {
  return {
    name: "Notes",
    rows: [
      ["Notes"],
      ["Marketing and logistics follow the season: most is spent in November and December."],
      ["2026 is planned with 10 % more than 2025 in every department."],
    ],
  };
}

function delimited(records: readonly (readonly string[])[], delimiter: string): string {
  const lines = records.map((fields) =>
    fields.map((field) => quoted(field, delimiter)).join(delimiter),
  );
  return `${lines.join("\n")}\n`;
}

function quoted(field: string, delimiter: string): string {
  const needsQuotes = field.includes(delimiter) || field.includes('"') || field.includes("\n");
  return needsQuotes ? `"${field.replaceAll('"', '""')}"` : field;
}

function isoTime(ms: number): string {
  return new Date(ms).toISOString();
}

function germanTime(ms: number): string {
  const [date = "", time = ""] = isoTime(ms).split("T");
  return `${date.split("-").toReversed().join(".")} ${time.slice(0, 8)}`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const directory = process.argv[2] ?? fileURLToPath(new URL(".", import.meta.url));
  mkdirSync(directory, { recursive: true });
  for (const [name, content] of demoFiles()) writeFileSync(join(directory, name), content);
}
