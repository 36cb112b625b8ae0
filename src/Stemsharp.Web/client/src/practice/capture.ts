// Signalsmith's module registers an AudioWorklet processor when it is loaded. Here its processor is a part of the mixer, and of
// a worker, where there are no processors at all: a plain class stands in for the base class, and the registration is caught.
// This module has to be imported before it.

const scope = globalThis as unknown as Record<string, unknown>;
const kept = { base: scope.AudioWorkletProcessor, register: scope.registerProcessor };

/** What Signalsmith's processor keeps of its compiled core; see process() and configure() in the package's file. */
export interface StretchCore {
  readonly channels: number;
  /** Frames in each of the core's buffers. */
  readonly bufferLength: number;
  /** Addresses of the channels' buffers in the core's memory. */
  readonly buffersIn: number[];
  readonly buffersOut: number[];
  readonly wasmReady: boolean;
  readonly wasmModule: {
    HEAP8: Int8Array;
    exports?: { memory: WebAssembly.Memory };
    _process(inputFrames: number, outputFrames: number): void;
    _reset(): void;
    _inputLatency(): number;
    _outputLatency(): number;
    _setTransposeSemitones(semitones: number, tonalityLimit: number): void;
  };
  readonly port: { told: ((message: unknown[]) => void) | undefined };
}

type CoreClass = new (options: object) => StretchCore;
let caught: CoreClass | undefined;

scope.AudioWorkletProcessor = class {
  readonly port = {
    told: undefined as ((message: unknown[]) => void) | undefined,
    postMessage(message: unknown[]) {
      this.told?.(message);
    },
  };
};
scope.registerProcessor = (_name: string, type: CoreClass) => (caught = type);

/** Puts the world in order again and gives what was caught. */
export function release(): CoreClass {
  scope.AudioWorkletProcessor = kept.base;
  scope.registerProcessor = kept.register;
  if (!caught) throw new Error("Signalsmith Stretch has not told its processor.");
  return caught;
}
