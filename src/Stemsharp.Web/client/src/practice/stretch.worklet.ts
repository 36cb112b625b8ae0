import { Stretcher } from "./stretcher";

// Loaded beside the mixer, in the same world, when speed or pitch are changed for the first time.
(globalThis as { stemsharpStretcher?: typeof Stretcher }).stemsharpStretcher = Stretcher;
