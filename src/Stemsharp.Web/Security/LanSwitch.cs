using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;

namespace Stemsharp.Web.Security;

/// <summary>
/// The server's second door, by TLS and open to its own network, which can be opened and shut while it runs: a configuration that the
/// server's listener watches.
/// </summary>
/// <param name="certificateFile">Where its certificate is, or will be.</param>
internal sealed class LanSwitch(string certificateFile) : ConfigurationProvider, IConfigurationSource
{
    /// <summary>The name of the endpoint.</summary>
    public const string Endpoint = "Lan";
    private const string Address = $"Endpoints:{Endpoint}:Url";

    /// <summary>Ports that are tried, one after the other.</summary>
    private const int Tries = 20;
    private readonly Lock _gate = new();
    private readonly Lazy<X509Certificate2> _certificate = new(() => LanCertificate.LoadOrCreate(certificateFile));

    /// <summary>Where it listens; null where it is shut.</summary>
    public int? Port { get; private set; }

    public X509Certificate2 Certificate => _certificate.Value;

    /// <summary>Where other machines find the page.</summary>
    public IReadOnlyList<Uri> Addresses => Port is { } port
        ? [.. LanAddresses.All.Select(address => new UriBuilder("https", address.ToString(), port).Uri)]
        : [];

    /// <summary>Opens or shuts it.</summary>
    /// <param name="on">Whether it is to be open.</param>
    /// <param name="port">The port to try first; 0 for any that is free.</param>
    /// <exception cref="OptionException">No port is free.</exception>
    public void Turn(bool on, int port)
    {
        lock (_gate)
        {
            if (on == Port is not null)
            {
                return;
            }

            if (on)
            {
                // Made before anybody is let in: the first connection would wait for it.
                _ = Certificate;
                Port = FreePort(port);
                Data[Address] = $"https://0.0.0.0:{Port}";
            }
            else
            {
                Port = null;
                Data.Clear();
            }
        }

        OnReload();
    }

    public IConfigurationProvider Build(IConfigurationBuilder builder) => this;

    private static int FreePort(int first)
    {
        for (int port = first; port < first + Tries && port <= IPEndPoint.MaxPort; port++)
        {
            using Socket probe = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            try
            {
                probe.Bind(new IPEndPoint(IPAddress.Any, port));
                return ((IPEndPoint)probe.LocalEndPoint!).Port;
            }
            catch (SocketException)
            {
                // Taken, or not for this user: the next one.
            }
        }

        throw new OptionException($"None of the ports {first} to {first + Tries - 1} is free for the network. Choose another with --port; the network's is the next one.");
    }
}
