using NATS.Client.Core;

namespace Stemsharp.Fleet.Nats;

/// <summary>Who this is to the server, and by which certificates: from the environment alone, by the names that NATS' own tools use.</summary>
internal static class NatsCredentials
{
    /// <summary>The variables, for documents and messages.</summary>
    internal static readonly string[] Variables = ["NATS_USER", "NATS_PASSWORD", "NATS_TOKEN", "NATS_CREDS", "NATS_NKEY", "NATS_CA", "NATS_CERT", "NATS_KEY"];

    /// <summary>What the variables say.</summary>
    /// <param name="variable">Reads one; null where it is not set.</param>
    internal static NatsAuthOpts Of(Func<string, string?> variable) => new()
    {
        Username = variable("NATS_USER"),
        Password = variable("NATS_PASSWORD"),
        Token = variable("NATS_TOKEN"),
        CredsFile = variable("NATS_CREDS"),
        NKeyFile = variable("NATS_NKEY"),
    };

    /// <summary>What the variables say of certificates.</summary>
    /// <param name="variable">Reads one; null where it is not set.</param>
    internal static NatsTlsOpts Certificates(Func<string, string?> variable) => new()
    {
        CaFile = variable("NATS_CA"),
        CertFile = variable("NATS_CERT"),
        KeyFile = variable("NATS_KEY"),
    };
}
