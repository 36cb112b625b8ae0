const known = ["vocals", "drums", "bass", "other", "guitar", "piano"];
const spare = ["one", "two", "three", "four"];

/** A stem's colour, as the style sheet has it; stems that nobody has heard of share four. */
export function stemColour(stem: string): string {
  const name = stem.toLowerCase();
  if (known.includes(name)) return `var(--stem-${name})`;
  let sum = 0;
  for (const character of name) sum += character.codePointAt(0)!;
  return `var(--stem-${spare[sum % spare.length]})`;
}

/** A stem's name for people. */
export function stemTitle(stem: string): string {
  const rest = /^(no|minus)_(.+)$/.exec(stem);
  if (!rest) return stem;
  return rest[1] === "no" ? `all but ${rest[2]}` : `mix minus ${rest[2]}`;
}
