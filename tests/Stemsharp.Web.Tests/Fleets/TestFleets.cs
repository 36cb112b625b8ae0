using Stemsharp.Fleet.Bench.Runs;
using Stemsharp.Fleet.Nats;
using Stemsharp.Web.Dispatch;

namespace Stemsharp.Web.Tests.Fleets;

/// <summary>One real nats-server for the tests of a class, begun by the first that needs it; each test has a fleet of its own there.</summary>
public sealed class TestFleets : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("stemsharp-nats-").FullName;
    private readonly SemaphoreSlim _gate = new(1);
    private int _fleets;

    /// <summary>The server, once there is a fleet.</summary>
    internal NatsServer? Nats { get; private set; }

    /// <summary>The address of a fleet that nobody else has.</summary>
    internal async Task<string> NewAsync()
    {
        await _gate.WaitAsync();
        try
        {
            Nats ??= await NatsServer.StartAsync(_folder);
            return $"{Nats.Url}/test-{_fleets++}";
        }
        finally
        {
            _gate.Release();
        }
    }

    /// <summary>Connects to a fleet.</summary>
    internal static Task<NatsFleet> OpenAsync(string url, double leaseSeconds = 2) =>
        NatsFleet.OpenAsync(QueueAddress.Parse(url), TimeSpan.FromSeconds(leaseSeconds), CancellationToken.None);

    /// <summary>A server's connection to a fleet.</summary>
    internal static async Task<FleetLink> LinkAsync(string url) => new(await OpenAsync(url));

    public void Dispose()
    {
        Nats?.Dispose();
        Directory.Delete(_folder, recursive: true);
        _gate.Dispose();
    }
}
