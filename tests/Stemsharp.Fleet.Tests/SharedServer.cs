using Stemsharp.Cli.Tests;
using Stemsharp.Fleet.Bench.Runs;
using Stemsharp.Fleet.Nats;

namespace Stemsharp.Fleet.Tests;

/// <summary>One real server for the tests of a class, begun by the first that needs it; each test has a fleet of its own there.</summary>
public sealed class SharedServer : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly SemaphoreSlim _gate = new(1);
    private NatsServer? _server;
    private int _fleets;

    /// <summary>A fleet that nobody else has.</summary>
    internal async Task<string> NewAsync()
    {
        await _gate.WaitAsync();
        try
        {
            _server ??= await NatsServer.StartAsync(_folder.Path);
            return $"{_server.Url}/test-{_fleets++}";
        }
        finally
        {
            _gate.Release();
        }
    }

    /// <summary>Connects to a fleet.</summary>
    internal static Task<NatsFleet> OpenAsync(string url, double leaseSeconds = 2) =>
        NatsFleet.OpenAsync(QueueAddress.Parse(url), TimeSpan.FromSeconds(leaseSeconds), CancellationToken.None);

    public void Dispose()
    {
        _server?.Dispose();
        _folder.Dispose();
        _gate.Dispose();
    }
}
