using System.Net;
using Stemsharp.Backends;

namespace Stemsharp.Web.Settings;

/// <summary>What the server was started with.</summary>
internal sealed record ServeOptions
{
    public required string DataFolder { get; init; }

    /// <summary>0 for one that is free.</summary>
    public int Port { get; init; } = ServeArguments.DefaultPort;

    public IPAddress Address { get; init; } = IPAddress.Loopback;

    /// <summary>Names that clients may call this server by, apart from those of the loopback interface.</summary>
    public IReadOnlyList<string> HostNames { get; init; } = [];

    /// <summary>A PEM or PFX file with the certificate; null for plain HTTP.</summary>
    public string? Certificate { get; init; }

    /// <summary>A PEM file with the certificate's key, where that is in a file of its own.</summary>
    public string? CertificateKey { get; init; }

    /// <summary>
    /// Whether a proxy in front of the server speaks TLS. It tells in X-Forwarded-Proto that a request came that way, and in
    /// X-Forwarded-Host, or Host, which name was called.
    /// </summary>
    public bool BehindProxy { get; init; }

    public bool OpenBrowser { get; init; } = true;

    /// <summary>Where the page's files are; a build that was made without Node.js has none.</summary>
    public string PageFolder { get; init; } = Path.Combine(AppContext.BaseDirectory, "wwwroot");

    public bool Lifeline { get; init; }

    public bool JsonLog { get; init; }

    public long? MaxDiskBytes { get; init; }

    public long MaxUploadBytes { get; init; } = 4L << 30;

    public TimeSpan MaxDuration { get; init; } = TimeSpan.FromHours(3);

    /// <summary>How long jobs that have ended are kept; null for ever.</summary>
    public TimeSpan? Keep { get; init; }

    /// <summary>Folders that clients may name songs in.</summary>
    public IReadOnlyList<string> Roots { get; init; } = [];

    public string? Model { get; init; }

    public string? ModelFolder { get; init; }

    public int Threads { get; init; }

    /// <summary>The queue of the fleet whose workers do the work; null where the server does it itself.</summary>
    public string? Queue { get; init; }

    /// <summary>What runs the network.</summary>
    public EngineChoice Engine { get; init; } = EngineChoice.Cpu;

    public bool Offline { get; init; }

    /// <summary>Streams of events that may be open at once.</summary>
    public int MaxEventStreams { get; init; } = 128;

    /// <summary>Uploads that may be under way at once.</summary>
    public int MaxUploadsAtOnce { get; init; } = 64;

    /// <summary>Things that clients may make in a short time: a page that drops a folder makes hundreds, a loop gone wild makes more.</summary>
    public int MaxChanges { get; init; } = 2000;

    /// <summary>How many of <see cref="MaxChanges"/> come back in a second.</summary>
    public int ChangesPerSecond { get; init; } = 200;

    /// <summary>Whether clients see an https address.</summary>
    public bool IsSecure => Certificate is not null || BehindProxy;

    /// <summary>Whether the server is open to other devices of the network from its start.</summary>
    public bool Lan { get; init; }

    /// <summary>The port that the network's door tries first: the next one; 0 for any.</summary>
    public int LanPort => Port == 0 ? 0 : Port + 1;

    /// <summary>Whether it can be opened to the network by a door of its own: where it is not there already.</summary>
    public bool CanOpenLan => IsLoopback && !BehindProxy;

    public bool IsLoopback => IPAddress.IsLoopback(Address);
}
