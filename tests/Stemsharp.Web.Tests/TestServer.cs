using System.Buffers.Binary;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Text;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Stemsharp.Chains;
using Stemsharp.Client;
using Stemsharp.Web.Dispatch;
using Stemsharp.Web.Hosting;
using Stemsharp.Web.Queue;
using Stemsharp.Web.Separation;
using Stemsharp.Web.Settings;
using Stemsharp.Web.Store;
using Xunit;

namespace Stemsharp.Web.Tests;

/// <summary>A server on a port of its own, with a folder of its own and a separator, real or fake.</summary>
internal sealed class TestServer : IAsyncDisposable
{
    private static readonly TimeSpan LongestWait = TimeSpan.FromMinutes(1);
    private readonly bool _ownsFolder;
    private readonly ISongSeparator _separator;

    private readonly FaultyJobStore? _store;

    private TestServer(string folder, bool ownsFolder, ServeOptions options, ISongSeparator separator, WebServer server, FaultyJobStore? store)
    {
        (Folder, _ownsFolder, Options, _separator, Server, _store) = (folder, ownsFolder, options, separator, server, store);
        Http = new HttpClient { BaseAddress = server.Address, Timeout = TimeSpan.FromMinutes(2) };
        Http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", server.Token);
        Client = new StemsharpClient(server.Address, server.Token);
    }

    public string Folder { get; }

    public ServeOptions Options { get; }

    public FakeSeparator Separator => (FakeSeparator)_separator;

    /// <summary>The separator of a server that was started with the demo model.</summary>
    public HeldSeparator Demo => (HeldSeparator)_separator;

    /// <summary>The store of a server that was started with one that can fail.</summary>
    public FaultyJobStore Store => _store!;

    public WebServer Server { get; }

    /// <summary>Sends the token with everything.</summary>
    public HttpClient Http { get; }

    public StemsharpClient Client { get; }

    /// <summary>A server with a fake separator.</summary>
    /// <param name="change">Changes its options.</param>
    /// <param name="folder">Its data; null for a folder that goes with it.</param>
    /// <param name="fake">Prepares the separator.</param>
    /// <param name="log">Gets what it logs.</param>
    /// <param name="faulty">Whether its store of jobs can be made to fail.</param>
    /// <param name="idle">Whether nobody works on its queue.</param>
    /// <param name="fleet">Whose workers work on its queue; null where it does so itself.</param>
    public static Task<TestServer> StartAsync(
        Func<ServeOptions, ServeOptions>? change = null, string? folder = null, Action<FakeSeparator>? fake = null, ILoggerProvider? log = null,
        bool faulty = false, bool idle = false, FleetLink? fleet = null) =>
        StartAsync(change, folder, log, faulty, idle, fleet, options =>
        {
            FakeSeparator separator = new(options);
            fake?.Invoke(separator);
            return separator;
        });

    /// <summary>A server that separates, with the demo model.</summary>
    /// <param name="folder">Its data; null for a folder that goes with it.</param>
    /// <param name="chains">Chains that it offers; null for the presets.</param>
    /// <param name="fleet">Whose workers separate; null where it does so itself.</param>
    public static Task<TestServer> StartDemoAsync(string? folder = null, IReadOnlyList<SeparationChain>? chains = null, FleetLink? fleet = null) =>
        StartAsync(options => options with { Model = "demo", Offline = true }, folder, null, false, false, fleet, options => new HeldSeparator(new LibrarySeparator(options, chains)));

    private static async Task<TestServer> StartAsync(
        Func<ServeOptions, ServeOptions>? change, string? folder, ILoggerProvider? log, bool faulty, bool idle, FleetLink? fleet, Func<ServeOptions, ISongSeparator> make)
    {
        bool owns = folder is null;
        folder ??= Directory.CreateTempSubdirectory("stemsharp-web-").FullName;
        ServeOptions options = new() { DataFolder = folder, Port = 0, OpenBrowser = false };
        options = change?.Invoke(options) ?? options;
        ISongSeparator separator = make(options);
        WebServer server = WebServer.Create(options, separator, log is null ? null : logging => logging.AddProvider(log), services =>
        {
            if (faulty)
            {
                services.AddSingleton<IJobStore>(provider => new FaultyJobStore(ActivatorUtilities.CreateInstance<SqliteJobStore>(provider)));
            }

            if (idle)
            {
                services.Remove(services.Single(service => service.ImplementationType == (fleet is null ? typeof(Pipeline) : typeof(FleetPipeline))));
            }
        }, fleet);
        await server.StartAsync(options);
        return new TestServer(
            folder, owns, options, separator, server, faulty ? (FaultyJobStore)server.Services.GetRequiredService<IJobStore>() : null);
    }

    /// <summary>A song of noise that is the same for the same seed.</summary>
    public static byte[] Song(double seconds = 0.5, int seed = 1, int sampleRate = 44_100)
    {
        int frames = (int)(seconds * sampleRate), bytes = frames * 4;
        byte[] wav = new byte[44 + bytes];
        "RIFF"u8.CopyTo(wav);
        BinaryPrimitives.WriteInt32LittleEndian(wav.AsSpan(4), 36 + bytes);
        "WAVEfmt "u8.CopyTo(wav.AsSpan(8));
        ReadOnlySpan<int> format = [16, 1 | (2 << 16), sampleRate, sampleRate * 4, 4 | (16 << 16)];
        for (int i = 0; i < format.Length; i++)
        {
            BinaryPrimitives.WriteInt32LittleEndian(wav.AsSpan(16 + 4 * i), format[i]);
        }

        "data"u8.CopyTo(wav.AsSpan(36));
        BinaryPrimitives.WriteInt32LittleEndian(wav.AsSpan(40), bytes);
        Random random = new(seed);
        for (int i = 44; i < wav.Length; i += 2)
        {
            BinaryPrimitives.WriteInt16LittleEndian(wav.AsSpan(i), (short)random.Next(-9000, 9000));
        }

        return wav;
    }

    public async Task<Song> UploadAsync(string name = "song.wav", byte[]? song = null)
    {
        using MemoryStream content = new(song ?? Song());
        return await Client.UploadAsync(name, content);
    }

    public async Task<Job> SeparateAsync(byte[]? song = null, JobSettings? settings = null)
    {
        Song uploaded = await UploadAsync(song: song);
        Job job = await Client.CreateJobAsync(new NewJob(uploaded.Id) { Settings = settings });
        return await Client.WaitForJobAsync(job.Id);
    }

    /// <summary>Asks until something has come about, and fails where that takes more than a minute: a wait in vain must not hold up the others.</summary>
    /// <param name="what">What is waited for, as the failure says it.</param>
    /// <param name="holds">Whether it has come about.</param>
    public static async Task UntilAsync(string what, Func<Task<bool>> holds)
    {
        for (long start = Environment.TickCount64; !await holds();)
        {
            Assert.True(Environment.TickCount64 - start < LongestWait.TotalMilliseconds, $"Not within {LongestWait}: {what}");
            await Task.Delay(10);
        }
    }

    /// <inheritdoc cref="UntilAsync(string, Func{Task{bool}})"/>
    public static Task UntilAsync(string what, Func<bool> holds) => UntilAsync(what, () => Task.FromResult(holds()));

    /// <summary>Waits until a job is as wanted.</summary>
    public async Task<Job> WaitAsync(string id, Func<Job, bool> wanted)
    {
        using CancellationTokenSource limit = new(LongestWait);
        await foreach (ServerEvent happened in Client.WatchAsync(limit.Token))
        {
            Job? job = happened.Jobs is not null ? await Client.GetJobAsync(id) : happened.Job;
            if (job?.Id == id && wanted(job))
            {
                return job;
            }
        }
        throw new IOException("The stream of events has ended.");
    }

    /// <summary>Sends bytes as they are and gives the whole answer.</summary>
    public async Task<string> RawAsync(string request)
    {
        using TcpClient tcp = new();
        await tcp.ConnectAsync("127.0.0.1", Server.Address.Port);
        using NetworkStream stream = tcp.GetStream();
        await stream.WriteAsync(Encoding.Latin1.GetBytes(request));
        using StreamReader reader = new(stream, Encoding.Latin1);
        return await reader.ReadToEndAsync();
    }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        Http.Dispose();
        await Server.StopAsync();
        await Server.DisposeAsync();
        await _separator.DisposeAsync();
        if (_ownsFolder)
        {
            Directory.Delete(Folder, recursive: true);
        }
    }
}
