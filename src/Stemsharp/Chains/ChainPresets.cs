using System.Reflection;

namespace Stemsharp.Chains;

/// <summary>The chains that are known by name, in presets.json beside this file.</summary>
internal static class ChainPresets
{
    private static readonly Lazy<IReadOnlyList<SeparationChain>> s_all = new(Read);

    /// <summary>All of them.</summary>
    public static IReadOnlyList<SeparationChain> All => s_all.Value;

    private static IReadOnlyList<SeparationChain> Read()
    {
        using Stream stream = Assembly.GetExecutingAssembly().GetManifestResourceStream("Stemsharp.Chains.presets.json")!;
        using StreamReader reader = new(stream);
        return ChainReader.ReadAll(reader.ReadToEnd(), "presets.json");
    }
}
