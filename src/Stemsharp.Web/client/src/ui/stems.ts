import type { Job, Model } from "../contract";

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
  if (stem === "no_vocals") return "instrumental";
  return rest[1] === "no" ? `all but ${rest[2]}` : `mix minus ${rest[2]}`;
}

/** Stems in the order in which people think of a song: the voice, the beat, the low end, the rest. */
const order = [
  "vocals", "lead", "backing", "male", "female", "speech", "dry", "drums", "kick", "snare", "toms", "hihat", "ride", "crash", "cymbals",
  "bass", "guitar", "piano", "music", "instrumental", "effects", "other",
];

/** Places of stems from the first lane to the last. */
export function laneOrder(stems: readonly string[]): number[] {
  const place = (stem: string) => {
    const at = order.indexOf(colourName(stem) ?? "");
    return at < 0 ? order.length : at;
  };
  return stems.map((_, i) => i).sort((a, b) => place(stems[a]!) - place(stems[b]!) || a - b);
}

const pictures: Record<string, string> = {
  vocals: "voice", lead: "voice", backing: "voice", male: "voice", female: "voice", speech: "voice", dry: "voice",
  drums: "drum", kick: "drum", snare: "drum", toms: "drum", hihat: "drum", ride: "drum", crash: "drum", cymbals: "drum",
  bass: "low", guitar: "guitar", piano: "piano",
};

/** The name of a stem's icon. */
export const stemIcon = (stem: string): string => pictures[colourName(stem) ?? ""] ?? "note";

/** The stems that a job's files will have, before they are made. */
export function expectedStems({ settings }: Job, model: Model | undefined): string[] {
  const { twoStems, otherMethod, stems } = settings;
  if (!twoStems) return stems ?? model?.stems ?? [];
  return otherMethod === "none" ? [twoStems] : [twoStems, `${otherMethod === "minus" ? "minus" : "no"}_${twoStems}`];
}
