using System.Collections.Immutable;
using System.Text;
using System.Text.Json;
using Stemsharp.Signal;

namespace Stemsharp.Inference;

/// <summary>
/// The JSON form of a <see cref="NetworkDefinition"/>: one object with a version, every field by its name, enumerations as words.
/// What an object holds besides is left to others: the description beside an export adds files and hashes.
/// </summary>
public static class DefinitionJson
{
    /// <summary>The version that is written; others are refused.</summary>
    public const int Version = 1;

    /// <summary>A definition as JSON text.</summary>
    public static string ToText(NetworkDefinition definition)
    {
        using MemoryStream stream = new();
        using (Utf8JsonWriter json = new(stream))
        {
            json.WriteStartObject();
            WriteFields(json, definition);
            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(stream.GetBuffer(), 0, (int)stream.Length);
    }

    /// <summary>Reads a definition from JSON text.</summary>
    /// <exception cref="ModelException">It is no definition of this version, or one that cannot be run.</exception>
    public static NetworkDefinition FromText(string text)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(text);
            return Read(document.RootElement);
        }
        catch (JsonException e)
        {
            throw new ModelException($"The definition of a network is no JSON: {e.Message}", e) { Failure = ModelFailure.Corrupt };
        }
    }

    /// <summary>Writes the fields of a definition into an object that has been begun.</summary>
    public static void WriteFields(Utf8JsonWriter json, NetworkDefinition definition)
    {
        ArgumentNullException.ThrowIfNull(json);
        ArgumentNullException.ThrowIfNull(definition);
        json.WriteNumber("definition", Version);
        json.WriteStartArray("stems");
        foreach (string stem in definition.Stems)
        {
            json.WriteStringValue(stem);
        }

        json.WriteEndArray();
        if (definition.Complement is { } complement)
        {
            json.WriteString("complement", complement);
        }

        if (definition.ZeroDc is { } zeroDc)
        {
            json.WriteBoolean("zero_dc", zeroDc);
        }

        json.WriteNumber("sample_rate", definition.SampleRate);
        json.WriteNumber("channels", definition.Channels);
        WriteCut(json, definition.Cut);
        if (definition.Transform is { } transform)
        {
            WriteTransform(json, transform);
        }

        WritePorts(json, "inputs", definition.Inputs);
        WritePorts(json, "outputs", definition.Outputs);
    }

    /// <summary>Reads a definition from an object that holds its fields.</summary>
    /// <exception cref="ModelException">A field is missing or has no valid value; the message names it.</exception>
    public static NetworkDefinition Read(JsonElement json)
    {
        try
        {
            int version = Number(json, "definition");
            if (version != Version)
            {
                throw new ModelException($"The definition of the network has version {version}; this program reads version {Version}. Export it again with the same version as the one that reads it.");
            }

            NetworkDefinition definition = new()
            {
                Stems = [.. json.GetProperty("stems").EnumerateArray().Select(s => s.GetString() ?? throw new FormatException("a stem has no name"))],
                Complement = json.TryGetProperty("complement", out JsonElement complement) ? complement.GetString() : null,
                ZeroDc = json.TryGetProperty("zero_dc", out JsonElement zeroDc) ? zeroDc.GetBoolean() : null,
                SampleRate = Number(json, "sample_rate"),
                Channels = Number(json, "channels"),
                Cut = ReadCut(json.GetProperty("cut")),
                Transform = json.TryGetProperty("transform", out JsonElement transform) ? ReadTransform(transform) : null,
                Inputs = ReadPorts(json, "inputs"),
                Outputs = ReadPorts(json, "outputs"),
            };
            definition.Validate();
            return definition;
        }
        catch (Exception e) when (e is KeyNotFoundException or InvalidOperationException or FormatException or ArgumentException)
        {
            throw new ModelException($"The definition of the network is damaged: {e.Message}", e) { Failure = ModelFailure.Corrupt };
        }
    }

    private static void WriteCut(Utf8JsonWriter json, PieceCut cut)
    {
        json.WriteStartObject("cut");
        json.WriteNumber("samples", cut.Samples);
        json.WriteStartObject("lengths");
        json.WriteNumber("least", cut.Lengths.Least);
        json.WriteNumber("step", cut.Lengths.Step);
        json.WriteNumber("most", cut.Lengths.Most);
        json.WriteEndObject();
        json.WriteNumber("step", cut.Step);
        json.WriteStartArray("step_share");
        json.WriteNumberValue(cut.StepNumerator);
        json.WriteNumberValue(cut.StepDenominator);
        json.WriteEndArray();
        Write(json, "window", cut.Window);
        Write(json, "fill", cut.Fill);
        Write(json, "border", cut.Border);
        if (cut.Border == TrackBorder.Zeros)
        {
            json.WriteNumber("border_samples", cut.BorderSamples);
        }

        Write(json, "fade", cut.Fade);
        json.WriteNumber("fade_divisor", cut.FadeDivisor);
        Write(json, "normalization", cut.Normalization);
        json.WriteNumber("max_shift", cut.MaxShift);
        json.WriteEndObject();
    }

    private static PieceCut ReadCut(JsonElement json)
    {
        JsonElement lengths = json.GetProperty("lengths");
        int[] share = [.. json.GetProperty("step_share").EnumerateArray().Select(n => n.GetInt32())];
        return new PieceCut
        {
            Samples = Number(json, "samples"),
            Lengths = new NetworkLengths(Number(lengths, "least"), Number(lengths, "step"), Number(lengths, "most")),
            StepNumerator = share.Length == 2 ? share[0] : throw new FormatException("step_share has two numbers"),
            StepDenominator = share[1],
            Window = Word<PieceWindow>(json, "window"),
            Fill = Word<PieceFill>(json, "fill"),
            Border = Word<TrackBorder>(json, "border"),
            BorderSamples = json.TryGetProperty("border_samples", out _) ? Number(json, "border_samples") : 0,
            Fade = Word<PieceFade>(json, "fade"),
            FadeDivisor = Number(json, "fade_divisor"),
            Normalization = Word<TrackNormalization>(json, "normalization"),
            MaxShift = Number(json, "max_shift"),
        };
    }

    private static void WriteTransform(Utf8JsonWriter json, TransformDefinition transform)
    {
        json.WriteStartObject("transform");
        json.WriteNumber("n_fft", transform.Nfft);
        json.WriteNumber("hop_length", transform.Hop);
        json.WriteNumber("bins", transform.Bins);
        Write(json, "window", transform.Window);
        json.WriteBoolean("normalized", transform.Normalized);
        json.WriteNumber("pad_start", transform.PadStart);
        Write(json, "pad_end", transform.PadEnd);
        Write(json, "pad_mode", transform.PadMode);
        json.WriteNumber("dropped_frames", transform.DroppedFrames);
        Write(json, "envelope", transform.Envelope);
        json.WriteNumber("output_start", transform.OutputStart);
        Write(json, "output", transform.Output);
        json.WriteEndObject();
    }

    private static TransformDefinition ReadTransform(JsonElement json) => new()
    {
        Nfft = Number(json, "n_fft"),
        Hop = Number(json, "hop_length"),
        Bins = Number(json, "bins"),
        Window = Word<TransformWindow>(json, "window"),
        Normalized = json.GetProperty("normalized").GetBoolean(),
        PadStart = Number(json, "pad_start"),
        PadEnd = Word<PaddingEnd>(json, "pad_end"),
        PadMode = Word<PaddingMode>(json, "pad_mode"),
        DroppedFrames = Number(json, "dropped_frames"),
        Envelope = Word<TransformEnvelope>(json, "envelope"),
        OutputStart = Number(json, "output_start"),
        Output = Word<TransformOutput>(json, "output"),
    };

    private static void WritePorts(Utf8JsonWriter json, string name, ImmutableArray<NetworkPort> ports)
    {
        json.WriteStartArray(name);
        foreach (NetworkPort port in ports)
        {
            json.WriteStartObject();
            json.WriteString("name", port.Name);
            Write(json, "role", port.Role);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static ImmutableArray<NetworkPort> ReadPorts(JsonElement json, string name) =>
    [
        .. json.GetProperty(name).EnumerateArray().Select(port => new NetworkPort(
            port.GetProperty("name").GetString() ?? throw new FormatException("a port has no name"), Word<PortRole>(port, "role"))),
    ];

    private static int Number(JsonElement json, string name) =>
        json.GetProperty(name).TryGetInt32(out int value) ? value : throw new FormatException($"{name} is no whole number");

    private static void Write<T>(Utf8JsonWriter json, string name, T value)
        where T : struct, Enum => json.WriteString(name, Spelled(value));

    private static T Word<T>(JsonElement json, string name)
        where T : struct, Enum
    {
        string? word = json.GetProperty(name).GetString();
        foreach (T value in Enum.GetValues<T>())
        {
            if (Spelled(value) == word)
            {
                return value;
            }
        }

        throw new FormatException($"{name} is \"{word}\"; valid are {string.Join(", ", Enum.GetValues<T>().Select(Spelled))}");
    }

    // ShortestUnlessSet is shortest_unless_set.
    private static string Spelled<T>(T value)
        where T : struct, Enum => JsonNamingPolicy.SnakeCaseLower.ConvertName(value.ToString());
}
