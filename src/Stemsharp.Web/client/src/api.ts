import type { Job, JobPage, JobSettings, Model, PracticeSettings, ServerInfo, SongPractice, Upload } from "./contract";

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

const job = (id: string) => `/jobs/${encodeURIComponent(id)}`;
const stem = (id: string, name: string) => `${job(id)}/stems/${encodeURIComponent(name)}`;

export const api = {
  server: () => get<ServerInfo>("/server"),
  models: () => get<Model[]>("/models"),
  download: (model: string) => post<Model>(`/models/${encodeURIComponent(model)}/download`),
  signIn: (token: string) => send("POST", "/session", withJson({ token })),

  createUpload: (name: string, bytes: number) => post<Upload>("/uploads", { name, bytes }),
  getUpload: (id: string) => get<Upload>(`/uploads/${id}`),
  dropUpload: (id: string) => send("DELETE", `/uploads/${id}`),
  async append(id: string, offset: number, piece: Blob, signal: AbortSignal): Promise<Upload> {
    const headers = { "Content-Type": "application/offset+octet-stream", "Upload-Offset": `${offset}` };
    return (await send("PATCH", `/uploads/${id}`, { body: piece, headers, signal })).json() as Promise<Upload>;
  },

  practice: (songId: string) => get<SongPractice>(`/songs/${encodeURIComponent(songId)}/practice`),
  setPractice: (songId: string, settings: PracticeSettings) => send("PUT", `/songs/${encodeURIComponent(songId)}/practice`, withJson(settings)),

  jobs: (before: string) => get<JobPage>(`/jobs?before=${encodeURIComponent(before)}`),
  createJob: (songId: string, settings: JobSettings, batch: string) => post<Job>("/jobs", { songId, settings, batch }),
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
    const query = Object.entries(stretch).map(([key, value]) => `${key}=${value}`).join("&");
    const response = await send("GET", `${stem(id, name)}/spectrogram?${query}`);
    return new Uint8Array(await response.arrayBuffer());
  },

  stemAddress: (id: string, name: string, format: string) => `${root}${stem(id, name)}?format=${format}`,
  zipAddress: (id: string, format: string) => `${root}${job(id)}/stems.zip?format=${format}`,
  mixAddress: (id: string, gains: number[], pans: number[], format: string) =>
    `${root}${job(id)}/mix?gains=${gains.map(short)}&pans=${pans.map(short)}&format=${format}`,
  eventsAddress: `${root}/events`,
};

const short = (value: number) => Number(value.toFixed(4));
