using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Stemsharp.Tests;
using Stemsharp.Tests.Checkpoints;
using Answer = Stemsharp.Tests.Checkpoints.ModelServer.Answer;

namespace Stemsharp.Cli.Tests;

/// <summary>
/// A server from which child processes download over real TLS: they trust its certificate by OpenSSL's own variable, and
/// know models of it by a catalog. All of them are the tiny network of the tests.
/// </summary>
internal sealed class ModelHost : IDisposable
{
    internal const string FileName = "tiny4-cf67fb40.th";

    /// <summary>A model of this name has a licence that must be accepted.</summary>
    internal const string Demanding = "karaoke";

    internal static readonly byte[] Model = File.ReadAllBytes(RepositoryFiles.Golden("tiny4", FileName));

    private readonly X509Certificate2 _certificate = MakeCertificate();

    /// <param name="folder">Gets the catalog, the certificate and the cache.</param>
    /// <param name="models">Names of the models.</param>
    internal ModelHost(string folder, params string[] models)
        : this(folder, (request, _) => Answer.File(Model, request), models)
    {
    }

    /// <param name="folder">Gets the catalog, the certificate and the cache.</param>
    /// <param name="answer">Answers a request.</param>
    /// <param name="models">Names of the models.</param>
    internal ModelHost(string folder, Func<ModelRequest, int, Answer> answer, params string[] models)
    {
        Server = new ModelServer(answer, _certificate);
        Cached = Path.Combine(folder, "cache", "models", FileName);
        string certificate = Path.Combine(folder, "server.pem"), catalog = Path.Combine(folder, "catalog.json");
        File.WriteAllText(certificate, _certificate.ExportCertificatePem());
        File.WriteAllText(catalog, $$"""{"models": { {{string.Join(", ", models.Select(m => $$"""  "{{m}}": {"files": ["https://localhost:{{Server.Port}}/{{FileName}}"], "licence": {{Licence(m)}} }  """))}} } }""");
        Environment = new Dictionary<string, string>
        {
            ["SSL_CERT_FILE"] = certificate,
            ["STEMSHARP_CATALOG"] = catalog,
            ["STEMSHARP_CACHE"] = Path.Combine(folder, "cache"),
            ["TORCH_HOME"] = Path.Combine(folder, "torch"),
        };
    }

    internal ModelServer Server { get; }

    /// <summary>Where the file lies when it has been downloaded.</summary>
    internal string Cached { get; }

    /// <summary>What a child process needs.</summary>
    internal IReadOnlyDictionary<string, string> Environment { get; }

    public void Dispose()
    {
        Server.Dispose();
        _certificate.Dispose();
    }

    private static string Licence(string model) =>
        $$"""{"text": "CC BY-NC 4.0", "stated_by": "its trainer", "link": "https://models.test/licence", "must_be_accepted": {{(model == Demanding ? "true" : "false")}} }""";

    private static X509Certificate2 MakeCertificate()
    {
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        CertificateRequest request = new("CN=localhost", key, HashAlgorithmName.SHA256);
        SubjectAlternativeNameBuilder names = new();
        names.AddDnsName("localhost");
        names.AddDnsName("models.test");
        request.CertificateExtensions.Add(names.Build());
        return request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
    }
}
