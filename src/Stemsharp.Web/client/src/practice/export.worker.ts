import type { FromExport, ToExport } from "./export";

/** Output frames in a step of the stretcher: those of an AudioWorklet's quantum, as when it is heard. */
const quantum = 128;

/** Writes a mix that comes in blocks as a 24-bit WAV file at another speed and pitch. */
class StretchedFile {
  private readonly stretcher: import("./stretcher").Stretcher | undefined;
  private readonly speed: number;
  private readonly total: number;
  private input = [new Float32Array(), new Float32Array()];
  private due = 0;
  /** Frames of output that are before the song's start. */
  private skip: number;
  private written = 0;

  constructor(stretcher: import("./stretcher").Stretcher | undefined, speed: number, frames: number) {
    [this.stretcher, this.speed] = [stretcher, speed];
    this.total = Math.round(frames / speed);
    this.skip = stretcher ? Math.round(stretcher.inputLatency / speed + stretcher.outputLatency) : 0;
  }

  header(sampleRate: number): ArrayBuffer {
    const bytes = new DataView(new ArrayBuffer(44));
    const data = this.total * 6;
    const text = (at: number, letters: string) => [...letters].forEach((letter, i) => bytes.setUint8(at + i, letter.charCodeAt(0)));
    text(0, "RIFF");
    bytes.setUint32(4, 36 + data, true);
    text(8, "WAVEfmt ");
    bytes.setUint32(16, 16, true);
    bytes.setUint16(20, 1, true);
    bytes.setUint16(22, 2, true);
    bytes.setUint32(24, sampleRate, true);
    bytes.setUint32(28, sampleRate * 6, true);
    bytes.setUint16(32, 6, true);
    bytes.setUint16(34, 24, true);
    text(36, "data");
    bytes.setUint32(40, data, true);
    return bytes.buffer;
  }

  /** What a block gives, as samples of the file. */
  take(left: Float32Array, right: Float32Array): ArrayBuffer {
    if (!this.stretcher) return this.samples(left, right, left.length);
    this.input = [joined(this.input[0]!, left), joined(this.input[1]!, right)];
    const most = Math.ceil(this.input[0]!.length / this.speed) + quantum;
    const output = [new Float32Array(most), new Float32Array(most)];
    let [made, used] = [0, 0];
    for (;;) {
      const count = Math.floor(this.due + quantum * this.speed);
      if (used + count > this.input[0]!.length || made + quantum > most) break;
      this.due += quantum * this.speed - count;
      this.stretcher.process(this.input.map((channel) => channel.subarray(used, used + count)), count, output.map((channel) => channel.subarray(made, made + quantum)));
      used += count;
      made += quantum;
    }
    this.input = this.input.map((channel) => channel.slice(used));
    const from = Math.min(this.skip, made);
    this.skip -= from;
    return this.samples(output[0]!.subarray(from), output[1]!.subarray(from), made - from);
  }

  /** What is still on its way: silence pushes it out. */
  *rest(): Generator<ArrayBuffer> {
    while (this.written < this.total) yield this.take(new Float32Array(quantum * 64), new Float32Array(quantum * 64));
  }

  private samples(left: Float32Array, right: Float32Array, frames: number): ArrayBuffer {
    const count = Math.min(frames, this.total - this.written);
    this.written += count;
    const bytes = new Uint8Array(count * 6);
    for (let i = 0; i < count; i++) {
      put(bytes, 6 * i, left[i]!);
      put(bytes, 6 * i + 3, right[i]!);
    }
    return bytes.buffer;
  }
}

function put(bytes: Uint8Array, at: number, sample: number): void {
  const value = Math.round(Math.max(-1, Math.min(1, sample)) * 8_388_607);
  bytes[at] = value & 255;
  bytes[at + 1] = (value >> 8) & 255;
  bytes[at + 2] = (value >> 16) & 255;
}

function joined(first: Float32Array, second: Float32Array): Float32Array<ArrayBuffer> {
  const both = new Float32Array(first.length + second.length);
  both.set(first);
  both.set(second, first.length);
  return both;
}

let file: StretchedFile | undefined;
const tell = (message: FromExport, transfer: Transferable[] = []) => (self as unknown as Worker).postMessage(message, transfer);
const piece = (bytes: ArrayBuffer) => bytes.byteLength > 0 && tell({ kind: "piece", bytes }, [bytes]);

async function take(message: ToExport): Promise<void> {
  switch (message.kind) {
    case "begin": {
      const { sampleRate, speed, semitones, frames } = message;
      let stretcher: import("./stretcher").Stretcher | undefined;
      if (speed !== 1 || semitones !== 0) {
        // The core asks the world for its rate, as in an AudioWorklet.
        (globalThis as unknown as { sampleRate: number }).sampleRate = sampleRate;
        stretcher = await (await import("./stretcher")).Stretcher.create(sampleRate);
        stretcher.setSemitones(semitones);
      }
      file = new StretchedFile(stretcher, speed, frames);
      piece(file.header(sampleRate));
      return tell({ kind: "ready" });
    }
    case "block":
      piece(file!.take(message.left, message.right));
      return tell({ kind: "ready" });
    case "end":
      for (const bytes of file!.rest()) piece(bytes);
      return tell({ kind: "done" });
  }
}

self.onmessage = (event: MessageEvent<ToExport>) => {
  take(event.data).catch((error: unknown) => tell({ kind: "failed", message: error instanceof Error ? error.message : `${error}` }));
};
