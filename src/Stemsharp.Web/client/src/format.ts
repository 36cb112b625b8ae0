import type { Job } from "./contract";

/** Numbers as people read them. */

export function time(seconds: number, tenths = false): string {
  const whole = tenths ? Math.floor(seconds * 10) / 10 : Math.floor(seconds);
  const h = Math.floor(whole / 3600);
  const m = Math.floor(whole / 60) % 60;
  const s = whole % 60;
  const tail = tenths ? s.toFixed(1).padStart(4, "0") : `${s}`.padStart(2, "0");
  return h > 0 ? `${h}:${`${m}`.padStart(2, "0")}:${tail}` : `${m}:${tail}`;
}

export function size(bytes: number): string {
  if (bytes < 1e6) return `${Math.max(1, Math.round(bytes / 1e3))} kB`;
  if (bytes < 1e9) return `${(bytes / 1e6).toFixed(bytes < 1e7 ? 1 : 0)} MB`;
  return `${(bytes / 1e9).toFixed(1)} GB`;
}

/** A length of time that is a guess. */
export function about(seconds: number): string {
  if (seconds < 10) return "a few seconds";
  if (seconds < 55) return `about ${Math.ceil(seconds / 10) * 10} s`;
  if (seconds < 3300) return `about ${Math.max(1, Math.round(seconds / 60))} min`;
  return `about ${(seconds / 3600).toFixed(1)} h`;
}

export function plural(count: number, one: string, many = `${one}s`): string {
  return `${count.toLocaleString("en")} ${count === 1 ? one : many}`;
}

export function speed(times: number): string {
  return `${times < 10 ? times.toFixed(1) : Math.round(times)}× real time`;
}

/** What the song is changed by while it is heard, "" where it is not. */
export function heardAt(times: number, semitones: number): string {
  const parts = [times !== 1 && `at ${Math.round(times * 100)} %`, semitones !== 0 && `${plural(Math.abs(semitones), "semitone")} ${semitones > 0 ? "higher" : "lower"}`];
  return parts.filter(Boolean).join(", ");
}

export function decibels(gain: number): string {
  return gain <= 0 ? "−∞ dB" : `${(20 * Math.log10(gain)).toFixed(1).replace("-", "−")} dB`;
}

export function title(fileName: string): string {
  return fileName.replace(/\.[a-z0-9]{2,5}$/i, "");
}

/** What a job's song is called. */
export function songTitle(job: Job): string {
  return job.title ?? title(job.name);
}

/** What tells a job from others of the same song. */
export function settingsText({ settings }: Job): string {
  const parts = [settings.model];
  if (settings.twoStems) parts.push(`${settings.twoStems} and the rest`);
  if ((settings.shifts ?? 0) > 1) parts.push(`${settings.shifts} passes`);
  return parts.join(", ");
}
