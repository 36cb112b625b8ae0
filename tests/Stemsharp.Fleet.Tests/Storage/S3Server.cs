using System.Diagnostics;
using Stemsharp.Cli.Tests;
using Stemsharp.Tests;
using Xunit;

namespace Stemsharp.Fleet.Tests.Storage;

/// <summary>A server of S3's API from npm, @20minutes/s3rver, with a bucket for each test.</summary>
public sealed class S3Server : IDisposable
{
    internal const string KeyId = "S3RVER", Secret = "S3RVER";

    private const string Script = """
        const [modules, directory, ...buckets] = process.argv.slice(2);
        const S3rver = require(modules + '/@20minutes/s3rver');
        new S3rver({ port: 0, address: '127.0.0.1', silent: true, directory, configureBuckets: buckets.map(name => ({ name })) }).run()
            .then(at => console.log(at.port), error => { console.error(error); process.exit(1); });
        """;

    private readonly TemporaryFolder _folder = new();
    private readonly SemaphoreSlim _gate = new(1);
    private Process? _process;
    private string? _url;

    /// <summary>Why there is none; null where there is.</summary>
    internal static string? WhyNot() => ToolFactAttribute.WhyNot("node")
        ?? (ToolFactAttribute.RequireAll || Directory.Exists(Path.Combine(Modules, "@20minutes", "s3rver")) ? null : "@20minutes/s3rver is not among STEMSHARP_NODE_MODULES.");

    private static string Modules => Environment.GetEnvironmentVariable("STEMSHARP_NODE_MODULES") ?? "";

    /// <summary>Where it is, begun by the first that asks.</summary>
    internal async Task<string> UrlAsync()
    {
        await _gate.WaitAsync();
        try
        {
            if (_url is null)
            {
                string script = _folder.Make("server.js", Script);
                _process = Process.Start(new ProcessStartInfo("node", [script, Modules, _folder.Combine("data"), "songs", "stems"]) { RedirectStandardOutput = true })!;
                _url = $"http://127.0.0.1:{await _process.StandardOutput.ReadLineAsync()}";
            }

            return _url;
        }
        finally
        {
            _gate.Release();
        }
    }

    public void Dispose()
    {
        _process?.Kill();
        _process?.WaitForExit();
        _process?.Dispose();
        _folder.Dispose();
        _gate.Dispose();
    }
}

/// <summary>A test that needs that server; skipped with the reason where it is missing.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class S3FactAttribute : FactAttribute
{
    public S3FactAttribute() => Skip = S3Server.WhyNot() ?? ToolFactAttribute.WhyNot("nats-server");
}
