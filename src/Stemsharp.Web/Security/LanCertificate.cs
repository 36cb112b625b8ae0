using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Stemsharp.Web.Security;

/// <summary>
/// The certificate that the server shows on its own network: made once, signed by itself, kept in the data folder with its key, readable by
/// the folder's owner only. No authority vouches for it, so that a browser asks once whether to go on.
/// </summary>
internal static class LanCertificate
{
    private const int Years = 10;

    /// <summary>The certificate of a data folder, made where there is none or the one that is there has run out.</summary>
    public static X509Certificate2 LoadOrCreate(string path)
    {
        if (File.Exists(path) && TlsCertificate.Load(path, null).Leaf is { } kept && kept.NotAfter > DateTime.Now.AddDays(1))
        {
            return kept;
        }

        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        CertificateRequest request = new("CN=Stemsharp", key, HashAlgorithmName.SHA256);
        SubjectAlternativeNameBuilder names = new();
        foreach (string name in LanAddresses.Names)
        {
            names.AddDnsName(name);
        }

        foreach (IPAddress address in LanAddresses.All)
        {
            names.AddIpAddress(address);
        }

        request.CertificateExtensions.Add(names.Build());
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(false, false, 0, true));
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid("1.3.6.1.5.5.7.3.1")], false));
        DateTimeOffset now = DateTimeOffset.UtcNow;
        using X509Certificate2 made = request.CreateSelfSigned(now.AddDays(-1), now.AddYears(Years));
        FileStreamOptions options = new() { Mode = FileMode.Create, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }

        File.Delete(path);
        using (StreamWriter file = new(path, options))
        {
            file.WriteLine(made.ExportCertificatePem());
            file.WriteLine(key.ExportPkcs8PrivateKeyPem());
        }

        return TlsCertificate.Load(path, null).Leaf;
    }
}
