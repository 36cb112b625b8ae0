using System.Security.Cryptography;
using System.Text;

namespace Stemsharp.Fleet.Protocol;

/// <summary>A model's name as a word of a queue's subject: letters, digits, - and _.</summary>
internal static class ModelKey
{
    private const int Most = 40, HashDigits = 8;

    /// <summary>The name itself where it is such a word, else what is left of it with a hash.</summary>
    internal static string Of(string model)
    {
        string plain = string.Concat(model.Select(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' ? c : '_'));
        return plain == model && plain.Length is > 0 and <= Most
            ? plain
            : $"{plain[..Math.Min(plain.Length, Most)]}-{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(model)))[..HashDigits]}";
    }
}
