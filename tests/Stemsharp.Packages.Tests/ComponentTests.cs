using System.Diagnostics;
using System.IO.Compression;
using System.Text.Json;
using System.Xml.Linq;
using Xunit;

namespace Stemsharp.Tests;

/// <summary>What every package that is given out says of what it is made of: a list of components in CycloneDX's form.</summary>
public sealed class ComponentTests : IDisposable
{
    private static readonly Lazy<string> s_tools = new(() => Run("tool", "restore"));
    private readonly string _folder = Directory.CreateTempSubdirectory("stemsharp-test").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData("Stemsharp")]
    [InlineData("Stemsharp.Client")]
    [InlineData("Stemsharp.DemoModel")]
    [InlineData("Stemsharp.DependencyInjection")]
    [InlineData("Stemsharp.Export")]
    [InlineData("Stemsharp.NAudio")]
    [InlineData("Stemsharp.OnnxRuntime")]
    public void A_package_lists_what_it_is_made_of(string name)
    {
        Assert.NotNull(s_tools.Value);
        string configuration = Path.GetFileName(Path.GetDirectoryName(AppContext.BaseDirectory.TrimEnd(Path.DirectorySeparatorChar)))!;
        Run("pack", RepositoryFiles.At("src", name), "--no-build", "-c", configuration, "-o", _folder, "-p:ContinuousIntegrationBuild=true", "-p:IncludeSymbols=false");
        using ZipArchive package = ZipFile.OpenRead(Assert.Single(Directory.GetFiles(_folder, "*.nupkg")));
        using JsonDocument list = JsonDocument.Parse(package.GetEntry($"sbom/{name}.cdx.json")!.Open());
        XElement said = XDocument.Load(package.GetEntry($"{name}.nuspec")!.Open()).Root!.Elements().Single();
        XNamespace space = said.Name.Namespace;
        string version = said.Element(space + "version")!.Value;

        JsonElement root = list.RootElement, about = root.GetProperty("metadata");
        Assert.Equal("CycloneDX", root.GetProperty("bomFormat").GetString());
        Assert.Equal($"pkg:nuget/{name}@{version}", about.GetProperty("component").GetProperty("purl").GetString());
        Assert.False(about.TryGetProperty("timestamp", out _));

        // All that it brings along, at the version that it asks for, with a checksum where it is somebody else's.
        JsonElement[] components = [.. root.GetProperty("components").EnumerateArray()];
        foreach (XElement dependency in said.Descendants(space + "dependency"))
        {
            string id = dependency.Attribute("id")!.Value;
            JsonElement component = components.Single(one => one.GetProperty("name").GetString() == id);
            Assert.Equal(dependency.Attribute("version")!.Value, component.GetProperty("version").GetString());
            Assert.Equal("required", component.GetProperty("scope").GetString());
            Assert.Equal(!id.StartsWith("Stemsharp", StringComparison.Ordinal), component.TryGetProperty("hashes", out _));
        }

        Assert.Contains(root.GetProperty("dependencies").EnumerateArray(), one => one.GetProperty("ref").GetString() == $"pkg:nuget/{name}@{version}");
    }

    private static string Run(params string[] arguments)
    {
        using Process process = Process.Start(new ProcessStartInfo("dotnet", arguments)
        {
            WorkingDirectory = RepositoryFiles.At("src"),
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        Task<string> error = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd() + error.GetAwaiter().GetResult();
        process.WaitForExit();
        Assert.True(process.ExitCode == 0, output);
        return output;
    }
}
