using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Stemsharp.Cli.Hosting;

/// <summary>JSON as the command writes it: names in any script stay readable.</summary>
internal static class JsonText
{
    internal static string Object(Action<Utf8JsonWriter> fields, bool indented = false)
    {
        using var buffer = new MemoryStream();
        var options = new JsonWriterOptions { Indented = indented, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
        using (var json = new Utf8JsonWriter(buffer, options))
        {
            json.WriteStartObject();
            fields(json);
            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(buffer.GetBuffer(), 0, (int)buffer.Length);
    }
}
