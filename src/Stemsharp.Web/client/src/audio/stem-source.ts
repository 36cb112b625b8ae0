import { api } from "../api";
import { blockFrames } from "./blocks";

interface Format {
  dataOffset: number;
  bytesPerSample: number;
  channels: number;
}

/** One stem of one job on the server, read by ranges of its WAV file. */
export class StemSource {
  readonly jobId: string;
  readonly name: string;
  private format: Promise<Format> | undefined;

  constructor(jobId: string, name: string) {
    this.jobId = jobId;
    this.name = name;
  }

  /** A block's samples, two channels interleaved; zeros past the end. */
  async read(block: number, frames: number, signal: AbortSignal): Promise<Float32Array> {
    const format = await (this.format ??= this.readFormat(signal).catch((error: unknown) => {
      this.format = undefined;
      throw error;
    }));
    const from = block * blockFrames;
    const count = Math.min(blockFrames, frames - from);
    const frameBytes = format.bytesPerSample * format.channels;
    const start = format.dataOffset + from * frameBytes;
    const bytes = await api.range(this.jobId, this.name, start, start + count * frameBytes - 1, signal);
    return decode(bytes, format, count);
  }

  private async readFormat(signal: AbortSignal): Promise<Format> {
    return parseHeader(await api.range(this.jobId, this.name, 0, 1023, signal));
  }
}

export function parseHeader(head: ArrayBuffer): Format {
  const view = new DataView(head);
  const found = { dataOffset: 0, bytesPerSample: 2, channels: 2 };
  for (let at = 12; at + 8 <= view.byteLength; ) {
    const id = String.fromCharCode(...new Uint8Array(head, at, 4));
    const size = view.getUint32(at + 4, true);
    if (id === "fmt ") {
      found.channels = view.getUint16(at + 10, true);
      found.bytesPerSample = view.getUint16(at + 22, true) / 8;
    } else if (id === "data") {
      return { ...found, dataOffset: at + 8 };
    }
    at += 8 + size + (size & 1);
  }
  throw new Error("The stem's file has no samples.");
}

export function decode(bytes: ArrayBuffer, format: Format, frames: number): Float32Array {
  const samples = new Float32Array(blockFrames * 2);
  const count = Math.min(frames * format.channels, Math.floor(bytes.byteLength / format.bytesPerSample));
  let read: (i: number) => number;
  if (format.bytesPerSample === 2) {
    const integers = new Int16Array(bytes, 0, count);
    read = (i) => integers[i]! / 32_768;
  } else if (format.bytesPerSample === 3) {
    const raw = new Uint8Array(bytes);
    read = (i) => (((raw[3 * i]! << 8) | (raw[3 * i + 1]! << 16) | (raw[3 * i + 2]! << 24)) >> 8) / 8_388_608;
  } else {
    const floats = new Float32Array(bytes, 0, count);
    read = (i) => floats[i]!;
  }
  if (format.channels === 2) for (let i = 0; i < count; i++) samples[i] = read(i);
  else for (let i = 0; i < count; i++) samples[2 * i] = samples[2 * i + 1] = read(i);
  return samples;
}
