using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace Stemsharp.Fleet.Bench.Runs;

/// <summary>A real nats-server with JetStream in a folder of its own, which can be killed and comes back with what it had.</summary>
internal sealed class NatsServer : IDisposable
{
    private const string Program = "nats-server";

    private readonly string _folder;
    private readonly IPAddress _address;
    private readonly int _port;
    private Process? _process;

    private NatsServer(string folder, IPAddress address, int port) => (_folder, _address, _port) = (folder, address, port);

    /// <summary>Where it is.</summary>
    internal string Url => $"nats://{_address}:{_port}";

    /// <summary>Starts one on a free port.</summary>
    /// <param name="folder">Keeps its streams.</param>
    /// <param name="address">Where it listens; null for this machine alone.</param>
    internal static async Task<NatsServer> StartAsync(string folder, string? address = null)
    {
        IPAddress listens = address is null ? IPAddress.Loopback : IPAddress.Parse(address);
        using TcpListener probe = new(listens, 0);
        probe.Start();
        int port = ((IPEndPoint)probe.LocalEndpoint).Port;
        probe.Stop();
        NatsServer server = new(folder, listens, port);
        await server.StartAsync();
        return server;
    }

    /// <summary>Starts it again.</summary>
    internal async Task StartAsync()
    {
        _process = Process.Start(new ProcessStartInfo(Program, ["-a", $"{_address}", "-p", $"{_port}", "--jetstream", "--store_dir", _folder, "--log", Path.Combine(_folder, "log")]))!;
        for (int i = 0; ; i++)
        {
            try
            {
                using TcpClient client = new();
                await client.ConnectAsync(_address, _port);
                return;
            }
            catch (SocketException) when (i < 400 && !_process.HasExited)
            {
                await Task.Delay(50);
            }
        }
    }

    /// <summary>kill -9.</summary>
    internal void Kill()
    {
        _process!.Kill();
        _process.WaitForExit();
        _process.Dispose();
        _process = null;
    }

    public void Dispose()
    {
        if (_process is not null)
        {
            Kill();
        }
    }
}
