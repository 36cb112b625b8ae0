using System.CommandLine;
using Stemsharp.Fleet.Nats;

namespace Stemsharp.Cli.Commands.Fleet;

/// <summary>The option that says where a fleet's queue is.</summary>
internal static class QueueOptions
{
    /// <summary>Read where the option is not given.</summary>
    internal const string Variable = "STEMSHARP_QUEUE";

    internal static Option<string?> Queue() => new("--queue")
    {
        Description = $"The queue: nats://HOST[:PORT][/NAME], or tls://…; default what {Variable} says. Credentials come from NATS_USER, NATS_PASSWORD, NATS_TOKEN, NATS_CREDS.",
        HelpName = "URL",
    };

    internal static Option<string?> Lease() => new("--lease")
    {
        Description = "For how long a worker that is not heard of keeps its job, for the whole fleet; default what the fleet has, at first 60 s.",
        HelpName = "TIME",
    };

    /// <summary>Where the queue is.</summary>
    /// <exception cref="OptionException">No address was given, or it is none.</exception>
    internal static QueueAddress Address(ParseResult line, Option<string?> queue) => QueueAddress.Parse(line.GetValue(queue) ?? Environment.GetEnvironmentVariable(Variable)
        ?? throw new OptionException($"Where is the queue? Give --queue nats://HOST, or set {Variable}."));

    /// <summary>Connects.</summary>
    /// <exception cref="OptionException">No address was given, or it is none.</exception>
    /// <exception cref="ExternalToolException">The server cannot be used.</exception>
    internal static Task<NatsFleet> OpenAsync(ParseResult line, Option<string?> queue, Option<string?>? lease, CancellationToken cancellationToken)
    {
        QueueAddress address = Address(line, queue);
        TimeSpan? time = lease is not null && line.GetValue(lease) is { } text
            ? Values.Within("--lease", Values.Time("--lease", text), TimeSpan.FromSeconds(1), TimeSpan.FromDays(1))
            : null;
        return NatsFleet.OpenAsync(address, time, cancellationToken);
    }
}
