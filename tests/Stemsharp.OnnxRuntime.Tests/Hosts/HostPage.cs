using System.Text.RegularExpressions;
using Stemsharp.Tests;

namespace Stemsharp.OnnxRuntime.Tests.Hosts;

/// <summary>The programs in docs/hosts: a fenced block whose first line names the file is that file.</summary>
internal static class HostPage
{
    public static string Read(string page) => File.ReadAllText(RepositoryFiles.At("docs", "hosts", page));

    /// <summary>Writes a page's programs into a folder.</summary>
    public static void Unpack(string page, string folder)
    {
        foreach (Match block in Regex.Matches(Read(page), @"^```\w+ (?<file>[\w.]+)\n(?<text>.*?)^```$", RegexOptions.Multiline | RegexOptions.Singleline))
        {
            File.WriteAllText(Path.Combine(folder, block.Groups["file"].Value), block.Groups["text"].Value);
        }
    }
}
