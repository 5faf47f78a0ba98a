/**
 * The demo's data is what its generator writes, and tells the story that the documentation promises.
 * Compressed files are compared by what is in them: their bytes depend on the build of zlib.
 */
import { readFileSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { demoFiles } from "../../examples/data/generate.ts";
import { DISCONTINUED_SKU } from "../../examples/data/shop-products.ts";
import { listSheets, readSheet } from "../../src/formats/xlsx.ts";
import { readAllRows, readTable } from "../support/xlsx-rows.ts";

const stored = (name: string): string =>
  fileURLToPath(new URL(`../../examples/data/${name}`, import.meta.url));
const files = demoFiles();

const customers = recordsOf("customers.csv", ",");
const products = recordsOf("products.tsv", "\t");
const orders = recordsOf("orders.csv.gz", ";");
const items = recordsOf("order_items.csv.gz", ",");
const countries = new Set(
  readFileSync(stored("iso3166.tab"), "utf8")
    .split("\n")
    .filter((line) => line !== "" && !line.startsWith("#"))
    .map((line) => line.split("\t")[0]),
);

describe("the files in examples/data are the generator's", () => {
  test.each(["customers.csv", "products.tsv", "orders.csv.gz", "order_items.csv.gz"])(
    "%s",
    (name) => {
      expect(contentOf(name, readFileSync(stored(name))) === contentOf(name, files.get(name))).toBe(
        true,
      );
    },
  );

  test("budget.xlsx", async () => {
    const generated = files.get("budget.xlsx") ?? Buffer.alloc(0);
    for (const { name } of await listSheets(stored("budget.xlsx"))) {
      using reader = await readSheet(
        stored("budget.xlsx"),
        { sheet: name },
        { temporaryDirectory: tmpdir() },
      );
      expect(await readAllRows(reader)).toEqual((await readTable(generated, { sheet: name })).rows);
    }
  });

  test("all of them together stay small enough for a repository", () => {
    const names = [...files.keys(), "iso3166.tab", "zone1970.tab"];
    const bytes = names.reduce((sum, name) => sum + statSync(stored(name)).size, 0);
    expect(bytes).toBeLessThan(2_500_000);
  });
});

describe("every reference leads somewhere", () => {
  test("customers live in countries of iso3166.tab", () => {
    expect(customers.filter(({ country_code: code }) => !countries.has(code))).toEqual([]);
  });

  test("orders have a customer who was there before, and items an order and a product", () => {
    const signedUp = new Map(
      customers.map((each) => [each["customer_id"], each["signed_up"] ?? ""]),
    );
    const early = orders.filter(
      (order) => isoDate(order) < (signedUp.get(order["customer_id"]) ?? "9999"),
    );
    expect(early).toEqual([]);
    const orderIds = new Set(orders.map(({ order_id: id }) => id));
    const productIds = new Set(products.map(({ product_id: id }) => id));
    const astray = items.filter(
      ({ order_id: order, product_id: product }) =>
        !orderIds.has(order) || !productIds.has(product),
    );
    expect(astray).toEqual([]);
    expect(new Set(items.map(({ order_id: id }) => id)).size).toBe(orders.length);
  });

  test("keys are unique", () => {
    for (const [records, key] of [
      [customers, "customer_id"],
      [products, "sku"],
      [orders, "order_id"],
    ] as const) {
      expect(new Set(records.map((record) => record[key])).size).toBe(records.length);
    }
    expect(new Set(items.map((item) => `${item["order_id"]}/${item["line_no"]}`)).size).toBe(
      items.length,
    );
  });
});

describe("the data tells a story", () => {
  const ordersByMonth = new Map<string, number>();
  for (const order of orders) {
    const month = isoDate(order).slice(0, 7);
    ordersByMonth.set(month, countIn(month) + 1);
  }
  function countIn(month: string): number {
    return ordersByMonth.get(month) ?? 0;
  }

  test("it is large enough to show something", () => {
    expect([customers.length, products.length, ordersByMonth.size]).toEqual([3_000, 120, 34]);
    expect(orders.length).toBeGreaterThan(52_000);
    expect(items.length).toBeGreaterThan(125_000);
  });

  test("the shop grows, and its year has a season", () => {
    expect(countIn("2026-05")).toBeGreaterThan(countIn("2025-05") * 1.1);
    expect(countIn("2025-05")).toBeGreaterThan(countIn("2024-05") * 1.1);
    expect(countIn("2025-12")).toBeGreaterThan(countIn("2025-08") * 1.5);
  });

  test("one month is bad", () => {
    expect(countIn("2025-03")).toBeLessThan(countIn("2025-02") * 0.7);
    expect(countIn("2025-04")).toBeGreaterThan(countIn("2025-03") * 1.8);
  });

  test("a quarter of the customers brings most of the orders", () => {
    const loyal = new Set(
      customers.flatMap((each) => (each["segment"] === "loyal" ? [each["customer_id"]] : [])),
    );
    expect(loyal.size).toBeLessThan(customers.length * 0.3);
    const theirs = orders.filter(({ customer_id: id }) => loyal.has(id));
    expect(theirs.length).toBeGreaterThan(orders.length * 0.55);
  });

  test("the bestseller ends with September 2025", () => {
    const bestseller = products.find(({ sku }) => sku === DISCONTINUED_SKU);
    expect(bestseller?.["active"]).toBe("false");
    const sold = new Set(
      items.flatMap((item) =>
        item["product_id"] === bestseller?.["product_id"] ? [item["order_id"]] : [],
      ),
    );
    const months = orders.filter(({ order_id: id }) => sold.has(id)).map((each) => isoDate(each));
    expect(months.at(-1)?.slice(0, 7)).toBe("2025-09");
    expect(months.length).toBeGreaterThan(1_000);
  });

  test("names and postal codes hold what makes a CSV difficult", () => {
    const names = customers.map(({ name }) => name ?? "");
    for (const part of ['"', ",", "ü", "ß", "Ł", "'", "🌻"]) {
      expect(names.some((name) => name.includes(part))).toBe(true);
    }
    expect(
      customers.filter(({ postal_code: code }) => code?.startsWith("0")).length,
    ).toBeGreaterThan(100);
  });
});

function contentOf(name: string, bytes: Uint8Array | undefined): string {
  if (bytes === undefined) throw new Error(`the generator does not write ${name}`);
  return Buffer.from(name.endsWith(".gz") ? gunzipSync(bytes) : bytes).toString();
}

/** Records by the names of the header. Quotes are understood; line breaks in fields there are none. */
function recordsOf(name: string, delimiter: string): readonly Readonly<Record<string, string>>[] {
  const [header = "", ...lines] = contentOf(name, files.get(name)).trimEnd().split("\n");
  const names = header.split(delimiter);
  return lines.map((line) => {
    const fields = line.includes('"') ? quotedFields(line) : line.split(delimiter);
    return Object.fromEntries(names.map((each, index) => [each, fields[index] ?? ""]));
  });
}

function quotedFields(line: string): string[] {
  const fields = line.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,]*))/g);
  return Array.from(fields, ([, quoted, plain]) => quoted?.replaceAll('""', '"') ?? plain ?? "");
}

function isoDate(order: Readonly<Record<string, string>>): string {
  const [day = "", month = "", year = ""] = (order["ordered_at"] ?? "").slice(0, 10).split(".");
  return `${year}-${month}-${day}`;
}
