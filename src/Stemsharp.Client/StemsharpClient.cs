using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Net.ServerSentEvents;
using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace Stemsharp.Client;

/// <summary>
/// Speaks the HTTP API of <c>stemsharp serve</c>. Safe for use from several threads at once.
/// Every method throws <see cref="ApiException"/> where the server refuses.
/// </summary>
public sealed class StemsharpClient : IDisposable
{
    private const int PieceBytes = 8 << 20;

    /// <summary>How often an upload goes on after a failure in a row: half a minute in all, in which a restarted server is back.</summary>
    private const int TriesAgain = 10;
    private readonly HttpClient _http;
    private readonly bool _ownsHttp;

    /// <summary>Makes a client for a server.</summary>
    /// <param name="server">The server's address, such as <c>http://127.0.0.1:7341</c>.</param>
    /// <param name="token">The server's token, from the <c>token</c> file in its data folder.</param>
    /// <param name="http">What to send through; a client of its own if null.</param>
    public StemsharpClient(Uri server, string token, HttpClient? http = null)
    {
        ArgumentNullException.ThrowIfNull(server);
        ArgumentException.ThrowIfNullOrEmpty(token);
        _ownsHttp = http is null;
        _http = http ?? new HttpClient { Timeout = Timeout.InfiniteTimeSpan };
        _http.BaseAddress = new Uri(server, "/api/v1/");
        _http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
    }

    /// <summary>What the server is and allows.</summary>
    public Task<ServerInfo> GetServerAsync(CancellationToken cancellationToken = default) =>
        GetAsync("server", ApiJson.Default.ServerInfo, cancellationToken);

    /// <summary>The models that the server knows.</summary>
    public Task<IReadOnlyList<ModelInfo>> GetModelsAsync(CancellationToken cancellationToken = default) =>
        GetAsync("models", ApiJson.Default.IReadOnlyListModelInfo, cancellationToken);

    /// <summary>Starts the download of a model; its progress comes with the events.</summary>
    public Task<ModelInfo> DownloadModelAsync(string model, CancellationToken cancellationToken = default) =>
        SendAsync(HttpMethod.Post, $"models/{Uri.EscapeDataString(model)}/download", null, ApiJson.Default.ModelInfo, cancellationToken);

    /// <summary>A song's tempo, beats, bars and key. The first time it may take some seconds.</summary>
    public Task<SongAnalysis> GetAnalysisAsync(string songId, CancellationToken cancellationToken = default) =>
        GetAsync($"songs/{Uri.EscapeDataString(songId)}/analysis", ApiJson.Default.SongAnalysis, cancellationToken);

    /// <summary>
    /// Uploads a song in pieces. One that fails on the way is sent again from where the server has it, also by a server that has
    /// been restarted.
    /// </summary>
    /// <param name="name">Name for display.</param>
    /// <param name="content">The file, seekable, from its present position.</param>
    /// <param name="progress">Gets the bytes that have arrived.</param>
    /// <param name="cancellationToken">Stops; what has arrived is dropped by the server after a day.</param>
    public async Task<Song> UploadAsync(
        string name, Stream content, IProgress<long>? progress = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(content);
        long start = content.Position;
        NewUpload announced = new(name, content.Length - start);
        Upload upload = await SendAsync(
            HttpMethod.Post, "uploads", JsonContent.Create(announced, ApiJson.Default.NewUpload), ApiJson.Default.Upload,
            cancellationToken).ConfigureAwait(false);
        byte[] piece = new byte[(int)Math.Min(PieceBytes, Math.Max(1, announced.Bytes))];
        for (int failures = 0; upload.Song is null;)
        {
            try
            {
                // After a failure the server tells how far it has the file, which may be all of it.
                if (failures > 0)
                {
                    upload = await GetAsync($"uploads/{upload.Id}", ApiJson.Default.Upload, cancellationToken).ConfigureAwait(false);
                }

                if (upload.Song is null)
                {
                    upload = await AppendAsync(upload, content, start, piece, cancellationToken).ConfigureAwait(false);
                }

                failures = 0;
            }
            catch (Exception error) when (IsPassing(error) && ++failures <= TriesAgain)
            {
                await Task.Delay(Math.Min(5000, 500 * failures), cancellationToken).ConfigureAwait(false);
            }
            progress?.Report(upload.Offset);
        }
        return upload.Song;
    }

    /// <summary>Takes a song from the server's own disk, where the server allows that.</summary>
    /// <param name="path">An absolute path on the server.</param>
    /// <param name="cancellationToken">Stops.</param>
    public Task<Song> AddLocalSongAsync(string path, CancellationToken cancellationToken = default) =>
        SendAsync(
            HttpMethod.Post, "songs/local", JsonContent.Create(new LocalSong(path), ApiJson.Default.LocalSong),
            ApiJson.Default.Song, cancellationToken);

    /// <summary>Deletes a song that no job needs.</summary>
    public async Task DeleteSongAsync(string id, CancellationToken cancellationToken = default)
    {
        using HttpRequestMessage request = new(HttpMethod.Delete, $"songs/{Uri.EscapeDataString(id)}");
        using HttpResponseMessage response = await SendAsync(request, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Queues a song.</summary>
    public Task<Job> CreateJobAsync(NewJob job, CancellationToken cancellationToken = default) =>
        SendAsync(HttpMethod.Post, "jobs", JsonContent.Create(job, ApiJson.Default.NewJob), ApiJson.Default.Job, cancellationToken);

    /// <summary>One page of the jobs, newest first.</summary>
    /// <param name="before">The <see cref="JobPage.Next"/> of the page before; null for the first.</param>
    /// <param name="cancellationToken">Stops.</param>
    public Task<JobPage> GetJobsAsync(string? before = null, CancellationToken cancellationToken = default) =>
        GetAsync(before is null ? "jobs" : $"jobs?before={Uri.EscapeDataString(before)}", ApiJson.Default.JobPage, cancellationToken);

    /// <summary>One job.</summary>
    public Task<Job> GetJobAsync(string id, CancellationToken cancellationToken = default) =>
        GetAsync($"jobs/{Uri.EscapeDataString(id)}", ApiJson.Default.Job, cancellationToken);

    /// <summary>Stops a job that is queued or running.</summary>
    public Task<Job> CancelJobAsync(string id, CancellationToken cancellationToken = default) =>
        SendAsync(HttpMethod.Post, $"jobs/{Uri.EscapeDataString(id)}/cancel", null, ApiJson.Default.Job, cancellationToken);

    /// <summary>Queues a job that failed or was cancelled once more.</summary>
    public Task<Job> RetryJobAsync(string id, CancellationToken cancellationToken = default) =>
        SendAsync(HttpMethod.Post, $"jobs/{Uri.EscapeDataString(id)}/retry", null, ApiJson.Default.Job, cancellationToken);

    /// <summary>Moves a queued job.</summary>
    /// <param name="id">The job.</param>
    /// <param name="before">The queued job that it shall go before; null for the end of the queue.</param>
    /// <param name="cancellationToken">Stops.</param>
    public Task<Job> MoveJobAsync(string id, string? before, CancellationToken cancellationToken = default) =>
        SendAsync(
            HttpMethod.Post, $"jobs/{Uri.EscapeDataString(id)}/move",
            JsonContent.Create(new JobMove { Before = before }, ApiJson.Default.JobMove), ApiJson.Default.Job, cancellationToken);

    /// <summary>Deletes a job with its stems; a running one is stopped first.</summary>
    public async Task DeleteJobAsync(string id, CancellationToken cancellationToken = default)
    {
        using HttpRequestMessage request = new(HttpMethod.Delete, $"jobs/{Uri.EscapeDataString(id)}");
        using HttpResponseMessage response = await SendAsync(request, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>What goes when a model is deleted.</summary>
    public Task<ModelFiles> GetModelFilesAsync(string model, CancellationToken cancellationToken = default) =>
        GetAsync($"models/{Uri.EscapeDataString(model)}/files", ApiJson.Default.ModelFiles, cancellationToken);

    /// <summary>Deletes a model's files from the server's cache; one that a job needs is not deleted.</summary>
    public async Task DeleteModelAsync(string model, CancellationToken cancellationToken = default)
    {
        using HttpRequestMessage request = new(HttpMethod.Delete, $"models/{Uri.EscapeDataString(model)}");
        using HttpResponseMessage response = await SendAsync(request, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Opens a stem for reading.</summary>
    /// <param name="id">The job.</param>
    /// <param name="stem">The stem's name.</param>
    /// <param name="format"><c>wav</c>, <c>flac</c> or <c>mp3</c>.</param>
    /// <param name="cancellationToken">Stops.</param>
    public async Task<Stream> OpenStemAsync(
        string id, string stem, string format = "wav", CancellationToken cancellationToken = default)
    {
        using HttpRequestMessage request = new(
            HttpMethod.Get,
            $"jobs/{Uri.EscapeDataString(id)}/stems/{Uri.EscapeDataString(stem)}?format={Uri.EscapeDataString(format)}");
        HttpResponseMessage response = await SendAsync(request, cancellationToken).ConfigureAwait(false);
        return await response.Content.ReadAsStreamAsync(cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Everything that happens, from a first event that holds the jobs as they stand, until stopped.</summary>
    public async IAsyncEnumerable<ServerEvent> WatchAsync([EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        await foreach (ServerEvent happened in StreamAsync("events", ApiJson.Default.ServerEvent, cancellationToken).ConfigureAwait(false))
        {
            yield return happened;
        }
    }

    /// <summary>Waits until a job has ended, well or not.</summary>
    public async Task<Job> WaitForJobAsync(string id, CancellationToken cancellationToken = default)
    {
        await foreach (ServerEvent happened in WatchAsync(cancellationToken).ConfigureAwait(false))
        {
            Job? job = happened.Jobs is not null
                ? await GetJobAsync(id, cancellationToken).ConfigureAwait(false)
                : happened.Job?.Id == id ? happened.Job : null;
            if (job is { State: JobState.Done or JobState.Failed or JobState.Cancelled })
            {
                return job;
            }

            if (happened.Removed == id)
            {
                throw new ApiException(new Problem("urn:stemsharp:not-found", "Not found", 404) { Detail = $"Job {id} was deleted." });
            }
        }
        throw new IOException("The server ended the stream of events before the job had ended; connect again.");
    }

    /// <summary>Hands songs on the server's disk to the fleet that works for it. May be repeated: what is in the queue stays there once.</summary>
    public Task<SubmittedFleetJobs> SubmitFleetJobsAsync(NewFleetJobs jobs, CancellationToken cancellationToken = default) =>
        SendAsync(HttpMethod.Post, "fleet/jobs", JsonContent.Create(jobs, ApiJson.Default.NewFleetJobs), ApiJson.Default.SubmittedFleetJobs, cancellationToken);

    /// <summary>The fleet's jobs, those handed in last first.</summary>
    /// <param name="state">Only those of this state; null for all.</param>
    /// <param name="limit">As many at most, 1 to 10,000.</param>
    /// <param name="cancellationToken">Stops.</param>
    public Task<FleetJobList> GetFleetJobsAsync(FleetJobState? state = null, int limit = 1000, CancellationToken cancellationToken = default) =>
        GetAsync($"fleet/jobs?limit={limit}{(state is { } only ? $"&state={only.ToString().ToLowerInvariant()}" : "")}", ApiJson.Default.FleetJobList, cancellationToken);

    /// <summary>One of the fleet's jobs.</summary>
    public Task<FleetJob> GetFleetJobAsync(string id, CancellationToken cancellationToken = default) =>
        GetAsync($"fleet/jobs/{Uri.EscapeDataString(id)}", ApiJson.Default.FleetJob, cancellationToken);

    /// <summary>Puts one of the fleet's jobs back into the queue that was given up or withdrawn.</summary>
    public Task<FleetJob> RetryFleetJobAsync(string id, CancellationToken cancellationToken = default) =>
        SendAsync(HttpMethod.Post, $"fleet/jobs/{Uri.EscapeDataString(id)}/retry", null, ApiJson.Default.FleetJob, cancellationToken);

    /// <summary>Withdraws one of the fleet's jobs that has not ended.</summary>
    public Task<FleetJob> CancelFleetJobAsync(string id, CancellationToken cancellationToken = default) =>
        SendAsync(HttpMethod.Post, $"fleet/jobs/{Uri.EscapeDataString(id)}/cancel", null, ApiJson.Default.FleetJob, cancellationToken);

    /// <summary>The workers that are heard of.</summary>
    public Task<IReadOnlyList<FleetWorker>> GetFleetWorkersAsync(CancellationToken cancellationToken = default) =>
        GetAsync("fleet/workers", ApiJson.Default.IReadOnlyListFleetWorker, cancellationToken);

    /// <summary>Each of the fleet's jobs as it stands, and then every one that changes, until stopped.</summary>
    public IAsyncEnumerable<FleetJob> WatchFleetAsync(CancellationToken cancellationToken = default) =>
        StreamAsync("fleet/events", ApiJson.Default.FleetJob, cancellationToken);

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_ownsHttp)
        {
            _http.Dispose();
        }
    }

    /// <summary>A connection that breaks, a server that starts anew, another piece under way, too much at once.</summary>
    private static bool IsPassing(Exception error) => error is HttpRequestException or ApiException
    {
        Status: HttpStatusCode.Conflict or HttpStatusCode.TooManyRequests or HttpStatusCode.ServiceUnavailable,
    };

    /// <summary>Sends the piece that comes next.</summary>
    private async Task<Upload> AppendAsync(Upload upload, Stream content, long start, byte[] piece, CancellationToken cancellationToken)
    {
        content.Position = start + upload.Offset;
        int read = await content.ReadAtLeastAsync(piece, piece.Length, false, cancellationToken).ConfigureAwait(false);
        using ByteArrayContent body = new(piece, 0, read);
        body.Headers.ContentType = new MediaTypeHeaderValue("application/offset+octet-stream");
        body.Headers.Add("Upload-Offset", upload.Offset.ToString());
        return await SendAsync(HttpMethod.Patch, $"uploads/{upload.Id}", body, ApiJson.Default.Upload, cancellationToken).ConfigureAwait(false);
    }

    private async IAsyncEnumerable<T> StreamAsync<T>(string path, JsonTypeInfo<T> type, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using HttpRequestMessage request = new(HttpMethod.Get, path);
        using HttpResponseMessage response = await SendAsync(request, cancellationToken).ConfigureAwait(false);
        using Stream stream = await response.Content.ReadAsStreamAsync(cancellationToken).ConfigureAwait(false);
        SseParser<T?> parser = SseParser.Create(stream, (_, data) => JsonSerializer.Deserialize(data, type));
        await foreach (SseItem<T?> item in parser.EnumerateAsync(cancellationToken).ConfigureAwait(false))
        {
            if (item.Data is { } happened)
            {
                yield return happened;
            }
        }
    }

    private Task<T> GetAsync<T>(string path, JsonTypeInfo<T> type, CancellationToken cancellationToken) =>
        SendAsync(HttpMethod.Get, path, null, type, cancellationToken);

    private async Task<T> SendAsync<T>(
        HttpMethod method, string path, HttpContent? content, JsonTypeInfo<T> type, CancellationToken cancellationToken)
    {
        using HttpRequestMessage request = new(method, path) { Content = content };
        using HttpResponseMessage response = await SendAsync(request, cancellationToken).ConfigureAwait(false);
        return await response.Content.ReadFromJsonAsync(type, cancellationToken).ConfigureAwait(false)
            ?? throw new IOException($"The server answered {path} with an empty document.");
    }

    private async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        HttpResponseMessage response = await _http
            .SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken).ConfigureAwait(false);
        if (response.IsSuccessStatusCode)
        {
            return response;
        }

        using (response)
        {
            Problem problem = new("urn:stemsharp:unknown", response.ReasonPhrase ?? "Error", (int)response.StatusCode);
            if (response.Content.Headers.ContentType?.MediaType == "application/problem+json")
            {
                problem = await response.Content.ReadFromJsonAsync(ApiJson.Default.Problem, cancellationToken)
                    .ConfigureAwait(false) ?? problem;
            }
            throw new ApiException(problem);
        }
    }
}

/// <summary>The server refused; <see cref="Problem"/> says why.</summary>
public sealed class ApiException : Exception
{
    /// <summary>Makes one from the server's answer.</summary>
    public ApiException(Problem problem) : base(problem?.Detail ?? problem?.Title) =>
        Problem = problem ?? throw new ArgumentNullException(nameof(problem));

    /// <summary>The server's answer.</summary>
    public Problem Problem { get; }

    /// <summary>The HTTP status.</summary>
    public HttpStatusCode Status => (HttpStatusCode)Problem.Status;
}
