using System.Text.Json;
using Stemsharp.Export.Onnx.Schema;

namespace Stemsharp.Export.Onnx;

/// <summary>What is known of a network's licence, in the graph's metadata and in the JSON file beside it.</summary>
internal static class LicenceMetadata
{
    /// <summary>Adds it to the graph; nothing where nobody stated a licence.</summary>
    public static void Add(ModelProto model, ModelLicence? licence)
    {
        if (licence is null)
        {
            return;
        }

        Add("licence", licence.Text);
        Add("licence_stated_by", licence.StatedBy);
        if (licence.Link is { } link)
        {
            Add("licence_link", link.AbsoluteUri);
        }

        void Add(string key, string value) => model.MetadataProps.Add(new StringStringEntryProto { Key = $"stemsharp.{key}", Value = value });
    }

    /// <summary>Writes it as the field <c>licence</c>; null where nobody stated one.</summary>
    public static void Write(Utf8JsonWriter json, ModelLicence? licence)
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
        json.WriteEndObject();
    }
}
