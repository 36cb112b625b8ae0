namespace Stemsharp.Tests;

/// <summary>Finds the repository's golden data and samples from wherever the tests run.</summary>
internal static class RepositoryFiles
{
    /// <summary>The folder that holds Stemsharp.slnx.</summary>
    public static string Root { get; } = FindRoot();

    /// <summary>A path below the repository's root.</summary>
    public static string At(params ReadOnlySpan<string> parts) => Path.Combine([Root, .. parts]);

    /// <summary>A file below tests/golden.</summary>
    public static string Golden(params ReadOnlySpan<string> parts) => Path.Combine([Root, "tests", "golden", .. parts]);

    /// <summary>A file below samples.</summary>
    public static string Sample(params ReadOnlySpan<string> parts) => Path.Combine([Root, "samples", .. parts]);

    /// <summary>The small trained model of samples/README.md.</summary>
    public static string DemoModel => Sample("demo-26c5300c.th");

    private static string FindRoot()
    {
        for (DirectoryInfo? folder = new(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "Stemsharp.slnx")))
            {
                return folder.FullName;
            }
        }

        throw new DirectoryNotFoundException(
            $"No folder above {AppContext.BaseDirectory} holds Stemsharp.slnx: run the tests from the repository's own build output.");
    }
}
