using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;

namespace Stemsharp.Web.Security;

/// <summary>How this machine is called on its own network.</summary>
internal static class LanAddresses
{
    /// <summary>Its names: the host's, alone and as multicast DNS has it.</summary>
    public static IReadOnlyList<string> Names
    {
        get
        {
            string host = Dns.GetHostName().ToLowerInvariant();
            return Uri.CheckHostName(host) == UriHostNameType.Dns ? [host, .. host.Contains('.', StringComparison.Ordinal) ? (string[])[] : [$"{host}.local"]] : [];
        }
    }

    /// <summary>Its IPv4 addresses, those of a network with a way out first.</summary>
    public static IReadOnlyList<IPAddress> All =>
    [
        .. NetworkInterface.GetAllNetworkInterfaces()
            .Where(card => card.OperationalStatus == OperationalStatus.Up && card.NetworkInterfaceType != NetworkInterfaceType.Loopback)
            .Select(card => card.GetIPProperties())
            .OrderByDescending(card => card.GatewayAddresses.Count > 0)
            .SelectMany(card => card.UnicastAddresses)
            .Select(address => address.Address)
            .Where(address => address.AddressFamily == AddressFamily.InterNetwork && !IPAddress.IsLoopback(address))
            .Distinct(),
    ];

    /// <summary>Whether a request's host is this machine by one of its names or addresses: another site's name is not.</summary>
    public static bool IsOwn(string host) =>
        IPAddress.TryParse(host, out IPAddress? address) ? All.Contains(address) : Names.Contains(host, StringComparer.OrdinalIgnoreCase);
}
