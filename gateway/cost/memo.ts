const value = Symbol('value');

type Level = Map<unknown, unknown>;

/** Remembers what `make` gave for each combination of arguments, told apart by identity. */
export function memo<Keys extends readonly unknown[], Value>(make: (...keys: Keys) => Value): (...keys: Keys) => Value {
  const root: Level = new Map();
  return (...keys) => {
    const level = keys.reduce(below, root);
    if (!level.has(value)) level.set(value, make(...keys));
    return level.get(value) as Value;
  };
}

function below(level: Level, key: unknown): Level {
  const known = level.get(key) as Level | undefined;
  if (known !== undefined) return known;
  const fresh: Level = new Map();
  level.set(key, fresh);
  return fresh;
}
