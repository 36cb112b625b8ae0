using System.Security.Cryptography;
using System.Text;
using Stemsharp.Cli.Batches;

namespace Stemsharp.Cli.Separating;

/// <summary>What tells one model's weights from another's.</summary>
internal static class ModelIdentity
{
    /// <summary>SHA-256 over the files of a model; over names where there is no file (embedded and synthetic ones).</summary>
    internal static async Task<string> HashAsync(ModelSource source, CancellationToken cancellationToken)
    {
        var text = new StringBuilder();
        foreach (ModelMember member in source.Members)
        {
            string content = member.Path is { } path
                ? await TrackRecord.HashFileAsync(path, cancellationToken).ConfigureAwait(false)
                : $"{source.Name}/{member.Signature}";
            text.Append(content).Append(' ').AppendJoin(',', member.Weights).Append('\n');
        }

        return Hash(text.ToString());
    }

    internal static string Hash(string text) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)));
}
