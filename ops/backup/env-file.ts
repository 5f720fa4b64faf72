/** Text that `node --env-file` reads as these variables. @throws Error for a value that no quotes can hold */
export function toEnvFile(variables: Readonly<Record<string, string>>, leftOut: readonly string[]): string {
  const lines = Object.entries(variables).map(([name, value]) => `${name}=${quoted(name, value)}`);
  return `${[...lines, ...leftOut.map((name) => `# ${name} is not in this archive.`)].join('\n')}\n`;
}

/** Between double quotes `\n` would become a new line. */
function quoted(name: string, value: string): string {
  const quote = ["'", '`', '"'].find((mark) => !value.includes(mark) && (mark !== '"' || !value.includes('\\')));
  if (quote === undefined) throw new Error(`${name}: its value holds every kind of quotes, which no env file can.`);
  return quote + value + quote;
}
