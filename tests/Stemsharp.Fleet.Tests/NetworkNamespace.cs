using System.Diagnostics;
using Stemsharp.Tests;
using Xunit;

namespace Stemsharp.Fleet.Tests;

/// <summary>A network namespace of its own, which a cable leads to that can be pulled. Processes in it are elsewhere, as far as the network is concerned.</summary>
internal sealed class NetworkNamespace : IDisposable
{
    private static int s_made;

    private readonly string _name, _cable;

    private NetworkNamespace(string name, string cable, string host) => (_name, _cable, HostAddress) = (name, cable, host);

    /// <summary>This side's address, as those inside reach it.</summary>
    internal string HostAddress { get; }

    /// <summary>What starts a program inside, with its arguments behind it.</summary>
    internal IReadOnlyList<string> Prefix => ["ip", "netns", "exec", _name];

    internal static NetworkNamespace Create()
    {
        // Fifteen letters are the most that a cable's name has.
        int pid = System.Environment.ProcessId, number = Interlocked.Increment(ref s_made);
        string name = $"stemsharp-{pid}-{number}", cable = $"ss{pid}-{number}", inside = Inside(cable), net = $"10.{200 + number}.{pid / 256 % 256}.{pid % 64 * 4}";
        string[] bytes = net.Split('.');
        string At(int host) => $"{bytes[0]}.{bytes[1]}.{bytes[2]}.{int.Parse(bytes[3], System.Globalization.CultureInfo.InvariantCulture) + host}";
        Run("ip", "netns", "add", name);
        NetworkNamespace made = new(name, cable, At(1));
        try
        {
            Run("ip", "link", "add", cable, "type", "veth", "peer", "name", inside, "netns", name);
            Run("ip", "address", "add", At(1) + "/30", "dev", cable);
            Run("ip", "link", "set", cable, "up");
            Run([.. made.Prefix, "ip", "address", "add", At(2) + "/30", "dev", inside]);
            Run([.. made.Prefix, "ip", "link", "set", inside, "up"]);
            return made;
        }
        catch
        {
            made.Dispose();
            throw;
        }
    }

    /// <summary>Pulls the cable, at its inner end: this side's address stays as it is for those on this side.</summary>
    internal void Cut() => Run([.. Prefix, "ip", "link", "set", Inside(_cable), "down"]);

    /// <summary>Puts it in again.</summary>
    internal void Mend() => Run([.. Prefix, "ip", "link", "set", Inside(_cable), "up"]);

    // The cable goes with it.
    public void Dispose() => Run("ip", "netns", "delete", _name);

    private static string Inside(string cable) => cable + "i";

    internal static string? WhyNot() =>
        ToolFactAttribute.RequireAll ? null
        : !OperatingSystem.IsLinux() || System.Environment.UserName != "root" ? "A network namespace takes Linux, and root."
        : Try() is { } why ? $"No network namespace can be made here: {why}" : null;

    private static string? Try()
    {
        try
        {
            Create().Dispose();
            return null;
        }
        catch (Exception exception) when (exception is IOException or System.ComponentModel.Win32Exception)
        {
            return exception.Message;
        }
    }

    private static void Run(params string[] command)
    {
        using Process process = Process.Start(new ProcessStartInfo(command[0], command[1..]) { RedirectStandardError = true })!;
        string error = process.StandardError.ReadToEnd();
        process.WaitForExit();
        if (process.ExitCode != 0)
        {
            throw new IOException($"{string.Join(' ', command)}: {error.Trim()}");
        }
    }
}

/// <summary>A test that needs a network namespace and a nats-server; skipped with the reason where one is missing.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class NamespaceFactAttribute : FactAttribute
{
    public NamespaceFactAttribute() => Skip = ToolFactAttribute.WhyNot("nats-server") ?? NetworkNamespace.WhyNot();
}
