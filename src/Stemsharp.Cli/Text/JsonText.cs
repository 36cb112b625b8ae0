using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Stemsharp.Cli.Text;

/// <summary>JSON as the command writes it: names in any script stay readable.</summary>
internal static class JsonText
{
    internal static string Object(Action<Utf8JsonWriter> fields, bool indented = false) => Value(
        json =>
        {
            json.WriteStartObject();
            fields(json);
            json.WriteEndObject();
        },
        indented);

    internal static void WriteNumberOrNull(this Utf8JsonWriter json, string name, long? number)
    {
        if (number is { } value)
        {
            json.WriteNumber(name, value);
        }
        else
        {
            json.WriteNull(name);
        }
    }

    /// <summary>A path, always as the absolute one; <c>-</c> for standard input or output, null for none.</summary>
    internal static void WritePath(this Utf8JsonWriter json, string name, string? path) =>
        json.WriteString(name, path is null or "-" ? path : Path.GetFullPath(path));

    /// <summary>A licence's record as the field <c>licence</c>; null where nobody stated one.</summary>
    internal static void WriteLicence(this Utf8JsonWriter json, ModelLicence? licence)
    {
        if (licence is null)
        {
            json.WriteNull("licence");
            return;
        }

        json.WriteStartObject("licence");
        json.WriteString("text", licence.Text);
        json.WriteString("stated_by", licence.StatedBy);
        json.WriteString("link", licence.Link?.AbsoluteUri);
        json.WriteBoolean("must_be_accepted", licence.MustBeAccepted);
        json.WriteEndObject();
    }

    internal static string Value(Action<Utf8JsonWriter> value, bool indented = false)
    {
        using MemoryStream buffer = new();
        JsonWriterOptions options = new() { Indented = indented, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
        using (Utf8JsonWriter json = new(buffer, options))
        {
            value(json);
        }

        return Encoding.UTF8.GetString(buffer.GetBuffer(), 0, (int)buffer.Length);
    }
}
