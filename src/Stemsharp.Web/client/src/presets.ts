import type { JobSettings, Model } from "./contract";

/** What somebody wants of a song, with the model and the settings that give it. */
export interface Preset {
  id: string;
  title: string;
  text: string;
  model: Model;
  settings: JobSettings;
  /** Stems to choose one of. */
  choices?: string[];
}

/** What can be offered with these models; `base` is the server's own choice for songs of which nothing is said. */
export function presets(models: readonly Model[], base: Model | undefined, choice: string): Preset[] {
  if (!base) return [];
  const by = (purpose: string) => models.find((model) => model.purposes?.includes(purpose));
  const all: Preset[] = [];
  const add = (id: string, title: string, text: string, model: Model | undefined, settings: JobSettings, choices?: string[]) => {
    if (model) all.push({ id, title, text, model, settings, ...(choices ? { choices } : {}) });
  };
  const six = base.stems.length >= 6 ? base : by("six");
  const four = base.stems.length === 4 ? base : by("four");
  const two = base.stems.includes("vocals") || base.stems.length === 0 ? base : by("two");
  add("instrumental", "Instrumental", "The song without its vocals, and the vocals beside it", two, { twoStems: "vocals", otherMethod: "add" });
  add("vocals", "Vocals", "The voice alone", two, { twoStems: "vocals", otherMethod: "none" });
  const choices = [...new Set([...base.stems, ...(six?.stems ?? [])])].filter((stem) => stem !== "vocals" && stem !== "other");
  const dropped = choices.includes(choice) ? choice : choices[0];
  if (dropped) {
    add("all-but", "All but …", "One file without it, to play along with", base.stems.includes(dropped) ? base : six, { twoStems: dropped, otherMethod: "add" }, choices);
  }
  add("four", "4 stems", "Vocals, drums, bass and the rest", four, {});
  add("six", "6 stems", "With guitar and piano", six, {});
  if (base.stems.length > 0 && base !== four && base !== six) add("own", `${base.stems.length} stems`, base.stems.join(", "), base, {});
  add("best", "Best quality", "4 stems, slower and cleaner", by("best"), {});
  add("karaoke", "Karaoke", "Without the lead voice; backing vocals stay", by("karaoke"), {});
  return all;
}

/** Seconds that a song of a length will take with these settings; undefined where nothing is known of the model's speed here. */
export function expectedSeconds(seconds: number, model: Model | undefined, settings: JobSettings): number | undefined {
  if (!model?.timesRealTime) return undefined;
  const passes = Math.max(1, settings.shifts ?? 1);
  const overlap = settings.overlap === undefined || model.overlap === undefined ? 1 : (1 - model.overlap) / (1 - settings.overlap);
  return (seconds / model.timesRealTime) * passes * overlap;
}
