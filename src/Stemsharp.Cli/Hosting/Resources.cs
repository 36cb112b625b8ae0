namespace Stemsharp.Cli.Hosting;

/// <summary>Files that the command carries in itself.</summary>
internal static class Resources
{
    /// <summary>A tiny network, and what the original computes with it.</summary>
    internal const string GoldenModel = "tiny4-cf67fb40.th";
    internal const string GoldenVectors = "tiny4-5000.safetensors";

    /// <summary>Opens one of them.</summary>
    /// <exception cref="ModelException">This build was made without it.</exception>
    internal static Stream Open(string name) =>
        typeof(Resources).Assembly.GetManifestResourceStream(name)
        ?? throw new ModelException($"This build of stemsharp carries no {name}; install it again.");
}
