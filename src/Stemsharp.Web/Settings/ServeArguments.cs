using System.CommandLine;
using Stemsharp.Backends;

namespace Stemsharp.Web.Settings;

/// <summary>
/// The options of <c>stemsharp serve</c>. Compiled into the command, which shows them and checks them, and into the
/// server, which acts on them: the command passes its arguments on as they are.
/// </summary>
internal sealed class ServeArguments
{
    public const int DefaultPort = 7341;

    public Option<int> Port { get; } = new("--port")
    {
        Description = "Port to listen on; 0 for any that is free.",
        DefaultValueFactory = _ => DefaultPort,
    };

    public Option<string?> Data { get; } = new("--data")
    {
        Description = "Folder for songs, stems and the queue. Default: 'stemsharp' in your folder for application data.",
        HelpName = "DIR",
    };

    public Option<bool> NoBrowser { get; } = new("--no-browser") { Description = "Don't open the page in the browser." };

    public Option<string?> Model { get; } = new("--model", "-n")
    {
        Description = "Model of songs for which none is chosen.",
        HelpName = "NAME",
    };

    public Option<string?> Repo { get; } = new("--repo")
    {
        Description = "Folder of models to offer instead of the known ones.",
        HelpName = "DIR",
    };

    public Option<bool> Offline { get; } = new("--offline") { Description = "Never download anything." };

    public Option<int> Threads { get; } = new("--threads")
    {
        Description = "Threads to compute with; 0 for one per processor.",
    };

    /// <summary>What runs the network.</summary>
    public EngineOptions Engine { get; } = new(Engines.Auto);

    public Option<string?> Queue { get; } = new("--queue")
    {
        Description = "Have a fleet's workers do the work: nats://HOST[:PORT][/NAME], or tls://…. They have to see the data folder under the same path.",
        HelpName = "URL",
    };

    public Option<string[]> AllowPath { get; } = new("--allow-path")
    {
        Description = "Folder whose songs clients may name by path. May be given several times.",
        HelpName = "DIR",
    };

    public Option<long?> MaxDisk { get; } = Size("--max-disk", "Disk that the data folder may take, such as 20G. Default: no limit.");

    public Option<long?> MaxUpload { get; } = Size("--max-upload", "Largest file that is taken, such as 500M. Default: 4G.");

    public Option<double> MaxDuration { get; } = new("--max-duration")
    {
        Description = "Longest song that is taken, in minutes.",
        DefaultValueFactory = _ => 180,
        HelpName = "MINUTES",
    };

    public Option<double?> Keep { get; } = new("--keep")
    {
        Description = "Days after which songs that are done are deleted. Default: never.",
        HelpName = "DAYS",
    };

    public Option<bool> Lan { get; } = new("--lan")
    {
        Description = "Let phones and other devices of this network in, by a pairing code; the page shows address and code.",
    };

    public Option<string?> Listen { get; } = new("--listen")
    {
        Description = "Address to listen on instead of 127.0.0.1. Needs --tls-certificate or --behind-proxy.",
        HelpName = "ADDRESS",
    };

    public Option<string[]> HostName { get; } = new("--host-name")
    {
        Description = "Name that clients call this server by. May be given several times.",
        HelpName = "NAME",
    };

    public Option<string?> TlsCertificate { get; } = new("--tls-certificate")
    {
        Description = "PEM or PFX file with the certificate and its key.",
        HelpName = "FILE",
    };

    public Option<string?> TlsKey { get; } = new("--tls-key")
    {
        Description = "PEM file with the certificate's key, where that is in a file of its own.",
        HelpName = "FILE",
    };

    public Option<bool> BehindProxy { get; } = new("--behind-proxy")
    {
        Description = "A proxy in front of this server speaks TLS with the clients, and says so in X-Forwarded-Proto.",
    };

    public Option<bool> JsonLog { get; } = new("--json-log") { Description = "Write the log as JSON lines." };

    /// <summary>For the command that starts the server: the server ends when its standard input does.</summary>
    public Option<bool> Lifeline { get; } = new("--lifeline") { Hidden = true };

    /// <summary>What concerns the machine that separates.</summary>
    public IEnumerable<Option> OfWorkers => [Threads, .. Engine.All];

    public void AddTo(Command command)
    {
        foreach (Option option in (Option[])
            [Port, Data, NoBrowser, Model, Repo, Offline, Threads, .. Engine.All, Queue, AllowPath, MaxDisk, MaxUpload, MaxDuration, Keep, Lan, Listen, HostName, TlsCertificate, TlsKey, BehindProxy, JsonLog, Lifeline])
        {
            command.Options.Add(option);
        }
    }

    private static Option<long?> Size(string name, string description) => new(name)
    {
        Description = description,
        HelpName = "SIZE",
        CustomParser = result =>
        {
            try
            {
                return SizeText.Bytes(name, result.Tokens[0].Value);
            }
            catch (OptionException e)
            {
                result.AddError(e.Message);
                return null;
            }
        },
    };
}
