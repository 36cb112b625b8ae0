import type { Waveform } from "../audio/waveform";

/** Sizes a canvas to its box at the screen's own resolution. */
function prepare(canvas: HTMLCanvasElement): CanvasRenderingContext2D | undefined {
  const scale = Math.min(2, devicePixelRatio || 1);
  const width = Math.round(canvas.clientWidth * scale);
  const height = Math.round(canvas.clientHeight * scale);
  if (width === 0 || height === 0) return undefined;
  if (canvas.width !== width || canvas.height !== height) [canvas.width, canvas.height] = [width, height];
  const context = canvas.getContext("2d")!;
  context.clearRect(0, 0, width, height);
  return context;
}

/** Bars of three pixels, mirrored where the sound is: easier on the eye than every sample. */
export function paintWaveform(canvas: HTMLCanvasElement, waveform: Waveform | undefined, frames: number, zoom: number): void {
  const context = prepare(canvas);
  if (!context || !waveform || frames === 0) return;
  const { width, height } = canvas;
  const scale = Math.min(2, devicePixelRatio || 1);
  const bar = Math.max(2, Math.round(2 * scale));
  const gap = Math.round(scale);
  const peaks = waveform.pairs.length / 2;
  const peaksPerPixel = frames / waveform.framesPerPeak / width;
  const half = (height / 2) * zoom;
  context.fillStyle = getComputedStyle(canvas).color;
  for (let x = 0; x < width; x += bar + gap) {
    const first = Math.floor(x * peaksPerPixel);
    const last = Math.min(peaks, Math.max(first + 1, Math.ceil((x + bar + gap) * peaksPerPixel)));
    if (first >= peaks) break;
    let low = 0;
    let high = 0;
    for (let i = first; i < last; i++) {
      low = Math.min(low, waveform.pairs[2 * i]!);
      high = Math.max(high, waveform.pairs[2 * i + 1]!);
    }
    const top = height / 2 - (high / 127) * half;
    const bottom = height / 2 - (low / 127) * half;
    context.fillRect(x, Math.min(top, height / 2 - scale / 2), bar, Math.max(bottom - top, scale));
  }
}

/** From black over violet and orange to white: dark is silent in both themes. */
const stops: [number, number, number][] = [[10, 7, 18], [74, 29, 120], [190, 55, 110], [250, 150, 60], [255, 248, 210]];

export function paintSpectrogram(canvas: HTMLCanvasElement, levels: Uint8Array, columns: number, bins: number): void {
  const context = prepare(canvas);
  if (!context) return;
  const image = new ImageData(columns, bins);
  for (let column = 0; column < columns; column++) {
    for (let bin = 0; bin < bins; bin++) {
      const place = (levels[column * bins + bin]! / 255) * (stops.length - 1);
      const low = Math.min(stops.length - 2, Math.floor(place));
      const at = ((bins - 1 - bin) * columns + column) * 4;
      for (let c = 0; c < 3; c++) {
        image.data[at + c] = stops[low]![c]! + (stops[low + 1]![c]! - stops[low]![c]!) * (place - low);
      }
      image.data[at + 3] = 255;
    }
  }
  const picture = new OffscreenCanvas(columns, bins);
  picture.getContext("2d")!.putImageData(image, 0, 0);
  context.imageSmoothingQuality = "high";
  context.drawImage(picture, 0, 0, canvas.width, canvas.height);
}
