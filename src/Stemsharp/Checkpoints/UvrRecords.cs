using System.Security.Cryptography;

namespace Stemsharp.Checkpoints;

/// <summary>
/// What UVR and audio-separator keep of the files in their folders: which configuration or which parameters belong to a file, looked up by
/// the MD5 of its end. UVR: <c>model_data/model_data.json</c>, and <c>model_data/HASH.json</c> for what people chose themselves;
/// audio-separator: <c>mdx_model_data.json</c> beside the file.
/// </summary>
internal static class UvrRecords
{
    /// <summary>The folder beside the files.</summary>
    public const string Folder = "model_data";

    private const string List = "model_data.json", OtherList = "mdx_model_data.json";
    private const int HashedBytes = 10_000 * 1024, MaxRecordBytes = 1 << 22;

    /// <summary>The record of a file; null where there is none.</summary>
    /// <param name="path">The file.</param>
    public static IReadOnlyDictionary<string, object?>? Find(string path)
    {
        string folder = Path.GetDirectoryName(Path.GetFullPath(path))!, data = Path.Combine(folder, Folder);
        string[] lists = [.. ((string[])[Path.Combine(data, List), Path.Combine(folder, List), Path.Combine(folder, OtherList)]).Where(File.Exists)];
        if (lists.Length == 0 && !Directory.Exists(data))
        {
            return null;
        }

        return CheckpointFormatException.Guard(folder, () =>
        {
            using ByteSource source = ByteSource.OpenFile(path);
            string hash = EndHash(source);
            return (Read(Path.Combine(data, hash + ".json")) ?? lists.Select(list => Read(list)?.GetValueOrDefault(hash)).FirstOrDefault(record => record is not null))
                as IReadOnlyDictionary<string, object?>;
        });
    }

    /// <summary>What a file is looked up by: the MD5 of its last 10,240,000 bytes, or of all of it, in lower-case hex.</summary>
    public static string EndHash(ByteSource source)
    {
        long count = Math.Min(HashedBytes, source.Length);

        // A key, not a protection.
#pragma warning disable CA5351 // MD5 is what the records are named by.
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.MD5);
#pragma warning restore CA5351
        source.ForEachBlock(source.Length - count, count, block => hash.AppendData(block.Span));
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    private static IReadOnlyDictionary<string, object?>? Read(string path) =>
        File.Exists(path) && new FileInfo(path).Length <= MaxRecordBytes ? PlainJson.ReadObject(File.ReadAllBytes(path)) : null;
}
