import { type Random, WeightedChoice } from "./shop-random.ts";

export interface Customer {
  readonly id: number;
  readonly name: string;
  /** Some never gave one. */
  readonly email: string | undefined;
  readonly countryCode: string;
  readonly city: string;
  readonly segment: Segment;
  /** Days since 1970-01-01. */
  readonly signedUpDay: number;
  readonly postalCode: string;
}

/** Loyal customers come back; a few businesses and public bodies order by the dozen. */
export type Segment = "consumer" | "loyal" | "business" | "public";

const CUSTOMERS = 3_000;
const FIRST_SIGN_UP = Date.UTC(2022, 0, 3) / 86_400_000;
const LAST_SIGN_UP = Date.UTC(2026, 9, 25) / 86_400_000;

interface Country {
  readonly code: string;
  readonly weight: number;
  readonly firstNames: readonly string[];
  readonly lastNames: readonly string[];
  /** With the beginning of its postal codes: `#` is a digit, `@` a letter. */
  readonly cities: readonly (readonly [city: string, postalCode: string])[];
}

const COUNTRIES: readonly Country[] = [
  {
    code: "DE",
    weight: 46,
    firstNames: [
      "Anna",
      "Jürgen",
      "Sören",
      "Käthe",
      "Björn",
      "Lena",
      "Uwe",
      "Mia",
      "Jonas",
      "Heike",
    ],
    lastNames: ["Müller", "Schäfer", "Groß", "Weiß", "Köhler", "Schmidt", "Vogel", "von der Heide"],
    cities: [
      ["Berlin", "10###"],
      ["Hamburg", "20###"],
      ["München", "80###"],
      ["Köln", "506##"],
      ["Dresden", "010##"],
      ["Leipzig", "041##"],
      ["Görlitz", "028##"],
    ],
  },
  {
    code: "AT",
    weight: 11,
    firstNames: ["Lukas", "Sophie", "Maximilian", "Leonie", "Jörg"],
    lastNames: ["Gruber", "Huber", "Pichler", "Steiner", "Böck"],
    cities: [
      ["Wien", "1##0"],
      ["Graz", "80##"],
      ["Salzburg", "50##"],
    ],
  },
  {
    code: "CH",
    weight: 8,
    firstNames: ["Noé", "Elena", "Urs", "Chloé", "Reto"],
    lastNames: ["Meier", "Keller", "Bäumli", "Favre", "Bianchi"],
    cities: [
      ["Zürich", "80##"],
      ["Genève", "12##"],
      ["Bern", "30##"],
    ],
  },
  {
    code: "FR",
    weight: 10,
    firstNames: ["Éloïse", "François", "Hélène", "Louis", "Zoé"],
    lastNames: ["Lefèvre", "Dupont", "d'Aubigné", "Garçon", "Moreau"],
    cities: [
      ["Paris", "750##"],
      ["Lyon", "6900#"],
      ["Nice", "06#00"],
      ["Bourg-en-Bresse", "010##"],
    ],
  },
  {
    code: "NL",
    weight: 7,
    firstNames: ["Daan", "Sanne", "Joost", "Fleur"],
    lastNames: ["de Vries", "van 't Hoff", "Jansen", "Bakker"],
    cities: [
      ["Amsterdam", "10## @@"],
      ["Utrecht", "35## @@"],
      ["'s-Hertogenbosch", "52## @@"],
    ],
  },
  {
    code: "GB",
    weight: 6,
    firstNames: ["Oliver", "Amelia", "Siân", "Harry"],
    lastNames: ["O'Connor", "Smith-Jones", "Taylor", "MacGregor"],
    cities: [
      ["London", "SW# #@@"],
      ["Leeds", "LS# #@@"],
      ["Edinburgh", "EH# #@@"],
    ],
  },
  {
    code: "PL",
    weight: 5,
    firstNames: ["Łukasz", "Zofia", "Grzegorz", "Małgorzata"],
    lastNames: ["Wójcik", "Kowalczyk", "Żak", "Nowak"],
    cities: [
      ["Kraków", "30-###"],
      ["Łódź", "90-###"],
      ["Warszawa", "00-###"],
    ],
  },
  {
    code: "ES",
    weight: 4,
    firstNames: ["Íñigo", "Lucía", "Jesús", "Begoña"],
    lastNames: ["Núñez", "García", "Ibáñez", "Muñoz"],
    cities: [
      ["Barcelona", "080##"],
      ["A Coruña", "150##"],
      ["Vitoria-Gasteiz", "010##"],
    ],
  },
  {
    code: "DK",
    weight: 3,
    firstNames: ["Søren", "Åse", "Freja"],
    lastNames: ["Jørgensen", "Kjær", "Østergaard"],
    cities: [
      ["København", "1###"],
      ["Århus", "80##"],
      ["Høje Taastrup", "08##"],
    ],
  },
];

const COMPANY_FORMS: Readonly<Record<string, string>> = {
  DE: "GmbH & Co. KG",
  AT: "Ges.m.b.H.",
  CH: "AG",
  FR: "S.A.R.L.",
  NL: "B.V.",
  GB: "and Sons, Ltd.",
  PL: "Sp. z o.o.",
  ES: "S.L.",
  DK: "A/S",
};

const SEGMENTS: readonly (readonly [Segment, number])[] = [
  ["consumer", 62],
  ["loyal", 26],
  ["business", 9],
  ["public", 3],
];

export function makeCustomers(random: Random): Customer[] {
  const countries = new WeightedChoice(
    COUNTRIES.map((country) => [country, country.weight] as const),
  );
  const segments = new WeightedChoice(SEGMENTS);
  const days = Array.from({ length: CUSTOMERS }, () => signUpDay(random)).toSorted((a, b) => a - b);
  return days.map((signedUpDay, index) => {
    const id = 10_001 + index;
    const country = countries.pick(random);
    const segment = segments.pick(random);
    const [city, postalCode] = random.pick(country.cities);
    const firstName = random.pick(country.firstNames);
    const lastName = random.pick(country.lastNames);
    const address = `${plain(firstName)}.${plain(lastName)}${id}@example.${random.pick(["com", "org", "net"])}`;
    return {
      id,
      name: customerName(random, segment, country.code, firstName, lastName, city),
      email: random.chance(0.04) ? undefined : address,
      countryCode: country.code,
      city,
      segment,
      signedUpDay,
      postalCode: fill(random, postalCode),
    };
  });
}

/** The later the more: the shop grows. */
function signUpDay(random: Random): number {
  const early = random.next();
  const late = Math.max(early, random.next());
  return FIRST_SIGN_UP + Math.floor(late * (LAST_SIGN_UP - FIRST_SIGN_UP));
}

/** Names as people write them into a form, with all that makes a CSV difficult. */
function customerName(
  random: Random,
  segment: Segment,
  countryCode: string,
  firstName: string,
  lastName: string,
  city: string,
): string {
  if (segment === "business") return `${lastName} ${COMPANY_FORMS[countryCode] ?? "Inc."}`;
  if (segment === "public") return `${random.pick(["City", "Library", "School no. 7"])}, ${city}`;
  const roll = random.next();
  if (roll < 0.03) return `${firstName} "${firstName.slice(0, 3)}" ${lastName}`;
  if (roll < 0.06) return `${lastName}, ${firstName}`;
  if (roll < 0.07) return `Dr. ${firstName} ${lastName}, M.A.`;
  if (roll < 0.085) return `${firstName} ${random.pick(["🌻", "😀", "☕", "🚲"])} ${lastName}`;
  return `${firstName} ${lastName}`;
}

/** What is left of a name in an e-mail address. */
function plain(name: string): string {
  return name
    .replaceAll("ß", "ss")
    .replaceAll(/[łŁ]/g, "l")
    .replaceAll(/[øØ]/g, "o")
    .replaceAll("æ", "ae")
    .normalize("NFD")
    .replaceAll(/[^A-Za-z]/g, "")
    .toLowerCase();
}

function fill(random: Random, pattern: string): string {
  return pattern
    .replaceAll("#", () => String(random.between(0, 9)))
    .replaceAll("@", () => String.fromCharCode(0x41 + random.between(0, 25)));
}
