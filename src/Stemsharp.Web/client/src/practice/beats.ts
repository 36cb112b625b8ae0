import type { SongAnalysis } from "../contract";
import type { PracticeSettings } from "./panel";

/** Beats as somebody counts them: the estimate, with what was corrected by hand. */
export interface BeatGrid {
  /** Seconds, in order. */
  beats: number[];
  bpm: number;
  beatsPerBar: number;
  /** The index of a beat that is the first of a bar. */
  firstBeat: number;
  /** Whether somebody or the estimate knows where bars begin. */
  barsKnown: boolean;
}

/** Undefined where there is no regular beat. */
export function beatGrid(analysis: SongAnalysis, settings: PracticeSettings): BeatGrid | undefined {
  if (!analysis.beats || analysis.beats.length < 2 || !analysis.bpm) return undefined;
  const octave = settings.tempoOctave ?? 0;
  let beats = analysis.beats;
  let first = analysis.firstBeat ?? 0;
  if (octave > 0) {
    beats = beats.flatMap((beat, i) => (i + 1 < beats.length ? [beat, (beat + beats[i + 1]!) / 2] : [beat]));
    first *= 2;
  } else if (octave < 0) {
    // The beats that stay are those that bars begin on.
    beats = beats.filter((_, i) => i % 2 === first % 2);
    first = Math.floor(first / 2);
  }
  const beatsPerBar = settings.beatsPerBar ?? analysis.beatsPerBar ?? 4;
  const chosen = settings.firstBeat ?? first;
  const barsKnown = settings.firstBeat !== undefined || (analysis.firstBeat !== undefined && octave === 0);
  return { beats, bpm: analysis.bpm * 2 ** octave, beatsPerBar, firstBeat: ((chosen % beatsPerBar) + beatsPerBar) % beatsPerBar, barsKnown };
}

/** The beat nearest to a time. */
export function nearestBeat(grid: BeatGrid, seconds: number): number {
  let best = 0;
  grid.beats.forEach((beat, i) => {
    if (Math.abs(beat - seconds) < Math.abs(grid.beats[best]! - seconds)) best = i;
  });
  return best;
}

export const isDownbeat = (grid: BeatGrid, beat: number): boolean => (beat - grid.firstBeat) % grid.beatsPerBar === 0;

/**
 * When to click before a start, in seconds: a bar whose beats go on in the song's own. The first beat of the song after the start
 * is on the beat that follows the last click.
 */
export function countIn(grid: BeatGrid, start: number, speed: number): { clicks: number[]; start: number } {
  const next = grid.beats.findIndex((beat) => beat >= start - 0.01);
  const at = next < 0 ? grid.beats.length - 1 : next;
  const period = Math.max(0.2, (at > 0 ? grid.beats[at]! - grid.beats[at - 1]! : 60 / grid.bpm) / speed);
  const lead = next < 0 ? 0 : Math.max(0, grid.beats[at]! - start) / speed;
  // More than a beat ahead of the first one there is nothing to count towards but the start itself.
  const before = lead > period * 1.5 ? 0 : lead;
  const clicks = Array.from({ length: grid.beatsPerBar }, (_, i) => i * period + 0.05);
  return { clicks, start: grid.beatsPerBar * period + 0.05 - before };
}

const names = ["C", "C♯", "D", "E♭", "E", "F", "F♯", "G", "A♭", "A", "B♭", "B"];

/** All keys as musicians call them, major first. */
export const keys: { tonic: number; minor: boolean; name: string }[] = [false, true].flatMap((minor) =>
  names.map((name, tonic) => ({ tonic, minor, name: `${minor && name === "A♭" ? "G♯" : name} ${minor ? "minor" : "major"}` })),
);

/** A key moved by semitones. */
export function transposed(key: { tonic: number; minor: boolean }, semitones: number): string {
  const tonic = (((key.tonic + Math.round(semitones)) % 12) + 12) % 12;
  return keys.find((one) => one.tonic === tonic && one.minor === key.minor)!.name;
}
