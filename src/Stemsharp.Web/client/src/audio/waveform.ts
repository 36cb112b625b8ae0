import { api } from "../api";

/** A stem's waveform: smallest and largest sample, −127 … 127, of every so many frames. */
export interface Waveform {
  framesPerPeak: number;
  pairs: Int8Array;
}

export async function loadWaveform(jobId: string, stem: string): Promise<Waveform> {
  const dat = await api.peaks(jobId, stem);
  const header = new DataView(dat);
  return { framesPerPeak: header.getInt32(12, true), pairs: new Int8Array(dat, 24) };
}
