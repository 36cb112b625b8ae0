import type { Job, JobPage, JobSettings, LanState, Model, ModelFiles, ServerInfo, Song, SongAnalysis, SongNotes, Upload } from "./contract";

const root = "/api/v1";

/** The server refused, or cannot be reached (status 0). */
export class ApiError extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

async function send(method: string, path: string, init: RequestInit = {}): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(root + path, { method, ...init });
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw new ApiError(0, "The server cannot be reached. Is 'stemsharp serve' still running?");
  }
  if (response.ok) return response;
  const problem = await response.json().catch(() => undefined);
  throw new ApiError(response.status, problem?.detail ?? problem?.title ?? response.statusText);
}

function withJson(body: unknown): RequestInit {
  return { body: JSON.stringify(body), headers: { "Content-Type": "application/json" } };
}

async function get<T>(path: string): Promise<T> {
  return (await send("GET", path)).json() as Promise<T>;
}

async function post<T>(path: string, body: unknown = {}): Promise<T> {
  return (await send("POST", path, withJson(body))).json() as Promise<T>;
}

const song = (id: string) => `/songs/${encodeURIComponent(id)}`;
const job = (id: string) => `/jobs/${encodeURIComponent(id)}`;
const stem = (id: string, name: string) => `${job(id)}/stems/${encodeURIComponent(name)}`;

export const api = {
  server: () => get<ServerInfo>("/server"),
  models: () => get<Model[]>("/models"),
  download: (model: string) => post<Model>(`/models/${encodeURIComponent(model)}/download`),
  modelFiles: (model: string) => get<ModelFiles>(`/models/${encodeURIComponent(model)}/files`),
  deleteModel: (model: string) => send("DELETE", `/models/${encodeURIComponent(model)}`),
  signIn: (token: string) => send("POST", "/session", withJson({ token })),
  pair: (code: string, device: string) => send("POST", "/session", withJson({ code, device })),
  lan: () => get<LanState>("/lan"),
  changeLan: async (on: boolean) => (await send("PUT", "/lan", withJson({ on }))).json() as Promise<LanState>,
  revokeDevice: (id: string) => send("DELETE", `/lan/devices/${encodeURIComponent(id)}`),
  /** A picture of its own for every code: a browser keeps what it has shown. */
  qrAddress: (code: string) => `${root}/lan/qr.svg?of=${code}`,

  song: (id: string) => get<Song>(song(id)),
  analysis: (id: string) => get<SongAnalysis>(`${song(id)}/analysis`),
  notes: (id: string) => get<SongNotes>(`${song(id)}/notes`),
  changeNotes: (id: string, change: SongNotes, last = false) => send("PATCH", `${song(id)}/notes`, { ...withJson(change), keepalive: last }),
  dropSong: (id: string) => send("DELETE", song(id)),
  coverAddress: (id: string) => `${root}${song(id)}/cover`,

  createUpload: (name: string, bytes: number) => post<Upload>("/uploads", { name, bytes }),
  getUpload: (id: string) => get<Upload>(`/uploads/${id}`),
  dropUpload: (id: string) => send("DELETE", `/uploads/${id}`),
  async append(id: string, offset: number, piece: Blob, signal: AbortSignal): Promise<Upload> {
    const headers = { "Content-Type": "application/offset+octet-stream", "Upload-Offset": `${offset}` };
    return (await send("PATCH", `/uploads/${id}`, { body: piece, headers, signal })).json() as Promise<Upload>;
  },

  jobs: (before: string) => get<JobPage>(`/jobs?limit=1000&before=${encodeURIComponent(before)}`),
  createJob: (songId: string, settings: JobSettings, batch: string) => post<Job>("/jobs", { songId, settings, batch, fetchModel: true }),
  cancel: (id: string) => post<Job>(`${job(id)}/cancel`),
  retry: (id: string) => post<Job>(`${job(id)}/retry`),
  move: (id: string, before: string | null) => post<Job>(`${job(id)}/move`, { before }),
  remove: (id: string) => send("DELETE", job(id)),

  async range(id: string, name: string, from: number, to: number, signal?: AbortSignal): Promise<ArrayBuffer> {
    const response = await send("GET", stem(id, name), {
      headers: { Range: `bytes=${from}-${to}` },
      ...(signal ? { signal } : {}),
    });
    return response.arrayBuffer();
  },
  async peaks(id: string, name: string): Promise<ArrayBuffer> {
    return (await send("GET", `${stem(id, name)}/peaks`)).arrayBuffer();
  },
  async spectrogram(id: string, name: string, stretch: { columns: number; bins: number; from: number; to: number }): Promise<Uint8Array> {
    const response = await send("GET", `${stem(id, name)}/spectrogram?${query(stretch)}`);
    return new Uint8Array(await response.arrayBuffer());
  },

  stemAddress: (id: string, name: string, format: string) => `${root}${stem(id, name)}?format=${format}`,
  zipAddress: (id: string, form: ExportForm) => `${root}${job(id)}/stems.zip?${query(form)}`,
  mixAddress: (id: string, gains: number[], pans: number[], form: ExportForm, name?: string) =>
    `${root}${job(id)}/mix?gains=${gains.map(short)}&pans=${pans.map(short)}&${query({ ...form, name })}`,
  eventsAddress: `${root}/events`,
};

/** In which form sound is taken home; frames from … to. */
export interface ExportForm {
  format: string;
  depth?: string | undefined;
  from?: number | undefined;
  to?: number | undefined;
}

const query = (values: object) =>
  Object.entries(values).filter(([, value]) => value !== undefined).map(([key, value]) => `${key}=${encodeURIComponent(value as string | number)}`).join("&");
const short = (value: number) => Number(value.toFixed(4));
