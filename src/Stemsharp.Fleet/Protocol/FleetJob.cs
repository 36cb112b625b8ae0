using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Serialization;
using Stemsharp.Fleet.Storage;

namespace Stemsharp.Fleet.Protocol;

/// <summary>One track to separate: what, with which model, and how. Who separates it is none of its business.</summary>
/// <param name="Input">The track's address: an absolute path, or an address as <see cref="FileAddress"/> knows them.</param>
/// <param name="Model">The model's or chain's name.</param>
/// <param name="Folder">The folder below that of the results, for tracks that were found in folders; empty for none.</param>
/// <param name="Settings">Everything else that decides about the files, as options with their values, in the order of their names.</param>
/// <param name="Put">Addresses that stems are put to, by the stems' names; null where the settings name one place for all.</param>
internal sealed record FleetJob(string Input, string Model, string Folder, IReadOnlyList<string> Settings, IReadOnlyDictionary<string, string>? Put = null)
{
    private const int IdBytes = 16;

    /// <summary>One and the same for the same input, model and settings, however often an address is signed: 32 hexadecimal digits.</summary>
    [JsonIgnore]
    public string Id { get; } = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(string.Join('\0', [FileAddress.Unsigned(Input), Model, Folder, .. Settings, .. Places(Put)])))[..IdBytes]);

    /// <summary>The input as it may be shown: without the secrets of its address.</summary>
    [JsonIgnore]
    public string Shown => FileAddress.Redacted(Input);

    /// <summary>Whether the same job has the same addresses, or they were signed anew meanwhile.</summary>
    internal bool HasAddressesOf(FleetJob other) => Input == other.Input && Signed(Put).SequenceEqual(Signed(other.Put));

    private static IEnumerable<string> Places(IReadOnlyDictionary<string, string>? put) => Signed(put).Select(FileAddress.Unsigned);

    private static IEnumerable<string> Signed(IReadOnlyDictionary<string, string>? put) =>
        put?.OrderBy(p => p.Key, StringComparer.Ordinal).Select(p => $"put {p.Key}={p.Value}") ?? [];
}
