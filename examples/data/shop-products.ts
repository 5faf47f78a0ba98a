import type { Random } from "./shop-random.ts";

export interface Product {
  readonly id: number;
  readonly sku: string;
  readonly name: string;
  readonly category: string;
  /** Today's price in cents. */
  readonly priceCents: number;
  readonly weightGrams: number;
  readonly isActive: boolean;
  /** Months since January 2024 in which it is sold, the first and the last. */
  readonly soldFrom: number;
  readonly soldTo: number;
  readonly popularity: number;
  /** How it sells in each month of the year. */
  readonly season: readonly number[];
}

/** The bestseller that the shop gave up after September 2025, as its maker closed. */
export const DISCONTINUED_SKU = "LIG-1001";
const DISCONTINUED_AFTER_MONTH = 20;
const LAST_MONTH = 33;

const EVEN = [1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1];
const SUMMER = [0.2, 0.4, 1.2, 2.2, 2.6, 2.2, 1.6, 1.1, 0.7, 0.4, 0.2, 0.2];
const WINTER = [1.4, 1.2, 0.8, 0.6, 0.4, 0.3, 0.3, 0.5, 0.9, 1.4, 1.9, 2.3];
const SCHOOL = [1.1, 1, 0.9, 0.9, 0.8, 0.8, 1.2, 1.8, 1.5, 1, 0.9, 0.8];
const GIFTS = [0.6, 0.8, 0.8, 0.8, 1, 0.8, 0.8, 0.8, 0.8, 1, 1.7, 2.1];

interface Category {
  readonly name: string;
  readonly season: readonly number[];
  readonly nouns: readonly string[];
  /** From the cheapest to the dearest, in euro, and from the lightest to the heaviest, in grams. */
  readonly euros: readonly [number, number];
  readonly grams: readonly [number, number];
}

const CATEGORIES: readonly Category[] = [
  {
    name: "Lighting",
    season: WINTER,
    nouns: ["desk lamp", "floor lamp", "lantern", "candle holder", "string lights"],
    euros: [9, 189],
    grams: [250, 6_400],
  },
  {
    name: "Furniture",
    season: EVEN,
    nouns: ["chair", "side table", "shelf", "stool", "wardrobe"],
    euros: [39, 649],
    grams: [2_800, 48_000],
  },
  {
    name: "Kitchen",
    season: GIFTS,
    nouns: ["mug", "knife", "chopping board", "pan", "teapot"],
    euros: [6, 119],
    grams: [180, 3_900],
  },
  {
    name: "Garden",
    season: SUMMER,
    nouns: ["planter", "watering can", "parasol", "bench", "bird bath"],
    euros: [8, 329],
    grams: [300, 21_000],
  },
  {
    name: "Office",
    season: SCHOOL,
    nouns: ["notebook", "pen tray", "file box", "whiteboard", "paper basket"],
    euros: [3, 99],
    grams: [90, 5_200],
  },
  {
    name: "Textiles",
    season: WINTER,
    nouns: ["blanket", "cushion", "towel", "table runner", "rug"],
    euros: [11, 279],
    grams: [200, 9_500],
  },
];
const LINES = ["Aurora", "Fjord", "Café", "Näckros"];

export function makeProducts(random: Random): Product[] {
  const products: Product[] = [];
  for (const { name: category, season, nouns, euros, grams } of CATEGORIES) {
    for (const line of LINES) {
      for (const noun of nouns) {
        const number = products.length;
        const size = random.next() * random.next();
        const sku = `${category.slice(0, 3).toUpperCase()}-${1001 + (number % 20)}`;
        const isDiscontinued = sku === DISCONTINUED_SKU;
        // A few came later, and a few more were given up along the way.
        const soldFrom = random.chance(0.12) ? random.between(6, 26) : 0;
        const soldTo = random.chance(0.06) ? random.between(soldFrom + 4, 30) : LAST_MONTH;
        products.push({
          id: number + 1,
          sku,
          name: `${line} ${noun}`,
          category,
          priceCents: Math.round(euros[0] + size * (euros[1] - euros[0])) * 100 - 10,
          weightGrams: Math.round(grams[0] + size * (grams[1] - grams[0])),
          isActive: !isDiscontinued && soldTo === LAST_MONTH,
          soldFrom: isDiscontinued ? 0 : soldFrom,
          soldTo: isDiscontinued ? DISCONTINUED_AFTER_MONTH : soldTo,
          popularity: isDiscontinued ? 9 : 0.4 + 2.6 * random.next() * random.next(),
          season: isDiscontinued ? EVEN : season,
        });
      }
    }
  }
  return products;
}

/** Prices rose twice, at the beginning of 2025 and of 2026, and always end in 90 cents. */
export function priceAt(product: Product, month: number): number {
  const factor = month < 12 ? 0.9 : month < 24 ? 0.95 : 1;
  return Math.max(Math.round((product.priceCents + 10) * factor * 0.01) * 100 - 10, 190);
}
