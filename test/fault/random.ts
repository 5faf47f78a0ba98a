/** Numbers from 0 to 1 that a printed seed repeats: FAULT_SEED=… in the environment. */
export function seeded(name: string): () => number {
  let state = Number(process.env["FAULT_SEED"] ?? Math.floor(Math.random() * 2 ** 31));
  console.log(`${name}: FAULT_SEED=${state}`);
  // The "mulberry32" generator: small, and even enough to spread points in time.
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** A table that no other round has, and what is true of it. */
export function numbersCsv(round: number): {
  readonly csv: string;
  readonly count: number;
  readonly sum: number;
} {
  const values = Array.from({ length: 2_000 + round }, (_, index) => index * 7 + round);
  return {
    csv: `id,amount\n${values.map((value, index) => `${index},${value}\n`).join("")}`,
    count: values.length,
    sum: values.reduce((total, value) => total + value, 0),
  };
}
