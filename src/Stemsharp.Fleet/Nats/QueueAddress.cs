namespace Stemsharp.Fleet.Nats;

/// <summary>Where a fleet's queue is: <c>nats://HOST[:PORT][,HOST…][/NAME]</c>, or <c>tls://</c>.</summary>
/// <param name="Servers">The servers, as the client takes them.</param>
/// <param name="Name">The fleet's name there; several may share a server.</param>
internal sealed record QueueAddress(string Servers, string Name)
{
    internal const string Usual = "stemsharp";

    private const string Between = "://", Example = "nats://queue.example:4222";
    private const int MostName = 32;

    /// <summary>Reads an address.</summary>
    /// <exception cref="OptionException">It is none.</exception>
    internal static QueueAddress Parse(string text)
    {
        int at = text.IndexOf(Between, StringComparison.Ordinal);
        string scheme = at < 0 ? "" : text[..at];
        if (scheme is not ("nats" or "tls"))
        {
            throw new OptionException($"--queue {text} is no address of a NATS server; write {Example}, or tls://… for an encrypted connection.");
        }

        string[] parts = text[(at + Between.Length)..].Split('/', 2);
        string[] hosts = parts[0].Split(',');
        if (parts[0].Contains('@', StringComparison.Ordinal))
        {
            throw new OptionException("--queue holds a user or a password, which everybody sees who lists processes; set NATS_USER and NATS_PASSWORD, NATS_TOKEN or NATS_CREDS in the environment instead.");
        }

        if (hosts.Any(h => Uri.CheckHostName(HostOf(h)) == UriHostNameType.Unknown))
        {
            throw new OptionException($"--queue {text} names no server; write {Example}.");
        }

        string name = parts.Length > 1 && parts[1].Length > 0 ? parts[1] : Usual;
        return name.Length <= MostName && name.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_')
            ? new QueueAddress(string.Join(',', hosts.Select(h => $"{scheme}{Between}{h}")), name)
            : throw new OptionException($"--queue {text}: \"{name}\" cannot be a fleet's name; letters, digits, - and _ can, {MostName} at most.");
    }

    // A port at the end, an IPv6 address in brackets.
    private static string HostOf(string server)
    {
        int colon = server.LastIndexOf(':');
        bool port = colon > 0 && ushort.TryParse(server.AsSpan(colon + 1), out _) && (server.IndexOf(':', StringComparison.Ordinal) == colon || server[colon - 1] == ']');
        return (port ? server[..colon] : server).Trim('[', ']');
    }
}
