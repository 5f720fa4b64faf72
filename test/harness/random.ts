import type { Random } from '#ops/sandbox/faults/random.ts';

export const pick = <Item>(random: Random, items: readonly Item[]): Item => items[upTo(random, items.length - 1)] as Item;
export const chance = (random: Random, percent: number): boolean => random() * 100 < percent;
export const upTo = (random: Random, max: number): number => Math.floor(random() * (max + 1));
