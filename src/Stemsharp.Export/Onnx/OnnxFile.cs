using System.Globalization;
using System.Security.Cryptography;
using Google.Protobuf;
using Stemsharp.Export.Onnx.Schema;

namespace Stemsharp.Export.Onnx;

/// <summary>Writes ONNX files: under a temporary name in the same folder first.</summary>
internal static class OnnxFile
{
    /// <summary>Tensors of fewer bytes stay in the graph's file.</summary>
    private const int ExternalFrom = 1024;

    /// <summary>Where external tensors may begin: a page, so that they can be mapped.</summary>
    private const int Alignment = 4096;

    /// <summary>Writes the model, with its large tensors in a file of their own if asked for.</summary>
    /// <returns>The size of all that was written, and the SHA-256 of the .onnx file and of the external tensors, null where there are none.</returns>
    public static (long Bytes, string Sha256, string? ExternalSha256) Write(ModelProto model, string path, bool externalWeights)
    {
        string data = ExternalOf(path);
        long external = externalWeights ? WriteExternal(model.Graph, data) : 0;
        byte[] bytes = model.ToByteArray();
        Replace(path, stream => stream.Write(bytes));
        return (bytes.Length + external, Convert.ToHexStringLower(SHA256.HashData(bytes)), externalWeights ? Checksum(data) : null);
    }

    /// <summary>Where a graph's external tensors lie.</summary>
    public static string ExternalOf(string path) => $"{path}.data";

    /// <summary>The SHA-256 of a file, in lower case.</summary>
    public static string Checksum(string path)
    {
        using FileStream stream = File.OpenRead(path);
        return Convert.ToHexStringLower(SHA256.HashData(stream));
    }

    /// <summary>Writes a file under a temporary name and gives it its own when it is whole.</summary>
    public static void Replace(string path, Action<Stream> write)
    {
        string temporary = $"{path}.{Guid.NewGuid():N}.tmp";
        try
        {
            using (FileStream stream = File.Create(temporary))
            {
                write(stream);
            }

            File.Move(temporary, path, overwrite: true);
        }
        catch
        {
            File.Delete(temporary);
            throw;
        }
    }

    private static long WriteExternal(GraphProto graph, string path)
    {
        long length = 0;
        Replace(path, stream =>
        {
            foreach (TensorProto tensor in graph.Initializer.Where(t => t.RawData.Length >= ExternalFrom))
            {
                stream.Position = (stream.Position + Alignment - 1) / Alignment * Alignment;
                tensor.ExternalData.Add(Entry("location", Path.GetFileName(path)));
                tensor.ExternalData.Add(Entry("offset", stream.Position.ToString(CultureInfo.InvariantCulture)));
                tensor.ExternalData.Add(Entry("length", tensor.RawData.Length.ToString(CultureInfo.InvariantCulture)));
                tensor.DataLocation = TensorProto.Types.DataLocation.External;
                tensor.RawData.WriteTo(stream);
                tensor.ClearRawData();
            }

            length = stream.Length;
        });
        return length;

        static StringStringEntryProto Entry(string key, string value) => new() { Key = key, Value = value };
    }
}
