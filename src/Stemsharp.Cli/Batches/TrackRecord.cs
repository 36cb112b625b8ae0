using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using Stemsharp.Backends;
using Stemsharp.Inference;
using Stemsharp.OnnxRuntime;

namespace Stemsharp.Cli.Batches;

/// <summary>What is remembered of a finished track: enough to know that doing it again would give the same files.</summary>
internal sealed record TrackRecord
{
    private const int CurrentVersion = 2;

    /// <summary>The layout of the file.</summary>
    public int Version { get; init; } = CurrentVersion;

    /// <summary>The input's path or address, for people who read the file.</summary>
    public required string Input { get; init; }

    /// <summary>SHA-256 of the input's bytes, in hexadecimal.</summary>
    public required string InputSha256 { get; init; }

    /// <summary>The model's fingerprint, see <see cref="ModelSource.ComputeFingerprint"/>.</summary>
    public required string ModelSha256 { get; init; }

    /// <summary>SHA-256 over every setting that changes the output's bytes, in hexadecimal.</summary>
    public required string SettingsSha256 { get; init; }

    /// <summary>What ran the network, in order; empty where all was silent.</summary>
    public IReadOnlyList<RecordedEngine> Engines { get; init; } = [];

    /// <summary>What was odd about the input.</summary>
    public IReadOnlyList<string> Warnings { get; init; } = [];

    /// <summary>Length of the separated audio in seconds.</summary>
    public double Seconds { get; init; }

    /// <summary>The files, relative to the output folder.</summary>
    public required IReadOnlyList<RecordedFile> Outputs { get; init; }

    /// <summary>Whether the same input, model and settings made it, on an engine that will do, and its files are still there.</summary>
    internal async Task<bool> CoversAsync(IOutputPlace place, string inputSha256, string modelSha256, string settingsSha256, EngineChoice engine, CancellationToken cancellationToken)
    {
        if (Version != CurrentVersion || Outputs.Count == 0 || !Engines.All(e => e.Serves(engine))
            || InputSha256 != inputSha256 || ModelSha256 != modelSha256 || SettingsSha256 != settingsSha256)
        {
            return false;
        }

        foreach (RecordedFile output in Outputs)
        {
            if (await place.LengthAsync(output.Path, cancellationToken).ConfigureAwait(false) != output.Bytes)
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>Whether any of its files' names is taken.</summary>
    internal async Task<bool> IsAnyThereAsync(IOutputPlace place, CancellationToken cancellationToken)
    {
        foreach (RecordedFile output in Outputs)
        {
            if (await place.LengthAsync(output.Path, cancellationToken).ConfigureAwait(false) is not null)
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>SHA-256 of a file, read in blocks.</summary>
    internal static async Task<string> HashFileAsync(string path, CancellationToken cancellationToken)
    {
        await using FileStream stream = new(
            path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite, 1 << 16, FileOptions.SequentialScan);
        return Convert.ToHexStringLower(await SHA256.HashDataAsync(stream, cancellationToken).ConfigureAwait(false));
    }

    /// <summary>SHA-256 of a text, in hexadecimal.</summary>
    internal static string HashText(string text) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)));

    /// <summary>The record as its file holds it.</summary>
    internal byte[] ToBytes() => JsonSerializer.SerializeToUtf8Bytes(this, RecordJson.Default.TrackRecord);

    /// <summary>What a record's file holds; null where it is broken.</summary>
    internal static TrackRecord? Of(ReadOnlySpan<byte> bytes)
    {
        try
        {
            return JsonSerializer.Deserialize(bytes, RecordJson.Default.TrackRecord);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    internal static TrackRecord? Read(string path)
    {
        try
        {
            return Of(File.ReadAllBytes(path));
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // No record, or a broken one: the track is done again.
            return null;
        }
    }

    internal void Write(string path)
    {
        string temporary = $"{path}.{Environment.ProcessId}.tmp";
        File.WriteAllBytes(temporary, ToBytes());
        File.Move(temporary, path, overwrite: true);
    }
}

/// <summary>An engine that made pieces of a finished track.</summary>
/// <param name="Engine">The backend's name.</param>
/// <param name="Device">Its device: the instruction set, or provider and number.</param>
/// <param name="Precision">fp32 or mixed.</param>
/// <param name="Segments">How many pieces.</param>
internal sealed record RecordedEngine(string Engine, string Device, string Precision, long Segments)
{
    internal static RecordedEngine Of(EngineShare share) =>
        new(share.Engine.Backend, share.Engine.Device, share.Engine.Precision.ToString().ToLowerInvariant(), share.Pieces);

    /// <summary>
    /// Whether what it made is what a choice would make: in no lower precision, with auto on any engine, otherwise on the engine and device
    /// that are asked for.
    /// </summary>
    internal bool Serves(EngineChoice choice) => (Precision == "fp32" || choice.Precision == EnginePrecision.Mixed)
        && (choice.Engine == Engines.Auto
            || (Engine == choice.Engine
            && (choice.Engine != OnnxRuntimeBackend.BackendName || Device.Split(' ')[0].Equals(choice.Session.Provider.ToString(), StringComparison.OrdinalIgnoreCase))
            && (choice.Device is null || Names(choice.Device))));

    // By its number, which stands alone, or by a part of its name.
    private bool Names(string device) => device.All(char.IsAsciiDigit)
        ? Device.Split(' ').Contains(device)
        : Device.Contains(device, StringComparison.OrdinalIgnoreCase);
}

/// <summary>A file that a finished track left.</summary>
/// <param name="Path">Relative to the output folder.</param>
/// <param name="Bytes">Its length.</param>
internal sealed record RecordedFile(string Path, long Bytes)
{
    /// <summary>The length of a file that may not have its name yet.</summary>
    internal const long Unknown = -1;
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, WriteIndented = true)]
[JsonSerializable(typeof(TrackRecord))]
internal sealed partial class RecordJson : JsonSerializerContext;
