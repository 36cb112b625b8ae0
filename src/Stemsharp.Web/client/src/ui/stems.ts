const known = [
  "vocals", "drums", "bass", "other", "guitar", "piano",
  "kick", "snare", "toms", "hihat", "ride", "crash", "cymbals",
  "lead", "backing", "male", "female",
  "dry", "reverb", "noise", "crowd",
  "speech", "music", "effects", "instrumental",
];

const alsoCalled: Record<string, string> = {
  bombo: "kick", redoblante: "snare", tom: "toms", hh: "hihat", hat: "hihat", platillos: "cymbals", cymbal: "cymbals",
  leadvocals: "lead", backingvocals: "backing", noreverb: "dry", dialog: "speech", dialogue: "speech", sfx: "effects", inst: "instrumental",
};

const spare = 7;

// The name that the style sheet has a colour for: "Hi-Hat" is hihat.
function colourName(stem: string): string | undefined {
  const name = stem.toLowerCase().replace(/[^a-z0-9]/g, "");
  const found = alsoCalled[name] ?? name;
  return known.includes(found) ? found : undefined;
}

/**
 * A stem's colour, as the style sheet has it. Names that nobody has heard of take the spare ones in alphabetical order, so that those of
 * one model differ.
 */
export function stemColour(stem: string, stems: readonly string[]): string {
  const name = colourName(stem);
  if (name) return `var(--stem-${name})`;
  const place = stems.filter((other) => !colourName(other)).sort().indexOf(stem);
  return `var(--stem-spare-${(Math.max(place, 0) % spare) + 1})`;
}

/** A stem's name for people. */
export function stemTitle(stem: string): string {
  const rest = /^(no|minus)_(.+)$/.exec(stem);
  if (!rest) return stem;
  return rest[1] === "no" ? `all but ${rest[2]}` : `mix minus ${rest[2]}`;
}
