import { release, type StretchCore } from "./capture";
import "signalsmith-stretch";

const Core = release();
const channels = 2;

/**
 * Changes speed and pitch of a stereo signal, each without the other. Whoever calls it decides how many frames go in for how
 * many come out. Works in an AudioWorklet and in a worker; the rate is that of the global `sampleRate`.
 */
export class Stretcher {
  /** Frames of input that are ahead of what is heard, and frames of output by which it is late after that. */
  readonly inputLatency: number;
  readonly outputLatency: number;
  private readonly core: StretchCore;
  private readonly limit: number;

  private constructor(core: StretchCore, sampleRate: number) {
    this.core = core;
    // Partials above it keep their distances rather than their ratios, which sounds more natural (the package's default).
    this.limit = 8000 / sampleRate;
    this.inputLatency = core.wasmModule._inputLatency();
    this.outputLatency = core.wasmModule._outputLatency();
  }

  /** Compiles the core. */
  static async create(sampleRate: number): Promise<Stretcher> {
    const core = new Core({ numberOfOutputs: 1, outputChannelCount: [channels] });
    await new Promise<void>((resolve) => (core.port.told = ([what]) => what === "ready" && resolve()));
    return new Stretcher(core, sampleRate);
  }

  /** Most frames that go in or come out at once. */
  get mostFrames(): number {
    return this.core.bufferLength;
  }

  setSemitones(semitones: number): void {
    this.core.wasmModule._setTransposeSemitones(semitones, this.limit);
  }

  /** Forgets what went in. */
  reset(): void {
    this.core.wasmModule._reset();
  }

  /** Takes `inputFrames` of each channel and gives as many of output as the arrays hold. */
  process(input: Float32Array[], inputFrames: number, output: Float32Array[]): void {
    const { wasmModule, buffersIn, buffersOut } = this.core;
    for (let c = 0; c < channels; c++) new Float32Array(this.memory, buffersIn[c]!, inputFrames).set(input[c]!.subarray(0, inputFrames));
    wasmModule._process(inputFrames, output[0]!.length);
    for (let c = 0; c < channels; c++) output[c]!.set(new Float32Array(this.memory, buffersOut[c]!, output[c]!.length));
  }

  private get memory(): ArrayBuffer {
    const { wasmModule } = this.core;
    return (wasmModule.exports ? wasmModule.exports.memory.buffer : wasmModule.HEAP8.buffer) as ArrayBuffer;
  }
}
