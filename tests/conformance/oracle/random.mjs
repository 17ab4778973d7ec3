// SPDX-License-Identifier: MIT
//
// Random numbers that a seed decides (splitmix64): the same seed, the same script, for ever.

const MASK = (1n << 64n) - 1n;

export const createRandom = (seed) => {
  let state = BigInt(seed) & MASK;
  const next = () => {
    state = (state + 0x9e3779b97f4a7c15n) & MASK;
    let z = state;
    z = ((z ^ (z >> 30n)) * 0xbf58476d1ce4e5b9n) & MASK;
    z = ((z ^ (z >> 27n)) * 0x94d049bb133111ebn) & MASK;
    return z ^ (z >> 31n);
  };
  const below = (limit) => Number(next() % BigInt(limit));
  const pick = (list) => list[below(list.length)];
  return {
    below,
    pick,
    chance: (percent) => below(100) < percent,
    // One of [weight, value], by weight.
    weighted(options) {
      const total = options.reduce((sum, [weight]) => sum + weight, 0);
      let at = below(total);
      for (const [weight, value] of options) {
        if (at < weight) {
          return value;
        }
        at -= weight;
      }
      return options[0][1];
    },
  };
};
