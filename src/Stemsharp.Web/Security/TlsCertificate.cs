using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Stemsharp.Web.Security;

/// <summary>The certificate that the server shows, with what leads from it to its authority.</summary>
internal sealed record TlsCertificate(X509Certificate2 Leaf, X509Certificate2Collection Chain)
{
    /// <summary>Reads a PEM file, whose key may lie in a file of its own, or a PFX file without a password.</summary>
    /// <exception cref="OptionException">The files hold no certificate with its key.</exception>
    public static TlsCertificate Load(string file, string? keyFile)
    {
        try
        {
            if (Path.GetExtension(file).ToLowerInvariant() is ".pfx" or ".p12")
            {
                X509Certificate2Collection all = X509CertificateLoader.LoadPkcs12CollectionFromFile(file, null);
                return new TlsCertificate(
                    all.FirstOrDefault(certificate => certificate.HasPrivateKey) ?? throw new CryptographicException("The private key is missing."),
                    all);
            }
            X509Certificate2 leaf = X509Certificate2.CreateFromPemFile(file, keyFile);
            // Windows takes no key that exists in memory only.
            if (OperatingSystem.IsWindows())
            {
                leaf = X509CertificateLoader.LoadPkcs12(leaf.Export(X509ContentType.Pfx), null);
            }

            X509Certificate2Collection chain = [];
            chain.ImportFromPemFile(file);
            return new TlsCertificate(leaf, chain);
        }
        catch (CryptographicException error)
        {
            throw new OptionException(
                $"{file} cannot be used as a certificate: {error.Message} Give a PEM file with the certificate, and its key in the same file or with --tls-key, or a PFX file without a password.",
                error);
        }
    }
}
