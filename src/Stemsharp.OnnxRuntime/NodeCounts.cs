using System.Text.Json;

namespace Stemsharp.OnnxRuntime;

/// <summary>How many nodes each execution provider ran, read from onnxruntime's profile of one run.</summary>
internal static class NodeCounts
{
    /// <summary>Counts the kernels in a profile. A part that a provider compiled as a whole counts as one node.</summary>
    /// <param name="profile">The JSON file that onnxruntime wrote; deleted.</param>
    public static IReadOnlyDictionary<string, int> Take(string profile)
    {
        try
        {
            using FileStream file = File.OpenRead(profile);
            using JsonDocument events = JsonDocument.Parse(file);
            SortedDictionary<string, int> counts = new(StringComparer.Ordinal);
            foreach (JsonElement entry in events.RootElement.EnumerateArray())
            {
                if (!entry.TryGetProperty("cat", out JsonElement category) || category.GetString() != "Node")
                {
                    continue;
                }

                if (!entry.GetProperty("name").GetString()!.EndsWith("_kernel_time", StringComparison.Ordinal))
                {
                    continue;
                }

                string provider = entry.GetProperty("args").TryGetProperty("provider", out JsonElement named) ? named.GetString() ?? "" : "";
                counts[provider] = counts.GetValueOrDefault(provider) + 1;
            }

            return counts;
        }
        finally
        {
            File.Delete(profile);
        }
    }

    /// <summary>Such as <c>1500 nodes on CUDA, 20 on CPU</c>.</summary>
    public static string Text(IReadOnlyDictionary<string, int> counts) =>
        string.Join(", ", counts.OrderByDescending(c => c.Value).Select((c, i) => $"{c.Value}{(i == 0 ? " nodes" : "")} on {c.Key.Replace("ExecutionProvider", "", StringComparison.Ordinal)}"));
}
