using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Stemsharp.Web.Settings;
using Xunit;
using static Stemsharp.Web.Tests.AccessTests;

namespace Stemsharp.Web.Tests;

/// <summary>Servers that are reached over a network: by TLS of their own, or behind a proxy that speaks it.</summary>
public sealed class NetworkTests
{
    private const string Name = "studio.example";

    [Theory]
    [InlineData("one.pem")]
    [InlineData("two.pem")]
    [InlineData("one.pfx")]
    public async Task A_certificate_gives_TLS_and_nothing_but_TLS(string form)
    {
        string folder = Directory.CreateTempSubdirectory("stemsharp-tls-").FullName;
        try
        {
            using X509Certificate2 certificate = SelfSigned();
            string file = Path.Combine(folder, form), key = Path.Combine(folder, "key.pem");
            bool apart = form == "two.pem";
            if (form.EndsWith("pfx", StringComparison.Ordinal))
            {
                await File.WriteAllBytesAsync(file, certificate.Export(X509ContentType.Pfx));
            }
            else
            {
                await File.WriteAllTextAsync(file, certificate.ExportCertificatePem() + (apart ? "" : "\n" + Key(certificate)));
            }

            if (apart)
            {
                await File.WriteAllTextAsync(key, Key(certificate));
            }

            ServeOptions read = ServeOptionsReader.Read(
                ["--listen", "0.0.0.0", "--host-name", Name, "--tls-certificate", file, .. apart ? (string[])["--tls-key", key] : []]);
            await using TestServer server = await TestServer.StartAsync(options => options with
            {
                Address = read.Address,
                HostNames = read.HostNames,
                Certificate = read.Certificate,
                CertificateKey = read.CertificateKey,
            });
            Assert.Equal(("https", Name), (server.Server.Address.Scheme, server.Server.Address.Host));

            string? shown = null;
            using HttpClientHandler handler = new()
            {
                ServerCertificateCustomValidationCallback = (_, presented, _, _) => (shown = presented?.Thumbprint) == certificate.Thumbprint,
            };
            // The client asks for the name as one that its network's name server knows.
            using HttpClient client = new(handler) { BaseAddress = new Uri($"https://127.0.0.1:{server.Server.Address.Port}") };
            client.DefaultRequestHeaders.Host = $"{Name}:{server.Server.Address.Port}";
            using StringContent token = Json($$"""{"token":"{{server.Server.Token}}"}""");
            using HttpRequestMessage session = new(HttpMethod.Post, "/api/v1/session") { Content = token };
            session.Headers.Add("Origin", $"https://{Name}:{server.Server.Address.Port}");
            using HttpResponseMessage answer = await client.SendAsync(session);
            Assert.Equal(HttpStatusCode.NoContent, answer.StatusCode);
            Assert.Equal(certificate.Thumbprint, shown);
            Assert.Contains("; secure", answer.Headers.GetValues("Set-Cookie").Single(), StringComparison.Ordinal);

            // The same host without TLS is another site, and other names are not the server's.
            using HttpRequestMessage plain = new(HttpMethod.Post, "/api/v1/session") { Content = Json("{}") };
            plain.Headers.Add("Origin", $"http://{Name}:{server.Server.Address.Port}");
            await AssertRefusalAsync(await client.SendAsync(plain), 403, "cross-site");
            using HttpRequestMessage other = new(HttpMethod.Get, "/");
            other.Headers.Host = "127.0.0.1";
            await AssertRefusalAsync(await client.SendAsync(other), 421, "wrong-host");
            using HttpClient clear = new();
            await Assert.ThrowsAsync<HttpRequestException>(() => clear.GetAsync($"http://127.0.0.1:{server.Server.Address.Port}/"));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public async Task A_certificate_without_its_key_is_refused()
    {
        string folder = Directory.CreateTempSubdirectory("stemsharp-tls-").FullName;
        try
        {
            using X509Certificate2 certificate = SelfSigned();
            foreach (string name in (string[])["alone.pem", "alone.pfx", "rubbish.pem", "rubbish.pfx"])
            {
                string file = Path.Combine(folder, name);
                await File.WriteAllTextAsync(file, name.StartsWith("alone", StringComparison.Ordinal) ? certificate.ExportCertificatePem() : "nothing of the kind");
                OptionException refusal = await Assert.ThrowsAsync<OptionException>(() =>
                    TestServer.StartAsync(options => options with { Certificate = file }));
                Assert.Contains("--tls-key", refusal.Message, StringComparison.Ordinal);
            }
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public async Task A_proxy_tells_the_name_and_the_scheme_that_were_called()
    {
        await using TestServer server = await TestServer.StartAsync(options => options with { BehindProxy = true, HostNames = [Name] });
        Assert.Equal($"https://{Name}/", server.Server.Address.ToString());
        using HttpClient proxy = new() { BaseAddress = new Uri($"http://127.0.0.1:{server.Server.Port}") };

        HttpRequestMessage Forwarded(string? scheme, string? host, string origin = $"https://{Name}")
        {
            HttpRequestMessage request = new(HttpMethod.Post, "/api/v1/session") { Content = Json($$"""{"token":"{{server.Server.Token}}"}""") };
            if (scheme is not null)
            {
                request.Headers.Add("X-Forwarded-Proto", scheme);
            }

            if (host is not null)
            {
                request.Headers.Add("X-Forwarded-Host", host);
            }

            request.Headers.Add("Origin", origin);
            return request;
        }

        using HttpResponseMessage answer = await proxy.SendAsync(Forwarded("https", Name));
        Assert.Equal(HttpStatusCode.NoContent, answer.StatusCode);
        Assert.Contains("; secure", answer.Headers.GetValues("Set-Cookie").Single(), StringComparison.Ordinal);
        // A proxy may also pass the name on as it came.
        HttpRequestMessage passed = Forwarded("https", null);
        passed.Headers.Host = Name;
        Assert.Equal(HttpStatusCode.NoContent, (await proxy.SendAsync(passed)).StatusCode);

        await AssertRefusalAsync(await proxy.SendAsync(Forwarded("http", Name)), 403, "forbidden");
        await AssertRefusalAsync(await proxy.SendAsync(Forwarded(null, Name)), 403, "forbidden");
        await AssertRefusalAsync(await proxy.SendAsync(Forwarded("https", "evil.example")), 421, "wrong-host");
        await AssertRefusalAsync(await proxy.SendAsync(Forwarded("https", null)), 421, "wrong-host");
        await AssertRefusalAsync(await proxy.SendAsync(Forwarded("https", Name, "http://" + Name)), 403, "cross-site");
        await AssertRefusalAsync(await proxy.SendAsync(Forwarded("https", Name, "https://evil.example")), 403, "cross-site");
    }

    [Fact]
    public async Task Without_a_proxy_nobody_is_believed_about_the_name()
    {
        await using TestServer server = await TestServer.StartAsync();
        using HttpRequestMessage request = new(HttpMethod.Get, "/api/v1/server");
        request.Headers.Host = "evil.example";
        request.Headers.Add("X-Forwarded-Host", "localhost");
        request.Headers.Add("X-Forwarded-Proto", "https");
        await AssertRefusalAsync(await server.Http.SendAsync(request), 421, "wrong-host");
    }

    private static X509Certificate2 SelfSigned()
    {
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        CertificateRequest request = new($"CN={Name}", key, HashAlgorithmName.SHA256);
        SubjectAlternativeNameBuilder names = new();
        names.AddDnsName(Name);
        request.CertificateExtensions.Add(names.Build());
        return request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
    }

    private static string Key(X509Certificate2 certificate)
    {
        using ECDsa key = certificate.GetECDsaPrivateKey()!;
        return key.ExportPkcs8PrivateKeyPem();
    }
}
