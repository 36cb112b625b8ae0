using System.Buffers;
using System.Text;
using System.Text.Json;

namespace Stemsharp.Checkpoints;

/// <summary>JSON to and from the plain values that <see cref="Checkpoint.Arguments"/> are made of.</summary>
internal static class PlainJson
{
    private static readonly JsonDocumentOptions Options = new() { MaxDepth = 32, CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true };

    // How demucs 4.1 writes a fraction: {"_type": "fraction", "numerator": 39, "denominator": 5}.
    private const string TypeKey = "_type", FractionType = "fraction", NumeratorKey = "numerator", DenominatorKey = "denominator";

    public static IReadOnlyDictionary<string, object?> ReadObject(ReadOnlyMemory<byte> utf8) =>
        Read(utf8) as IReadOnlyDictionary<string, object?> ?? throw new CheckpointFormatException("it holds JSON, but not an object in braces.");

    public static IReadOnlyDictionary<string, object?> ReadObject(string json) => ReadObject(Encoding.UTF8.GetBytes(json));

    public static IReadOnlyList<object?> ReadList(string json) =>
        Read(Encoding.UTF8.GetBytes(json)) as IReadOnlyList<object?> ?? throw new CheckpointFormatException("it holds JSON, but not a list in brackets.");

    private static object? Read(ReadOnlyMemory<byte> utf8)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(utf8, Options);
            return ToPlain(document.RootElement);
        }
        catch (JsonException e)
        {
            throw new CheckpointFormatException($"it is not valid JSON: {e.Message}", e);
        }
        catch (InvalidOperationException e)
        {
            // Text with half a surrogate pair is noticed only when it is read.
            throw new CheckpointFormatException("it is not valid JSON: a text in it is not Unicode.", e);
        }
    }

    /// <summary>Writes a value; fractions as text, such as <c>39/5</c>, or as the objects that demucs 4.1 reads.</summary>
    public static void Write(Utf8JsonWriter writer, object? value, bool tagFractions = false)
    {
        switch (value)
        {
            case Fraction fraction when tagFractions:
                writer.WriteStartObject();
                writer.WriteString(TypeKey, FractionType);
                writer.WriteNumber(NumeratorKey, fraction.Numerator);
                writer.WriteNumber(DenominatorKey, fraction.Denominator);
                writer.WriteEndObject();
                break;
            case null: writer.WriteNullValue(); break;
            case bool flag: writer.WriteBooleanValue(flag); break;
            case long number: writer.WriteNumberValue(number); break;
            case double number when double.IsFinite(number): writer.WriteNumberValue(number); break;
            case IReadOnlyDictionary<string, object?> dictionary:
                writer.WriteStartObject();
                foreach ((string key, object? item) in dictionary)
                {
                    writer.WritePropertyName(key);
                    Write(writer, item, tagFractions);
                }

                writer.WriteEndObject();
                break;
            case IEnumerable<object?> list:
                writer.WriteStartArray();
                foreach (object? item in list)
                {
                    Write(writer, item, tagFractions);
                }

                writer.WriteEndArray();
                break;
            default: writer.WriteStringValue(value.ToString()); break;
        }
    }

    public static string ToText(object? value, bool tagFractions = false)
    {
        ArrayBufferWriter<byte> buffer = new();
        using (Utf8JsonWriter writer = new(buffer))
        {
            Write(writer, value, tagFractions);
        }

        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }

    private static Dictionary<string, object?> ToDictionary(JsonElement element)
    {
        Dictionary<string, object?> values = new(StringComparer.Ordinal);
        foreach (JsonProperty property in element.EnumerateObject())
        {
            values[property.Name] = ToPlain(property.Value);
        }

        return values;
    }

    private static Fraction ToFraction(Dictionary<string, object?> values) =>
        values.GetValueOrDefault(NumeratorKey) is long numerator && values.GetValueOrDefault(DenominatorKey) is long denominator && Fraction.TryCreate(numerator, denominator, out Fraction fraction)
            ? fraction
            : throw new CheckpointFormatException($"it has a fraction without a whole {NumeratorKey} and a {DenominatorKey} above 0.");

    private static object? ToPlain(JsonElement element) => element.ValueKind switch
    {
        JsonValueKind.Object => ToDictionary(element) is var values && values.GetValueOrDefault(TypeKey) is FractionType ? ToFraction(values) : values,
        JsonValueKind.Array => element.EnumerateArray().Select(ToPlain).ToList(),
        JsonValueKind.String => element.GetString(),
        JsonValueKind.Number => element.TryGetInt64(out long whole) ? (object)whole : element.GetDouble(),
        JsonValueKind.True => true,
        JsonValueKind.False => false,
        _ => null,
    };
}
