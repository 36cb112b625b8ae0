import type { StemSource } from "../audio/stem-source";
import type { LaneLevel } from "../audio/player";
import { blockFrames } from "../audio/blocks";

/** The lanes of a mix. */
export interface ExportSource {
  sources: StemSource[];
  levels: LaneLevel[];
  frames: number;
  sampleRate: number;
}

export interface ExportWish {
  speed: number;
  semitones: number;
  name: string;
}

/** What the page sends the worker: first what is wanted, then the mix block by block, then that there is no more. */
export type ToExport = { kind: "begin"; sampleRate: number; speed: number; semitones: number; frames: number } | { kind: "block"; left: Float32Array; right: Float32Array } | { kind: "end" };

/** What the worker answers: that it takes the next block, pieces of the file, or why not. */
export type FromExport = { kind: "ready" } | { kind: "piece"; bytes: ArrayBuffer } | { kind: "done" } | { kind: "failed"; message: string };

/**
 * Saves the mix as a WAV file at the speed and pitch at which it is heard: by the same processor, in a worker of the page, so that
 * it sounds the same and the server needs none. It goes block by block; the pieces of the file are the browser's to keep.
 */
export async function exportStretched(mix: ExportSource, wish: ExportWish, progress: (fraction: number) => void): Promise<void> {
  const worker = new Worker(new URL("./export.worker.ts", import.meta.url), { type: "module" });
  const pieces: Blob[] = [];
  const answers: FromExport[] = [];
  let wake: (() => void) | undefined;
  worker.onmessage = (event: MessageEvent<FromExport>) => {
    answers.push(event.data);
    wake?.();
  };
  worker.onerror = (event) => {
    answers.push({ kind: "failed", message: event.message || "The song cannot be saved at another speed in this browser." });
    wake?.();
  };
  const next = async (wanted: "ready" | "done"): Promise<void> => {
    for (;;) {
      const answer = answers.shift();
      if (!answer) {
        await new Promise<void>((resolve) => (wake = resolve));
        continue;
      }
      if (answer.kind === "failed") throw new Error(answer.message);
      if (answer.kind === "piece") pieces.push(new Blob([answer.bytes]));
      if (answer.kind === wanted) return;
    }
  };
  const send = (message: ToExport, transfer: Transferable[] = []) => worker.postMessage(message, transfer);
  try {
    send({ kind: "begin", sampleRate: mix.sampleRate, speed: wish.speed, semitones: wish.semitones, frames: mix.frames });
    await next("ready");
    const never = new AbortController().signal;
    for (let from = 0; from < mix.frames; from += blockFrames) {
      const count = Math.min(blockFrames, mix.frames - from);
      const [left, right] = [new Float32Array(count), new Float32Array(count)];
      for (const [i, source] of mix.sources.entries()) {
        const { gain, pan } = mix.levels[i]!;
        if (gain === 0) continue;
        const samples = await source.read(from / blockFrames, mix.frames, never);
        const [toLeft, toRight] = [gain * Math.min(1, 1 - pan), gain * Math.min(1, 1 + pan)];
        for (let s = 0; s < count; s++) {
          left[s]! += samples[2 * s]! * toLeft;
          right[s]! += samples[2 * s + 1]! * toRight;
        }
      }
      send({ kind: "block", left, right }, [left.buffer, right.buffer]);
      await next("ready");
      progress((from + count) / mix.frames);
    }
    send({ kind: "end" });
    await next("done");
    download(new Blob(pieces, { type: "audio/wav" }), fileName(wish));
  } finally {
    worker.terminate();
  }
}

function fileName({ name, speed, semitones }: ExportWish): string {
  const parts = [name, speed !== 1 && `${Math.round(speed * 100)} %`, semitones !== 0 && `${semitones > 0 ? "+" : "−"}${Math.abs(semitones)}`];
  return `${parts.filter(Boolean).join(" ").replace(/[\\/:*?"<>|]/g, "_")}.wav`;
}

function download(file: Blob, name: string): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(file);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}
