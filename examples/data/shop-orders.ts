import type { Customer, Segment } from "./shop-customers.ts";
import { type Product, priceAt } from "./shop-products.ts";
import { type Random, WeightedChoice } from "./shop-random.ts";

export interface Order {
  readonly id: number;
  readonly customer: Customer;
  /** Seconds since 1970-01-01 in the shop's local time. */
  readonly orderedAt: number;
  readonly status: "delivered" | "shipped" | "open" | "cancelled" | "returned";
  readonly channel: "web" | "app" | "store" | "phone";
  readonly shippingCents: number;
  readonly items: readonly OrderItem[];
}

export interface OrderItem {
  readonly product: Product;
  readonly quantity: number;
  readonly unitPriceCents: number;
  readonly discountPercent: number;
}

/** From January 2024 to October 2026. */
const MONTHS = 34;
const FIRST_YEAR = 2024;
const DAY_SECONDS = 86_400;
/** March 2025: the warehouse stood under water, and for weeks little could be ordered. */
const BAD_MONTH = 14;

const FIRST_MONTH_ORDERS = 1_180;
const MONTHLY_GROWTH = 0.021;
const YEAR_SEASON = [0.84, 0.81, 0.95, 0.97, 1.01, 0.94, 0.87, 0.86, 0.98, 1.06, 1.46, 1.58];
/** From Sunday to Saturday. */
const WEEK_SEASON = [1.25, 1.05, 1, 0.95, 0.95, 0.9, 1.1];
const HOUR_SEASON = [
  3, 1, 1, 1, 1, 2, 5, 10, 16, 22, 26, 28, 30, 27, 25, 24, 26, 30, 38, 46, 48, 38, 22, 9,
];

/** How often members of a segment order, beside each other. */
const ORDER_WEIGHT: Readonly<Record<Segment, number>> = {
  consumer: 1,
  loyal: 7,
  business: 3,
  public: 1.5,
};
const ITEM_COUNTS = [1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 4, 4, 5];

export function makeOrders(
  random: Random,
  customers: readonly Customer[],
  products: readonly Product[],
): Order[] {
  const orders: Order[] = [];
  const buyers = new WeightedChoice<Customer>([]);
  let joined = 0;
  for (let month = 0; month < MONTHS; month++) {
    const startDay = monthStart(month);
    for (let next = customers[joined]; next !== undefined && next.signedUpDay <= startDay; ) {
      buyers.add(next, ORDER_WEIGHT[next.segment]);
      next = customers[++joined];
    }
    const assortment = new WeightedChoice(
      products
        .filter(({ soldFrom, soldTo }) => month >= soldFrom && month <= soldTo)
        .map(
          (product) => [product, product.popularity * (product.season[month % 12] ?? 1)] as const,
        ),
    );
    for (const orderedAt of moments(random, month, startDay)) {
      const customer = buyers.pick(random);
      const items = makeItems(random, customer, assortment, month);
      orders.push({
        id: 100_001 + orders.length,
        customer,
        orderedAt,
        status: statusOf(random, month, orderedAt),
        channel: channelOf(random, month, customer),
        shippingCents: shippingOf(random, customer, items),
        items,
      });
    }
  }
  return orders;
}

/** All moments of a month at which someone orders, in order. */
function moments(random: Random, month: number, startDay: number): number[] {
  const growth = 1 + MONTHLY_GROWTH * month;
  const accident = month === BAD_MONTH ? 0.42 : 1;
  const noise = 0.97 + 0.06 * random.next();
  const season = YEAR_SEASON[month % 12] ?? 1;
  const count = Math.round(FIRST_MONTH_ORDERS * growth * season * accident * noise);
  const days = new WeightedChoice<number>([]);
  for (let day = startDay; day < monthStart(month + 1); day++) {
    // 1970-01-01 was a Thursday. The last days of November are full of offers.
    const isOfferWeek = month % 12 === 10 && day - startDay >= 21;
    days.add(day, (WEEK_SEASON[(day + 4) % 7] ?? 1) * (isOfferWeek ? 2 : 1));
  }
  const hours = new WeightedChoice(HOUR_SEASON.map((weight, hour) => [hour, weight] as const));
  return Array.from({ length: count }, () => {
    const hour = hours.pick(random);
    return days.pick(random) * DAY_SECONDS + hour * 3_600 + random.between(0, 3_599);
  }).toSorted((a, b) => a - b);
}

function makeItems(
  random: Random,
  { segment }: Customer,
  assortment: WeightedChoice<Product>,
  month: number,
): OrderItem[] {
  const chosen = new Set<Product>();
  const count = random.pick(ITEM_COUNTS);
  while (chosen.size < count) chosen.add(assortment.pick(random));
  const isBulk = segment === "business" || segment === "public";
  return [...chosen].map((product) => ({
    product,
    quantity: isBulk ? random.between(2, 12) : random.pick([1, 1, 1, 1, 1, 2, 2, 3]),
    unitPriceCents: priceAt(product, month),
    discountPercent: discountOf(random, segment, month),
  }));
}

function discountOf(random: Random, segment: Segment, month: number): number {
  if (segment === "business" || segment === "public") return random.pick([5, 10, 10]);
  if (month % 12 === 10) return random.pick([0, 10, 20, 20]);
  if (segment === "loyal" && random.chance(0.3)) return 5;
  return random.chance(0.06) ? 10 : 0;
}

function statusOf(random: Random, month: number, orderedAt: number): Order["status"] {
  const age = monthStart(MONTHS) - Math.floor(orderedAt / DAY_SECONDS);
  if (age <= 3) return "open";
  const roll = random.next();
  // What was ordered in the bad month was often given up.
  if (roll < (month === BAD_MONTH ? 0.24 : 0.04)) return "cancelled";
  if (age <= 8) return "shipped";
  return roll > 0.945 ? "returned" : "delivered";
}

function channelOf(random: Random, month: number, { segment }: Customer): Order["channel"] {
  if (segment === "public") return random.pick(["phone", "phone", "web"]);
  const roll = random.next();
  if (roll < 0.03) return "phone";
  if (roll < 0.12 + 0.012 * month) return "app";
  return roll > 0.9 ? "store" : "web";
}

function shippingOf(
  random: Random,
  { countryCode }: Customer,
  items: readonly OrderItem[],
): number {
  const cents = items.reduce((sum, item) => sum + item.unitPriceCents * item.quantity, 0);
  const grams = items.reduce((sum, item) => sum + item.product.weightGrams * item.quantity, 0);
  if (grams > 30_000) return 4_990;
  if (cents >= 10_000) return 0;
  const isExpress = random.chance(0.05);
  return (countryCode === "DE" ? 490 : 990) + (isExpress ? 700 : 0);
}

/** The first day of a month, counted from January 2024, as days since 1970-01-01. */
function monthStart(month: number): number {
  return Date.UTC(FIRST_YEAR, month, 1) / 1000 / DAY_SECONDS;
}
